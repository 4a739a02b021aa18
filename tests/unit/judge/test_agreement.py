# SPDX-License-Identifier: Apache-2.0
"""A lie of one file of a record shows in another, or in what the file itself may hold."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from nsm_resilience.judge.campaign import judge_campaign, read_judgements
from nsm_resilience.record.reader import RecordError, read_record
from tests.builders.judging import judged
from tests.builders.records import build, describe
from tests.builders.samples import Rows

SECOND = 1_000_000_000


def moved(seconds: float) -> Callable[[Rows], Rows]:
    by = round(seconds * SECOND)
    return lambda rows: [
        {**row, "due_ns": row["due_ns"] + by, "sent_ns": row["sent_ns"] + by} for row in rows
    ]


def from_row(first: int, *, renumber: bool) -> Callable[[Rows], Rows]:
    return lambda rows: [
        {**row, "seq": n if renumber else row["seq"]} for n, row in enumerate(rows[first:])
    ]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (moved(0.3), "the prober saw its interface before its first echo was due"),
        (moved(-0.3), "was sent before the prober saw its interface"),
        (from_row(5, renumber=True), "saw its interface before its first echo was due"),
        (from_row(5, renumber=False), "is the first one, and is not number 0"),
    ],
)
def test_a_path_that_was_moved_in_time_or_lost_its_begin_is_not_believed(
    tmp_path: Path, change: Callable[[Rows], Rows], words: str
) -> None:
    build(tmp_path, down=[(1, 3)], path_rows=change)
    found = judged(tmp_path)
    assert found.verdict == "unknown" and words in found.reason


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (moved(-20), "was due when no new client asked"),
        (from_row(1, renumber=False), "is its client's first one, and is not number 0"),
    ],
)
def test_echoes_of_a_new_client_that_are_not_its_own_are_not_believed(
    tmp_path: Path, change: Callable[[Rows], Rows], words: str
) -> None:
    build(tmp_path, new_rows=change)
    found = judged(tmp_path)
    assert found.verdict == "unknown" and words in found.reason


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("address", "was sent, and no interface was ever seen"),
        ("injection", "was proved before it was injected"),
    ],
)
def test_an_event_that_others_rest_on_is_missed(tmp_path: Path, kind: str, words: str) -> None:
    build(tmp_path, leave_out=[kind])
    found = judged(tmp_path)
    assert found.verdict == "unknown" and words in found.reason


def test_an_injection_without_its_instants_is_not_believed(tmp_path: Path) -> None:
    folder = build(tmp_path)
    path = folder / "events.jsonl"
    path.write_text(path.read_text().replace('"t_begin_ns"', '"began_ns"'))
    assert "does not say from when to when" in judged(tmp_path).reason


@pytest.mark.parametrize(
    ("table", "column", "value"),
    [
        ("components", "node", "somewhere"), ("components", "node", None),
        ("sockets", "node", "x"), ("sockets", "kind", "door"), ("sockets", "path", {"a": 1}),
        ("path", "error", {"a": 1}), ("new", "fate", 5),
    ],
)  # fmt: skip
def test_a_column_holds_only_what_it_can(
    tmp_path: Path, table: str, column: str, value: Any
) -> None:
    folder = build(tmp_path)
    path = folder / "samples" / f"{table}.parquet"
    rows = pd.read_parquet(path)
    rows[column] = [value] * len(rows)
    rows.to_parquet(path, index=False)
    with pytest.raises(RecordError, match=f"{table}.parquet: is not a table of samples"):
        read_record(folder).table(table)
    assert judged(tmp_path).verdict == "unknown"


@pytest.mark.parametrize("part", ["scenario", "factors", "windows", "probes", "judge"])
@pytest.mark.parametrize("given", [None, {}, [], 5])
def test_a_record_that_does_not_say_what_it_was_run_under_is_not_believed(
    tmp_path: Path, part: str, given: Any
) -> None:
    folder = build(tmp_path)
    describe(tmp_path)
    listed = json.loads((tmp_path / "campaign.json").read_text())
    (tmp_path / "campaign.json").write_text(json.dumps({**listed, "source": "live"}))
    meta = json.loads((folder / "meta.json").read_text())
    (folder / "meta.json").write_text(json.dumps({**meta, part: given}))
    judge_campaign(tmp_path, tmp_path / "verdicts.jsonl")
    (found, *_) = [j for j in read_judgements(tmp_path / "verdicts.jsonl")]
    assert found.verdict == "unknown" and part in found.reason
