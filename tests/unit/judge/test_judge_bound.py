# SPDX-License-Identifier: Apache-2.0
"""A record is bound to its campaign's study; one that says otherwise, or cannot be, is unknown."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from nsm_resilience.judge.campaign import judge_campaign, read_judgements
from nsm_resilience.judge.judgement import Judgement
from nsm_resilience.record.files import write_json
from tests.builders.records import build
from tests.builders.studies import CAMPAIGN, make_study

TRIAL = "S2-kernel-monitored-kill/01"
Change = Callable[[dict[str, Any]], None]


@pytest.fixture
def campaign(tmp_path: Path) -> Path:
    """A live campaign of one good trial."""
    study = make_study(tmp_path)
    record = build(tmp_path, study=study)
    meta = json.loads((record / "meta.json").read_text(encoding="utf-8"))
    from nsm_resilience.study.schedule import find_trial

    place = find_trial(study, TRIAL)
    write_json(record / "meta.json", {**meta, "order": place.order, "block": place.block})
    entry = {"trial": TRIAL, "attempt": 1, "started": meta["started"], "lane": "lane-1"}
    description = {"campaign": CAMPAIGN, "source": "live", "records": [entry]}
    write_json(tmp_path / "campaign.json", description)
    return tmp_path


def judged(campaign: Path) -> Judgement:
    judge_campaign(campaign, campaign / "verdicts.jsonl")
    (found,) = read_judgements(campaign / "verdicts.jsonl")
    return found


def change(campaign: Path, act: Change) -> None:
    path = campaign / "records" / TRIAL / "1" / "meta.json"
    meta = json.loads(path.read_text(encoding="utf-8"))
    act(meta)
    path.write_text(json.dumps(meta), encoding="utf-8")


def setting(*where: str, to: Any) -> Change:
    def act(meta: dict[str, Any]) -> None:
        for key in where[:-1]:
            meta = meta[key]
        meta[where[-1]] = to

    return act


@pytest.mark.parametrize(
    ("clusters", "known"),
    [
        ([{"id": "cluster-b"}, {"id": "cluster-a"}], True),
        ([{"id": "cluster-b"}], False),
        ([], False),
        (None, False),
        (["cluster-a"], False),
    ],
)
def test_a_record_of_a_cluster_that_the_campaign_does_not_list_is_unknown(
    campaign: Path, clusters: Any, known: bool
) -> None:
    path = campaign / "campaign.json"
    description = json.loads(path.read_text(encoding="utf-8"))
    write_json(path, {**description, "clusters": clusters})
    found = judged(campaign)
    assert (found.verdict != "unknown") == known
    assert ("cluster-a, which its campaign does not list" in found.reason) != known


def test_a_record_that_says_what_its_study_says_is_judged(campaign: Path) -> None:
    assert judged(campaign).verdict == "supported"


@pytest.mark.parametrize(
    ("act", "words"),
    [
        (setting("judge", "interruption_s", to=130), "judge.interruption_s 130, the study 0.1"),
        (setting("judge", "loss_run", to=99), "judge.loss_run 99, the study 5"),
        (setting("windows", "settle_s", to=0.001), "windows.settle_s 0.001, the study 3.0"),
        (setting("windows", to=None), "windows nothing, the study"),
        (setting("scenario", "claims", to=[]), "scenario.claims"),
        (setting("scenario", "id", to="S3"), "scenario.id S3, the study S2"),
        (setting("factors", "plane", to="vpp"), "factors.plane vpp, the study kernel"),
        (setting("attempt", to=None), "attempt nothing"),
        (setting("attempt", to=True), "attempt True"),
        (setting("trial", to="S3-kernel-monitored-kill/01"), "S3-kernel-monitored-kill/01"),
        (setting("order", to=88), "order 88"),
        (setting("lane", to="lane-2"), "lane lane-2, the campaign lane-1"),
        (setting("judge", "later", to=1), "the study nothing of it"),
        (setting("attempt", to=float("inf")), "meta.json cannot be understood"),
        (setting("windows", "watch_s", to=float("nan")), "meta.json cannot be understood"),
        (setting("lane", to="\ud800"), "meta.json cannot be understood"),
        (setting("seed", to=10**30), "meta.json cannot be understood"),
    ],
)
def test_a_record_that_says_otherwise_is_unknown(campaign: Path, act: Change, words: str) -> None:
    change(campaign, act)
    found = judged(campaign)
    assert (found.verdict, found.outcome) == ("unknown", "unreadable")
    assert words in found.reason


def test_a_key_that_did_not_exist_then_is_the_studys(campaign: Path) -> None:
    before = {"interruption_s": 0.1, "probe_gap_s": 1.0, "late_fraction": 0.05}
    change(campaign, lambda meta: meta.update(judge=before))
    assert judged(campaign).verdict == "supported"


def test_a_trial_that_the_study_has_not_is_unknown(campaign: Path) -> None:
    (campaign / "records" / TRIAL).rename(campaign / "records" / TRIAL.replace("/01", "/02"))
    change_to = campaign / "records" / TRIAL.replace("/01", "/02") / "1" / "meta.json"
    meta = json.loads(change_to.read_text(encoding="utf-8"))
    meta["trial"] = TRIAL.replace("/01", "/02")
    change_to.write_text(json.dumps(meta), encoding="utf-8")
    judge_campaign(campaign, campaign / "verdicts.jsonl")
    missing, found = read_judgements(campaign / "verdicts.jsonl")
    assert missing.reason == "unreadable: there is no record"
    assert "has no trial" in found.reason
