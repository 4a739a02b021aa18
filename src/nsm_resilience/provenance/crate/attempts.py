# SPDX-License-Identifier: Apache-2.0
"""The run of each attempt, from its record: when, with which code, command and images."""

from __future__ import annotations

import json
import os
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nsm_resilience.record.files import object_in, object_or_empty, objects_in
from nsm_resilience.record.layout import RecordLayout
from nsm_resilience.record.snapshots import Image, images_of

_TAIL = 64 * 1024
"""Bytes read at the end of the events to find their last line (lines are much shorter)."""


@dataclass(frozen=True)
class Run:
    """One attempt of one trial.

    Attributes:
        folder: the campaign's folder, relative to the workflow, with a slash at its end.
        record: folder of the record inside the campaign.
        reason: why the outcome is void or cut.
        started: when it began, UTC; empty when unknown.
        ended: when the last line of its record was written; empty when unknown.
        version: version of this program that ran it, with the commit if known (PEP 440).
        images: images of the pods before the fault.
        packages: versions of Python packages, by name.
        scenario: what is broken, as the record has it.
    """

    campaign: str
    folder: str
    trial: str
    attempt: int
    record: str
    outcome: str
    reason: str
    started: str
    ended: str
    version: str
    command: str
    images: tuple[Image, ...]
    packages: Mapping[str, str]
    scenario: Mapping[str, Any]

    @property
    def cell(self) -> str:
        """Id of its cell."""
        return self.trial.rpartition("/")[0]

    @property
    def id(self) -> str:
        """Identifier within the crate."""
        return run_id(self.campaign, self.trial, self.attempt)


def run_id(campaign: str, trial: str, attempt: int) -> str:
    """Identifier of an attempt within the crate."""
    return f"#trial/{campaign}/{trial}/{attempt}"


def read_runs(campaign: Path, description: Mapping[str, Any]) -> Iterator[Run]:
    """Read the records; values missing in a cut one are empty."""
    for record in description["records"]:
        layout = RecordLayout(campaign / str(record["path"]))
        meta = object_or_empty(layout.meta)
        before = object_or_empty(layout.snapshot("before"))
        software, argv = object_in(meta, "software"), meta.get("argv")
        yield Run(
            campaign=str(description["campaign"]),
            folder=f"{campaign.as_posix()}/",
            trial=str(record["trial"]),
            attempt=int(record["attempt"]),
            record=str(record["path"]),
            outcome=str(record["outcome"]),
            reason=str(record.get("reason") or ""),
            started=str(record.get("started") or ""),
            ended=last_time(layout.events),
            version=version_of(software),
            command=shlex.join(map(str, argv if isinstance(argv, list) else [])),
            images=tuple(sorted(set(images_of(objects_in(before, "pods"))))),
            packages=object_in(software, "packages"),
            scenario=object_in(meta, "scenario"),
        )


def version_of(software: Mapping[str, Any]) -> str:
    """Return version and commit as one version string; empty when neither was recorded.

    >>> version_of({"nsm_resilience": "0.1.0", "git_commit": "a4bb56b18992f668", "git_dirty": True})
    '0.1.0+ga4bb56b18992.dirty'
    """
    if not software.get("nsm_resilience"):
        return ""
    version = str(software["nsm_resilience"])
    if not software.get("git_commit"):
        return version
    dirty = ".dirty" if software.get("git_dirty") else ""
    return f"{version}+g{str(software['git_commit'])[:12]}{dirty}"


def last_time(events: Path) -> str:
    """Return the wall time of the last whole line of a record's events; empty without one."""
    try:
        with events.open("rb") as stream:
            stream.seek(max(0, os.fstat(stream.fileno()).st_size - _TAIL))
            lines = stream.read().split(b"\n")[:-1]
    except OSError:
        return ""
    for line in reversed(lines):
        try:
            return str(json.loads(line)["wall"])
        except (ValueError, KeyError, TypeError, RecursionError):
            continue
    return ""
