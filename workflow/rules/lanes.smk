# SPDX-License-Identifier: Apache-2.0
# Trials one at a time against trials side by side. Included only where a campaign with turns is
# given (`lanes:`).


rule lanes:
    """Compare the trials that ran alone with those side by side, cell by cell."""
    input:
        campaign=lanes_campaign(),
        tables=[f"results/{LANES_BESIDE}tables/{name}.parquet" for name in ("trials", "phases")],
    output:
        parquet=[f"results/tables/{name}.parquet" for name in LANE_TABLES],
        csv=[
            report(
                f"results/tables/{name}.csv",
                caption="../report/lanes-table.rst",
                category="Tables",
                labels={"table": name, "campaign": SETTINGS.lanes},
            )
            for name in LANE_TABLES
        ],
    log:
        "results/logs/lanes.log",
    conda:
        "../envs/nsm-resilience.yaml"
    params:
        folder=LANES_CAMPAIGN,
        tables=lambda wildcards, input: Path(input.tables[0]).parent,
        out=lambda wildcards, output: Path(output.parquet[0]).parent,
        code=code_of("analysis", "record", "report/lanes", "tables"),
    shell:
        "nsm-resilience lanes {params.folder:q} --tables {params.tables:q} --out {params.out:q}"
        " > {log:q} 2>&1"
