# SPDX-License-Identifier: Apache-2.0
"""A record of format 2 that is closed anew after it was altered, as a forger does it."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from nsm_resilience.record.manifest import manifest_of


def seal(record: Path, events: list[dict[str, Any]]) -> None:
    """Write these events; the last one names the files and the lines before it as they are now."""
    path = record / "events.jsonl"
    before = "".join(json.dumps(event) + "\n" for event in events[:-1]).encode()
    path.write_bytes(before)
    events[-1]["data"].update(manifest_of(record, hashlib.sha256(before).hexdigest()))
    path.write_bytes(before + json.dumps(events[-1]).encode() + b"\n")
