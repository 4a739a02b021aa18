# SPDX-License-Identifier: Apache-2.0
"""Progress of a campaign over real records: finished ones, one under way, one that was cut."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from nsm_resilience.progress.state import SILENT_S, ProgressError, Watcher
from nsm_resilience.progress.verdicts import Verdicts
from nsm_resilience.progress.view import clock, log_of, plain
from nsm_resilience.record.layout import CampaignLayout, RecordLayout
from nsm_resilience.record.writer import utc_now
from nsm_resilience.study.schedule import make_schedule
from nsm_resilience.trial.attempts import attempts_of, write_receipt
from tests.builders.small_campaign import Small


@pytest.fixture
def campaign(small: Small, tmp_path: Path) -> Path:
    """The small campaign as a live one that is not over: receipts where an attempt is complete."""
    folder = tmp_path / "mine"
    shutil.copytree(small.folder, folder)
    layout = CampaignLayout(folder)
    description = json.loads(layout.description.read_text(encoding="utf-8"))
    layout.description.write_text(json.dumps({**description, "source": "live"}))
    for trial in small.trials:
        done = attempts_of(layout, trial)
        if any(a.outcome == "complete" for a in done):
            write_receipt(layout, trial, done)
    return folder


Begin = Callable[..., str]


@pytest.fixture
def begin(campaign: Path) -> Begin:
    """Begin a scheduled trial that has no record: a copy of a real record up to its watch."""

    def begin_one(silent_s: float = 0.0) -> str:
        layout = CampaignLayout(campaign)
        source = RecordLayout(next(campaign.glob("records/S1-*/*/1/meta.json")).parent)
        state = Watcher(campaign).look()
        trial = next(s.trial for s in state.left if not layout.attempts(s.trial).exists())
        record = RecordLayout(layout.record(trial, 1))
        record.folder.mkdir(parents=True)
        meta = json.loads(source.meta.read_text(encoding="utf-8"))
        began = datetime.now(UTC) - timedelta(seconds=90 + silent_s)
        meta.update(trial=trial, lane="lane-7", started=began.isoformat())
        record.meta.write_text(json.dumps(meta), encoding="utf-8")
        events = source.events.read_text(encoding="utf-8").splitlines()
        at = next(
            n for n, line in enumerate(events)
            if '"name":"watch","state":"begin"' in line
        )  # fmt: skip
        kept = events[: at + 1]
        kept[-1] = json.dumps({**json.loads(kept[-1]), "wall": utc_now()})
        # the writer is in the middle of its next line
        record.events.write_text("\n".join(kept) + '\n{"seq":', encoding="utf-8")
        long_ago = time.time() - silent_s
        os.utime(record.events, (long_ago, long_ago))
        return trial

    return begin_one


def test_an_attempt_under_way_is_shown_with_its_lane_and_phase(
    campaign: Path, begin: Begin
) -> None:
    trial = begin()
    state = Watcher(campaign).look()
    one = next(r for r in state.running if r.trial == trial)
    assert (one.lane, one.phase, one.attempt, one.alive) == ("lane-7", "watch", 1, True)
    assert one.phase_s < 30 and 90 <= one.seconds < 150
    assert trial not in {s.trial for s in state.left}
    assert clock(state.left_s) in next(plain(state, {}))
    line = next(line for line in plain(state, {}) if trial in line)
    assert re.search(rf"lane-7: {trial}, attempt 1: watch for 0:\d\d, 1:\d\d in all", line)


def test_an_attempt_that_nobody_writes_any_more_is_to_be_run_again(
    campaign: Path, begin: Begin
) -> None:
    trial = begin(silent_s=SILENT_S + 30)
    state = Watcher(campaign).look()
    assert trial in {s.trial for s in state.left}
    assert any("cut in watch" in line for line in plain(state, {}))


def test_samples_that_become_parquet_while_one_looks_are_no_error(
    campaign: Path, begin: Begin, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Seen in a live campaign: a trial ended between the listing of its files and their times."""
    begin()
    listed = Path.glob

    def glob(folder: Path, pattern: str) -> list[Path]:
        gone = [folder / "samples/path.jsonl"] if pattern == "samples/*" else []
        return [*gone, *listed(folder, pattern)]

    monkeypatch.setattr(Path, "glob", glob)
    monkeypatch.setattr(Path, "is_file", lambda path: path.name.endswith(".jsonl"))
    [running] = Watcher(campaign).look().running
    assert running.silent_s < SILENT_S


