# SPDX-License-Identifier: Apache-2.0
"""What was written is read; what was damaged is refused or shown to be cut."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nsm_resilience.record.events import Event, EventError
from nsm_resilience.record.layout import RecordLayout
from nsm_resilience.record.reader import RecordError, read_record
from nsm_resilience.record.writer import RecordWriter

META: dict[str, Any] = {
    "format": 1,
    "trial": "S1-kernel-monitored-none/01",
    "cell": "S1-kernel-monitored-none",
    "attempt": 1,
    "scenario": {},
    "factors": {},
    "windows": {},
    "probes": {},
    "cluster": {},
}


def an_echo(seq: int, rtt_ns: int | None = 200_000) -> dict[str, Any]:
    return {
        "seq": seq,
        "due_ns": seq * 20_000_000,
        "sent_ns": seq * 20_000_000 + 90_000,
        "rtt_ns": rtt_ns,
        "fate": "lost" if rtt_ns is None else "reply",
        "error": None,
    }


def a_writer(folder: Path) -> RecordWriter:
    writer = RecordWriter(folder, META)
    writer.event("opened")
    writer.begin("watch")
    writer.samples("path", [an_echo(1), an_echo(0, None)])
    writer.event("watch_end", data={"because": "window over"})
    writer.end("watch")
    return writer


def a_record(folder: Path) -> Path:
    a_writer(folder).close()
    return folder


def test_a_closed_record_is_complete_and_its_samples_are_in_order(tmp_path: Path) -> None:
    record = read_record(a_record(tmp_path / "r"))
    assert record.complete and record.outcome == "complete"
    path = record.table("path")
    assert path["seq"].tolist() == [0, 1]
    assert path["rtt_ns"].isna().tolist() == [True, False]
    assert not RecordLayout(record.folder).growing_samples("path").exists()
    assert record.table("sockets").empty


def test_a_record_whose_writer_was_killed_is_cut_and_its_samples_are_there(tmp_path: Path) -> None:
    a_writer(tmp_path / "r").abandon()
    with RecordLayout(tmp_path / "r").growing_samples("path").open("a") as stream:
        stream.write('{"seq": 2, "due')
    record = read_record(tmp_path / "r")
    assert record.outcome == "cut"
    assert record.cut == "there is no closing event"
    assert len(record.table("path")) == 2


def test_a_void_record_says_why(tmp_path: Path) -> None:
    writer = a_writer(tmp_path / "r")
    writer.event("void", data={"reason": "steady: 3 echoes lost"})
    writer.close()
    record = read_record(tmp_path / "r")
    assert (record.outcome, record.void_reason) == ("void", "steady: 3 echoes lost")


def test_a_record_is_never_written_over(tmp_path: Path) -> None:
    a_record(tmp_path / "r")
    with pytest.raises(FileExistsError):
        RecordWriter(tmp_path / "r", META)


def test_an_event_or_a_table_that_nobody_knows_cannot_be_written(tmp_path: Path) -> None:
    writer = a_writer(tmp_path / "r")
    with pytest.raises(ValueError, match="no kind of event"):
        writer.event("injektion")
    with pytest.raises(ValueError, match=r"'pressure' is no table of samples; see record\.samples"):
        writer.samples("pressure", [{"t_ns": 1}])
    writer.abandon()


def lines_of(folder: Path) -> list[str]:
    return RecordLayout(folder).events.read_text().splitlines(keepends=True)


def write_lines(folder: Path, lines: list[str]) -> None:
    RecordLayout(folder).events.write_text("".join(lines))


def test_a_line_cut_in_its_middle_makes_the_record_cut(tmp_path: Path) -> None:
    folder = a_record(tmp_path / "r")
    lines = lines_of(folder)
    write_lines(folder, [*lines[:-1], lines[-1][:20]])
    assert read_record(folder).cut == "the last line is cut off"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda x: [*x[:2], *x[3:]], "lines are missing"),
        (lambda x: [x[0], x[2], x[1], *x[3:]], "reordered"),
        (lambda x: [*x[:2], x[1], *x[2:]], "repeated"),
        (lambda x: [*x, x[0].replace('"seq":0', f'"seq":{len(x)}')], "follows the closing event"),
        (lambda x: [x[0], "hello\n", *x[2:]], "is not JSON"),
        (lambda x: [x[0].replace('"opened"', '"openned"'), *x[1:]], "unknown"),
    ],
)
def test_damage_inside_is_refused_with_file_and_line(
    tmp_path: Path, change: Any, message: str
) -> None:
    folder = a_record(tmp_path / "r")
    write_lines(folder, change(lines_of(folder)))
    with pytest.raises(RecordError, match=message) as caught:
        read_record(folder)
    assert "events.jsonl, line" in str(caught.value)


def test_a_table_that_is_no_parquet_is_refused(tmp_path: Path) -> None:
    folder = a_record(tmp_path / "r")
    RecordLayout(folder).samples("path").write_bytes(b"PAR1 nothing PAR1")
    with pytest.raises(RecordError, match="is not a table of samples"):
        read_record(folder).table("path")


@pytest.mark.parametrize("key", ["format", "trial", "windows"])
def test_meta_without_what_the_judge_needs_is_refused(tmp_path: Path, key: str) -> None:
    folder = a_record(tmp_path / "r")
    meta = {k: v for k, v in META.items() if k != key}
    RecordLayout(folder).meta.write_text(json.dumps(meta))
    with pytest.raises(RecordError, match=key):
        read_record(folder)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, bytes, tuple[Event, ...]]:
    folder = a_record(tmp_path_factory.mktemp("record") / "r")
    return folder, RecordLayout(folder).events.read_bytes(), read_record(folder).events


@settings(max_examples=200, deadline=None)
@given(start=st.integers(0, 10_000), length=st.integers(1, 10_000))
def test_bytes_taken_away_never_give_a_complete_record_with_other_events(
    whole: tuple[Path, bytes, tuple[Event, ...]], start: int, length: int
) -> None:
    folder, content, original = whole
    start %= len(content)
    RecordLayout(folder).events.write_bytes(content[:start] + content[start + length :])
    try:
        record = read_record(folder)
    except RecordError:
        return
    if record.complete:
        assert [(e.kind, e.seq) for e in record.events] == [(e.kind, e.seq) for e in original]
    else:
        assert len(record.events) < len(original)


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), st.lists, max_leaves=5))
def test_foreign_lines_are_refused_as_events(value: Any) -> None:
    with pytest.raises(EventError):
        Event.from_line(json.dumps(value))


@given(st.text())
def test_any_text_is_an_event_or_an_event_error(text: str) -> None:
    with pytest.raises(EventError):
        Event.from_line(text)


class FullDisk:
    """A file on which half a line finds room, once; later there would be room again."""

    def __init__(self, file: Any) -> None:
        self.file, self.full = file, True

    def write(self, text: str) -> None:
        self.file.write(text[: len(text) // 2] if self.full else text)

    def flush(self) -> None:
        self.file.flush()
        if self.full:
            self.full = False
            raise OSError(28, "No space left on device")

    def __getattr__(self, name: str) -> Any:
        return getattr(self.file, name)


def test_after_half_a_line_a_writer_takes_no_more_events(tmp_path: Path) -> None:
    writer = a_writer(tmp_path / "1")
    writer._events = FullDisk(writer._events)  # type: ignore[assignment]
    for _ in range(2):
        with pytest.raises(OSError, match="No space left"):
            writer.event("address")
    writer.abandon()
    record = read_record(tmp_path / "1")
    assert (record.outcome, record.cut) == ("cut", "the last line is cut off")


def test_an_exception_of_a_signal_in_the_middle_of_a_line_is_no_different(tmp_path: Path) -> None:
    writer = a_writer(tmp_path / "1")

    class Interrupted(FullDisk):
        def flush(self) -> None:
            raise KeyboardInterrupt

    writer._events = Interrupted(writer._events)  # type: ignore[assignment]
    with pytest.raises(KeyboardInterrupt):
        writer.event("address")
    with pytest.raises(OSError, match="interrupted in the middle of a line"):
        writer.event("void", data={"reason": "interrupted"})
    writer.abandon()
    assert read_record(tmp_path / "1").outcome == "cut"


def test_a_lone_surrogate_never_reaches_a_record(tmp_path: Path) -> None:
    """It stands for a byte of a name that is no UTF-8; half of the files could not hold it."""
    odd = "socket-\udcff"
    writer = RecordWriter(tmp_path / "r", META | {"odd": odd})
    writer.event("address", target=odd, data={odd: [odd]})
    writer.samples(
        "sockets",
        [{"t_ns": 1, "node": "client", "socket": "s", "path": odd, "inode": 1, "kind": "socket",
          "answers": True}],
    )  # fmt: skip
    writer.snapshot("before", {odd: odd})
    writer.kubernetes_events([{"message": odd}])
    writer.close()
    record = read_record(tmp_path / "r")
    shown = "socket-\N{REPLACEMENT CHARACTER}"
    assert record.complete and record.meta["odd"] == shown
    assert record.events[0].target == shown and record.events[0].data == {shown: [shown]}
    assert record.table("sockets")["path"].tolist() == [shown]
    for path in (tmp_path / "r").rglob("*.json*"):
        assert b"udcff" not in path.read_bytes()


@pytest.mark.parametrize("name", ["seq", "t_ns", "wall", "source", "phase", "kind", "node", "data"])
@pytest.mark.parametrize("value", [[], {}, 1.5, True, "\u2028x"])
def test_an_event_of_other_types_is_none(name: str, value: object) -> None:
    event = Event(0, 1, "2026-01-01T00:00:00Z", "runner", "watch", "watch_end")
    raw = json.loads(event.to_line())
    if (name, value) in (("data", {}), ("wall", "\u2028x"), ("node", "\u2028x")):
        return
    with pytest.raises(EventError):
        Event.from_line(json.dumps({**raw, name: value}))
