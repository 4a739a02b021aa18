# SPDX-License-Identifier: Apache-2.0
"""Plain YAML with a few named substitutions (architecture.md, decision 8)."""

from __future__ import annotations

from importlib import resources
from string import Template

from nsm_resilience.systems.base import System
from nsm_resilience.testbed.base import Lane
from nsm_resilience.testbed.config import Images

CLIENT, ENDPOINT, SPARE = "client", "endpoint", "endpoint-spare"
"""Names of the workloads' pods: the established client, the endpoint, and one more of it."""


def values(system: System, lane: Lane, images: Images, plane: str) -> dict[str, str]:
    """The substitutions that all manifests of a system in a lane share."""
    named = system.images.needed(plane)
    return {
        "NAMESPACE": lane.namespace,
        "LANE": str(lane.number),
        "SERVICE": lane.service,
        "AGENT": images.agent,
        "ADDRESSES": system.addresses[ENDPOINT],
        **{key: images.of(system, image) for key, image in named.items()},
    }


def bystander(substitutions: dict[str, str]) -> str:
    """The manifest of an ordinary pod, which knows nothing of any system."""
    folder = resources.files("nsm_resilience.mesh") / "manifests"
    return Template((folder / "bystander.yaml").read_text()).substitute(substitutions)
