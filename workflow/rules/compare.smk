# SPDX-License-Identifier: Apache-2.0
# Two campaigns side by side. Included only where a second one is given (`compare:`).


rule comparison:
    """Match the cells of both campaigns, and write how far apart they are."""
    input:
        description=campaign("campaign.json"),
        second_description=second_campaign(),
        tables=[f"results/tables/{name}.parquet" for name in TABLES],
        second_tables=second_tables(),
    output:
        parquet=[f"results/tables/{name}.parquet" for name in COMPARISON],
        csv=[
            report(
                f"results/tables/{name}.csv",
                caption="../report/comparison-table.rst",
                category="Tables",
                labels={"table": name, "campaign": "both"},
            )
            for name in COMPARISON
        ],
    log:
        "results/logs/comparison.log",
    conda:
        "../envs/nsm-resilience.yaml"
    params:
        first=SETTINGS.campaign_folder,
        second=SECOND,
        tables=lambda wildcards, input: Path(input.tables[0]).parent,
        second_tables=lambda wildcards, input: Path(input.second_tables[0]).parent,
        out=lambda wildcards, output: Path(output.parquet[0]).parent,
        code=code_of("analysis", "report", "tables"),
    shell:
        "nsm-resilience compare {params.first:q} {params.second:q} --first-tables {params.tables:q}"
        " --second-tables {params.second_tables:q} --out {params.out:q} > {log:q} 2>&1"


rule compare:
    """The outages of both campaigns, trial beside trial, and the verdicts that are others."""
    input:
        notebook="notebooks/compare.py",
        study=campaign("study.yaml"),
        second=second_campaign(),
        tables=[f"results/tables/{name}.parquet" for name in TABLES + COMPARISON],
        second_tables=second_tables(),
    output:
        executed=report(
            "results/notebooks/compare.ipynb",
            caption="../report/notebook.rst",
            category="Notebooks",
            labels={"notebook": "two campaigns"},
        ),
        figure=report(
            "results/figures/comparison.svg",
            caption="../report/comparison.rst",
            category="Figures",
            labels={"figure": "outages of two campaigns"},
        ),
    log:
        "results/logs/compare.log",
    conda:
        "../envs/nsm-resilience.yaml"
    params:
        paths=notebook_paths,
        second=lambda wildcards, input: [
            *("-p", f"second_tables={Path(input.second_tables[0]).parent}"),
            *("-p", f"second_campaign_dir={Path(input.second[0]).parent}"),
        ],
        code=code_of("analysis", "report"),
    shell:
        "nsm-resilience notebook {input.notebook:q} --out {output.executed:q} {params.paths:q}"
        " {params.second:q} > {log:q} 2>&1"
