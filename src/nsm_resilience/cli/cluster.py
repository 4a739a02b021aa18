# SPDX-License-Identifier: Apache-2.0
"""The commands of `nsm-resilience cluster`: the cluster of a live campaign."""

from __future__ import annotations

import typer

from nsm_resilience.cli.options import (
    DEFAULT_CAMPAIGN,
    DEFAULT_TESTBED,
    AllowContext,
    CampaignDir,
    Testbed,
    say,
)

app = typer.Typer(help="The cluster of a live campaign.", no_args_is_help=True)


@app.command("up")
def cluster_up(
    testbed: Testbed = DEFAULT_TESTBED,
    campaign_dir: CampaignDir = DEFAULT_CAMPAIGN,
    allow_context: AllowContext = None,
) -> None:
    """Make the cluster with its lanes and agents unless it is up and healthy. May be repeated."""
    from nsm_resilience.mesh.manage import bring_up
    from nsm_resilience.testbed.config import load_testbed

    bring_up(load_testbed(testbed), campaign_dir, allow_context, say)


@app.command("down")
def cluster_down(
    testbed: Testbed = DEFAULT_TESTBED,
    campaign_dir: CampaignDir = DEFAULT_CAMPAIGN,
    allow_context: AllowContext = None,
) -> None:
    """Remove the cluster, or from somebody else's what we put there. May be repeated."""
    from nsm_resilience.mesh.manage import take_down
    from nsm_resilience.testbed.config import load_testbed

    take_down(load_testbed(testbed), campaign_dir, allow_context, say)


@app.command("status")
def cluster_status(campaign_dir: CampaignDir = DEFAULT_CAMPAIGN) -> None:
    """Say which cluster the campaign runs on, and whether it answers."""
    from nsm_resilience.testbed.status import describe_cluster

    for line in describe_cluster(campaign_dir):
        say(line)


@app.command("rights")
def cluster_rights() -> None:
    """Print the rights that a runner needs on somebody else's cluster, for its administrator."""
    from nsm_resilience.testbed.rights import runner_rights

    typer.echo(runner_rights(), nl=False)
