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

from nsm_resilience.agent.client import Agent
from nsm_resilience.record.checksums import left_behind
from nsm_resilience.testbed.api import (
    NAMESPACES,
    PATIENCE_S,
    ApiUnavailable,
    Cluster,
    name_of,
    wait_for,
)
from nsm_resilience.testbed.base import AGENT_NAMESPACE, Lane

_NAME = "nsm-resilience-agent"
_AGENTS = f"/apis/apps/v1/namespaces/{AGENT_NAMESPACE}/daemonsets/{_NAME}"
_SECRET = f"{NAMESPACES}/{AGENT_NAMESPACE}/secrets/{_NAME}"


def scripts(package: str = "nsm_resilience.agent") -> dict[str, str]:
    """The scripts that a package runs on nodes, by file name."""
    folder = resources.files(package) / "node"
    return {f.name: f.read_text() for f in folder.iterdir() if is_script(f.name)}


def is_script(name: str) -> bool:
    """Whether a file is one of ours; macOS puts `._agent.py` beside `agent.py` on some disks."""
    return name.endswith(".py") and not left_behind(name)


def code_map(name: str, namespace: str, code: dict[str, str]) -> tuple[str, str]:
    """(digest of scripts, manifest of a ConfigMap with the scripts, whose name has the digest)."""
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
    digest, code = _code()
    cluster.apply(Template(_manifest()).substitute(IMAGE=image, CODE=digest))
    _keep_token(cluster)
    cluster.apply(code)

    def all_run() -> bool:
        made = cluster.get(_AGENTS)
        state = made["status"]
        wanted = state.get("desiredNumberScheduled", 0)
        return bool(
            state.get("observedGeneration") == made["metadata"]["generation"]
            and wanted
            and state.get("updatedNumberScheduled") == wanted
            and state.get("numberReady") == wanted
        )

    try:
        wait_for("the node agent on every node", all_run, timeout_s)
    except ApiUnavailable as error:
        why = _why_waiting(cluster)
        if not why:
            raise
        raise ApiUnavailable(
            f"{error}. {why}. See that every node can have the image {image}, or name another "
            "one as `agent:` under `images:` in the testbed's file"
        ) from error


def why_replaced(cluster: Cluster, image: str) -> str:
    """Why `deploy` would replace the agents of a cluster; empty if it would not, or without any."""
    made = cluster.look(_AGENTS, timeout_s=10)
    if made is None:
        return ""
    pods = made["spec"]["template"]["spec"]
    there = pods["containers"][0]["image"]
    if there != image:
        return f"its agents have the image {there}, and yours would have {image}"
    if pods["volumes"][0]["configMap"]["name"] != f"{_NAME}-{_code()[0]}":
        return "its agents have the code of another version of this project"
    return ""


def _code() -> tuple[str, str]:
    """(digest, manifest) of the ConfigMap with the agents' scripts and their DaemonSet."""
    return code_map(_NAME, AGENT_NAMESPACE, {**scripts(), "agent.yaml": _manifest()})


def _manifest() -> str:
    return (resources.files("nsm_resilience.agent") / "agent.yaml").read_text()


def _why_waiting(cluster: Cluster) -> str:
    """Why an agent does not start, e.g. an image that cannot be pulled; empty when not known."""
    for pod in cluster.pods(AGENT_NAMESPACE, f"app={_NAME}"):
        for container in pod["status"].get("containerStatuses") or []:
            waiting = (container.get("state") or {}).get("waiting") or {}
            if waiting.get("reason"):
                said = " ".join(f"{waiting['reason']} {waiting.get('message') or ''}".split())
                return f"{pod['spec'].get('nodeName', 'a node')} says: {said[:300]}"
    return ""


def _keep_token(cluster: Cluster) -> None:
    """Create the secret that requests to the agent must carry, unless it exists."""
    if cluster.look(_SECRET) is None:
        body: dict[str, Any] = {
            "metadata": {"name": _NAME},
            "stringData": {"token": secrets.token_urlsafe(32)},
        }
        cluster.request("POST", _SECRET.rpartition("/")[0], body, timeout_s=PATIENCE_S)


def agents(cluster: Cluster, lane: Lane) -> dict[str, Agent]:
    """The agents of a lane's two nodes, by role."""
    token = base64.b64decode(cluster.get(_SECRET)["data"]["token"]).decode()
    # Running is enough: no pod is Ready on a node that is cut off or paused, and only the agent
    # can end that.
    by_node = {
        pod["spec"]["nodeName"]: name_of(pod)
        for pod in cluster.pods(AGENT_NAMESPACE, f"app={_NAME}")
        if not pod["metadata"].get("deletionTimestamp") and pod["status"]["phase"] == "Running"
    }
    missing = [node for node in lane.nodes.values() if node not in by_node]
    if missing:
        raise RuntimeError(
            f"no agent runs on {', '.join(missing)}; run `nsm-resilience cluster up` again"
        )
    return {role: Agent(cluster, node, by_node[node], token) for role, node in lane.nodes.items()}
