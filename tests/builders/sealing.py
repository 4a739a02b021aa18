# SPDX-License-Identifier: Apache-2.0
"""Records that are altered: their events are written anew, or closed anew as a forger does it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from nsm_resilience.record.manifest import manifest_of
from tests.builders.records import build

Events = list[dict[str, Any]]
Change = Callable[[Events], object]


def events_of(record: Path) -> Events:
    """The events of a record, whatever is in them."""
    return [json.loads(line) for line in (record / "events.jsonl").read_bytes().splitlines()]


def renumbered(events: Events) -> Events:
    """The same with numbers and a count that do not show that any is missing."""
    for seq, event in enumerate(events):
        event["seq"] = seq
    if events and isinstance(events[-1].get("data"), dict):
        events[-1]["data"]["events"] = len(events) - 1
    return events


def write_events(record: Path, events: Events) -> None:
    """Write these events as they are."""
    text = "".join(json.dumps(event) + "\n" for event in events)
    (record / "events.jsonl").write_text(text, encoding="utf-8")


def seal(record: Path, events: Events) -> None:
    """Write these events; the last one names the files and the lines before it as they are now."""
    before = "".join(json.dumps(event) + "\n" for event in events[:-1]).encode()
    (record / "events.jsonl").write_bytes(before)  # which is one of the files
    events[-1]["data"].update(manifest_of(record, hashlib.sha256(before).hexdigest()))
    write_events(record, events)


def sealed(record: Path, change: Change) -> None:
    """Change the events of a record, number them anew, and close it with its files as they are."""
    events = events_of(record)
    change(events)
    seal(record, renumbered(events))


def bound(folder: Path, scenario: str = "S2", **given: Any) -> Path:
    """A record of format 2 in which everything is as it should be."""
    given.setdefault("down", [(1.0, 4.0)])
    return build(folder, scenario, meta=lambda m: m.update(format=2), **given)
