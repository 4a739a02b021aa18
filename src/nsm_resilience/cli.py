# SPDX-License-Identifier: Apache-2.0
"""The command line: one command per step of the way. It parses and calls, nothing else.

Everything heavy is imported inside the command that needs it, so that `--help` and the start of a
trial stay fast. Errors that our own code raises are shown without a traceback.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated, Literal

import typer

from nsm_resilience import __version__

app = typer.Typer(
    name="nsm-resilience",
    help="Rerun, check and extend a published study of the fault tolerance of Network Service Mesh."
    " `snakemake` calls these commands in order; each can be called by hand.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
cluster_app = typer.Typer(help="The cluster of a live campaign.", no_args_is_help=True)
archive_app = typer.Typer(help="Campaigns as they are kept in git.", no_args_is_help=True)

BEFORE, LIVE, AFTER = "Before a live run", "A live run", "From records to the paper"
app.add_typer(cluster_app, name="cluster", rich_help_panel=LIVE)
app.add_typer(archive_app, name="archive", rich_help_panel=AFTER)

DEFAULT_STUDY = Path("config/study.yaml")
DEFAULT_TESTBED = Path("config/testbed-kind-default.yaml")
DEFAULT_CAMPAIGN = Path("results/live/local")
DEFAULT_SCHEMAS = Path("workflow/schemas")

Study = Annotated[
    Path, typer.Option("--study", metavar="FILE", help="The study file.", show_default=True)
]
Testbed = Annotated[
    Path, typer.Option("--testbed", metavar="FILE", help="The testbed file: cluster and images.")
]
CampaignDir = Annotated[
    Path,
    typer.Option("--campaign-dir", metavar="FOLDER", help="The campaign's folder, with records."),
]
Campaign = Annotated[Path, typer.Argument(metavar="CAMPAIGN", help="The campaign's folder.")]
AllowContext = Annotated[
    str | None,
    typer.Option(
        "--allow-context",
        metavar="CONTEXT",
        help="For a cluster we did not make: its context, repeated for safety.",
    ),
]
OutFile = Annotated[Path, typer.Option("--out", metavar="FILE", help="The file to write.")]
OutFolder = Annotated[Path, typer.Option("--out", metavar="FOLDER", help="The folder to write.")]
Tables = Annotated[
    Path, typer.Option("--tables", metavar="FOLDER", help="The folder with the tidy tables.")
]


def main() -> None:
    """Entry point of `nsm-resilience`."""
    try:
        app()
    except Exception as error:
        if not type(error).__module__.startswith("nsm_resilience") or "NSM_DEBUG" in os.environ:
            raise
        typer.echo(f"error: {error}", err=True)
        sys.exit(1)


def say(text: str) -> None:
    """One line of progress, at once also when the output is a file."""
    typer.echo(text)
    sys.stdout.flush()


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"nsm-resilience {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    pass


# ---------------------------------------------------------------------------- before a live run


@app.command(rich_help_panel=BEFORE)
def doctor(study: Study = DEFAULT_STUDY, testbed: Testbed = DEFAULT_TESTBED) -> None:
    """Say what a live run needs and this machine lacks, and how long the campaign will take."""
    from nsm_resilience.study.load import load_study
    from nsm_resilience.testbed.config import ExistingTestbed, load_testbed
    from nsm_resilience.testbed.doctor import estimate, examine

    config = load_testbed(testbed)
    missing = 0
    for finding in examine(config):
        missing += finding.level == "missing"
        say(f"{finding.level:8} {finding.what}: {finding.found}")
        if finding.level != "ok" and finding.remedy:
            say(f"{'':8} → {finding.remedy}")
    lanes = len(config.nodes) if isinstance(config, ExistingTestbed) else config.lanes
    duration = estimate(load_study(study), lanes)
    say(
        f"{duration.trials} trials on {duration.lanes} lane(s): "
        f"{duration.least_s / 60:.0f} to {duration.most_s / 60:.0f} minutes"
    )
    if missing:
        raise typer.Exit(1)


@app.command(rich_help_panel=BEFORE)
def schedule(
    study: Study = DEFAULT_STUDY,
    testbed: Testbed = DEFAULT_TESTBED,
    injections: Annotated[
        bool,
        typer.Option(
            "--injections", help="Also every fault: target, node, method, delay, what is undone."
        ),
    ] = False,
) -> None:
    """Print the trials of a study in the order in which they are run. Touches no cluster."""
    from nsm_resilience.study.load import load_study
    from nsm_resilience.study.schedule import make_schedule

    if injections:
        from nsm_resilience.faults.preview import preview
        from nsm_resilience.testbed.config import load_testbed

        for line in preview(load_study(study), load_testbed(testbed).worker_pairs()):
            say(line)
        return
    for scheduled in make_schedule(load_study(study)):
        say(f"{scheduled.order:4}  block {scheduled.block:2}  {scheduled.trial}")


@app.command(rich_help_panel=BEFORE)
def pairs(
    minutes: Annotated[
        float, typer.Option("--minutes", metavar="N", min=1, help="The budget, on all lanes.")
    ],
    lanes: Annotated[int, typer.Option("--lanes", metavar="N", min=1, help="Side by side.")] = 1,
    plane: Annotated[
        Literal["kernel", "vpp"], typer.Option("--plane", help="The forwarding plane.")
    ] = "kernel",
    trials: Annotated[
        int, typer.Option("--trials", metavar="N", min=1, help="Trials of each pair.")
    ] = 1,
    seed: Annotated[int, typer.Option("--seed", metavar="N", min=0, help="Of the choice.")] = 1,
    study: Study = DEFAULT_STUDY,
) -> None:
    """Print a study of failures in pairs that fits into a budget, with the windows of STUDY."""
    from nsm_resilience.faults.pairs import select, study_of
    from nsm_resilience.study.load import load_study

    base = load_study(study)
    chosen = select(base, plane, minutes, lanes, trials, seed)
    typer.echo(study_of(chosen, base, plane, seed), nl=False)


@app.command(rich_help_panel=BEFORE)
def schema(
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing; fail when a schema is out of date.")
    ] = False,
    out: OutFolder = DEFAULT_SCHEMAS,
) -> None:
    """Write the JSON schemas of the configuration files from the models that check them."""
    from nsm_resilience.schemas import drifted_schemas, write_schemas

    if not check:
        for path in write_schemas(out):
            say(str(path))
        return
    drifted = drifted_schemas(out)
    for path in drifted:
        say(f"{path} is not what the models say; write it with `nsm-resilience schema`")
    if drifted:
        raise typer.Exit(1)


# ----------------------------------------------------------------------------------- a live run


@cluster_app.command("up")
def cluster_up(
    testbed: Testbed = DEFAULT_TESTBED,
    campaign_dir: CampaignDir = DEFAULT_CAMPAIGN,
    allow_context: AllowContext = None,
) -> None:
    """Make the cluster with its lanes and agents unless it is up and healthy. May be repeated."""
    from nsm_resilience.testbed.config import load_testbed
    from nsm_resilience.testbed.manage import bring_up

    bring_up(load_testbed(testbed), campaign_dir, allow_context, say)


@cluster_app.command("down")
def cluster_down(
    testbed: Testbed = DEFAULT_TESTBED,
    campaign_dir: CampaignDir = DEFAULT_CAMPAIGN,
    allow_context: AllowContext = None,
) -> None:
    """Remove the cluster, or from somebody else's what we put there. May be repeated."""
    from nsm_resilience.testbed.config import load_testbed
    from nsm_resilience.testbed.manage import take_down

    take_down(load_testbed(testbed), campaign_dir, allow_context, say)


