# SPDX-License-Identifier: Apache-2.0
"""What is kept of recorded campaigns' commits is what records and git show."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from nsm_resilience.host.checkout import NoAnswerError
from nsm_resilience.host.history import History
from nsm_resilience.provenance.commits import shown
from nsm_resilience.record.commits import Used, read_commits

ROOT = Path(__file__).parents[3]
RECORDED = sorted(path.parent for path in (ROOT / "results/recorded").glob("*/campaign.json"))


@pytest.fixture(scope="module")
def history() -> History:
    try:
        found = History(ROOT)
    except NoAnswerError as answer:
        pytest.skip(f"no history: {answer}")
    if found.shallow:
        pytest.skip("the history is cut here")
    return found


@pytest.mark.parametrize("recorded", RECORDED, ids=lambda path: path.name)
def test_every_recorded_campaign_keeps_the_commits_of_all_its_attempts(recorded: Path) -> None:
    records = json.loads((recorded / "campaign.json").read_text(encoding="utf-8"))["records"]
    kept = read_commits(recorded)
    again = f"run `nsm-resilience archive commits {recorded.relative_to(ROOT)}`"
    assert sum(one.attempts for one in kept.used) == len(records), again
    started = sorted(record["started"] for record in records if record["started"])
    assert (kept.used[0].first, max(one.last for one in kept.used)) == (started[0], started[-1])


@pytest.mark.parametrize("recorded", RECORDED, ids=lambda path: path.name)
def test_what_is_kept_is_what_git_shows(recorded: Path, history: History) -> None:
    """By attempts and commits as they are kept: the build's tests read these from the records."""
    kept = read_commits(recorded)
    said = [
        Used(
            commit=one.commit,
            dirty=one.dirty,
            unknown="" if one.commit else one.unknown,
            attempts=one.attempts,
            first=one.first,
            last=one.last,
        )
        for one in kept.used
    ]
    again = f"run `nsm-resilience archive commits {recorded.relative_to(ROOT)}`"
    assert shown(said, (recorded / "study.yaml").read_bytes(), history) == kept, again