def test_verdicts_so_far_are_those_of_the_judge_and_are_judged_once(
    campaign: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from nsm_resilience.judge.trial import judge_record
    from nsm_resilience.progress import verdicts as module
    from nsm_resilience.record.reader import read_record

    state = Watcher(campaign).look()
    complete = {one.record for one in state.done if one.outcome == "complete"}
    tally = Verdicts(campaign, "judge 1").tally(state.done)
    wanted = sorted(judge_record(read_record(record)).verdict for record in complete)
    assert sorted(v for counts in tally.values() for v in counts.elements()) == wanted
    monkeypatch.setattr(module, "_judge", lambda *_: pytest.fail("it was judged again"))
    assert Verdicts(campaign, "judge 1").tally(state.done) == tally
    monkeypatch.setattr(module, "_judge", lambda *_: "unknown")
    anew = Verdicts(campaign, "another judge").tally(state.done)
    assert {v for counts in anew.values() for v in counts} == {"unknown"}


def test_time_left_is_what_trials_took_over_the_lanes(campaign: Path) -> None:
    watcher = Watcher(campaign)
    state = watcher.look()
    left = state.left_s
    seconds = {one.trial: one.seconds for one in state.done if one.outcome == "complete"}
    assert left is not None
    assert min(seconds.values()) <= left * len(state.lanes) / len(state.left)
    assert left * len(state.lanes) / len(state.left) <= max(seconds.values())
    # what runs alone takes as long on any number of lanes, the rest a fraction of the time
    counts = [len(state.lanes) + more for more in (0, 2, 5)]
    took = []
    for count in counts:
        lanes = [f"lane-{number}" for number in range(count)]
        CampaignLayout(campaign).cluster.write_text(json.dumps({"lanes": lanes}))
        now = watcher.look().left_s
        assert now is not None
        took.append(now)
    shared_s = (took[0] - took[1]) / (1 / counts[0] - 1 / counts[1])
    alone_s = took[0] - shared_s / counts[0]
    assert shared_s > 0 and alone_s > 0
    assert took[2] == pytest.approx(alone_s + shared_s / counts[2])


def test_without_a_finished_trial_the_time_left_is_not_known(campaign: Path) -> None:
    shutil.rmtree(campaign / "records")
    shutil.rmtree(campaign / "receipts")
    watcher = Watcher(campaign)
    state = watcher.look()
    assert len(state.left) == len(make_schedule(watcher.study))
    assert state.left_s is None
    assert next(iter(plain(state, {}))).endswith("not known yet")


def test_a_folder_without_a_campaign_says_how_to_begin_one(tmp_path: Path) -> None:
    with pytest.raises(ProgressError, match="snakemake --profile profiles/live"):
        Watcher(tmp_path)


def test_the_command_prints_lines_where_there_is_no_terminal(campaign: Path, begin: Begin) -> None:
    trial = begin()
    done = subprocess.run(
        [sys.executable, "-m", "nsm_resilience.cli", "progress", str(campaign)],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    receipts = len(list(campaign.glob("receipts/*/*.json")))
    assert done.stdout.splitlines()[0].startswith(f"mine: {receipts} of ")
    assert trial in done.stdout
    assert "supported" in done.stdout
    assert "\x1b" not in done.stdout


def test_on_a_terminal_the_same_is_shown_until_the_campaign_is_over(
    campaign: Path, begin: Begin
) -> None:
    trial = begin()
    ours, theirs = os.openpty()
    command = [sys.executable, "-m", "nsm_resilience.cli", "progress", str(campaign)]
    terminal = {"TERM": "xterm", "COLUMNS": "150"}
    with subprocess.Popen(command, stdout=theirs, stdin=theirs, env={**os.environ, **terminal}):
        os.close(theirs)
        text = ""
        while not all(said in text for said in ("time left", trial, " supported")):
            text += os.read(ours, 4096).decode(errors="replace")
        for scheduled in make_schedule(Watcher(campaign).study):
            write_receipt(CampaignLayout(campaign), scheduled.trial, [])
        while "is over" not in text:
            text += os.read(ours, 4096).decode(errors="replace")
    os.close(ours)


def test_a_terminal_that_takes_no_line_back_gets_the_lines_once(
    campaign: Path, begin: Begin
) -> None:
    """It showed nothing until the campaign was over."""
    trial = begin()
    ours, theirs = os.openpty()
    subprocess.run(
        [sys.executable, "-m", "nsm_resilience.cli", "progress", str(campaign)],
        stdout=theirs, stdin=theirs, check=True, timeout=120, env={**os.environ, "TERM": "dumb"},
    )  # fmt: skip
    text = os.read(ours, 65536).decode()
    os.close(theirs)
    os.close(ours)
    assert text.startswith("mine: ") and trial in text
    assert "\x1b" not in text


def test_the_log_of_a_trial_is_one_command_away(tmp_path: Path) -> None:
    log = tmp_path / "logs" / "S2-kernel-monitored-kill" / "01.log"
    log.parent.mkdir(parents=True)
    log.write_text("attempt 1\n")
    assert log_of(tmp_path, "S2-kernel-monitored-kill/01") == "attempt 1\n"
    with pytest.raises(ProgressError, match=r"there are: S2-kernel-monitored-kill/01$"):
        log_of(tmp_path, "S2-kernel-monitored-kill/02")


def test_a_recorded_campaign_is_over_and_has_no_time_left(campaign: Path) -> None:
    layout = CampaignLayout(campaign)
    shutil.rmtree(campaign / "receipts")
    description = json.loads(layout.description.read_text(encoding="utf-8"))
    layout.description.write_text(json.dumps({**description, "source": "recorded"}))
    watcher = Watcher(campaign)
    state = watcher.look()
    assert state.over and state.left_s == 0.0
    told = next(plain(state, Verdicts(campaign, "x").tally(state.done)))
    assert f"is over; {len({one.trial for one in state.done})} of" in told
    assert "left" not in told
