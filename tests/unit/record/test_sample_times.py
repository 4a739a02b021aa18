# SPDX-License-Identifier: Apache-2.0
"""Times of samples are kept as microseconds and read as nanoseconds, old files as they are."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pyarrow
import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_record import a_record

from nsm_resilience.record.compact import compact_samples
from nsm_resilience.record.layout import RecordLayout
from nsm_resilience.record.reader import RecordError, read_record
from nsm_resilience.record.samples import frame, in_microseconds, typed

TIMES = st.integers(0, 2**62)


@given(st.lists(st.tuples(TIMES, st.none() | TIMES), min_size=1, max_size=20))
def test_a_time_loses_less_than_a_microsecond_and_an_empty_one_stays_empty(
    times: list[tuple[int, int | None]],
) -> None:
    rows: list[dict[str, object]] = [
        {"seq": n, "due_ns": sent, "sent_ns": sent, "rtt_ns": rtt, "fate": "reply", "error": None}
        for n, (sent, rtt) in enumerate(times)
    ]
    kept = in_microseconds(frame("path", rows))
    assert [name for name in kept.columns if name.endswith("_ns")] == []
    found = typed("path", pyarrow.Table.from_pandas(kept))
    assert list(found.columns) == list(frame("path", rows).columns)
    for (sent, rtt), row in zip(times, found.to_dict("records"), strict=True):
        assert 0 <= sent - row["sent_ns"] < 1000
        assert pd.isna(row["rtt_ns"]) if rtt is None else 0 <= rtt - row["rtt_ns"] < 1000


def a_path_file(folder: Path, **columns: object) -> Path:
    file = RecordLayout(a_record(folder)).samples("path")
    pd.read_parquet(file).assign(**columns).to_parquet(file, index=False)
    return folder


def test_a_file_from_before_is_read_as_it_is(tmp_path: Path) -> None:
    folder = a_record(tmp_path / "r")
    file = RecordLayout(folder).samples("path")
    now = pd.read_parquet(file)
    assert {"due_us", "sent_us", "rtt_us"} <= set(now.columns)
    before = read_record(folder).table("path")
    before.assign(sent_ns=before["sent_ns"] + 7).to_parquet(file, index=False)
    found = read_record(folder).table("path")
    assert found["sent_ns"].tolist() == (before["sent_ns"] + 7).tolist()


@pytest.mark.parametrize(
    ("columns", "why"),
    [
        ({"sent_ns": 5}, "has both sent_us and sent_ns"),
        ({"sent_us": 2**62}, "a time that no clock has"),
        ({"rtt_us": 1.5}, "not whole numbers"),
    ],
)
def test_times_that_cannot_be_are_refused(
    columns: dict[str, object], why: str, tmp_path: Path
) -> None:
    folder = a_path_file(tmp_path / "r", **columns)
    with pytest.raises(RecordError, match=why):
        read_record(folder).table("path")


def test_nothing_is_compacted_twice(tmp_path: Path) -> None:
    layout = RecordLayout(a_record(tmp_path / "r"))
    before = layout.samples("path").read_bytes()
    compact_samples(layout, "path")
    assert layout.samples("path").read_bytes() == before
