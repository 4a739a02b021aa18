# SPDX-License-Identifier: Apache-2.0
"""Read a record. A damaged one is either refused with a clear error or shown to be cut."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nsm_resilience.record.events import Event, EventError
from nsm_resilience.record.layout import READABLE, SAMPLES, RecordLayout
from nsm_resilience.record.manifest import ManifestError, check_manifest
from nsm_resilience.record.samples import frame, typed
from nsm_resilience.strict_json import JsonError, parse_json

if TYPE_CHECKING:
    import pandas as pd

LARGEST_FILE = 1 << 30
"""Most bytes of a file of a record: most have some KiB, a log of an hour some MiB."""

LARGEST_EVENTS = 128 << 20
"""Most bytes of events.jsonl, which is read as a whole: a trial of a day has less."""

MOST_ROWS = 10_000_000
"""Most rows of a table of samples: a thousand echoes a second for more than two hours."""

_META_KEYS = ("trial", "cell", "scenario", "factors", "attempt", "windows", "probes", "cluster")


class RecordError(ValueError):
    """A record cannot be read. `path` names the file, `line` (from 1) the place if known.

    `clause` is the problem in a few words, without the place.
    """

    def __init__(
        self,
        path: Path,
        message: str,
        line: int | None = None,
        *,
        clause: str = "cannot be understood",
    ) -> None:
        self.path = path
        self.line = line
        self.clause = clause
        place = f"{path}, line {line}" if line is not None else str(path)
        super().__init__(f"{place}: {message}")


@dataclass(frozen=True)
class Record:
    """One attempt of one trial, as written. `cut` says why the record is not complete."""

    folder: Path
    meta: dict[str, Any]
    events: tuple[Event, ...]
    cut: str | None

    @property
    def complete(self) -> bool:
        """Whether the closing event was written and counts the lines before it rightly."""
        return self.cut is None

    @property
    def trial(self) -> str:
        """`<cell id>/<NN>`."""
        return str(self.meta["trial"])

    @property
    def attempt(self) -> int:
        """1 for the first attempt."""
        return int(self.meta["attempt"])

    @cached_property
    def void_reason(self) -> str | None:
        """Why the runner declared the attempt void, or None."""
        reasons = [str(e.data.get("reason", "no reason given")) for e in self.all_of("void")]
        return reasons[0] if reasons else None

    @property
    def outcome(self) -> str:
        """`complete`, `void` or `cut`."""
        if self.void_reason is not None:
            return "void"
        return "complete" if self.complete else "cut"

    def all_of(self, kind: str) -> list[Event]:
        """All events of a kind, in the order written."""
        return [e for e in self.events if e.kind == kind]

    def first(self, kind: str) -> Event | None:
        """The first event of a kind."""
        return next((e for e in self.events if e.kind == kind), None)

    @cached_property
    def _tables(self) -> dict[str, pd.DataFrame]:
        return {}

    @cached_property
    def _objects(self) -> dict[Path, dict[str, Any]]:
        return {}

    def object_in(self, path: Path) -> dict[str, Any]:
        """The JSON object in a file of the record; RecordError when there is none.

        It is read once and shared: do not change it.
        """
        if path not in self._objects:
            self._objects[path] = read_object(path)
        return self._objects[path]

    def table(self, name: str) -> pd.DataFrame:
        """One table of samples, empty when the record has none; RecordError when unreadable.

        It is read once and shared: do not change it.
        """
        if name not in self._tables:
            self._tables[name] = self._read_table(name)
        return self._tables[name]

    def _read_table(self, name: str) -> pd.DataFrame:
        from pyarrow import parquet

        if name not in SAMPLES:
            raise KeyError(f"no table of samples is called {name!r}; there are {SAMPLES}")
        layout = RecordLayout(self.folder)
        final, growing = layout.samples(name), layout.growing_samples(name)
        if final.exists():
            try:
                # takes half the time of `pandas.read_parquet` for so small a file
                with final.open("rb") as stream:  # fails on a folder of this name
                    file = parquet.ParquetFile(stream)
                    # a small file can hold any number of equal rows
                    if file.metadata.num_rows > MOST_ROWS:
                        raise ValueError(f"{file.metadata.num_rows} rows")
                    return typed(name, file.read(use_threads=False))
            except Exception as error:  # pyarrow raises many kinds; all mean: not our table
                raise RecordError(final, f"is not a table of samples: {error}") from error
        if not growing.exists():
            return frame(name, [])
        rows = _read_growing(growing)
        try:
            return frame(name, rows)
        except Exception as error:  # as above: pandas raises many kinds, too
            raise RecordError(growing, f"is not a table of samples: {error}") from error


def _read_growing(path: Path) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = []
    lines = _content(path).split(b"\n")
    for number, line in enumerate(lines, start=1):
        if not line:
            continue
        try:
            row = parse_json(line)
        except JsonError as error:
            if number == len(lines):  # the writer was killed inside its last line
                break
            raise RecordError(path, f"is not JSON: {error}", number) from error
        if not isinstance(row, dict):
            raise RecordError(path, "is not a JSON object", number)
        rows.append(row)
    return rows


def read_record(folder: Path) -> Record:
    """Read a record's meta and events, or RecordError (samples are read on demand).

    A record whose end is missing (a killed runner) is returned with `cut` set.
    """
    layout = RecordLayout(folder)
    _check_plain(folder)
    meta = _read_meta(layout.meta)
    content = _content(layout.events)
    events, cut = _read_events(layout.events, content)
    if cut is None:
        before = content[: content.rindex(b"\n", 0, -1) + 1] if len(events) > 1 else b""
        try:
            check_manifest(folder, events[-1].data, before, meta["format"])
        except ManifestError as error:
            raise RecordError(error.path, str(error), clause=str(error)) from error
        except OSError as error:
            path = Path(str(error.filename or folder))
            raise RecordError(path, f"cannot be read: {error.strerror}") from error
    return Record(folder, meta, events, cut)


def _check_plain(folder: Path) -> None:
    """RecordError if anything is no plain file or folder, or is too large to read.

    Reading a pipe or a device may never end, and a link leads out of the record.
    """
    for parent, folders, names in os.walk(folder):
        for name in (*folders, *names):
            path = Path(parent, name)
            try:
                found = path.lstat()
            except OSError as error:
                raise RecordError(path, f"cannot be read: {error.strerror}") from error
            if stat.S_ISDIR(found.st_mode):
                continue
            if not stat.S_ISREG(found.st_mode):
                clause = "is no plain file (a link, a pipe or a device)"
                raise RecordError(path, clause, clause=clause)
            most = LARGEST_EVENTS if name == "events.jsonl" else LARGEST_FILE
            if found.st_size > most:
                clause = f"is larger than any file of a record ({found.st_size >> 20} MiB)"
                raise RecordError(path, clause, clause=clause)


def read_object(path: Path) -> dict[str, Any]:
    """The JSON object in a file of a record; RecordError when there is none."""
    try:
        found = parse_json(_content(path))
    except JsonError as error:
        raise RecordError(path, f"cannot be read: {error}") from error
    if not isinstance(found, dict):
        raise RecordError(path, "is not a JSON object")
    return found


def _read_meta(path: Path) -> dict[str, Any]:
    meta = read_object(path)
    if type(meta.get("format")) is not int or meta["format"] not in READABLE:
        known = " and ".join(map(str, READABLE))
        raise RecordError(path, f"has format {meta.get('format')!r}, this version reads {known}")
    missing = [key for key in _META_KEYS if key not in meta]
    if missing:
        raise RecordError(path, f"lacks {', '.join(missing)}")
    return meta


def _content(path: Path) -> bytes:
    try:
        if not path.is_file():
            raise RecordError(path, "is no file" if path.exists() else "is missing")
        return path.read_bytes()
    except OSError as error:
        raise RecordError(path, f"cannot be read: {error.strerror}") from error


def _read_events(path: Path, content: bytes) -> tuple[tuple[Event, ...], str | None]:
    *lines, tail = content.split(b"\n")
    events: list[Event] = []
    for number, line in enumerate(lines, start=1):
        try:
            event = Event.from_line(line)
        except EventError as error:
            raise RecordError(path, str(error), number) from error
        if event.seq != len(events):
            raise RecordError(
                path, f"has seq {event.seq} where {len(events)} belongs: lines are missing, "
                "repeated or reordered", number,
            )  # fmt: skip
        if events and events[-1].kind == "closed":
            raise RecordError(path, "follows the closing event", number)
        events.append(event)
    if tail:
        return tuple(events), "the last line is cut off"
    if not events or events[-1].kind != "closed":
        return tuple(events), "there is no closing event"
    closing = events[-1].data
    if closing.get("complete") is not True or closing.get("events") != len(events) - 1:
        raise RecordError(path, "the closing event does not fit the lines before it", len(events))
    return tuple(events), None
