# SPDX-License-Identifier: Apache-2.0
"""What is looked for on a node before it is called clean, and how."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import pytest

from nsm_resilience.mesh import lifecycle
from nsm_resilience.mesh.lifecycle import Mesh
from nsm_resilience.mesh.residue import RESIDUE, residue_order
from nsm_resilience.study.models import Factors
from nsm_resilience.systems.known import SYSTEMS
from nsm_resilience.systems.nsm_v1_18_0 import SYSTEM as TODAY
from nsm_resilience.testbed.base import Lane
from nsm_resilience.testbed.config import Images


def test_a_clean_node_has_the_programs_of_no_system_and_plane() -> None:
    """The trial before may have been of another one, and its forwarder may live on."""
    looked_for = residue_order("inspect")
    for system in SYSTEMS.values():
        for plane in system.planes:
            assert set(system.programs(plane)) <= set(looked_for["programs"])
        assert set(system.residue.state) <= set(looked_for["state"])
        assert set(system.residue.files) <= set(looked_for["files"])
        assert set(system.residue.interfaces) <= set(looked_for["interfaces"])


class Agents:
    """The agents of both nodes: which acts they are ordered, and what they find."""

    def __init__(self) -> None:
        self.acts: list[str] = []
        self.processes = [{"nsmd": [7]}, {}]  # gone at the second look

    def run(self, _script: str, order: dict[str, Any], timeout_s: float) -> list[Any]:
        self.acts.append(order["act"])
        found: dict[str, Any] = {what: [] for what in RESIDUE}
        if order["act"] == "free" and len(self.processes) > 1:
            found["processes"] = self.processes.pop(0)
        return [found]


def test_a_wipe_looks_once_for_what_it_has_freed() -> None:
    """`free` itself says what is left; each order costs a script on both nodes."""
    agents = Agents()
    lane = Lane(1, "a", "b")

    class Cluster:
        def ready_nodes(self) -> set[str]:
            return {"a", "b"}

        def pods(self, _namespace: str) -> list[Any]:
            return []

        def delete_pods(self, *_: Any, **__: Any) -> None: ...

        def delete(self, *_: Any, **__: Any) -> bool:
            return False  # it is gone already

        def find(self, *_: Any, **__: Any) -> list[Any]:
            return []

    cluster, given = cast(Any, Cluster()), cast(Any, {"client": agents})
    proof = Mesh(cluster, lane, Images(), Factors(), given).wipe()
    assert agents.acts == ["undo", "free", "free", "wipe"]
    assert not any(proof["nodes"]["client"].values())


def test_what_two_groups_call_the_same_is_removed_of_both(monkeypatch: pytest.MonkeyPatch) -> None:
    """A system of another project may have a kind of the same name, and a resource of it, too."""
    other = replace(TODAY, registry=replace(TODAY.registry, group="mesh.example.io"))
    monkeypatch.setattr(lifecycle, "SYSTEMS", {"one": TODAY, "other": other})
    deleted: list[str] = []
    cluster: Any = SimpleNamespace(
        find=lambda path, timeout_s: [{"metadata": {"name": "icmp"}}],
        delete=lambda path, timeout_s: deleted.append(path),
    )
    mesh = Mesh(cluster, Lane(1, "a", "b"), Images(), Factors(), {})
    mesh._delete_custom_resources()
    kinds = len(TODAY.registry.plurals)
    assert len({path for path in deleted if "/networkservicemesh.io/" in path}) == kinds
    assert len({path for path in deleted if "/mesh.example.io/" in path}) == kinds