@cluster_app.command("status")
def cluster_status(campaign_dir: CampaignDir = DEFAULT_CAMPAIGN) -> None:
    """Say which cluster the campaign runs on, and whether it answers."""
    from nsm_resilience.testbed.status import describe_cluster

    for line in describe_cluster(campaign_dir):
        say(line)


@cluster_app.command("rights")
def cluster_rights() -> None:
    """Print the rights that a runner needs on somebody else's cluster, for its administrator."""
    from nsm_resilience.testbed.existing import runner_rights

    typer.echo(runner_rights(), nl=False)


@app.command(rich_help_panel=LIVE)
def trial(
    trial: Annotated[str, typer.Option("--trial", metavar="ID", help="<cell>/<NN>")],
    study: Study = DEFAULT_STUDY,
    testbed: Testbed = DEFAULT_TESTBED,
    campaign_dir: CampaignDir = DEFAULT_CAMPAIGN,
    allow_context: AllowContext = None,
) -> None:
    """Run the next attempt of one trial and write its receipt; exit code 75 when it was void.

    A trial that has a complete record is not run again: only its receipt is written.
    """
    from nsm_resilience.testbed.config import ExistingTestbed, load_testbed
    from nsm_resilience.testbed.existing import Existing
    from nsm_resilience.trial.conduct import conduct
    from nsm_resilience.trial.once import only_conductor

    config = load_testbed(testbed)
    if isinstance(config, ExistingTestbed):
        Existing(config, allow_context, say).check_allowed()
    with only_conductor(campaign_dir, trial, say):
        code = conduct(study, config, campaign_dir, trial, say)
    raise typer.Exit(code)


