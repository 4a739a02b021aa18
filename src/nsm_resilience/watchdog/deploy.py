# SPDX-License-Identifier: Apache-2.0
"""Install the watchdog beside NSM in a lane, and read its journal."""

from __future__ import annotations

import json
from dataclasses import dataclass
from importlib import resources
from string import Template
from typing import Any

from kubernetes.client.exceptions import ApiException

from nsm_resilience.agent.deploy import code_map
from nsm_resilience.agent.deploy import scripts as agent_scripts
from nsm_resilience.mesh.lifecycle import REMEDY as NAME
from nsm_resilience.study.models import Factors
from nsm_resilience.testbed.api import NAMESPACES, ApiUnavailable, Cluster, name_of, ready, wait_for
from nsm_resilience.testbed.base import Lane

PORT = 8601
SHARED = (
    "echo.py", "foreign.py", "grpc_stream.py", "lines.py", "netns.py", "processes.py",
    "protobuf.py", "sockets.py", "workspace.py",
)  # fmt: skip
"""Scripts of the node agent that the watchdog also uses."""


def scripts() -> dict[str, str]:
    """The watchdog's scripts by file name, with the shared ones of the node agent."""
    shared = agent_scripts()
    own = agent_scripts("nsm_resilience.watchdog")
    return own | {name: shared[name] for name in SHARED}


def contracts(lane: Lane, factors: Factors) -> dict[str, Any]:
    """The watchdog's configuration about NSM (watchdog/node/contracts.py)."""
    system = factors.under_test
    parts = factors.components
    whole = [name for name in parts if all(name in one for one in system.components.values())]
    return {
        "mode": factors.remedy,
        "namespace": lane.namespace,
        "components": [
            {
                "name": name,
                "app": parts[name].app,
                "main": parts[name].program,
                "serving": parts[name].serving,
            }
            for name in whole
        ],
        "sockets": [
            {"name": name, "pattern": socket.pattern, "owner": socket.owner}
            for name, socket in system.sockets.items()
        ],
        "peers": [
            {
                "component": peer.component,
                "known_to": peer.known_to,
                "socket": system.sockets[peer.socket].pattern,
                "dialler": parts[peer.dialler].serving if peer.dialler else "",
            }
            for peer in system.peers
        ],
        "interface": system.client_interface,
        "leftovers": list(system.leftovers),
        "device": system.listening["resource"],
        "workspace": system.listening["socket"],
    }


@dataclass(frozen=True)
class Watchdog:
    """The watchdog of one lane."""

    cluster: Cluster
    lane: Lane
    factors: Factors
    image: str

    def install(self, timeout_s: float = 60) -> None:
        """Start it on both nodes and wait until it is Ready. Raises ApiUnavailable."""
        digest, code = code_map(NAME, self.lane.namespace, scripts())
        manifest = (resources.files("nsm_resilience.watchdog") / "watchdog.yaml").read_text()
        values = {
            "NAMESPACE": self.lane.namespace,
            "LANE": str(self.lane.number),
            "AGENT": self.image,
            "CODE": digest,
            "CONTRACTS": json.dumps(contracts(self.lane, self.factors)),
        }
        self.cluster.apply(code)
        self.cluster.apply(Template(manifest).substitute(values))
        wait_for("the watchdog on both nodes", lambda: len(self.pods()) == 2, timeout_s)

    def pods(self) -> dict[str, str]:
        """Names of its Ready pods by the node's role."""
        roles = {node: role for role, node in self.lane.nodes.items()}
        found = self.cluster.pods(self.lane.namespace, f"app={NAME}")
        return {roles[p["spec"]["nodeName"]]: name_of(p) for p in found if ready(p)}

    def journal(self, pod: str, since: int) -> dict[str, Any]:
        """Entries of a pod's journal from a number on: {id, entries, next}.

        Raises ApiUnavailable when it does not answer.
        """
        path = f"{NAMESPACES}/{self.lane.namespace}/pods/{pod}:{PORT}/proxy/journal"
        try:
            answer: dict[str, Any] = self.cluster.request(
                "GET", f"{path}?since={since}", timeout_s=5
            )
        except ApiException as error:
            raise ApiUnavailable(f"the watchdog's journal in {pod}: {error.reason}") from error
        return answer
