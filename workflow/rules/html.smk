# SPDX-License-Identifier: Apache-2.0
# For the browser: the site with a page per attempt, and the HTML report with everything in one
# file, which Snakemake makes in a call of its own. A rule does so (and not the profile's
# `report-after-run`) because with that key a dry run of a fresh clone fails on files not yet made.


rule start_page:
    """The result table as text: the first thing that the HTML report shows."""
    input:
        tables=[f"results/tables/{name}.parquet" for name in TABLES],
        description=campaign("campaign.json"),
        study=campaign("study.yaml"),
    output:
        page="results/start.rst",
    log:
        "results/logs/start-page.log",
    conda:
        "../envs/nsm-resilience.yaml"
    params:
        tables=lambda wildcards, input: Path(input.tables[0]).parent,
        folder=lambda wildcards, input: Path(input.study).parent,
        code=code_of("report/start_page", "report/rows", "report/wording", "tables", "analysis"),
    shell:
        "nsm-resilience start-page --tables {params.tables} --campaign-dir {params.folder}"
        " --out {output.page} > {log} 2>&1"


rule run_times:
    """Write rule by rule how long the jobs took; differs from build to build, so not in the paper."""
    input:
        results=RESULTS,
    output:
        csv=report(
            "results/run-times.csv",
            caption="../report/run-times.rst",
            category="Run times",
            labels={"table": "run times by rule"},
        ),
    log:
        "results/logs/run-times.log",
    conda:
        "../envs/nsm-resilience.yaml"
    params:
        folder=SETTINGS.campaign_folder,
        code=code_of("report/run_times"),
    shell:
        "nsm-resilience run-times {params.folder} --out {output.csv} > {log} 2>&1"


rule site:
    """Write a page per attempt: its timeline, and the lines of the record that decided."""
    input:
        description=campaign("campaign.json"),
        study=campaign("study.yaml"),
        verdicts="results/verdicts.jsonl",
        tables=[f"results/tables/{name}.parquet" for name in ("trials", "scenarios", "claims")],
    output:
        folder=directory("results/site"),
    log:
        "results/logs/site.log",
    conda:
        "../envs/nsm-resilience.yaml"
    params:
        tables=lambda wildcards, input: Path(input.tables[0]).parent,
        folder=lambda wildcards, input: Path(input.study).parent,
        code=code_of("site", "analysis", "judge", "record", "provenance"),
    shell:
        "nsm-resilience site --tables {params.tables} --campaign-dir {params.folder}"
        " --verdicts {input.verdicts} --out {output.folder} > {log} 2>&1"


rule html_report:
    """Put paper, figures, tables, notebooks and run times into one HTML file."""
    input:
        page="results/start.rst",
        style="workflow/report/style.css",
        results=[*RESULTS, "results/run-times.csv"],
    output:
        html="results/report.html",
    log:
        "results/logs/html-report.log",
    conda:
        "../envs/nsm-resilience.yaml"
    params:
        snakefile=workflow.main_snakefile,
        config=config_arguments(),
    shell:
        "snakemake --snakefile {params.snakefile:q} --workflow-profile none --cores 1 --nolock"
        " --config {params.config} --report {output.html} --report-stylesheet {input.style}"
        " -- {input.results} > {log} 2>&1"
