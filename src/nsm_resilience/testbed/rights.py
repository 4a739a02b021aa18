# SPDX-License-Identifier: Apache-2.0
"""The rights that a runner needs on somebody else's cluster, and which of them it lacks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from importlib import resources
from typing import Any

import yaml

from nsm_resilience.testbed.api import Cluster

REVIEWS = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"


@dataclass(frozen=True)
class Right:
    """One verb on one kind of resource, as a rule of a ClusterRole gives it."""

    verb: str
    resource: str
    group: str

    def __str__(self) -> str:
        """As kubectl writes it, e.g. `create daemonsets.apps`."""
        return f"{self.verb} {self.resource}{f'.{self.group}' if self.group else ''}"


def runner_rights() -> str:
    """The ClusterRole that a runner needs, as YAML."""
    return (resources.files("nsm_resilience.testbed") / "runner-rights.yaml").read_text()


def needed_rights() -> list[Right]:
    """Every right of that role once, in its order."""
    rules = yaml.safe_load(runner_rights())["rules"]
    return list(dict.fromkeys(right for rule in rules for right in _of(rule)))


def missing_rights(cluster: Cluster) -> list[Right]:
    """Those that the user of the kubeconfig does not have; the API server itself is asked."""
    return [right for right in needed_rights() if not _has(cluster, right)]


def _of(rule: dict[str, Any]) -> Iterator[Right]:
    for group in rule["apiGroups"]:
        for resource in rule["resources"]:
            for verb in rule["verbs"]:
                yield Right(verb, resource, group)


def _has(cluster: Cluster, right: Right) -> bool:
    resource, _, part = right.resource.partition("/")
    wanted = {"verb": right.verb, "group": right.group, "resource": resource, "subresource": part}
    body = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectAccessReview",
        "spec": {"resourceAttributes": wanted},
    }
    answer = cluster.request("POST", REVIEWS, body, timeout_s=10)
    return bool(answer["status"]["allowed"])
