# SPDX-License-Identifier: Apache-2.0
"""What cannot have come about as a record says is not believed, and costs no other record."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from nsm_resilience.judge.campaign import judge_campaign, read_judgements
from tests.builders.judging import judged
from tests.builders.records import build, describe
from tests.builders.samples import Rows, ns
from tests.builders.sealing import events_of, renumbered, write_events

Event = dict[str, Any]


def old(folder: Path, **given: Any) -> Path:
    """A record from before there was a manifest, which damage can be done to unseen."""
    record = build(folder, **given)
    edit(record, lambda e: [e["data"].pop(key, None) for key in ("files", "lines_sha256")])
    return record


def edit(record: Path, act: Callable[[Event], object], kind: str | None = "closed") -> None:
    """Change every event of a kind."""
    events = events_of(record)
    for event in events:
        if event["kind"] == kind:
            act(event)
    write_events(record, events)


def leave_out(record: Path, kind: str) -> None:
    """Leave out every event of a kind, and renumber the rest so that it does not show."""
    write_events(record, renumbered([e for e in events_of(record) if e["kind"] != kind]))


def test_an_old_record_that_fits_itself_is_judged(tmp_path: Path) -> None:
    old(tmp_path)
    assert judged(tmp_path).verdict == "supported"


def lost_rows_deleted(rows: Rows) -> Rows:
    kept = [row for row in rows if row["fate"] == "reply"]
    return [{**row, "seq": seq} for seq, row in enumerate(kept)]


def row(at: int, **to: Any) -> Callable[[Rows], Rows]:
    def change(rows: Rows) -> Rows:
        rows[at].update(to)
        return rows

    return change


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lost_rows_deleted, "was not due one interval after"),
        (row(300, sent_ns=0), "lies outside of the record's time"),
        (row(300, sent_ns=ns(4.4)), "was sent before it was due"),
        (row(300, rtt_ns=11 * 86_400 * 10**9), "was answered after it had been given up"),
        (row(300, sent_ns=ns(4.9)), "was sent before the one before it"),
    ],
)
def test_echoes_that_cannot_be_are_not_believed(
    tmp_path: Path, change: Callable[[Rows], Rows], words: str
) -> None:
    old(tmp_path, down=[(1.0, 1.5)], path_rows=change)
    found = judged(tmp_path)
    assert (found.verdict, found.outcome) == ("unknown", "unreadable")
    assert words in found.reason


@pytest.mark.parametrize(
    ("kind", "act", "words"),
    [
        ("watch_end", lambda e: e.update(t_ns=10**30), "cannot be understood"),
        ("watch_end", lambda e: e.update(t_ns=10**18), "outside of the record's time"),
        ("injection", lambda e: e["data"].update(t_begin_ns=0), "t_begin_ns lies outside"),
        ("watch_end", lambda e: e.update(t_ns=ns(25)), "does not lie in its phase"),
        ("new_connection", lambda e: e["data"].update(seconds=999.0), "connected after 999 s of 6"),
        ("new_connection", lambda e: e["data"].update(seconds=999.0, problem="it broke"),
         "connected after 999 s of 6"),
        ("new_connection", lambda e: e["data"].update(seconds=None), "contradict each other"),
        ("bystander", lambda e: e["data"].update(seconds=999.0), "pod started after 999 s"),
        ("snapshot", lambda e: e["data"].update(file="../meta.json"), "no snapshot `before`"),
        ("opened", lambda e: e["data"].update(trial="S3"), "it was opened as trial S3"),
        ("new_connection", lambda e: e["data"].update(stage=float("nan")), "NaN"),
    ],
)  # fmt: skip
def test_events_that_cannot_be_are_not_believed(
    tmp_path: Path, kind: str, act: Callable[[Event], object], words: str
) -> None:
    edit(old(tmp_path), act, kind)
    found = judged(tmp_path)
    assert (found.verdict, found.outcome) == ("unknown", "unreadable")
    assert words in found.reason or "cannot be understood" in found.reason


def test_a_recovery_after_the_window_cannot_be(tmp_path: Path) -> None:
    old(tmp_path, down=[(1.0, 25.0)], watch_s=29.0)
    assert "a watch of 29.0 s in a window of 12 s" in judged(tmp_path).reason


@pytest.mark.parametrize("kind", ["cluster", "snapshot"])
def test_what_every_trial_writes_is_there(tmp_path: Path, kind: str) -> None:
    leave_out(old(tmp_path), kind)
    assert "there is no" in judged(tmp_path).reason


@pytest.mark.parametrize(
    "name", ["snapshots/before.json", "kubernetes-events.jsonl", "samples/sockets.parquet"]
)
def test_a_file_that_is_gone_is_missed(tmp_path: Path, name: str) -> None:
    (old(tmp_path) / name).unlink()
    assert judged(tmp_path).verdict == "unknown"


@pytest.mark.parametrize("name", ["meta.json", "events.jsonl", "samples/path.parquet"])
def test_a_folder_in_the_place_of_a_file_costs_one_record(tmp_path: Path, name: str) -> None:
    path = old(tmp_path) / name
    describe(tmp_path)
    listed = (tmp_path / "campaign.json").read_bytes()
    path.unlink()
    path.mkdir()
    (tmp_path / "campaign.json").write_bytes(listed)
    judge_campaign(tmp_path, tmp_path / "verdicts.jsonl")
    assert [j.verdict for j in read_judgements(tmp_path / "verdicts.jsonl")] == ["unknown"]


def test_a_table_of_other_types_is_none(tmp_path: Path) -> None:
    path = old(tmp_path) / "samples" / "path.parquet"
    table = pd.read_parquet(path)
    table["sent_us"] = table["sent_us"].astype("float64")
    table.to_parquet(path, index=False)
    assert judged(tmp_path).verdict == "unknown"


@pytest.mark.parametrize(
    "text", ["[" * 5000, "\x00\xff", '{"format": 1e400}', '{"format": NaN}', "null", ""]
)
def test_whatever_is_in_a_description_costs_one_record(tmp_path: Path, text: str) -> None:
    (old(tmp_path) / "meta.json").write_text(text, encoding="latin-1")
    assert judged(tmp_path).verdict == "unknown"
