# SPDX-License-Identifier: Apache-2.0
# What the rules share: settings, lists of names, and functions that turn settings into paths. No
# rules, and nothing is computed here; what a rule does is in the command that it calls.

import os
import sys
from pathlib import Path

from snakemake.exceptions import WorkflowError

from nsm_resilience.provenance.checkout import code_of_another_checkout
from nsm_resilience.provenance.crate.steps import Workflow, describe_steps
from nsm_resilience.record.layout import RECORDED
from nsm_resilience.record.lock import STEPS_LOCK
from nsm_resilience.study.load import ConfigError
from nsm_resilience.wiring import WiringError, check_outputs, outputs_of
from nsm_resilience.workflow import (
    beyond_folder,
    hold_build,
    lanes_folder,
    second_folder,
    settings_of_call,
    steps_lock,
    source_checksum,
)

foreign = code_of_another_checkout(Path(workflow.main_snakefile).parent)
if foreign:
    raise WorkflowError(foreign)

try:
    SETTINGS = settings_of_call(workflow.configfiles, workflow.config_settings)
    SECOND = second_folder(SETTINGS)
    LANES_CAMPAIGN = lanes_folder(SETTINGS)
    BEYOND = beyond_folder(SETTINGS)
except ConfigError as error:
    raise WorkflowError(str(error)) from None

# The rules call `nsm-resilience`: take the one that is beside the Python of this process, so that
# `.venv/bin/snakemake` works without activating the environment.
os.environ.update(
    PATH=os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])
)

TABLES = [
    "trials",
    "scenarios",
    "claims",
    "outages",
    "components",
    "phases",
    "efficiency",
    "sensitivity",
]
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

# Of a second campaign, where one is given (`compare:`).
COMPARISON = []
BESIDE = ""
if SECOND:
    BESIDE = f"compare/{SETTINGS.compare}/"
    COMPARISON = ["comparison", "comparison_times", "comparison_environment"]
    NOTEBOOKS.append("compare")
    FIGURES.append("comparison")

# Of a campaign that shows whether lanes bias, where one is given (`lanes:`); it may be the main one.
LANE_TABLES = []
LANES_BESIDE = ""
if LANES_CAMPAIGN:
    LANE_TABLES = ["lanes", "lanes_trials"]
    if LANES_CAMPAIGN != SETTINGS.campaign_folder:
        LANES_BESIDE = f"compare/{SETTINGS.lanes}/"

# Of a campaign with remedies and scenarios of our own, where one is given (`beyond:`).
REMEDIES = []
FARTHER = ""
if BEYOND:
    FARTHER = f"beyond/{SETTINGS.beyond}/"
    REMEDIES = ["remedies", "arms"]
    NOTEBOOKS.append("beyond")
    FIGURES += ["remedies", "beyond"]

RESULTS = [
    "results/report.pdf",
    "results/verdicts.jsonl",
    "results/numbers.json",
    *[
        f"results/tables/{name}.{kind}"
        for name in TABLES + COMPARISON + LANE_TABLES + REMEDIES
        for kind in ("csv", "parquet")
    ],
    *[f"results/figures/{name}.svg" for name in [*FIGURES, "gallery", "explore"]],
    *[f"results/notebooks/{name}.ipynb" for name in NOTEBOOKS],
]


def campaign(*parts):
    """A path inside the folder of the campaign that is judged."""
    return str(SETTINGS.campaign_folder.joinpath(*parts))


# Whose verdicts and tables go to which folder of the results: its name, and where its records are.
JUDGED = {
    "": (SETTINGS.campaign, SETTINGS.campaign_folder),
    **({LANES_BESIDE: (SETTINGS.lanes, LANES_CAMPAIGN)} if LANES_BESIDE else {}),
    **({BESIDE: (SETTINGS.compare, SECOND)} if SECOND else {}),
    **({FARTHER: (SETTINGS.beyond, BEYOND)} if BEYOND else {}),
}


def judged_campaign(*parts):
    """The same, of the campaign whose verdicts go to `{beside}`."""
    return lambda wildcards: str(JUDGED[wildcards.beside][1].joinpath(*parts))


def table_labels(table):
    """What the HTML report says of a table: its name, and whose it is."""
    return lambda wildcards: {
        "table": table,
        "campaign": JUDGED[wildcards.beside][0],
    }


def second_tables():
    """Tables of the second campaign; none without one."""
    return [f"results/{BESIDE}tables/{name}.parquet" for name in TABLES] if SECOND else []


def second_campaign():
    """Description and study of the second campaign; none without one."""
    return [str(SECOND / name) for name in ("campaign.json", "study.yaml")] if SECOND else []


def beyond_tables():
    """Tables of the campaign with remedies; none without one."""
    return [f"results/{FARTHER}tables/{name}.parquet" for name in TABLES] if BEYOND else []


def beyond_campaign():
    """Description and study of the campaign with remedies; none without one."""
    return [str(BEYOND / name) for name in ("campaign.json", "study.yaml")] if BEYOND else []


def beyond_folders():
    """Where it is, as `nsm-resilience numbers` is told it."""
    if not BEYOND:
        return []
    return ["--beyond-campaign-dir", BEYOND, "--beyond-tables", f"results/{FARTHER}tables"]


def second_folders():
    """Where both are, as `nsm-resilience numbers` is told it."""
    if not SECOND:
        return []
    return ["--second-campaign-dir", SECOND, "--second-tables", f"results/{BESIDE}tables"]


def lanes_campaign():
    """Description and study of the campaign that shows whether lanes bias; none without one."""
    if not LANES_CAMPAIGN:
        return []
    return [str(LANES_CAMPAIGN / name) for name in ("campaign.json", "study.yaml")]


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
    return [word for name, path in paths.items() for word in ("-p", f"{name}={path}")]


def claim_results():
    """Keep the folder of the results for this process, or say who builds them."""
    try:
        hold_build(Path("results"), lambda text: print(text, file=sys.stderr))
    except (RuntimeError, OSError) as error:
        raise WorkflowError(str(error)) from None


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
        steps=describe_steps(
            workflow.rules,
            Path.cwd(),
            campaign("receipts"),
            {
                "beside": "",
                **({"campaign": SETTINGS.campaign} if SETTINGS.source == "recorded" else {}),
            },
        ),
    ).to_json()


def recorded_files(name):
    """The committed files of a recorded campaign; an error that says which campaigns there are."""
    folder = RECORDED / name
    if not (folder / "SHA256SUMS").exists():
        there = sorted(path.parent.name for path in RECORDED.glob("*/SHA256SUMS"))
        raise WorkflowError(
            f"There is no recorded campaign `{name}` in {RECORDED}. "
            f"Recorded are: {', '.join(there) or 'none'}. Write one of them as `campaign:` in "
            "config/config.yaml, or after `--config campaign=`."
        )
    return sorted(str(path) for path in folder.iterdir())


def check_wiring():
    """Say at once what a rule's output lacks; called when all rules are read."""
    try:
        check_outputs(outputs_of(workflow.rules), RESULTS)
    except WiringError as error:
        raise WorkflowError(str(error)) from None
