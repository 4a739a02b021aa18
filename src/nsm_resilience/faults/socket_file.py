# SPDX-License-Identifier: Apache-2.0
"""The file of a unix socket is damaged by the agent of its node (the paper's first failure, C1).

`unlink`: the file is removed. `replace`: an ordinary file is in its place. `orphan`: a socket file
is there, and nobody listens on it. `mode`: nobody has permission (which does not stop root). Proof:
inode and kind of the file at the path afterwards. The original is put back at the end, unless the
component has made a new one. A socket of a shared part is undone when it answers again.
"""

from __future__ import annotations

from typing import Any

from nsm_resilience.faults.base import Method, PlannedFault, hits_shared
from nsm_resilience.mesh.lifecycle import Mesh
from nsm_resilience.study.models import Factors

TARGETS = frozenset({"socket"})
METHODS = dict.fromkeys(
    ("unlink", "replace", "orphan", "mode"),
    Method("file", "the originals are put back unless the component has made itself new ones"),
)


def hits(planned: PlannedFault, factors: Factors) -> tuple[str, ...]:
    """The paths, as patterns."""
    assert planned.fault.socket is not None
    return tuple(factors.under_test.socket_patterns(planned.fault.socket).values())


def order(planned: PlannedFault, mesh: Mesh) -> dict[str, Any]:
    """The agent's order."""
    assert planned.fault.socket is not None
    sockets = mesh.system.socket_patterns(planned.fault.socket)
    serves = {"serves": True} if hits_shared(planned, mesh.factors) else {}
    return planned.order("sockets", sockets=sockets, **serves)
