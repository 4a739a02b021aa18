# SPDX-License-Identifier: Apache-2.0
"""Put the agent on every node of every lane, and find it there."""

from __future__ import annotations

import base64
import hashlib
import secrets
from importlib import resources
from string import Template
from typing import Any

import yaml
from kubernetes.client.exceptions import ApiException

from nsm_resilience.agent.client import Agent
from nsm_resilience.testbed.api import Cluster, wait_for
from nsm_resilience.testbed.base import AGENT_NAMESPACE, Lane

_NAME = "nsm-resilience-agent"


def scripts() -> dict[str, str]:
    """The agent's scripts by file name."""
    folder = resources.files("nsm_resilience.agent") / "node"
    return {f.name: f.read_text() for f in folder.iterdir() if f.name.endswith(".py")}


def code_map(name: str, namespace: str, code: dict[str, str]) -> tuple[str, str]:
    """(digest of scripts, manifest of the ConfigMap that holds them, named by that digest)."""
    digest = hashlib.sha256(repr(sorted(code.items())).encode()).hexdigest()[:16]
    manifest = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": f"{name}-{digest}", "namespace": namespace},
        "data": code,
    }
    return digest, yaml.safe_dump(manifest)


def deploy(cluster: Cluster, image: str, timeout_s: float = 120) -> None:
    """Install or refresh the agent and wait until it runs on every node of a lane."""
    manifest = (resources.files("nsm_resilience.agent") / "agent.yaml").read_text()
    digest, code = code_map(_NAME, AGENT_NAMESPACE, scripts())
    cluster.apply(Template(manifest).substitute(IMAGE=image, CODE=digest))
    _keep_token(cluster)
    cluster.apply(code)

    def all_run() -> bool:
        state = cluster.apps.read_namespaced_daemon_set(_NAME, AGENT_NAMESPACE)
        return bool(
            state.status.observed_generation == state.metadata.generation
            and state.status.desired_number_scheduled
            and state.status.updated_number_scheduled == state.status.desired_number_scheduled
            and state.status.number_ready == state.status.desired_number_scheduled
        )

    wait_for("the node agent on every node", all_run, timeout_s)


def _keep_token(cluster: Cluster) -> None:
    """Make the secret that requests to the agent must carry, unless it is there."""
    try:
        cluster.core.read_namespaced_secret(_NAME, AGENT_NAMESPACE)
    except ApiException as error:
        if error.status != 404:
            raise
        body: dict[str, Any] = {
            "metadata": {"name": _NAME},
            "stringData": {"token": secrets.token_urlsafe(32)},
        }
        cluster.core.create_namespaced_secret(AGENT_NAMESPACE, body)


def _runs(pod: Any) -> bool:
    return pod.metadata.deletion_timestamp is None and pod.status.phase == "Running"


def agents(cluster: Cluster, lane: Lane) -> dict[str, Agent]:
    """The agents of a lane's two nodes, by role."""
    secret = cluster.core.read_namespaced_secret(_NAME, AGENT_NAMESPACE)
    token = base64.b64decode(secret.data["token"]).decode()
    # Running is enough: on a node that is cut off or paused no pod is Ready, and it is the agent
    # that can end that.
    pods = [p for p in cluster.pods(AGENT_NAMESPACE, f"app={_NAME}") if _runs(p)]
    by_node = {pod.spec.node_name: pod.metadata.name for pod in pods}
    missing = [node for node in lane.nodes.values() if node not in by_node]
    if missing:
        raise RuntimeError(
            f"no agent runs on {', '.join(missing)}; run `nsm-resilience cluster up` again"
        )
    return {role: Agent(cluster, node, by_node[node], token) for role, node in lane.nodes.items()}
