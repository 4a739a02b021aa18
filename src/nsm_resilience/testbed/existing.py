# SPDX-License-Identifier: Apache-2.0
"""A cluster of somebody else, which the user names explicitly."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nsm_resilience.testbed.api import NODES, Cluster, has_condition, labels_of, name_of
from nsm_resilience.testbed.base import TestbedError
from nsm_resilience.testbed.config import ExistingTestbed
from nsm_resilience.testbed.connection import default_kubeconfig
from nsm_resilience.testbed.finding import Finding
from nsm_resilience.testbed.lanes import remove_lanes
from nsm_resilience.testbed.rights import missing_rights

CONTROL_PLANE = "node-role.kubernetes.io/control-plane"


@dataclass(frozen=True)
class Existing:
    """`up` only checks; `down` leaves the cluster as it is. Both may be repeated."""

    config: ExistingTestbed
    allow_context: str | None
    say: Callable[[str], None] = print

    @property
    def kubeconfig(self) -> Path:
        """The named file, else the kubeconfig of kubectl."""
        return self.config.kubeconfig or default_kubeconfig()

    @property
    def context(self) -> str:
        """The context named in the testbed's file."""
        return self.config.context

    def connect(self) -> None:
        """Check that the user allowed its context, before anything is read from it."""
        self.check_allowed()

    def up(self) -> None:
        """Check that the user allowed this context and that its nodes can be used."""
        self.check_allowed()
        found = look_at(self.config, Cluster(self.kubeconfig, self.context))
        lacking = [f"{f.what}: {f.found}; {f.remedy}" for f in found if f.level == "missing"]
        if lacking:
            raise TestbedError(
                f"the cluster of context `{self.context}` cannot be used:\n" + "\n".join(lacking)
            )

    def down(self) -> None:
        """Remove our namespaces and labels, nothing else."""
        self.check_allowed()
        remove_lanes(Cluster(self.kubeconfig, self.context), self.say)

    def check_allowed(self) -> None:
        """TestbedError unless the user has repeated the name of the context."""
        if self.allow_context != self.context:
            said = shlex.quote(self.context)
            raise TestbedError(
                f"the cluster of context `{self.context}` is not one that we made: faults would be "
                f"injected there, and things removed; say so with --allow-context {said} "
                f"(for snakemake: --config allow_context={said})"
            )


def look_at(config: ExistingTestbed, cluster: Cluster) -> Iterator[Finding]:
    """Rights, and the named nodes or a proposal; only reads from the cluster."""
    missing = [str(right) for right in missing_rights(cluster)]
    yield Finding(
        "missing" if missing else "ok", "rights",
        f"the user lacks {', '.join(missing)}" if missing else "all that a runner needs",
        "an administrator gives them, with what `nsm-resilience cluster rights` prints",
    )  # fmt: skip
    if "list nodes" in missing:
        return
    nodes = cluster.find(NODES, timeout_s=10)
    named = [node for pair in config.nodes for node in pair]
    wrong = [f"{node} {why}" for node in named if (why := why_not(nodes, node))]
    if named:
        yield Finding(
            "missing" if wrong else "ok", "nodes", ", ".join(wrong or named),
            "name others under `nodes:`",
        )  # fmt: skip
    else:
        told = f"write under `testbed:` in its file\n{proposal(nodes)}"
        yield Finding("missing", "nodes", "none are named", told)


def why_not(nodes: list[dict[str, Any]], name: str) -> str:
    """Why a node cannot be one of a lane's two; empty when it can."""
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
    usable = sorted(
        name_of(node)
        for node in nodes
        if not why_not(nodes, name_of(node)) and CONTROL_PLANE not in labels_of(node)
    )
    pairs = list(zip(usable[::2], usable[1::2], strict=False))
    if not pairs:
        return f"(a lane needs two worker nodes; the cluster has {len(usable)} that can be used)"
    return "  nodes:\n" + "\n".join(f"    - [{client}, {end}]" for client, end in pairs)
