# SPDX-License-Identifier: Apache-2.0
"""Make a large campaign from copies of the records of a real one, to measure what a build costs.

Its description and every record carry the word `synthetic`, and the paper prints a notice. None of
its trials was run, so it says nothing about any system and is never committed.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from nsm_resilience.record.description import description_of
from nsm_resilience.record.events import Event
from nsm_resilience.record.files import write_bytes, write_json
from nsm_resilience.record.layout import CampaignLayout, RecordLayout
from nsm_resilience.record.manifest import FILES, manifest_of

SOURCE = "synthetic"


class SynthesisError(ValueError):
    """A synthetic campaign cannot be made like this."""


@dataclass(frozen=True)
class _Original:
    """A complete record: its folder, its meta, and its entry in the campaign's description."""

    folder: Path
    meta: dict[str, Any]
    entry: dict[str, Any]


def synthesize(source: Path, trials: int, out: Path) -> dict[str, Any]:
    """Write a synthetic campaign into `out`; return its description, or SynthesisError.

    The complete records of `source` are copied, round after round, until there are `trials`. A copy
    keeps its cell and is a trial of its own. Its files are hard links to the original's, except
    meta.json and events.jsonl, which name the trial. A round starts after the end of the round
    before, so that no two trials share a lane at the same time.
    """
    if out.exists() or "recorded" in out.absolute().parts:
        raise SynthesisError(
            f"{out}: write into a new folder outside of results/recorded, for example "
            "results/unpacked/synthetic"
        )
    description, originals = _originals(source)
    round_s = _span(originals)
    out.mkdir(parents=True)
    layout = CampaignLayout(out)
    shutil.copyfile(CampaignLayout(source).study, layout.study)
    numbers: dict[str, int] = {}
    records, scheduled = [], []
    for at in range(trials):
        round_, place = divmod(at, len(originals))
        original = originals[place]
        cell = str(original.meta["cell"])
        number = numbers[cell] = numbers.get(cell, 0) + 1
        trial = f"{cell}/{number:02d}"
        began = datetime.fromisoformat(original.meta["started"]) + timedelta(
            seconds=round_ * round_s
        )
        started = began.isoformat().replace("+00:00", "Z")
        record = layout.record(trial, 1)
        shutil.copytree(
            original.folder, record, copy_function=_same,
            ignore=lambda folder, names, top=str(original.folder): (
                ["meta.json", "events.jsonl"] if folder == top else []
            ),
        )  # fmt: skip
        meta = {
            **original.meta, "campaign": out.name, "trial": trial, "number": number, "attempt": 1,
            "order": at, "started": started,
            SOURCE: {"copy_of": f"{description['campaign']}/{original.entry['path']}"},
        }  # fmt: skip
        write_json(RecordLayout(record).meta, meta)
        _write_events(original.folder, record, trial)
        path = record.relative_to(out).as_posix()
        records.append({**original.entry, "trial": trial, "attempt": 1, "path": path,
                        "started": started})  # fmt: skip
        scheduled.append({"order": at, "block": round_ + 1, "trial": trial})
    made = {
        **description, "campaign": out.name, "source": SOURCE, "created": records[0]["started"],
        "last_started": max(r["started"] for r in records), "scheduled": scheduled,
        "records": records,
    }  # fmt: skip
    write_json(layout.description, made)
    return made


def _same(original: str, copy: str) -> None:
    """The same file by another name; of its own where the disk, or its owner, allows no links."""
    try:
        os.link(original, copy)
    except OSError:
        shutil.copyfile(original, copy)


def _write_events(original: Path, record: Path, trial: str) -> None:
    """Copy the events; the opening event names the new trial, the closing event its files."""
    content = RecordLayout(original).events.read_text(encoding="utf-8")
    events = [Event.from_line(line) for line in content.split("\n") if line]
    opened, closed = events[0], events[-1]
    if opened.data:
        opened.data.update(trial=trial, attempt=1)
    before = "".join(f"{event.to_line()}\n" for event in events[:-1]).encode()
    if FILES in closed.data:
        closed.data.update(manifest_of(record, hashlib.sha256(before).hexdigest()))
    write_bytes(RecordLayout(record).events, before + f"{closed.to_line()}\n".encode())


def _originals(source: Path) -> tuple[dict[str, Any], list[_Original]]:
    try:
        description = description_of(source)
        entries = [one for one in description["records"] if one.get("outcome") == "complete"]
        originals = [
            _Original(folder, json.loads(RecordLayout(folder).meta.read_text("utf-8")), entry)
            for entry in entries
            if entry.get("path") and (folder := source / entry["path"]).is_dir()
        ]
    except (OSError, ValueError, RecursionError) as error:
        raise SynthesisError(
            f"{source} cannot be multiplied: {' '.join(str(error).split())[:300]}"
        ) from error
    if not originals:
        raise SynthesisError(f"{source}: there is no complete record to multiply")
    return description, originals


def _span(originals: list[_Original]) -> float:
    """Seconds from the first record's beginning to some minutes after the last one's."""
    began = [datetime.fromisoformat(one.meta["started"]) for one in originals]
    windows = [float(seconds) for seconds in originals[0].meta["windows"].values()]
    return (max(began) - min(began)).total_seconds() + 2 * sum(windows)
