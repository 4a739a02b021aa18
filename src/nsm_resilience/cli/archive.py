# SPDX-License-Identifier: Apache-2.0
"""The commands of `nsm-resilience archive`, for campaigns in git."""

from __future__ import annotations

import typer

from nsm_resilience.cli.options import Campaign, OutFolder, Recorded, say

app = typer.Typer(help="Campaigns in git, as archives.", no_args_is_help=True)


@app.command("pack")
def archive_pack(campaign: Campaign, out: OutFolder) -> None:
    """Pack a live campaign for git: an archive per scenario, description, study, checksums."""
    from nsm_resilience.record.archive import pack

    for path in pack(campaign, out):
        say(str(path))


@app.command("unpack")
def archive_unpack(recorded: Recorded, out: OutFolder) -> None:
    """Check a recorded campaign against its checksums and unpack its records."""
    from nsm_resilience.record.archive import unpack

    unpack(recorded, out)
    say(str(out))


@app.command("verify")
def archive_verify(recorded: Recorded) -> None:
    """Check a recorded campaign against its checksums."""
    from nsm_resilience.record.archive import verify

    verify(recorded)
    say(f"{recorded}: every file is as recorded")


@app.command("commits")
def archive_commits(recorded: Recorded) -> None:
    """Write what git shows of a recorded campaign's rules beside its archives (commits.json)."""
    from nsm_resilience.provenance.commits import keep_commits_of_recorded

    for one in keep_commits_of_recorded(recorded).used:
        named = one.commit[:10] if one.commit else "no commit"
        say(f"{named}: {one.attempts} attempts; {one.unknown or f'committed {one.committed}'}")
