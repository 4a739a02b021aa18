# SPDX-License-Identifier: Apache-2.0
# The notebooks: each draws its figures over the tables, and its executed copy is kept. What Snakemake
# sees is their outputs; an interpreter, parameters and errors are our runner's business.


rule result_table:
    """The table of the nine: verdict, interval and agreement with the paper, and the claims."""
    input:
        notebook="notebooks/result-table.py",
        study=campaign("study.yaml"),
        tables=[f"results/tables/{name}.parquet" for name in ("trials", "scenarios", "claims")],
    output:
        executed=report(
            "results/notebooks/result-table.ipynb",
            caption="../report/notebook.rst",
            category="Notebooks",
            labels={"notebook": "result table"},
        ),
        figure=report(
            "results/figures/result-table.svg",
            caption="../report/result-table.rst",
            category="Figures",
            labels={"figure": "the nine scenarios"},
        ),
    log:
        "results/logs/result-table.log",
    conda:
        "../envs/nsm-resilience.yaml"
    params:
        paths=notebook_paths,
        code=code_of("analysis", "report/notebook"),
    shell:
        "nsm-resilience notebook {input.notebook} --out {output.executed} {params.paths} > {log} 2>&1"


rule outages:
    """How long the established path was away, per cell and as survival curves."""
    input:
        notebook="notebooks/outages.py",
        study=campaign("study.yaml"),
        tables=[f"results/tables/{name}.parquet" for name in ("trials", "scenarios", "outages")],
    output:
        executed=report(
            "results/notebooks/outages.ipynb",
            caption="../report/notebook.rst",
            category="Notebooks",
            labels={"notebook": "outages"},
        ),
        figure=report(
            "results/figures/outages.svg",
            caption="../report/outages.rst",
            category="Figures",
            labels={"figure": "outages of the path"},
        ),
        survival=report(
            "results/figures/survival.svg",
            caption="../report/survival.rst",
            category="Figures",
            labels={"figure": "survival of the outage"},
        ),
    log:
        "results/logs/outages.log",
    conda:
        "../envs/nsm-resilience.yaml"
    params:
        paths=notebook_paths,
        code=code_of("analysis", "report/notebook"),
    shell:
        "nsm-resilience notebook {input.notebook} --out {output.executed} {params.paths} > {log} 2>&1"


rule timelines:
    """Replies, components and the fault of one typical trial per scenario, on one time axis."""
    input:
        notebook="notebooks/timelines.py",
        study=campaign("study.yaml"),
        tables=[f"results/tables/{name}.parquet" for name in ("trials", "components", "outages")],
    output:
        executed=report(
            "results/notebooks/timelines.ipynb",
            caption="../report/notebook.rst",
            category="Notebooks",
            labels={"notebook": "timelines"},
        ),
        figure=report(
            "results/figures/timelines.svg",
            caption="../report/timelines.rst",
            category="Figures",
            labels={"figure": "timelines"},
        ),
    log:
        "results/logs/timelines.log",
    conda:
        "../envs/nsm-resilience.yaml"
    params:
        paths=notebook_paths,
        code=code_of("analysis", "report/notebook", "record"),
    shell:
        "nsm-resilience notebook {input.notebook} --out {output.executed} {params.paths} > {log} 2>&1"


rule gallery:
    """All trials of the cell whose path was interrupted most often, as small multiples."""
    input:
        notebook="notebooks/gallery.py",
        study=campaign("study.yaml"),
        tables=[f"results/tables/{name}.parquet" for name in ("trials", "components", "outages")],
    output:
        executed=report(
            "results/notebooks/gallery.ipynb",
            caption="../report/notebook.rst",
            category="Notebooks",
            labels={"notebook": "gallery of a cell"},
        ),
        figure=report(
            "results/figures/gallery.svg",
            caption="../report/gallery.rst",
            category="Figures",
            labels={"figure": "trials of one cell"},
        ),
    log:
        "results/logs/gallery.log",
    conda:
        "../envs/nsm-resilience.yaml"
    params:
        paths=notebook_paths,
        code=code_of("analysis", "report/notebook", "report/results", "record"),
    shell:
        "nsm-resilience notebook {input.notebook} --out {output.executed} {params.paths} > {log} 2>&1"


rule explore:
    """One trial and what its verdict rests on; in JupyterLab the notebook lets a reader pick it."""
    input:
        notebook="notebooks/explore.py",
        study=campaign("study.yaml"),
        tables=[f"results/tables/{name}.parquet" for name in ("trials", "components", "outages")],
        verdicts="results/verdicts.jsonl",
    output:
        executed=report(
            "results/notebooks/explore.ipynb",
            caption="../report/notebook.rst",
            category="Notebooks",
            labels={"notebook": "one trial"},
        ),
        figure="results/figures/explore.svg",
    log:
        "results/logs/explore.log",
    conda:
        "../envs/nsm-resilience.yaml"
    params:
        paths=notebook_paths,
        code=code_of(
            "analysis", "provenance", "report/notebook", "report/results", "record", "site"
        ),
    shell:
        "nsm-resilience notebook {input.notebook} --out {output.executed} {params.paths}"
        " -p interactive=false > {log} 2>&1"
