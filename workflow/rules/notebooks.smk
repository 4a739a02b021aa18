# SPDX-License-Identifier: Apache-2.0
# The notebooks: each draws its figures over the tables, and its executed copy is kept. What Snakemake
# sees is their outputs; an interpreter, parameters and errors are our runner's business.


rule result_table:
    """The table of the nine: verdict, interval and agreement with the paper, and the claims."""
    input:
        notebook="notebooks/result-table.py",
        campaigns=described(),
        tables=tables("trials", "scenarios", "claims"),
    output:
        executed="results/notebooks/result-table.ipynb",
        figure=shown_figure("result-table", "the nine scenarios"),
    log:
        "results/logs/result-table.log",
    conda:
        "../envs/nsm-resilience.yaml"
    params:
        paths=notebook_paths,
        code=code_of("analysis", "statistics", "report/notebook", "report/kernel", "record"),
    shell:
        "nsm-resilience notebook {input.notebook:q} --out {output.executed:q} {params.paths:q} > {log:q} 2>&1"


use rule result_table as outages with:
    """How long the established path was away, per cell and as survival curves."""
    input:
        notebook="notebooks/outages.py",
        campaigns=described(),
        tables=tables("trials", "scenarios", "outages"),
    output:
        executed="results/notebooks/outages.ipynb",
        figure=shown_figure("outages", "outages of the path"),
        survival=shown_figure("survival", "survival of the outage"),
    log:
        "results/logs/outages.log",


use rule result_table as consequences with:
    """What broke, what was shown and who was told, and for how long new clients are refused."""
    input:
        notebook="notebooks/consequences.py",
        campaigns=described(),
        tables=tables("trials", "new_clients"),
    output:
        executed="results/notebooks/consequences.ipynb",
        figure=shown_figure("consequences", "consequences"),
        refusals=shown_figure("refusals", "refused clients"),
    log:
        "results/logs/consequences.log",


use rule result_table as timelines with:
    """Replies, components and the fault of one typical trial per scenario, on one time axis."""
    input:
        notebook="notebooks/timelines.py",
        campaigns=described(),
        tables=tables("trials", "components", "outages"),
    output:
        executed="results/notebooks/timelines.ipynb",
        figure=shown_figure("timelines", "timelines"),
    log:
        "results/logs/timelines.log",


use rule result_table as testbed with:
    """The testbed as it was deployed, and which scenarios are tested by whom."""
    input:
        notebook="notebooks/testbed.py",
        campaigns=described(),
        tables=tables("trials"),
    output:
        executed="results/notebooks/testbed.ipynb",
        figure=shown_figure("testbed", "testbed"),
    log:
        "results/logs/testbed.log",


use rule result_table as gallery with:
    """All trials of the cell whose path was interrupted most often, as small multiples."""
    input:
        notebook="notebooks/gallery.py",
        campaigns=described(),
        tables=tables("trials", "components", "outages"),
    output:
        executed="results/notebooks/gallery.ipynb",
        figure="results/figures/gallery.svg",
    log:
        "results/logs/gallery.log",


rule explore:
    """One trial and what its verdict rests on; in JupyterLab the notebook lets a reader pick it."""
    input:
        notebook="notebooks/explore.py",
        campaigns=described(),
        tables=tables("trials", "components", "outages"),
        verdicts=f"results/verdicts/{SETTINGS.own}.jsonl",
    output:
        executed="results/notebooks/explore.ipynb",
        figure="results/figures/explore.svg",
    log:
        "results/logs/explore.log",
    conda:
        "../envs/nsm-resilience.yaml"
    params:
        paths=notebook_paths,
        code=code_of(
            "analysis",
            "statistics",
            "provenance",
            "report/notebook",
            "report/kernel",
            "record",
            "site",
        ),
    shell:
        "nsm-resilience notebook {input.notebook:q} --out {output.executed:q} {params.paths:q}"
        " -p interactive=false > {log:q} 2>&1"


use rule result_table as contrasts with:
    """What each factor changes, and what differs between campaigns."""
    input:
        notebook="notebooks/contrasts.py",
        campaigns=described(),
        tables=tables("trials", *CONTRASTS),
    output:
        executed="results/notebooks/contrasts.ipynb",
        figure=shown_figure("contrasts", "contrasts"),
    log:
        "results/logs/contrasts.log",
