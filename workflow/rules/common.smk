# SPDX-License-Identifier: Apache-2.0
# Shared by the rules: settings, lists of names, and functions that turn settings into paths.
# Nothing is computed here; the work of a rule is in the command that it calls.

import os
import sys
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from snakemake.exceptions import WorkflowError

from nsm_resilience.closing import closing_words
from nsm_resilience.host.checkout import code_of_another_checkout
from nsm_resilience.provenance.crate.steps import Workflow, describe_steps
from nsm_resilience.record.layout import RECORDED, UNPACKED
from nsm_resilience.record.lock import STEPS_LOCK
from nsm_resilience.study.load import ConfigError
from nsm_resilience.tables.contrasts import CONTRAST_TABLES
from nsm_resilience.tables.schemas import TABLES as DECLARED
from nsm_resilience.workflow import code_of, hold_build, settings_of_call, steps_lock

CHECKOUT = Path(workflow.main_snakefile).parent

code_of = cache(code_of)  # several rules have the same package

foreign = code_of_another_checkout(CHECKOUT)
if foreign:
    raise WorkflowError(foreign)
if set("{}") & set(str(CHECKOUT)):
    raise WorkflowError(
        "Snakemake takes braces for wildcards, and there are some in the path of "
        f"{CHECKOUT}; rename the folder"
    )


@contextmanager
def told_by_snakemake():
    """Have Snakemake report errors that prevent a build without a traceback."""
    try:
        yield
    except (ConfigError, RuntimeError, OSError) as error:
        raise WorkflowError(str(error)) from None


with told_by_snakemake():
    SETTINGS = settings_of_call(workflow.configfiles, workflow.config_settings)
    CAMPAIGNS = SETTINGS.folders

# The rules call `nsm-resilience`: take the one beside the Python of this process, so that
# `.venv/bin/snakemake` works without activating the environment.
os.environ.update(
    PATH=os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])
)

TABLES = [table.name for table in DECLARED]
CONTRASTS = [table.name for table in CONTRAST_TABLES]

# For each notebook its topic, the tables that it reads, and its figures, each with its label in the
# HTML report; a figure without a label is neither in the report nor in the paper.
NOTEBOOKS = {
    "result-table": (
        "The table of the nine: verdict, interval and agreement with the paper, and the claims.",
        ["trials", "scenarios", "claims"],
        {"result-table": "the nine scenarios"},
    ),
    "outages": (
        "How long the established path was away, per cell and as survival curves.",
        ["trials", "scenarios", "outages"],
        {"outages": "outages of the path", "survival": "survival of the outage"},
    ),
    "consequences": (
        "What broke, what was shown and who was told, and for how long new clients are refused.",
        ["trials", "new_clients"],
        {"consequences": "consequences", "refusals": "refused clients"},
    ),
    "contrasts": (
        "Pairs of cells that differ in one thing, and facts in which campaigns differ.",
        ["trials", *CONTRASTS],
        {"contrasts": "contrasts"},
    ),
    "timelines": (
        "Replies, components and the fault of one typical trial per scenario, on one time axis.",
        ["trials", "components", "outages"],
        {"timelines": "timelines"},
    ),
    "testbed": (
        "The testbed as it was deployed.",
        ["trials"],
        {"testbed": "testbed"},
    ),
    "gallery": (
        "All trials of the cell whose path was interrupted most often, as small multiples.",
        ["trials", "components", "outages"],
        {"gallery": ""},
    ),
    "explore": (
        "One trial and what its verdict rests on; in JupyterLab a reader picks it.",
        ["trials", "components", "outages"],
        {"explore": ""},
    ),
}
LABELS = {name: label for _, _, own in NOTEBOOKS.values() for name, label in own.items()}
FIGURES = [name for name, label in LABELS.items() if label]

CONFIGURATION = ["config/config.yaml", "profiles/default/profile.yaml"]
if SETTINGS.source == "live":
    CONFIGURATION += ["config/live.yaml", "profiles/live/profile.yaml"]

RESULTS = [
    "results/report.pdf",
    "results/supplement.pdf",
    *[f"results/verdicts/{name}.jsonl" for name in CAMPAIGNS],
    "results/numbers.json",
    *[
        f"results/tables/{name}.{kind}"
        for name in [*TABLES, *CONTRASTS]
        for kind in ("csv", "parquet")
    ],
    *[f"results/figures/{name}.svg" for name in LABELS],
    *[f"results/notebooks/{name}.ipynb" for name in NOTEBOOKS],
]


