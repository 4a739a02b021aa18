# SPDX-License-Identifier: Apache-2.0
"""Reading snapshots: the state of both nodes, the pods and NSM's registry at one moment."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from nsm_resilience.record.layout import RecordLayout
from nsm_resilience.record.reader import Record, RecordError


def read_snapshot(record: Record, name: str) -> dict[str, Any]:
    """A snapshot by name (`before`, `fault`, `after`); RecordError when it cannot be read."""
    path = RecordLayout(record.folder).snapshot(name)
    try:
        taken = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise RecordError(path, f"cannot be read: {error}") from error
    if not isinstance(taken, dict):
        raise RecordError(path, "is not a JSON object")
    return taken


def nsm_interfaces(network: Mapping[str, Any]) -> dict[int, str] | None:
    """NSM's interfaces in a pod, name by index; None when the snapshot does not tell.

    `network` is the pod's part of a node's snapshot. They are the interfaces that are neither the
    loopback nor the pod network's own (which Kubernetes calls eth0).
    """
    found = network.get("interfaces")
    if not isinstance(found, list):
        return None
    return {i["index"]: i["name"] for i in found if i.get("name") not in ("lo", "eth0")}
