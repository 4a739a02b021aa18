# SPDX-License-Identifier: Apache-2.0
"""Manifests as plain YAML with a few named substitutions (architecture.md, decision 8)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import resources
from string import Template
from typing import Any

import yaml

from nsm_resilience.systems.base import System
from nsm_resilience.testbed.base import Lane
from nsm_resilience.testbed.config import Images

CLIENT, ENDPOINT, SPARE = "client", "endpoint", "endpoint-spare"
"""Names of the workloads' pods: the established client, the endpoint, and a spare endpoint."""


def values(system: System, lane: Lane, images: Images, plane: str) -> dict[str, str]:
    """The common substitutions of all manifests of a system in a lane."""
    named = system.images.needed(plane)
    return {
        "NAMESPACE": lane.namespace,
        "LANE": str(lane.number),
        "SERVICE": lane.service,
        "AGENT": images.agent,
        "ADDRESSES": system.addresses[ENDPOINT],
        **{key: images.of(system, image) for key, image in named.items()},
    }


def rendered(
    system: System, manifest: str, substitutions: Mapping[str, str], images: Images
) -> str:
    """A system's manifest with its substitutions and the resources that the testbed declares."""
    text = system.render(manifest, substitutions)
    given = images.resources_of(system)
    if not given:
        return text
    documents = list(yaml.safe_load_all(text))
    for document in documents:
        for container in _containers(document):
            if container["name"] in given:
                own = given[container["name"]].model_dump(exclude_defaults=True)
                now = container.get("resources") or {}
                container["resources"] = now | {k: (now.get(k) or {}) | own[k] for k in own}
    return str(yaml.safe_dump_all(documents, sort_keys=False))


def _containers(document: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Every container of a pod, or of an owner of pods."""
    spec = document.get("spec") or {}
    pod = spec if document["kind"] == "Pod" else (spec.get("template") or {}).get("spec") or {}
    for key in ("initContainers", "containers"):
        yield from pod.get(key) or ()


def bystander(substitutions: dict[str, str]) -> str:
    """The manifest of an ordinary pod, independent of all systems."""
    folder = resources.files("nsm_resilience.mesh") / "manifests"
    return Template((folder / "bystander.yaml").read_text()).substitute(substitutions)