def look_when_jobs_end():
    """Let Snakemake look for jobs to start when one has ended, and not every second as well.

    Its limit of jobs in a second (`--max-jobs-per-timespan`) has it look every second; each job
    that ends adds one more look a second, for ever (snakemake/scheduling/job_scheduler.py of 9.27).
    After 120 trials these looks took a sixth of a processor on which echoes were measured. With
    jobs on other hosts the limit stays: the hosts may need it.
    """
    if workflow.local_exec:
        workflow.scheduler.job_rate_limiter = None


def campaign(*parts):
    """A path inside the folder of the paper's own campaign."""
    return str(SETTINGS.own_folder.joinpath(*parts))


def described():
    """Description and study of every campaign."""
    files = ("campaign.json", "study.yaml")
    return [str(folder / name) for folder in CAMPAIGNS.values() for name in files]


def kept_commits():
    """The commits.json of each campaign; a live campaign that is over may have none."""
    own = [SETTINGS.own_folder] if SETTINGS.source == "live" else []
    kept = {folder: folder / "commits.json" for folder in CAMPAIGNS.values()}
    return [
        str(path)
        for folder, path in kept.items()
        if folder in own or folder.parent == UNPACKED or path.exists()
    ]


def tables(*names):
    """Tables of all campaigns, by name."""
    return [f"results/tables/{name}.parquet" for name in names]


def campaign_folders():
    """The folders of all campaigns, as commands take them."""
    return [str(folder) for folder in CAMPAIGNS.values()]


# Tables inside the HTML report. It only links to the others, which are long, and to paper and
# notebooks beside it: a file that holds everything twice is slow to open and to send.
SHOWN = (
    "scenarios",
    "claims",
    "controls",
    "environments",
    "sensitivity",
)


def shown_table(name):
    """A table as an output of its rule, in the HTML report if it is a short one."""
    path = f"results/tables/{name}.csv"
    if name not in SHOWN:
        return path
    return report(path, caption="../report/table.rst", category="Tables", labels={"table": name})


def shown_figure(name):
    """A figure as an output of its rule, in the HTML report with its caption if it has a label."""
    path, caption = f"results/figures/{name}.svg", f"../report/{name}.rst"
    if not LABELS[name]:
        return path
    if not (CHECKOUT / "workflow" / "report" / f"{name}.rst").is_file():
        # Snakemake would report it in its last rule, after a whole campaign
        raise WorkflowError(f"the caption of {path} is missing: write workflow/report/{name}.rst")
    return report(path, caption=caption, category="Figures", labels={"figure": LABELS[name]})


def notebook_parameters(wildcards, input, output):
    """A notebook's parameters: folder of its tables, campaign, folder of its figures."""
    values = {
        "tables": Path(input.tables[0]).parent,
        "campaign": SETTINGS.own,
        "figures": Path(output.figures[0]).parent,
    }
    if input.verdicts:  # nobody picks a trial here
        values["interactive"] = "false"
    return [word for name, value in values.items() for word in ("-p", f"{name}={value}")]


def paper_sources():
    """The main files of paper and supplement, and the files that they include."""
    files = [path for path in Path("paper").rglob("[!.]*") if path.suffix in {".typ", ".bib"}]
    return sorted(map(str, files))


def workflow_sources():
    """The workflow's own files in the crate, besides the inputs of its rules."""
    rules = sorted(str(path) for path in Path("workflow/rules").glob("[!.]*.smk"))
    return [
        "Snakefile",
        "CITATION.cff",
        "workflow/envs/nsm-resilience.yaml",
        *CONFIGURATION,
        *rules,
    ]


def described_workflow():
    """The workflow as Snakemake has it once all rules are read, for the crate."""
    return Workflow(
        main="Snakefile",
        settings=SETTINGS.public(),
        configuration=CONFIGURATION,
        environment="workflow/envs/nsm-resilience.yaml",
        steps=describe_steps(
            workflow.rules,
            Path.cwd(),
            campaign("receipts"),
            list(CAMPAIGNS),
        ),
    ).to_json()


def recorded_files(name):
    """The committed files of a recorded campaign; none for a live one.

    A dangling link, as Emacs makes beside a file that is being edited, is left to `unpack`.
    """
    return sorted(str(path) for path in (RECORDED / name).glob("*") if path.exists())
