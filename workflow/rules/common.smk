# SPDX-License-Identifier: Apache-2.0
# What the rules share: settings, lists of names, and functions that turn settings into paths. No
# rules, and nothing is computed here; what a rule does is in the command that it calls.

import os
import sys
from pathlib import Path

from snakemake.exceptions import WorkflowError

from nsm_resilience.provenance.crate.steps import Workflow, describe_steps
from nsm_resilience.study.load import ConfigError
from nsm_resilience.workflow import load_settings, source_checksum

try:
    SETTINGS = load_settings(config)
except ConfigError as error:
    raise WorkflowError(str(error)) from None

# The rules call `nsm-resilience`: take the one that is beside the Python of this process, so that
# `.venv/bin/snakemake` works without activating the environment.
os.environ.update(
    PATH=os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])
)

TABLES = ["trials", "scenarios", "claims", "outages", "components", "phases", "efficiency"]
NOTEBOOKS = [
    "result-table",
    "outages",
    "consequences",
    "timelines",
    "testbed",
    "gallery",
    "explore",
]
FIGURES = [
    "result-table",
    "outages",
    "survival",
    "consequences",
    "effects",
    "timelines",
    "testbed",
]

CONFIGURATION = ["config/config.yaml", "profiles/default/profile.yaml"]
if SETTINGS.source == "live":
    CONFIGURATION += ["config/live.yaml", "profiles/live/profile.yaml"]

RESULTS = [
    "results/report.pdf",
    "results/verdicts.jsonl",
    "results/numbers.json",
    *[f"results/tables/{name}.{kind}" for name in TABLES for kind in ("csv", "parquet")],
    *[f"results/figures/{name}.svg" for name in FIGURES],
    *[f"results/notebooks/{name}.ipynb" for name in NOTEBOOKS],
]


def campaign(*parts):
    """A path inside the folder of the campaign that is judged."""
    return str(SETTINGS.campaign_folder.joinpath(*parts))


def code_of(*modules):
    """Checksum of code of ours; Snakemake itself watches shell commands only, not what they run."""
    return source_checksum(modules)


def notebook_paths(wildcards, input, output):
    """A notebook's parameters: where its tables and records are, and where its figures go."""
    paths = {
        "tables": Path(input.tables[0]).parent,
        "campaign_dir": Path(input.study).parent,
        "figures": Path(output.figure).parent,
    }
    return " ".join(f"-p {name}={path}" for name, path in paths.items())


def config_arguments():
    """The settings as `--config` takes them, for a second call of Snakemake."""
    given = SETTINGS.model_dump(mode="json", exclude_none=True)
    return " ".join(f"{key}={value}" for key, value in given.items())


def paper_sources():
    """What the paper's main file includes."""
    files = [path for path in Path("paper").rglob("*") if path.suffix in {".typ", ".bib"}]
    return sorted(str(path) for path in files if path.name != "main.typ")


def workflow_sources():
    """What the crate holds of the workflow's own files beside the inputs of its rules."""
    rules = sorted(str(path) for path in Path("workflow/rules").glob("*.smk"))
    return [
        "Snakefile",
        "CITATION.cff",
        "workflow/envs/nsm-resilience.yaml",
        *CONFIGURATION,
        *rules,
    ]


def described_workflow():
    """The workflow as Snakemake knows it once all rules are read, for the crate."""
    return Workflow(
        main="Snakefile",
        settings=SETTINGS.public(),
        configuration=CONFIGURATION,
        environment="workflow/envs/nsm-resilience.yaml",
        steps=describe_steps(workflow.rules, Path.cwd(), campaign("receipts")),
    ).to_json()


def recorded_files():
    """The committed files of the recorded campaign; an error that says which campaigns there are."""
    sums = SETTINGS.recorded_folder / "SHA256SUMS"
    if not sums.exists():
        there = sorted(path.parent.name for path in Path("results/recorded").glob("*/SHA256SUMS"))
        raise WorkflowError(
            f"There is no recorded campaign `{SETTINGS.campaign}` in results/recorded. "
            f"Recorded are: {', '.join(there) or 'none'}. Write one of them as `campaign:` in "
            "config/config.yaml, or after `--config campaign=`."
        )
    return sorted(str(path) for path in SETTINGS.recorded_folder.iterdir())
