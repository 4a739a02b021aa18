# SPDX-License-Identifier: Apache-2.0
"""What became of a trial's attempts, and what is run next."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from nsm_resilience.judge import instruments
from nsm_resilience.record.layout import CampaignLayout
from nsm_resilience.record.reader import Record
from nsm_resilience.record.writer import RecordWriter
from nsm_resilience.testbed.base import Lane, TestbedError
from nsm_resilience.testbed.config import KindTestbed
from nsm_resilience.trial import conduct as conducting
from nsm_resilience.trial.attempts import attempts_of
from nsm_resilience.trial.conduct import VOID, conduct
from nsm_resilience.trial.index import index_campaign
from nsm_resilience.trial.meta import AttemptPlan
from tests.unit.trial.conftest import META, TRIAL

REASONS = {
    "void": "install: not within 120 s",
    "interrupted": "interrupted by SIGTERM",
    "signed out": "signed out: watch: GET pull: 401 Unauthorized",
}


@pytest.fixture
def attempts_allowed() -> int:
    return 2


def write_attempt(folder: Path, number: int, end: str) -> None:
    started = f"2026-01-0{number}T00:00:00Z"
    meta = {**META, "attempt": number, "started": started, "lane": "lane-1"}
    writer = RecordWriter(CampaignLayout(folder).record(TRIAL, number), meta)
    writer.event("opened")
    if end in REASONS:
        writer.event("void", data={"reason": REASONS[end]})
    if end == "cut":
        writer.abandon()
    else:
        writer.close()


@pytest.fixture
def run(campaign: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Conduct the trial with attempts that end as told instead of a cluster."""

    def conduct_with(*ends: str) -> int:
        left = list(ends)

        def attempt(plan: AttemptPlan) -> str | None:
            end = left.pop(0)
            write_attempt(campaign, plan.attempt, end)
            return REASONS.get(end)

        monkeypatch.setattr(conducting, "run_attempt", attempt)
        monkeypatch.setattr(conducting, "_cluster", lambda _: (None, "c1"))
        monkeypatch.setattr(conducting, "find_lanes", lambda _: [Lane(1, "a", "b")])
        study = campaign / "study.yaml"
        return conduct(study, KindTestbed(), campaign, TRIAL, lambda _: None)

    return conduct_with


def outcomes(campaign: Path) -> list[tuple[int, str]]:
    return [(a.attempt, a.outcome) for a in attempts_of(CampaignLayout(campaign), TRIAL)]


def receipt_of(campaign: Path) -> dict[str, Any] | None:
    path = CampaignLayout(campaign).receipt(TRIAL)
    return dict(json.loads(path.read_text())) if path.exists() else None


def test_a_complete_attempt_ends_the_trial(campaign: Path, run: Any) -> None:
    assert run("complete") == 0
    receipt = receipt_of(campaign)
    assert receipt is not None
    assert [a["outcome"] for a in receipt["attempts"]] == ["complete"]


def test_a_void_attempt_is_kept_and_the_next_number_is_run(campaign: Path, run: Any) -> None:
    assert run("void") == VOID
    assert receipt_of(campaign) is None
    assert run("complete") == 0
    assert outcomes(campaign) == [(1, "void"), (2, "complete")]


def test_a_trial_that_stays_void_ends_with_a_receipt_that_says_so(campaign: Path, run: Any) -> None:
    assert [run("void"), run("void")] == [VOID, 0]
    receipt = receipt_of(campaign)
    assert receipt is not None
    assert [a["outcome"] for a in receipt["attempts"]] == ["void", "void"]
    assert "not within" in receipt["attempts"][1]["reason"]


def test_a_cut_attempt_is_shown_and_does_not_use_up_the_attempts(campaign: Path, run: Any) -> None:
    write_attempt(campaign, 1, "cut")
    assert run("void") == VOID
    assert run("complete") == 0
    assert outcomes(campaign) == [(1, "cut"), (2, "void"), (3, "complete")]


@pytest.mark.parametrize("how", ["interrupted", "signed out"])
def test_an_attempt_that_was_called_off_does_not_use_up_the_attempts(
    campaign: Path, run: Any, how: str
) -> None:
    for number in (1, 2, 3):
        write_attempt(campaign, number, how)
    assert run("void") == VOID
    assert run("complete") == 0
    assert [end for _, end in outcomes(campaign)] == ["void"] * 4 + ["complete"]


def test_a_complete_trial_is_never_run_again(campaign: Path, run: Any) -> None:
    write_attempt(campaign, 1, "complete")
    assert run() == 0
    assert outcomes(campaign) == [(1, "complete")]


def test_an_attempt_in_which_our_own_probes_failed_is_run_again_and_kept(
    campaign: Path, run: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failed(record: Record) -> str | None:
        return "6 % of the echoes were late" if record.attempt == 1 else None

    monkeypatch.setattr(instruments, "instrument_failure", failed)
    assert run("complete") == VOID
    assert receipt_of(campaign) is None
    assert run("complete") == 0
    assert outcomes(campaign) == [(1, "complete"), (2, "complete")]


def test_probes_that_fail_again_and_again_use_up_the_attempts(
    campaign: Path, run: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(instruments, "instrument_failure", lambda _: "nothing was sent")
    assert run("complete") == VOID
    assert run("void") == 0  # two are allowed
    assert outcomes(campaign) == [(1, "complete"), (2, "void")]


def test_the_index_lists_every_attempt_and_every_scheduled_trial(campaign: Path) -> None:
    write_attempt(campaign, 1, "cut")
    write_attempt(campaign, 2, "complete")
    description = index_campaign(campaign)
    assert [r["outcome"] for r in description["records"]] == ["cut", "complete"]
    assert [s["trial"] for s in description["scheduled"]] == [TRIAL, TRIAL[:-1] + "2"]
    assert [c["id"] for c in description["clusters"]] == ["c1"]


def test_a_trial_without_a_cluster_says_how_to_get_one(campaign: Path) -> None:
    with pytest.raises(TestbedError, match="nsm-resilience cluster up"):
        conduct(campaign / "study.yaml", KindTestbed(), campaign, TRIAL, lambda _: None)


def test_a_trial_begins_without_what_only_its_end_needs() -> None:
    """Issue 5: each trial is a process of its own, and its lane waits while modules are loaded."""
    look = "import sys, nsm_resilience.trial.conduct; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", look], capture_output=True, text=True, check=True
    ).stdout.split()
    assert not {"numpy", "pandas", "pyarrow", "nsm_resilience.judge"} & set(loaded)
