# SPDX-License-Identifier: Apache-2.0
# From records to verdicts, from verdicts to tidy tables. Records are read here, by `timelines`
# and by `testbed`.


rule judge:
    """Judge every attempt of the campaign; each verdict names the evidence that it rests on."""
    input:
        description=campaign("campaign.json"),
    output:
        verdicts="results/verdicts.jsonl",
    log:
        "results/logs/judge.log",
    conda:
        "../envs/nsm-resilience.yaml"
    threads: 4
    params:
        folder=SETTINGS.campaign_folder,
        code=code_of("judge", "record"),
    shell:
        "nsm-resilience judge {params.folder} --jobs {threads} --out {output.verdicts} > {log} 2>&1"


rule tables:
    """Write verdicts and measures as tidy tables, checked against their schemas."""
    input:
        description=campaign("campaign.json"),
        study=campaign("study.yaml"),
        verdicts="results/verdicts.jsonl",
    output:
        parquet=expand("results/tables/{name}.parquet", name=TABLES),
        csv=[
            report(
                f"results/tables/{name}.csv",
                caption="../report/table.rst",
                category="Tables",
                labels={"table": name},
            )
            for name in TABLES
        ],
    log:
        "results/logs/tables.log",
    conda:
        "../envs/nsm-resilience.yaml"
    params:
        folder=SETTINGS.campaign_folder,
        tables=lambda wildcards, output: Path(output.parquet[0]).parent,
        code=code_of("tables", "judge", "study"),
    shell:
        "nsm-resilience tables --verdicts {input.verdicts} --campaign-dir {params.folder}"
        " --out {params.tables} > {log} 2>&1"