@app.command(rich_help_panel=LIVE)
def progress(
    campaign: Campaign = DEFAULT_CAMPAIGN,
    once: Annotated[bool, typer.Option("--once", help="Look once, as plain lines.")] = False,
    interval: Annotated[
        float, typer.Option("--interval", metavar="SECONDS", min=0.2, help="Between two looks.")
    ] = 2.0,
) -> None:
    """Show lanes, phases, verdicts so far and the time left, beside a campaign that runs."""
    from nsm_resilience.progress.view import show
    from nsm_resilience.workflow import source_checksum

    show(campaign, once, interval, source_checksum(["judge", "record"]), say)


@app.command(rich_help_panel=LIVE)
def log(
    trial: Annotated[str, typer.Argument(metavar="TRIAL", help="<cell>/<NN>")],
    campaign_dir: CampaignDir = DEFAULT_CAMPAIGN,
) -> None:
    """Print the log of a trial of a live campaign, all of its attempts."""
    from nsm_resilience.progress.view import log_of

    typer.echo(log_of(campaign_dir, trial), nl=False)


@app.command(rich_help_panel=LIVE)
def index(campaign: Campaign = DEFAULT_CAMPAIGN) -> None:
    """Write campaign.json: what was scheduled, every attempt's record, machine and versions."""
    from nsm_resilience.record.layout import CampaignLayout
    from nsm_resilience.trial.index import index_campaign

    description = index_campaign(campaign, CampaignLayout(campaign).study)
    say(f"{campaign}: {len(description['records'])} records")


# -------------------------------------------------------------------- from records to the paper


@archive_app.command("pack")
def archive_pack(campaign: Campaign, out: OutFolder) -> None:
    """Pack a live campaign for git: an archive per scenario, description, study, checksums."""
    from nsm_resilience.record.archive import pack

    for path in pack(campaign, out):
        say(str(path))


@archive_app.command("unpack")
def archive_unpack(
    recorded: Annotated[Path, typer.Argument(metavar="RECORDED", help="results/recorded/<name>")],
    out: OutFolder,
) -> None:
    """Check a recorded campaign against its checksums and unpack its records."""
    from nsm_resilience.record.archive import unpack

    unpack(recorded, out)
    say(str(out))


@archive_app.command("verify")
def archive_verify(
    recorded: Annotated[Path, typer.Argument(metavar="RECORDED", help="results/recorded/<name>")],
) -> None:
    """Check a recorded campaign against its checksums."""
    from nsm_resilience.record.archive import verify

    verify(recorded)
    say(f"{recorded}: every file is as recorded")


@app.command(rich_help_panel=AFTER)
def judge(
    campaign: Campaign,
    out: OutFile = Path("results/verdicts.jsonl"),
    jobs: Annotated[
        int, typer.Option("--jobs", metavar="N", min=1, help="Processes that judge side by side.")
    ] = 1,
) -> None:
    """Judge every attempt of a campaign: one line of JSON each, with its evidence."""
    from nsm_resilience.judge.campaign import judge_campaign

    def progress(done: int, of: int) -> None:
        if sys.stdout.isatty():
            typer.echo(f"\r{done}/{of}", nl=done == of)

    say(f"{judge_campaign(campaign, out, progress, jobs)} attempts judged: {out}")


