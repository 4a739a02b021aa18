# SPDX-License-Identifier: Apache-2.0
# The notebooks: each draws its figures from the tables, and its executed copy is kept. Our runner
# handles interpreter, parameters and errors; Snakemake sees only the outputs.

CODES = {package: code_of(package) for package in ("report", "site")}

for stem, (about, read, figures) in NOTEBOOKS.items():
    shows_evidence = stem == "explore"

    rule:
        name:
            stem.replace("-", "_")
        input:
            notebook=f"notebooks/{stem}.py",
            campaigns=described(),
            tables=tables(*read),
            verdicts=[f"results/verdicts/{SETTINGS.own}.jsonl"] if shows_evidence else [],
        output:
            executed=f"results/notebooks/{stem}.ipynb",
            figures=[shown_figure(name) for name in figures],
        log:
            f"results/logs/{stem}.log",
        conda:
            "../envs/nsm-resilience.yaml"
        params:
            values=notebook_parameters,
            code=CODES["site" if shows_evidence else "report"],
        shell:
            "nsm-resilience notebook {input.notebook:q} --out {output.executed:q} {params.values:q}"
            " > {log:q} 2>&1"

    workflow.get_rule(stem.replace("-", "_")).docstring = about
