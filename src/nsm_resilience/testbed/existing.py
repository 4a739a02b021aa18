# SPDX-License-Identifier: Apache-2.0
"""A cluster that somebody else made, named explicitly."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nsm_resilience.testbed.base import TestbedError
from nsm_resilience.testbed.config import ExistingTestbed

CONTROL_PLANE = "node-role.kubernetes.io/control-plane"


@dataclass(frozen=True)
class Existing:
    """See `testbed.base.Testbed`. `up` only checks; `down` leaves the cluster as it is."""

    config: ExistingTestbed
    allow_context: str | None
    say: Callable[[str], None] = print

    @property
    def name(self) -> str:
        """Our name for it."""
        return self.config.name

    @property
    def kubeconfig(self) -> Path:
        """The named file, else what kubectl would read."""
        from nsm_resilience.testbed.connection import default_kubeconfig

        return self.config.kubeconfig or default_kubeconfig()

    @property
    def context(self) -> str:
        """The context named in the testbed's file."""
        return self.config.context

    def up(self) -> None:
        """Check that the user allowed this context and that its nodes can be used."""
        self.check_allowed()
        from nsm_resilience.testbed.api import NODES, Cluster
        from nsm_resilience.testbed.rights import missing_rights

        cluster = Cluster(self.kubeconfig, self.context)
        missing = missing_rights(cluster)
        if missing:
            raise TestbedError(
                f"the user of context `{self.context}` lacks rights: "
                f"{', '.join(map(str, missing))}; an administrator gives them, with what "
                "`nsm-resilience cluster rights` prints"
            )
        nodes = cluster.find(NODES, timeout_s=10)
        if not self.config.nodes:
            raise TestbedError(
                f"no nodes are named for `{self.context}`; write under `testbed:` in its file\n"
                + proposal(nodes)
            )
        wrong = {node: why_not(nodes, node) for pair in self.config.nodes for node in pair}
        lines = [f"  {node}: {why}" for node, why in wrong.items() if why]
        if lines:
            raise TestbedError("these nodes cannot be used:\n" + "\n".join(lines))

    def down(self) -> None:
        """Remove our namespaces and labels, nothing else."""
        self.check_allowed()
        from nsm_resilience.testbed.api import Cluster
        from nsm_resilience.testbed.lanes import remove_lanes

        remove_lanes(Cluster(self.kubeconfig, self.context), self.say)

    def check_allowed(self) -> None:
        """TestbedError unless the user has repeated the name of the context."""
        if self.allow_context != self.context:
            raise TestbedError(
                f"the cluster of context `{self.context}` is not one that we made: faults would be "
                f"injected there, and things removed; say so with --allow-context {self.context} "
                f"(for snakemake: --config allow_context={self.context})"
            )


def why_not(nodes: list[dict[str, Any]], name: str) -> str:
    """Why a node cannot be one of a lane's two; empty when it can."""
    from nsm_resilience.testbed.api import has_condition, labels_of, name_of

    node = next((n for n in nodes if name_of(n) == name), None)
    if node is None:
        return "is not there"
    if not has_condition(node, "Ready"):
        return "is not Ready"
    if node["spec"].get("unschedulable"):
        return "is cordoned"
    if any(taint["effect"] == "NoExecute" for taint in node["spec"].get("taints") or []):
        return "has a taint NoExecute, which would drive the client's pod away"
    labels = labels_of(node)
    for key, wanted in {"kubernetes.io/os": "linux", "kubernetes.io/arch": "amd64"}.items():
        if labels.get(key, wanted) != wanted:
            return f"is of {labels[key]}; NSM's images are for {wanted}"
    return ""


def proposal(nodes: list[dict[str, Any]]) -> str:
    """Pairs of workers as YAML for the testbed's file; says so when there are fewer than two."""
    from nsm_resilience.testbed.api import labels_of, name_of

    usable = sorted(
        name_of(node)
        for node in nodes
        if not why_not(nodes, name_of(node)) and CONTROL_PLANE not in labels_of(node)
    )
    pairs = list(zip(usable[::2], usable[1::2], strict=False))
    if not pairs:
        return f"(a lane needs two worker nodes; the cluster has {len(usable)} that can be used)"
    return "  nodes:\n" + "\n".join(f"    - [{client}, {end}]" for client, end in pairs)
