# SPDX-License-Identifier: Apache-2.0
"""When our own probes failed, and when the system did. Nothing in the data was measured."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from nsm_resilience.judge.instruments import instrument_failure
from nsm_resilience.judge.trial import judge_record
from tests.builders.records import record
from tests.builders.samples import INTERVAL, ns
from tests.builders.studies import WINDOWS

Rows = list[dict[str, Any]]


def late(rows: Rows) -> Rows:
    for row in rows[::10]:
        row["sent_ns"] += int(0.55 * INTERVAL * 1e9)
    return rows


def silent(rows: Rows) -> Rows:
    kept = [row for row in rows if not ns(3.0) < row["due_ns"] < ns(4.5)]
    return [{**row, "seq": seq} for seq, row in enumerate(kept)]


def unsampled(rows: Rows) -> Rows:
    return [row for row in rows if row["node"] == "client" or row["t_ns"] < ns(2.0)]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"path_rows": late}, "sent more than half an interval late"),
        ({"path_rows": silent}, "sent nothing for 1.5 s"),
        ({"component_rows": unsampled}, "the component probe of the endpoint's node"),
    ],
)
def test_a_probe_that_failed_says_nothing_of_the_system(
    tmp_path: Path, given: dict[str, Any], said: str
) -> None:
    made = record(tmp_path, **given)
    assert judge_record(made).verdict == "unknown"
    assert said in str(instrument_failure(made))


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"down": [(1.0, 99.0)], "answered_s": None},  # unsupported: the system failed
        {"proved": False},  # the fault did not come
        {"down": [(-2.0, -1.0)]},  # the steady state was none
        {"watch_s": WINDOWS["watch_s"] - 5},  # the runner stopped too early
    ],
)
def test_whatever_the_probes_saw_they_did_not_fail(tmp_path: Path, given: dict[str, Any]) -> None:
    assert instrument_failure(record(tmp_path, **given)) is None


def test_a_damaged_record_is_not_made_better_by_another_attempt(tmp_path: Path) -> None:
    made = record(tmp_path)
    for table in made.folder.glob("samples/path.*"):
        table.write_bytes(b"nonsense")
    assert instrument_failure(made) is None
