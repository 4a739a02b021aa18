# SPDX-License-Identifier: Apache-2.0
# For the browser: the site with a page per cell and attempt, and the HTML report with everything in one
# file, which Snakemake makes in a call of its own. That is a rule, because with the profile's
# `report-after-run` a dry run of a fresh clone fails on files not yet made.


rule start_page:
    """The result table as text: the first thing that the HTML report shows."""
    input:
        tables=tables("trials", "scenarios", "claims"),
        campaigns=described(),
    output:
        page="results/start.rst",
    log:
        "results/logs/start-page.log",
    conda:
        "../envs/nsm-resilience.yaml"
    params:
        tables=lambda wildcards, input: Path(input.tables[0]).parent,
        folders=campaign_folders(),
        code=code_of("report"),
    shell:
        "nsm-resilience start-page {params.folders:q} --tables {params.tables:q}"
        " --out {output.page:q} > {log:q} 2>&1"


rule site:
    """Write the pages of campaigns, cells, attempts, tables and notebooks, with links among them."""
    input:
        campaigns=described(),
        verdicts=[f"results/verdicts/{name}.jsonl" for name in CAMPAIGNS],
        tables=tables(*TABLES, *CONTRASTS),
        texts=[f"results/tables/{name}.csv" for name in [*TABLES, *CONTRASTS]],
        notebooks=[f"results/notebooks/{name}.ipynb" for name in NOTEBOOKS],
    output:
        folder=directory("results/site"),
    log:
        "results/logs/site.log",
    conda:
        "../envs/nsm-resilience.yaml"
    threads: 4
    params:
        tables=lambda wildcards, input: Path(input.tables[0]).parent,
        folders=campaign_folders(),
        verdicts=lambda wildcards, input: Path(input.verdicts[0]).parent,
        code=code_of("site"),
    shell:
        "nsm-resilience site {params.folders:q} --tables {params.tables:q} --jobs {threads}"
        " --verdicts {params.verdicts:q} --out {output.folder:q} > {log:q} 2>&1"


rule settings:
    """Write down what this build was told; the call of Snakemake that makes the report reads it."""

    # As a file: on a command line Snakemake would read a name like 007 or 1e3 as a number.
    output:
        settings="results/settings.json",
    log:
        "results/logs/settings.log",
    conda:
        "../envs/nsm-resilience.yaml"
    params:
        settings=lambda wildcards: SETTINGS.model_dump_json(exclude={"allow_context"}),
    shell:
        "printf '%s\\n' {params.settings:q} > {output.settings:q} 2> {log:q}"


rule html_report:
    """Put figures, tables and the result table into one HTML file, with how long each rule ran."""
    input:
        settings="results/settings.json",
        page="results/start.rst",
        style="workflow/report/style.css",
        results=RESULTS,
    output:
        html="results/report.html",
    log:
        "results/logs/html-report.log",
    conda:
        "../envs/nsm-resilience.yaml"
    params:
        snakefile=workflow.main_snakefile,
    shell:
        "snakemake --snakefile {params.snakefile:q} --profile none --workflow-profile none"
        " --cores 1 --nolock"
        " --configfile {input.settings:q} --report {output.html:q}"
        " --report-stylesheet {input.style:q} -- {input.results:q} > {log:q} 2>&1"
