# SPDX-License-Identifier: Apache-2.0
"""Plain YAML with a few named substitutions (architecture.md, decision 8)."""

from __future__ import annotations

from importlib import resources
from string import Template

from nsm_resilience.mesh import system
from nsm_resilience.testbed.base import Lane
from nsm_resilience.testbed.config import Images


def values(lane: Lane, images: Images, plane: str) -> dict[str, str]:
    """The substitutions that all manifests of a lane share."""
    forwarder = {"kernel": "kernel-forwarder", "vpp": "vppagent-forwarder"}[plane]
    return {
        "NAMESPACE": lane.namespace,
        "LANE": str(lane.number),
        "SERVICE": lane.service,
        "NSMD": images.of("nsmd"),
        "NSMDP": images.of("nsmdp"),
        "NSMD_K8S": images.of("nsmd-k8s"),
        "FORWARDER": images.of(forwarder),
        "NSM_INIT": images.of("nsm-init"),
        "NSM_MONITOR": images.of("nsm-monitor"),
        "TEST_COMMON": images.of("test-common"),
        "AGENT": images.agent,
        "ADDRESSES": system.ADDRESSES[system.ENDPOINT],
    }


def render(name: str, substitutions: dict[str, str]) -> str:
    """A manifest with its substitutions; KeyError for one that is not given."""
    folder = resources.files("nsm_resilience.mesh") / "manifests"
    return Template((folder / name).read_text()).substitute(substitutions)
