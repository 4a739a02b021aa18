# SPDX-License-Identifier: Apache-2.0
"""What is kept of a campaign's commits: what its records say, and what is damaged or of fewer."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from nsm_resilience.provenance.commits import (
    attempts_of,
    keep_commits_of,
    keep_commits_of_recorded,
)
from nsm_resilience.record.archive import pack, unpack, verify
from nsm_resilience.record.commits import (
    NOT_READ,
    Commits,
    CommitsError,
    code_here,
    keep_commits,
    read_commits,
)
from nsm_resilience.tables.campaigns import CAMPAIGNS, campaign_row
from tests.builders.packed_campaign import live_campaign
from tests.builders.repository import Repository
from tests.builders.rules import FILE, STUDY, answers, at, head, shown

pytestmark = [
    pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed"),
    pytest.mark.usefixtures("no_settings_of_git"),
]


def campaign(folder: Path, software: dict[str, Any]) -> Path:
    """A live campaign of two attempts whose records say this of their code."""
    live_campaign(folder)
    path = folder / "campaign.json"
    description = json.loads(path.read_text())
    for day, record in enumerate(description["records"], start=3):
        record["started"] = at(day, None).started
        meta = {"trial": record["trial"], "software": software}
        (folder / record["path"] / "meta.json").write_text(json.dumps(meta))
    path.write_text(json.dumps(description))
    (folder / "study.yaml").write_text(STUDY)
    return folder


@pytest.mark.parametrize(
    ("software", "reason"),
    [
        ({}, "the record names no commit"),
        ({"git_commit": None, "git_reason": "no git"}, "the record names no commit (no git)"),
        ({"git_commit": "--output=x", "git_dirty": False}, "the record names no commit"),
        ({"git_commit": ["a"], "git_dirty": False}, "the record names no commit"),
    ],
)
def test_what_a_record_says_is_taken_only_if_it_is_a_commit(
    tmp_path: Path, software: dict[str, Any], reason: str
) -> None:
    live = campaign(tmp_path / "live", software)
    records = json.loads((live / "campaign.json").read_text())["records"]
    assert {(one.commit, one.reason) for one in attempts_of(live, records)} == {(None, reason)}


def test_a_record_that_does_not_say_whether_it_was_clean_may_have_been_dirty(
    tmp_path: Path,
) -> None:
    live = campaign(tmp_path / "live", {"git_commit": "a" * 40})
    assert keep_commits_of(live, tmp_path).used[0].dirty


def test_a_campaign_keeps_what_git_showed_through_packing_and_unpacking(
    ours: Repository, tmp_path: Path
) -> None:
    software = {"git_commit": head(ours), "git_dirty": False}
    live = campaign(tmp_path / "live", software)
    kept = keep_commits_of(live, ours.folder)
    assert (kept.used[0].attempts, kept.used[0].study) == (2, (FILE,))
    recorded = tmp_path / "recorded"
    pack(live, recorded)
    assert "commits.json" not in (recorded / "SHA256SUMS").read_text()
    unpack(recorded, tmp_path / "again")
    assert read_commits(tmp_path / "again") == kept
    (recorded / "commits.json").unlink()
    unpack(recorded, tmp_path / "again")
    assert read_commits(tmp_path / "again") == NOT_READ
    assert keep_commits_of_recorded(recorded, ours.folder) == kept == read_commits(recorded)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"format": 2}', '{"used": [{"attempts": "1"}]}'])
def test_what_is_kept_and_damaged_is_refused_with_what_to_run(tmp_path: Path, text: str) -> None:
    recorded = tmp_path / "recorded"
    pack(live_campaign(tmp_path / "live"), recorded)
    (recorded / "commits.json").write_text(text)
    with pytest.raises(CommitsError, match="nsm-resilience archive commits"):
        read_commits(recorded)
    for look in (verify, lambda folder: unpack(folder, tmp_path / "again")):
        with pytest.raises(CommitsError, match=r"commits\.json"):
            look(recorded)


def test_what_was_kept_of_fewer_attempts_is_not_used(ours: Repository) -> None:
    kept = shown(ours.folder, at(3, head(ours)))
    records = [{"started": at(day, None).started} for day in (3, 4)]
    found = campaign_row("c", records, kept, code_here(ours.folder / "src/nsm_resilience"))
    assert answers(found) == ("not known", "not known", "not known")
    assert "is of 1 attempts, and the campaign has 2" in found["why"]


def test_a_campaign_without_a_trial_has_a_row(tmp_path: Path) -> None:
    for kept in (Commits(), NOT_READ):
        found = campaign_row("c", [], kept, {})
        CAMPAIGNS.frame([found])
        assert answers(found) == ("not known", "not known", "not known")
        keep_commits(tmp_path, kept)
        assert read_commits(tmp_path) == kept
