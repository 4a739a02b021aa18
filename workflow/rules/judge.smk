# SPDX-License-Identifier: Apache-2.0
# From records to verdicts, campaign by campaign; from the verdicts of all campaigns to tidy tables,
# and from these to contrasts. Only these rules, `timelines`, `testbed` and `site` read records.


wildcard_constraints:
    campaign=r"[A-Za-z0-9][A-Za-z0-9._-]*",


rule judge:
    """Judge every attempt of a campaign; each verdict names the evidence that it rests on."""
    input:
        description=lambda wildcards: str(CAMPAIGNS[wildcards.campaign] / "campaign.json"),
        study=lambda wildcards: str(CAMPAIGNS[wildcards.campaign] / "study.yaml"),
    output:
        verdicts="results/verdicts/{campaign}.jsonl",
    log:
        "results/logs/judge-{campaign}.log",
    conda:
        "../envs/nsm-resilience.yaml"
    # two campaigns at a time: the start of a process takes as long as ten records
    threads: lambda wildcards: max(1, workflow.cores // min(2, len(CAMPAIGNS)))
    params:
        folder=lambda wildcards: CAMPAIGNS[wildcards.campaign],
        code=code_of("judge"),
    shell:
        "nsm-resilience judge {params.folder:q} --jobs {threads} --out {output.verdicts:q} > {log:q} 2>&1"


rule tables:
    """Write verdicts and measures of all campaigns as tidy tables, checked against their schemas."""
    input:
        campaigns=described(),
        commits=kept_commits(),
        verdicts=[f"results/verdicts/{name}.jsonl" for name in CAMPAIGNS],
    output:
        parquet=tables(*TABLES),
        csv=[shown_table(name) for name in TABLES],
    log:
        "results/logs/tables.log",
    conda:
        "../envs/nsm-resilience.yaml"
    params:
        folders=campaign_folders(),
        verdicts=lambda wildcards, input: Path(input.verdicts[0]).parent,
        out=lambda wildcards, output: Path(output.parquet[0]).parent,
        code=code_of("tables"),
    shell:
        "nsm-resilience tables {params.folders:q} --verdicts {params.verdicts:q} --out {params.out:q}"
        " > {log:q} 2>&1"


rule contrast:
    """Put side by side what differs in one thing: a level of a factor, say, or the campaign."""
    input:
        campaigns=described(),
        tables=tables("trials", "scenarios", "phases"),
    output:
        parquet=tables(*CONTRASTS),
        csv=[shown_table(name) for name in CONTRASTS],
    log:
        "results/logs/contrast.log",
    conda:
        "../envs/nsm-resilience.yaml"
    params:
        folders=campaign_folders(),
        tables=lambda wildcards, input: Path(input.tables[0]).parent,
        code=code_of("report"),
    shell:
        "nsm-resilience contrasts {params.folders:q} --tables {params.tables:q} > {log:q} 2>&1"
