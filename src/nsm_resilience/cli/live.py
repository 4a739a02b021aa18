# SPDX-License-Identifier: Apache-2.0
"""The commands of a live run: one trial, and views of a running campaign."""

from __future__ import annotations

from typing import Annotated

import typer

from nsm_resilience.cli.options import (
    DEFAULT_CAMPAIGN,
    DEFAULT_STUDY,
    DEFAULT_TESTBED,
    LIVE,
    AllowContext,
    Campaign,
    CampaignDir,
    Json,
    Study,
    Testbed,
    if_anybody_listens,
    say,
    say_json,
)

app = typer.Typer()


@app.command(rich_help_panel=LIVE)
def trial(
    trial: Annotated[str, typer.Option("--trial", metavar="ID", help="<cell>/<NN>")],
    study: Study = DEFAULT_STUDY,
    testbed: Testbed = DEFAULT_TESTBED,
    campaign_dir: CampaignDir = DEFAULT_CAMPAIGN,
    allow_context: AllowContext = None,
) -> None:
    """Run the next attempt of one trial and write its receipt; exit code 75 when it was void.

    A signal makes the attempt void, once its faults are undone and its lane is wiped.

    A trial that has a complete record is not run again: only its receipt is written.
    """
    from nsm_resilience.testbed.config import ExistingTestbed, load_testbed
    from nsm_resilience.testbed.existing import Existing
    from nsm_resilience.trial.conduct import conduct
    from nsm_resilience.trial.interrupt import Interrupted, interruptible

    config = load_testbed(testbed)
    if isinstance(config, ExistingTestbed):
        Existing(config, allow_context, say).check_allowed()
    tell = if_anybody_listens(say)
    try:
        with interruptible():
            code = conduct(study, config, campaign_dir, trial, tell)
    except Interrupted as interrupt:
        tell(f"{trial}: {interrupt}")
        code = interrupt.exit_code
    raise typer.Exit(code)


@app.command(rich_help_panel=LIVE)
def progress(campaign: Campaign = DEFAULT_CAMPAIGN, as_json: Json = False) -> None:
    """Show lanes, phases, verdicts so far and the time left, beside a campaign that runs.

    On a terminal until its last trial is done; elsewhere, and with `--json`, it looks once.
    """
    from nsm_resilience.progress.view import as_object, show
    from nsm_resilience.workflow import code_of

    judge = code_of("judge")
    if as_json:
        say_json(as_object(campaign, judge))
    else:
        show(campaign, judge, say)


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
    """Write campaign.json: what was scheduled, every attempt's record, machine and versions.

    And commits.json: what git shows of the commits that the attempts were run at.
    """
    from nsm_resilience.provenance.commits import keep_commits_of
    from nsm_resilience.trial.index import index_campaign

    description = index_campaign(campaign)
    keep_commits_of(campaign)
    say(f"{campaign}: {len(description['records'])} records")
