# SPDX-License-Identifier: Apache-2.0
"""The file of a campaign that names its cluster."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from nsm_resilience.record.files import object_or_empty
from nsm_resilience.testbed.base import TestbedError


@dataclass(frozen=True, slots=True)
class Marker:
    """A campaign's cluster: its id, its name, and its kubeconfig with the context."""

    id: str
    name: str
    kubeconfig: Path
    context: str


def read_marker(path: Path) -> Marker:
    """Read a campaign's `cluster.json`; TestbedError when it is not complete."""
    found = object_or_empty(path)
    told = [found.get(key) for key in ("id", "name", "kubeconfig", "context")]
    if not all(isinstance(one, str) and one for one in told):
        raise TestbedError(
            f"{path} does not say which cluster is up; write it again with `nsm-resilience "
            f"cluster up --campaign-dir {path.parent}` and the same `--testbed`"
        )
    identity, name, kubeconfig, context = map(str, told)
    return Marker(identity, name, Path(kubeconfig), context)
