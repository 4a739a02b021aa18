# SPDX-License-Identifier: Apache-2.0
"""The residue that a wipe removes from a node: of the systems under test, and of faults."""

from __future__ import annotations

from typing import Any

from nsm_resilience.systems.known import SYSTEMS

RESIDUE = ("processes", "files", "interfaces", "rules", "stopped")
"""The kinds of residue."""
WATCHDOG_MEMORY = "/run/nsm-watchdog.json"
"""The remedy's file on a node (watchdog/node/memory.py)."""


def state_directories() -> list[str]:
    """Directories of a node whose content belongs to a system under test."""
    return list(dict.fromkeys(d for s in SYSTEMS.values() for d in s.residue.state))


def residue_order(act: str) -> dict[str, Any]:
    """Order for the agent's `clean` script: the residue of all systems and planes.

    An earlier trial may have had another system or plane.
    """
    systems = SYSTEMS.values()
    return {
        "act": act,
        "programs": sorted({p for s in systems for plane in s.planes for p in s.programs(plane)}),
        "state": state_directories(),
        "files": [*dict.fromkeys(f for s in systems for f in s.residue.files), WATCHDOG_MEMORY],
        "interfaces": list(dict.fromkeys(i for s in systems for i in s.residue.interfaces)),
    }
