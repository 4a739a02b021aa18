# SPDX-License-Identifier: Apache-2.0
"""The recorder: appends what happens during a trial, and never judges it."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import shutil
import threading
import time
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

from nsm_resilience.record.events import KINDS, Actor, Event, Phase
from nsm_resilience.record.files import well_formed, write_bytes, write_json
from nsm_resilience.record.layout import SAMPLES, RecordLayout
from nsm_resilience.record.manifest import SINCE, manifest_of


def utc_now() -> str:
    """UTC with microseconds, ISO 8601."""
    return datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


class RecordWriter:
    """Writes one record. Every event is on the disk before its call returns.

    Safe to use from several threads. Without `close()` the record is read as cut. So is one whose
    writer failed in the middle of a line: it takes no further events, or half a line would stand
    between whole ones.
    """

    def __init__(self, folder: Path, meta: dict[str, Any]) -> None:
        """Create the record's folder, which must not exist (FileExistsError), and its meta.json.

        When they cannot be written (OSError), no folder is left.
        """
        folder.mkdir(parents=True)
        self.layout = RecordLayout(folder)
        try:
            write_json(self.layout.meta, meta)
            self._events: IO[str] = self.layout.events.open("x", encoding="utf-8")
        except OSError:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        self._lock = threading.RLock()
        self._bound = meta.get("format", 0) >= SINCE
        self._lines = hashlib.sha256()
        self._seq = 0
        self._failure: OSError | None = None
        self._phase: Phase = "clean"
        self._samples: dict[str, IO[str]] = {}
        self.closed = False

    @property
    def phase(self) -> Phase:
        """The phase that new events belong to."""
        return self._phase

    def begin(self, phase: Phase) -> None:
        """Start a phase."""
        self._phase = phase
        self.event("phase", data={"name": phase, "state": "begin"})

    def end(self, phase: Phase) -> None:
        """End a phase."""
        self.event("phase", data={"name": phase, "state": "end"})

    def event(
        self,
        kind: str,
        *,
        source: Actor = "runner",
        node: str | None = None,
        target: str | None = None,
        t_ns: int | None = None,
        data: dict[str, Any] | None = None,
    ) -> Event:
        """Append one event; `t_ns` defaults to now on the monotonic clock.

        OSError when it cannot be written, now and for every event after it.
        """
        if kind not in KINDS:
            raise ValueError(f"{kind!r} is no kind of event; see record.events.KINDS")
        with self._lock:
            event = Event(
                seq=self._seq,
                t_ns=time.monotonic_ns() if t_ns is None else t_ns,
                wall=utc_now(),
                source=source,
                phase=self._phase,
                kind=kind,
                node=node,
                target=target,
                data=data or {},
            )
            if self._failure is not None:
                raise self._failure
            # stays if a signal raises an exception before the end of the line
            self._failure = OSError(errno.EINTR, "interrupted in the middle of a line")
            try:
                line = event.to_line() + "\n"
                self._events.write(line)
                self._events.flush()
                os.fsync(self._events.fileno())
            except OSError as error:
                self._failure = error
                raise
            self._lines.update(line.encode())
            self._seq += 1
            self._failure = None
            return event

    def samples(self, table: str, rows: list[dict[str, Any]]) -> None:
        """Append samples to a table of record.samples.COLUMNS; ValueError for any other."""
        if table not in SAMPLES:
            raise ValueError(f"{table!r} is no table of samples; see record.samples.COLUMNS")
        with self._lock:
            if table not in self._samples:
                path = self.layout.growing_samples(table)
                path.parent.mkdir(parents=True, exist_ok=True)
                self._samples[table] = path.open("x", encoding="utf-8")
            stream = self._samples[table]
            for row in rows:
                text = json.dumps(row, ensure_ascii=False, separators=(",", ":"))
                stream.write(well_formed(text) + "\n")
            stream.flush()

    def snapshot(self, name: str, data: dict[str, Any]) -> None:
        """Store the state of both nodes at one moment."""
        path = self.layout.snapshot(name)
        write_json(path, data)
        self.event("snapshot", data={"file": path.relative_to(self.layout.folder).as_posix()})

    def log(self, node: str, pod: str, container: str, content: bytes) -> None:
        """Append to the log of one container."""
        path = self.layout.log(node, pod, container)
        path.parent.mkdir(parents=True, exist_ok=True)
        with self._lock, path.open("ab") as stream:
            stream.write(content)

    def kubernetes_events(self, events: list[dict[str, Any]]) -> None:
        """Store the raw Kubernetes events, one a line."""
        lines = [well_formed(json.dumps(e, ensure_ascii=False, sort_keys=True)) for e in events]
        write_bytes(self.layout.kubernetes_events, "".join(f"{x}\n" for x in lines).encode())

    def close(self) -> None:
        """Turn the samples into Parquet and write the closing event: the record is complete.

        The closing event names every file and all lines before it (record/manifest.py).
        """
        from nsm_resilience.record.compact import compact_samples

        with self._lock:
            for stream in self._samples.values():
                stream.flush()
                os.fsync(stream.fileno())
                stream.close()
            self._samples.clear()
            for table in SAMPLES:
                compact_samples(self.layout, table)
            data = {"complete": True, "events": self._seq}
            if self._bound:
                data |= manifest_of(self.layout.folder, self._lines.hexdigest())
            self.event("closed", data=data)
            self._events.close()
            self.closed = True

    def abandon(self) -> None:
        """Close the files without completing the record (it stays `cut`).

        Closing flushes the buffers, which fails again on a full disk. That is ignored: only the end
        of the record is lost.
        """
        with self._lock:
            for stream in (*self._samples.values(), self._events):
                with suppress(OSError):
                    stream.close()
