# SPDX-License-Identifier: Apache-2.0
"""Reading snapshots: the state of both nodes, the pods and NSM's registry at one moment."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nsm_resilience.record.layout import RecordLayout
from nsm_resilience.record.reader import Record


def read_snapshot(record: Record, name: str) -> dict[str, Any]:
    """A snapshot by name (`before`, `fault`, `after`); RecordError when it cannot be read."""
    return record.object_in(RecordLayout(record.folder).snapshot(name))


def nsm_interfaces(network: Mapping[str, Any]) -> dict[int, str] | None:
    """NSM's interfaces in a pod, name by index; None when the snapshot does not tell.

    `network` is the pod's part of a node's snapshot. They are the interfaces that are neither the
    loopback nor the pod network's own (which Kubernetes calls eth0).
    """
    found = network.get("interfaces")
    if not isinstance(found, list):
        return None
    return {i["index"]: i["name"] for i in found if i.get("name") not in ("lo", "eth0")}
