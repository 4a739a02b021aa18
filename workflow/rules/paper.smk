# SPDX-License-Identifier: Apache-2.0
# The paper and its supplement: every number comes from one generated file, every figure from a notebook.


rule numbers:
    """Collect every number and sentence of the paper that depends on the data."""
    input:
        campaigns=described(),
        tables=tables(*TABLES, *CONTRASTS),
    output:
        numbers="results/numbers.json",
    log:
        "results/logs/numbers.log",
    conda:
        "../envs/nsm-resilience.yaml"
    params:
        folders=campaign_folders(),
        tables=lambda wildcards, input: Path(input.tables[0]).parent,
        repository=["--repository", SETTINGS.repository] if SETTINGS.repository else [],
        code=code_of("report"),
    shell:
        "nsm-resilience numbers {params.folders:q} --tables {params.tables:q} {params.repository:q}"
        " --out {output.numbers:q} > {log:q} 2>&1"


rule paper:
    """Set the paper; a missing glyph or a dead reference is an error."""
    input:
        main="paper/main.typ",
        sources=paper_sources(),
        numbers="results/numbers.json",
        figures=[f"results/figures/{name}.svg" for name in FIGURES],
    output:
        pdf="results/report.pdf",
    log:
        "results/logs/paper.log",
    conda:
        "../envs/nsm-resilience.yaml"
    params:
        code=code_of("report"),
    shell:
        "nsm-resilience paper --main {input.main:q} --numbers {input.numbers:q}"
        " --out {output.pdf:q} > {log:q} 2>&1"


use rule paper as supplement with:
    input:
        main="paper/supplement.typ",
        sources=paper_sources(),
        numbers="results/numbers.json",
        figures=[f"results/figures/{name}.svg" for name in FIGURES],
    output:
        pdf="results/supplement.pdf",
    log:
        "results/logs/supplement.log",
