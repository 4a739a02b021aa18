# SPDX-License-Identifier: Apache-2.0
"""Files of a record that cannot be read, or would take all memory or time: none is waited for."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from tests.builders.judging import judged
from tests.builders.records import build
from tests.builders.samples import ns
from tests.builders.sealing import bound, sealed


def link(path: Path) -> None:
    (path.parents[4] / "elsewhere").write_bytes(path.read_bytes())
    path.unlink()
    path.symlink_to(path.parents[4] / "elsewhere")


def endless(path: Path) -> None:
    path.unlink()
    path.symlink_to("/dev/zero")


def pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


@pytest.mark.parametrize("change", [link, endless, pipe])
@pytest.mark.parametrize(
    "name", ["meta.json", "events.jsonl", "samples/path.parquet", "kubernetes-events.jsonl",
             "snapshots/after.json", "logs/node-a/client/nsm-monitor.log"],
)  # fmt: skip
def test_what_is_no_plain_file_is_not_read(
    tmp_path: Path, name: str, change: Callable[[Path], None]
) -> None:
    """From a pipe nobody may ever write, and a device may never end."""
    record = bound(tmp_path)
    change(record / name)
    found = judged(tmp_path)
    assert found.verdict == "unknown" and "is no plain file" in found.reason


def test_a_file_that_is_too_large_is_not_read(tmp_path: Path) -> None:
    record = build(tmp_path)
    os.truncate(record / "events.jsonl", 1 << 28)  # takes no room
    assert "is larger than any file of a record (256 MiB)" in judged(tmp_path).reason


def test_a_table_with_more_rows_than_any_trial_has_is_not_read(tmp_path: Path) -> None:
    record = build(tmp_path)
    more = pd.DataFrame({"t_us": pd.Series([0], dtype="int64").repeat(10_000_001)})
    more.to_parquet(record / "samples" / "sockets.parquet", index=False, compression="zstd")
    found = judged(tmp_path)
    assert found.verdict == "unknown" and "sockets.parquet cannot be read" in found.reason


@pytest.mark.parametrize("name", ["meta.json", "events.jsonl"])
def test_a_key_that_is_there_twice_is_not_guessed_at(tmp_path: Path, name: str) -> None:
    path = build(tmp_path) / name
    path.write_bytes(path.read_bytes().replace(b"{", b'{"seq": 0, "seq": 0, ', 1))
    assert judged(tmp_path).verdict == "unknown"


def test_an_event_of_kubernetes_that_nests_without_end_is_passed_over(tmp_path: Path) -> None:
    record = build(tmp_path, down=[(1.0, 4.0)])
    (record / "kubernetes-events.jsonl").write_text('{"type":"Warning","a":' + "[" * 100_000)
    sealed(record, lambda events: None)
    assert judged(tmp_path).verdict == "supported"


def test_ten_thousand_phases_of_a_cut_record_take_no_time_to_speak_of(tmp_path: Path) -> None:
    """Each looked for its end among all the others."""
    record = build(tmp_path, close=False)
    line = json.dumps(
        {"t_ns": ns(20), "wall": "2026-01-02T03:04:25Z", "source": "runner", "phase": "watch",
         "kind": "phase", "data": {"name": "watch", "state": "begin"}}
    )  # fmt: skip
    path = record / "events.jsonl"
    first = len(path.read_bytes().splitlines())
    with path.open("a", encoding="utf-8") as stream:
        stream.writelines(f'{{"seq":{first + n},{line[1:]}\n' for n in range(10_000))
    began = time.process_time()
    found = judged(tmp_path)
    assert time.process_time() - began < 5
    assert (found.verdict, found.outcome) == ("unknown", "cut")
