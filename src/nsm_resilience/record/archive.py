# SPDX-License-Identifier: Apache-2.0
"""A campaign as it is committed: one archive per scenario, checksums, a description.

`verify` checks every file in the folder (checksums.py) and every member of every archive
(members.py) against SHA256SUMS and the records that the description names, so that additions show
too. Any problem is an error that names the file and what to do: ArchiveError, or for the two JSON
files DescriptionError and CommitsError.
"""

from __future__ import annotations

import shutil
from concurrent.futures import ProcessPoolExecutor
from itertools import repeat
from pathlib import Path
from typing import Any

from nsm_resilience.record.checksums import CHECKSUMS, DELETE, RENAME, listing, problems_of
from nsm_resilience.record.commits import keep_commits, read_commits
from nsm_resilience.record.description import description_of
from nsm_resilience.record.files import object_or_empty, write_bytes, write_json
from nsm_resilience.record.layout import CampaignLayout
from nsm_resilience.record.members import SUFFIX, MemberError, read_members, write_members
from nsm_resilience.record.packed import unpack_first, why_not_packed_into, why_not_replaced


class ArchiveError(ValueError):
    """A recorded campaign is damaged or incomplete."""


def scenario_of(trial: str) -> str:
    """The scenario of a trial id (`S2-kernel-…/01` → `S2`)."""
    return trial.split("-", 1)[0]


def pack(campaign: Path, recorded: Path) -> list[Path]:
    """Pack a live campaign into `recorded`, or ArchiveError; returns the files written.

    The same records give the same bytes: entries are sorted, without owners and times. README.md
    in `recorded` stays as it is. The checksums cover it, but not commits.json
    (record/commits.py). The result is verified.
    """
    layout = CampaignLayout(campaign)
    description = _description(campaign)
    _check_packable(campaign, recorded, description)
    description["source"] = "recorded"
    write_json(recorded / "campaign.json", description)
    write_bytes(recorded / "study.yaml", layout.study.read_bytes())
    by_scenario: dict[str, list[str]] = {}
    for record in description["records"]:
        by_scenario.setdefault(scenario_of(record["trial"]), []).append(record["path"])
    written = [recorded / "campaign.json", recorded / "study.yaml"]
    scenarios = sorted(by_scenario)
    folders = [sorted(by_scenario[scenario]) for scenario in scenarios]
    with ProcessPoolExecutor() as pool:  # xz takes most of the time
        for scenario, data in zip(
            scenarios, pool.map(write_members, repeat(campaign), folders), strict=True
        ):
            target = recorded / f"{scenario}{SUFFIX}"
            write_bytes(target, data)
            written.append(target)
    readme = recorded / "README.md"
    if readme.exists():
        written.append(readme)
    write_bytes(recorded / CHECKSUMS, listing(written))
    keep_commits(recorded, read_commits(campaign))
    verify(recorded)
    return [*written, recorded / CHECKSUMS, CampaignLayout(recorded).commits]


def _check_packable(campaign: Path, recorded: Path, description: dict[str, Any]) -> None:
    """Raise ArchiveError, before anything is written, if the campaign cannot be packed."""
    why = unpack_first(campaign) or why_not_packed_into(recorded, campaign)
    if why:
        raise ArchiveError(why)
    lost = sorted(
        one["path"] for one in description["records"] if not (campaign / one["path"]).is_dir()
    )
    if lost:
        raise ArchiveError(
            f"{campaign} lacks records that its description names: {', '.join(lost[:5])}; describe "
            "what is there with `nsm-resilience index`"
        )
    if not CampaignLayout(campaign).study.is_file():
        raise ArchiveError(f"{CampaignLayout(campaign).study} is missing: the study that was run")
    before = object_or_empty(CampaignLayout(recorded).description).get("campaign")
    if before != description.get("campaign") and (recorded / CHECKSUMS).exists():
        raise ArchiveError(
            f"{recorded} holds the campaign {before}, and this one is "
            f"{description.get('campaign')}; give another folder as --out"
        )


def verify(recorded: Path) -> None:
    """Check every file and every member of every archive; ArchiveError names what is wrong."""
    _check_files(recorded)
    read_commits(recorded)
    _read_archives(recorded, None)


def unpack(recorded: Path, target: Path) -> None:
    """Verify a recorded campaign and unpack it to `target`, which is replaced as a whole.

    ArchiveError, with `target` unchanged, if the campaign is damaged or `target` holds anything
    but an unpacked campaign.
    """
    _check_files(recorded)
    why = why_not_replaced(target, recorded)
    if why:
        raise ArchiveError(why)
    target = target.resolve()
    staging = target.with_name(f".{target.name}.part")
    shutil.rmtree(staging, ignore_errors=True)
    staging.mkdir(parents=True)
    try:
        for name in ("campaign.json", "study.yaml"):
            shutil.copyfile(recorded / name, staging / name)
        keep_commits(staging, read_commits(recorded))
        _read_archives(recorded, staging)
        shutil.rmtree(target, ignore_errors=True)
        staging.replace(target)
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def _check_files(recorded: Path) -> None:
    sums = recorded / CHECKSUMS
    if not sums.is_file():
        near = [p.name for p in recorded.glob("*") if p.name.lower() == CHECKSUMS.lower()]
        if near and near[0] != CHECKSUMS:
            raise ArchiveError(f"{recorded / near[0]}: rename it to {CHECKSUMS}")
        raise ArchiveError(f"{sums} is missing: {recorded} is not a recorded campaign")
    try:
        problems = problems_of(recorded)
    except OSError as error:
        raise ArchiveError(f"{recorded} cannot be read: {error.strerror}") from error
    if problems:
        raise ArchiveError(_damaged(recorded, problems))


def _read_archives(recorded: Path, into: Path | None) -> None:
    """Read every archive; ArchiveError unless they hold the records that the description names."""
    description = _description(recorded)
    named = {record["path"] for record in description["records"]}
    problems: list[str] = []
    found: set[str] = set()
    for path in sorted(recorded.glob(f"*{SUFFIX}")):
        try:
            records = read_members(path, path.name.removesuffix(SUFFIX), into)
        except MemberError as error:
            problems.append(f"{path.name}: {error}")
            continue
        found |= records
        problems += [
            f"{path.name}: holds {record}, which campaign.json does not name"
            for record in sorted(records - named)
        ]
    if not problems and named - found:
        problems.append(f"the archives lack the records {', '.join(sorted(named - found))}")
    if problems:
        raise ArchiveError(_damaged(recorded, problems))


def _description(campaign: Path) -> dict[str, Any]:
    """The description of a campaign, with each record at its place."""
    found = description_of(campaign)
    for record in found["records"]:
        if record.get("path") is None:
            raise ArchiveError(f"{campaign}: the record of {record['trial']} has no `path`")
    return found


def _damaged(recorded: Path, problems: list[str]) -> str:
    lines = f"{recorded} is damaged:\n  - " + "\n  - ".join(problems)
    if all(RENAME in one or DELETE in one for one in problems):  # git knows nothing of such files
        return lines
    if any(RENAME in one for one in problems):
        return f"{lines}\nRename first, then check it again: what is damaged is to be restored."
    return f"{lines}\nRestore it, for example with `git checkout -- {recorded.as_posix()}`."
