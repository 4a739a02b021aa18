# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from nsm_resilience.judge.campaign import CampaignError, judge_campaign, read_judgements
from nsm_resilience.judge.judgement import FORMAT, judgement_of
from nsm_resilience.judge.trial import judge_record
from nsm_resilience.record.reader import read_record
from tests.builders.records import build, describe
from tests.builders.studies import make_study


@pytest.fixture(scope="module")
def campaign(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("campaign")
    build(folder, "S2", number=1, void="steady: not Ready")
    build(folder, "S2", number=1, attempt=2, down=[(1, 3)])
    build(folder, "S6", number=1, close=False)
    build(folder, "S1", number=1)
    describe(folder)
    return folder


def test_every_attempt_gets_a_line_in_the_order_of_ids(campaign: Path, tmp_path: Path) -> None:
    out = tmp_path / "new" / "verdicts.jsonl"
    assert judge_campaign(campaign, out) == 4
    found = [(j.trial, j.attempt, j.outcome, j.verdict) for j in read_judgements(out)]
    assert found == [
        ("S1-kernel-monitored-none/01", 1, "complete", "supported"),
        ("S2-kernel-monitored-kill/01", 1, "void", "unknown"),
        ("S2-kernel-monitored-kill/01", 2, "complete", "supported"),
        ("S6-kernel-monitored-kill/01", 1, "cut", "unknown"),
    ]


def test_the_same_campaign_gives_the_same_bytes_wherever_it_lies(
    campaign: Path, tmp_path: Path
) -> None:
    judge_campaign(campaign, tmp_path / "a.jsonl")
    moved = tmp_path / "moved"
    shutil.copytree(campaign, moved)
    judge_campaign(moved, tmp_path / "b.jsonl")
    assert (tmp_path / "a.jsonl").read_bytes() == (tmp_path / "b.jsonl").read_bytes()


def test_progress_is_told_after_each_record(campaign: Path, tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    judge_campaign(campaign, tmp_path / "v.jsonl", lambda done, all_: told.append((done, all_)))
    assert told == [(1, 4), (2, 4), (3, 4), (4, 4)]


def test_a_listed_record_that_is_missing_is_unknown(campaign: Path, tmp_path: Path) -> None:
    lost = tmp_path / "lost"
    shutil.copytree(campaign, lost)
    shutil.rmtree(lost / "records" / "S1-kernel-monitored-none")
    judge_campaign(lost, tmp_path / "v.jsonl")
    first = next(read_judgements(tmp_path / "v.jsonl"))
    assert (first.verdict, first.reason) == ("unknown", "unreadable: there is no record")
    assert (first.scenario, first.plane, first.failure) == ("S1", "kernel", "none")


def test_a_record_that_nobody_listed_is_judged_all_the_same(tmp_path: Path) -> None:
    build(tmp_path, "S2")
    (tmp_path / "campaign.json").write_text('{"campaign": "constructed", "records": []}')
    assert judge_campaign(tmp_path, tmp_path / "v.jsonl") == 1


def test_a_record_in_the_folder_of_another_trial_is_unknown(tmp_path: Path) -> None:
    folder = build(tmp_path, "S2")
    shutil.move(folder, folder.parent / "2")
    describe(tmp_path)
    judge_campaign(tmp_path, tmp_path / "v.jsonl")
    (found,) = read_judgements(tmp_path / "v.jsonl")
    assert found.verdict == "unknown" and "attempt 1" in found.reason


def test_a_folder_that_is_no_campaign_is_refused_with_advice(tmp_path: Path) -> None:
    with pytest.raises(CampaignError, match="nsm-resilience index"):
        judge_campaign(tmp_path, tmp_path / "v.jsonl")
    (tmp_path / "campaign.json").write_text("[]")
    with pytest.raises(CampaignError, match=r"does not describe.*nsm-resilience index"):
        judge_campaign(tmp_path, tmp_path / "v.jsonl")
    assert not (tmp_path / "v.jsonl").exists()


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("{}", "`campaign` is missing"),
        ('{"campaign": 5}', "`campaign` is not a text"),
        ('{"campaign": "c"}', "`records` is missing"),
        ('{"campaign": "c", "records": {}}', "`records` is not a list"),
        ('{"campaign": "c", "records": [{}]}', "a record has the trial None"),
        ('{"campaign": "c", "records": [5]}', "a record has the trial None"),
    ],
)
def test_what_a_description_lacks_is_said_in_words(tmp_path: Path, content: str, says: str) -> None:
    (tmp_path / "campaign.json").write_text(content)
    with pytest.raises(CampaignError, match=f"does not describe a campaign .{says}"):
        judge_campaign(tmp_path, tmp_path / "v.jsonl")


def test_a_judgement_survives_its_way_through_json(campaign: Path) -> None:
    record = campaign / "records" / "S2-kernel-monitored-kill" / "01" / "2"
    found = judge_record(read_record(record))
    assert judgement_of(json.dumps(found.to_dict())) == found


def test_verdicts_of_another_version_are_refused(campaign: Path, tmp_path: Path) -> None:
    out = tmp_path / "v.jsonl"
    judge_campaign(campaign, out)
    lines = out.read_text(encoding="utf-8").splitlines()
    out.write_text(
        lines[0] + "\n" + lines[1].replace(f'"format":{FORMAT}', '"format":99', 1) + "\n"
    )
    with pytest.raises(CampaignError, match=r"line 2: .*snakemake --forcerun judge"):
        list(read_judgements(out))


@pytest.mark.parametrize(
    ("trial", "levels"),
    [
        ("S9-vpp-plain-delete-second-heal/07", ("vpp", "plain", "delete", "second", "heal")),
        (
            "S9-kernel-monitored-kill-observe/01",
            ("kernel", "monitored", "kill", "first", "observe"),
        ),
    ],
)
def test_the_factors_of_an_unreadable_record_are_read_off_its_id(
    tmp_path: Path, trial: str, levels: tuple[str, ...]
) -> None:
    make_study(tmp_path)
    listed = [{"trial": trial, "attempt": 1}]
    (tmp_path / "campaign.json").write_text(json.dumps({"campaign": "c", "records": listed}))
    judge_campaign(tmp_path, tmp_path / "v.jsonl")
    (found,) = read_judgements(tmp_path / "v.jsonl")
    assert (found.plane, found.client, found.failure, found.outage, found.remedy) == levels
