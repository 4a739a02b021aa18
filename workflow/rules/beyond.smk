# SPDX-License-Identifier: Apache-2.0
# The remedy as a factor, and scenarios beyond the nine. Included only where a campaign with them is
# given (`beyond:`).


rule remedies:
    """Put every cell with a remedy against the same one without, and count the arms."""
    input:
        beyond=beyond_campaign(),
        tables=beyond_tables(),
    output:
        parquet=[f"results/tables/{name}.parquet" for name in REMEDIES],
        csv=[
            report(
                f"results/tables/{name}.csv",
                caption="../report/remedy-table.rst",
                category="Tables",
                labels={"table": name, "campaign": SETTINGS.beyond},
            )
            for name in REMEDIES
        ],
    log:
        "results/logs/remedies.log",
    conda:
        "../envs/nsm-resilience.yaml"
    params:
        folder=lambda wildcards, input: Path(input.beyond[0]).parent,
        tables=lambda wildcards, input: Path(input.tables[0]).parent,
        out=lambda wildcards, output: Path(output.parquet[0]).parent,
        code=code_of("analysis", "report", "tables"),
    shell:
        "nsm-resilience remedies --tables {params.tables:q} --campaign-dir {params.folder:q}"
        " --out {params.out:q} > {log:q} 2>&1"


rule beyond:
    """Verdicts, outages and times of detection, arm by arm: of the nine, and of what is beyond."""
    input:
        notebook="notebooks/beyond.py",
        study=str(BEYOND / "study.yaml"),
        tables=beyond_tables(),
        remedies=[f"results/tables/{name}.parquet" for name in REMEDIES],
    output:
        executed=report(
            "results/notebooks/beyond.ipynb",
            caption="../report/notebook.rst",
            category="Notebooks",
            labels={"notebook": "beyond the nine"},
        ),
        figure=report(
            "results/figures/remedies.svg",
            caption="../report/remedies.rst",
            category="Figures",
            labels={"figure": "the nine, arm by arm"},
        ),
        beyond=report(
            "results/figures/beyond.svg",
            caption="../report/remedies.rst",
            category="Figures",
            labels={"figure": "beyond the nine"},
        ),
    log:
        "results/logs/beyond.log",
    conda:
        "../envs/nsm-resilience.yaml"
    params:
        paths=notebook_paths,
        remedies=lambda wildcards, input: Path(input.remedies[0]).parent,
        code=code_of("analysis", "report/notebook"),
    shell:
        "nsm-resilience notebook {input.notebook:q} --out {output.executed:q} {params.paths:q}"
        " -p remedy_tables={params.remedies:q} > {log:q} 2>&1"
