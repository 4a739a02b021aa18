# SPDX-License-Identifier: Apache-2.0
# From records to verdicts, from verdicts to tidy tables. Records are read here, by `timelines`
# and by `testbed`.
# What is made of a second campaign (`compare:`) goes to results/compare/<name>/, of one with remedies
# (`beyond:`) to results/beyond/<name>/, by the same rules.


wildcard_constraints:
    beside=r"((compare|beyond)/[A-Za-z0-9][A-Za-z0-9._-]*/)?",


rule judge:
    """Judge every attempt of a campaign; each verdict names the evidence that it rests on."""
    input:
        description=judged_campaign("campaign.json"),
    output:
        verdicts="results/{beside}verdicts.jsonl",
    log:
        "results/logs/{beside}judge.log",
    conda:
        "../envs/nsm-resilience.yaml"
    threads: 4
    params:
        folder=judged_campaign(),
        code=code_of("judge", "record", "study"),
    shell:
        "nsm-resilience judge {params.folder:q} --jobs {threads} --out {output.verdicts:q} > {log:q} 2>&1"


rule tables:
    """Write verdicts and measures as tidy tables, checked against their schemas."""
    input:
        description=judged_campaign("campaign.json"),
        study=judged_campaign("study.yaml"),
        verdicts="results/{beside}verdicts.jsonl",
    output:
        parquet=[f"results/{{beside}}tables/{name}.parquet" for name in TABLES],
        csv=[
            report(
                f"results/{{beside}}tables/{name}.csv",
                caption="../report/table.rst",
                category="Tables",
                labels=table_labels(name),
            )
            for name in TABLES
        ],
    log:
        "results/logs/{beside}tables.log",
    conda:
        "../envs/nsm-resilience.yaml"
    params:
        folder=judged_campaign(),
        tables=lambda wildcards, output: Path(output.parquet[0]).parent,
        code=code_of("tables", "analysis", "judge", "study"),
    shell:
        "nsm-resilience tables --verdicts {input.verdicts:q} --campaign-dir {params.folder:q}"
        " --out {params.tables:q} > {log:q} 2>&1"
