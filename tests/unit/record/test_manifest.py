# SPDX-License-Identifier: Apache-2.0
"""A record of format 2 is bound to its own files by what its closing event says."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from nsm_resilience.judge.campaign import judge_campaign, read_judgements
from nsm_resilience.record.layout import RecordLayout
from nsm_resilience.record.reader import RecordError, read_record
from tests.builders.records import build, describe


def _second(meta: dict[str, Any]) -> None:
    meta["format"] = 2


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return build(tmp_path, "S3", meta=_second, down=[(1, 3)])


def closing(folder: Path) -> dict[str, Any]:
    last = RecordLayout(folder).events.read_bytes().splitlines()[-1]
    return dict(json.loads(last)["data"])


def test_the_closing_event_names_every_file_and_the_record_is_read(folder: Path) -> None:
    named = set(closing(folder)["files"])
    there = {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()}
    assert named == there - {"events.jsonl"}
    assert read_record(folder).complete


def test_a_record_of_format_1_has_none_and_is_read_all_the_same(tmp_path: Path) -> None:
    folder = build(tmp_path, "S3")
    assert "files" not in closing(folder)
    assert read_record(folder).complete


def _every_file(folder: Path) -> list[Path]:
    return sorted(p for p in folder.rglob("*") if p.is_file())


def test_no_byte_of_any_file_can_be_another(folder: Path) -> None:
    for path in _every_file(folder):
        was = path.read_bytes()
        for at in {0, len(was) // 2, max(0, len(was) - 2)} if was else ():
            path.write_bytes(was[:at] + bytes([was[at] ^ 1]) + was[at + 1 :])
            try:
                cut = read_record(folder).cut
            except RecordError:
                continue
            finally:
                path.write_bytes(was)
            assert cut is not None, f"{path.name}, byte {at}"
    assert read_record(folder).complete


def test_no_file_can_be_taken_away_or_added(folder: Path) -> None:
    for path in _every_file(folder):
        was = path.read_bytes()
        path.unlink()
        with pytest.raises(RecordError, match=r"is missing|cannot be read"):
            read_record(folder)
        path.write_bytes(was)
    for name in ("samples/new.jsonl", "logs/node-a/client/nsm-init.log", "more"):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"")
        with pytest.raises(RecordError, match="was not there when the record was closed"):
            read_record(folder)
        path.unlink()
    (folder / "link").symlink_to(folder / "meta.json")
    with pytest.raises(RecordError, match="is no plain file"):
        read_record(folder)


def test_what_an_operating_system_leaves_in_a_folder_is_no_damage(folder: Path) -> None:
    (folder / "samples" / ".DS_Store").write_bytes(b"x")
    (folder / "._meta.json").write_bytes(b"x")
    assert read_record(folder).complete


Lines = list[dict[str, Any]]


def rewrite(folder: Path, change: Callable[[Lines], None]) -> None:
    path = RecordLayout(folder).events
    events = [json.loads(line) for line in path.read_bytes().splitlines()]
    change(events)
    for seq, event in enumerate(events):
        event["seq"] = seq
    events[-1]["data"]["events"] = len(events) - 1
    dump = (json.dumps(e, ensure_ascii=False, separators=(",", ":")) for e in events)
    path.write_text("".join(f"{line}\n" for line in dump), encoding="utf-8")


def _forget(events: Lines) -> None:
    events[-1]["data"] = {"complete": True, "events": 0}


def _other_list(events: Lines) -> None:
    events[-1]["data"]["files"] = ["meta.json"]


@pytest.mark.parametrize(
    "change",
    [
        lambda events: events.pop(4),
        lambda events: events.insert(4, dict(events[4])),
        lambda events: events[9].update(t_ns=events[9]["t_ns"] + 1),
        _forget,
        _other_list,
    ],
)
def test_events_that_were_changed_and_numbered_anew_are_refused(
    folder: Path, change: Callable[[Lines], None]
) -> None:
    rewrite(folder, change)
    with pytest.raises(RecordError, match="closed"):
        read_record(folder)


def test_a_record_that_was_made_to_look_like_an_older_one_is_refused(folder: Path) -> None:
    meta = RecordLayout(folder).meta
    meta.write_text(meta.read_text().replace('"format": 2', '"format": 1'))
    with pytest.raises(RecordError, match=r"meta\.json: is not as it was"):
        read_record(folder)


@pytest.mark.parametrize("given", ["1.0", "true", "3", '"2"', "null"])
def test_another_format_is_refused(folder: Path, given: str) -> None:
    meta = RecordLayout(folder).meta
    meta.write_text(meta.read_text().replace('"format": 2', f'"format": {given}'))
    with pytest.raises(RecordError, match="this version reads 1 and 2"):
        read_record(folder)


def test_the_verdict_says_which_file_is_not_as_it_was(folder: Path, tmp_path: Path) -> None:
    describe(tmp_path)
    judge_campaign(tmp_path, tmp_path / "v.jsonl")
    assert [j.verdict for j in read_judgements(tmp_path / "v.jsonl")] == ["supported"]
    RecordLayout(folder).kubernetes_events.write_text("{}\n")
    judge_campaign(tmp_path, tmp_path / "v.jsonl")
    (found,) = read_judgements(tmp_path / "v.jsonl")
    assert found.reason == (
        "unreadable: kubernetes-events.jsonl is not as it was when the record was closed"
    )