@app.command(rich_help_panel=AFTER)
def tables(
    campaign_dir: CampaignDir,
    verdicts: Annotated[Path, typer.Option("--verdicts", metavar="FILE")] = Path(
        "results/verdicts.jsonl"
    ),
    out: OutFolder = Path("results/tables"),
) -> None:
    """Write verdicts and measures as tidy tables, CSV and Parquet."""
    from nsm_resilience.tables.build import build_tables

    for path in build_tables(verdicts, campaign_dir, out):
        say(str(path))


@app.command(rich_help_panel=AFTER)
def efficiency(tables: Tables = Path("results/tables")) -> None:
    """Say where the time of a campaign's lanes went, and how much of it the study required."""
    from nsm_resilience.report.efficiency import efficiency_lines

    for line in efficiency_lines(tables):
        say(line)


@app.command(rich_help_panel=AFTER)
def synthesize(
    campaign: Campaign,
    out: OutFolder,
    trials: Annotated[
        int, typer.Option("--trials", metavar="N", min=1, help="Trials of the synthetic campaign.")
    ] = 1000,
) -> None:
    """Multiply a campaign's records into a synthetic one, to measure what a large one costs."""
    from nsm_resilience.record.synthesize import synthesize as multiply

    multiply(campaign, trials, out)
    say(f"{out}: {trials} trials, synthetic: none of them was run")


@app.command("run-times", rich_help_panel=AFTER)
def run_times(campaign: Campaign, out: OutFile = Path("results/run-times.csv")) -> None:
    """Write rule by rule how long the jobs of this folder's last build took."""
    from nsm_resilience.report.run_times import write_run_times

    jobs = write_run_times(Path(".snakemake/metadata"), campaign, out)
    say(f"{jobs} jobs: {out}")


@app.command(rich_help_panel=AFTER)
def notebook(
    source: Annotated[Path, typer.Argument(metavar="SOURCE", help="A percent notebook, *.py")],
    out: OutFile,
    parameter: Annotated[
        list[str] | None,
        typer.Option("-p", "--parameter", metavar="NAME=VALUE", help="May be repeated."),
    ] = None,
) -> None:
    """Run a notebook from the current folder and keep the executed copy."""
    from nsm_resilience.report.notebook import run_notebook

    values = {}
    for given in parameter or []:
        name, equals, value = given.partition("=")
        if not equals:
            raise typer.BadParameter(f"write -p name=value, not `{given}`", param_hint="-p")
        values[name] = value
    say(str(run_notebook(source, out, values, cwd=Path.cwd())))


@app.command(rich_help_panel=AFTER)
def numbers(
    campaign_dir: CampaignDir,
    tables: Tables = Path("results/tables"),
    second_campaign_dir: Annotated[
        Path | None,
        typer.Option("--second-campaign-dir", metavar="FOLDER", help="A campaign to put beside."),
    ] = None,
    second_tables: Annotated[
        Path | None,
        typer.Option("--second-tables", metavar="FOLDER", help="The tables of that one."),
    ] = None,
    out: OutFile = Path("results/numbers.json"),
    repository: Annotated[
        str | None,
        typer.Option("--repository", metavar="ADDRESS", help="For links to the trials' commit."),
    ] = None,
) -> None:
    """Collect every number and sentence of the paper that depends on the data."""
    from nsm_resilience.report.numbers import Second, write_numbers

    second = None
    if second_campaign_dir is not None and second_tables is not None:
        second = Second(second_tables, second_campaign_dir)
    elif second_campaign_dir is not None or second_tables is not None:
        raise typer.BadParameter("give --second-campaign-dir and --second-tables together")
    write_numbers(tables, campaign_dir, out, repository, second)
    say(str(out))


@app.command(rich_help_panel=AFTER)
def paper(
    main: Annotated[Path, typer.Option("--main", metavar="FILE")] = Path("paper/main.typ"),
    numbers: Annotated[Path, typer.Option("--numbers", metavar="FILE")] = Path(
        "results/numbers.json"
    ),
    out: OutFile = Path("results/report.pdf"),
) -> None:
    """Set the paper as PDF/A; a missing glyph or a dead reference is an error."""
    from nsm_resilience.report.paper import build_paper

    build_paper(main, out, {"numbers": numbers}, Path.cwd())
    say(str(out))


