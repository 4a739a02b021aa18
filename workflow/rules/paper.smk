# SPDX-License-Identifier: Apache-2.0
# The paper: every number comes from one generated file, every figure from a notebook.


rule numbers:
    """Collect every number and sentence of the paper that depends on the data."""
    input:
        description=campaign("campaign.json"),
        study=campaign("study.yaml"),
        tables=[
            f"results/tables/{name}.parquet"
            for name in TABLES + COMPARISON + LANE_TABLES + REMEDIES
        ],
        second_tables=second_tables(),
        second=second_campaign(),
        lanes=lanes_campaign(),
        beyond_tables=beyond_tables(),
        beyond=beyond_campaign(),
    output:
        numbers="results/numbers.json",
    log:
        "results/logs/numbers.log",
    conda:
        "../envs/nsm-resilience.yaml"
    params:
        tables=lambda wildcards, input: Path(input.tables[0]).parent,
        folder=lambda wildcards, input: Path(input.study).parent,
        repository=["--repository", SETTINGS.repository] if SETTINGS.repository else [],
        second=second_folders(),
        lanes=["--lanes-campaign-dir", LANES_CAMPAIGN] if LANES_CAMPAIGN else [],
        beyond=beyond_folders(),
        code=code_of("report", "analysis", "tables", "study"),
    shell:
        "nsm-resilience numbers --tables {params.tables:q} --campaign-dir {params.folder:q}"
        " {params.repository:q} {params.second:q} {params.lanes:q} {params.beyond:q}"
        " --out {output.numbers:q} > {log:q} 2>&1"


rule paper:
    """Set the paper; a missing glyph or a dead reference is an error."""
    input:
        main="paper/main.typ",
        sources=paper_sources(),
        numbers="results/numbers.json",
        figures=[f"results/figures/{name}.svg" for name in FIGURES],
    output:
        pdf=report(
            "results/report.pdf",
            caption="../report/paper.rst",
            category="Paper",
            labels={"document": "paper"},
        ),
    log:
        "results/logs/paper.log",
    conda:
        "../envs/nsm-resilience.yaml"
    params:
        code=code_of("report/paper"),
    shell:
        "nsm-resilience paper --main {input.main:q} --numbers {input.numbers:q}"
        " --out {output.pdf:q} > {log:q} 2>&1"