@app.command(rich_help_panel=AFTER)
def crate(
    campaign_dir: CampaignDir,
    workflow: Annotated[
        str,
        typer.Option("--workflow", metavar="JSON", help="The workflow; the rule `crate` has it."),
    ],
    numbers: Annotated[Path, typer.Option("--numbers", metavar="FILE")] = Path(
        "results/numbers.json"
    ),
    verdicts: Annotated[Path, typer.Option("--verdicts", metavar="FILE")] = Path(
        "results/verdicts.jsonl"
    ),
    citation: Annotated[Path, typer.Option("--citation", metavar="FILE")] = Path("CITATION.cff"),
    out: OutFile = Path("results/ro-crate-metadata.json"),
) -> None:
    """Write the provenance of a build as an RO-Crate, with the sources that it describes."""
    from nsm_resilience.provenance.crate.build import write_crate

    write_crate(workflow, campaign_dir, numbers, verdicts, citation, out)
    say(str(out))


@app.command(rich_help_panel=AFTER)
def compare(
    first: Annotated[
        Path,
        typer.Argument(
            metavar="A", help="A recorded campaign, one with its records, or a folder of tables."
        ),
    ],
    second: Annotated[Path, typer.Argument(metavar="B", help="The same of the other.")],
    first_tables: Annotated[
        Path | None,
        typer.Option("--first-tables", metavar="FOLDER", help="A's tables, if they are there."),
    ] = None,
    second_tables: Annotated[
        Path | None,
        typer.Option("--second-tables", metavar="FOLDER", help="B's tables, if they are there."),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="FOLDER", help="Also write the tables of the comparison."),
    ] = None,
) -> None:
    """Put two campaigns side by side: verdicts, times, and what they were made with.

    Cells are matched by scenario and levels. Whatever comes of it, the exit code is 0.
    """
    from tempfile import TemporaryDirectory

    from nsm_resilience.analysis.comparison import compare_campaigns
    from nsm_resilience.report.comparison import write_comparison
    from nsm_resilience.report.side_by_side import plain_console, print_comparison
    from nsm_resilience.report.sides import read_sides

    with TemporaryDirectory(prefix="nsm-compare-") as scratch:
        sides = read_sides(first, second, Path(scratch), first_tables, second_tables)
    found = compare_campaigns(*sides)
    print_comparison(found, plain_console())
    for path in write_comparison(found, out) if out is not None else []:
        say(str(path))


@app.command("start-page", rich_help_panel=AFTER)
def start_page(
    campaign_dir: CampaignDir,
    tables: Tables = Path("results/tables"),
    out: OutFile = Path("results/start.rst"),
) -> None:
    """Write the first page of the HTML report: the table of the nine and the claims."""
    from nsm_resilience.report.start_page import write_start_page

    write_start_page(tables, campaign_dir, out)
    say(str(out))


@app.command(rich_help_panel=AFTER)
def site(
    campaign_dir: CampaignDir,
    tables: Tables = Path("results/tables"),
    verdicts: Annotated[Path, typer.Option("--verdicts", metavar="FILE")] = Path(
        "results/verdicts.jsonl"
    ),
    out: OutFolder = Path("results/site"),
) -> None:
    """Write the static site: a page per attempt, with its timeline and the lines that decided."""
    from nsm_resilience.site.build import build_site

    say(f"{build_site(tables, campaign_dir, verdicts, out)} attempts: {out / 'index.html'}")


@app.command(rich_help_panel=AFTER)
def explain(
    what: Annotated[
        str, typer.Argument(metavar="WHAT", help="A scenario (S8), a cell, or a trial's id.")
    ],
    trial: Annotated[
        int | None, typer.Option("--trial", metavar="N", help="Only the trial of this number.")
    ] = None,
    verdicts: Annotated[Path, typer.Option("--verdicts", metavar="FILE")] = Path(
        "results/verdicts.jsonl"
    ),
    campaign_dir: Annotated[
        Path | None,
        typer.Option("--campaign-dir", metavar="FOLDER", help="Default: found by its name."),
    ] = None,
) -> None:
    """Follow a verdict to what it rests on: reason, measures, and the lines of the record."""
    from nsm_resilience.provenance.explain import explain_verdicts

    for line in explain_verdicts(what, trial, verdicts, campaign_dir):
        typer.echo(line)


if __name__ == "__main__":
    main()
