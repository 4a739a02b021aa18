# SPDX-License-Identifier: Apache-2.0
"""The rights that a runner needs on somebody else's cluster, and the missing ones."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib import resources
from typing import Any

import yaml

from nsm_resilience.systems.base import System
from nsm_resilience.systems.known import SYSTEMS
from nsm_resilience.testbed.api import Cluster

REVIEWS = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
_LOADER = yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader
"""libyaml reads all manifests of all systems in a tenth of the time."""


@dataclass(frozen=True)
class Right:
    """One verb on one kind of resource, as in a rule of a ClusterRole."""

    verb: str
    resource: str
    group: str

    def __str__(self) -> str:
        """The right in kubectl's form, e.g. `create daemonsets.apps`."""
        return f"{self.verb} {self.resource}{f'.{self.group}' if self.group else ''}"


def runner_rights(systems: Iterable[System] = tuple(SYSTEMS.values())) -> str:
    """The ClusterRole that a runner needs for these systems, as YAML."""
    text = (resources.files("nsm_resilience.testbed") / "runner-rights.yaml").read_text()
    held = {right for rule in yaml.load(text, Loader=_LOADER)["rules"] for right in _of(rule)}
    lines = []
    for system in systems:
        added = []
        for rule in _needed_by(system):
            if not _holds(held, rule):
                added.append(rule)
                held |= set(_of(rule))
        if added:
            lines.append(f"  # {system.name}: its custom resources, and what its manifests give")
            lines += [f"  - {json.dumps(rule)}" for rule in added]
    return text + "".join(f"{line}\n" for line in lines)


def _needed_by(system: System) -> Iterator[dict[str, Any]]:
    """Rules for the objects of a system's manifests, and for the rights that these grant.

    Kubernetes lets an account grant only rights that it holds itself.
    """
    registry = system.registry
    yield _rule(registry.group, list(registry.plurals), ["*"])
    for name in system.manifests():
        text = system.render(name, defaultdict(lambda: "any"))
        for made in yaml.load_all(text, Loader=_LOADER):
            group = made["apiVersion"].rpartition("/")[0]
            yield _rule(group, [plural_of(made["kind"])], ["get", "create", "patch"])
            if made["kind"] in ("ClusterRole", "Role"):
                yield from (rule for rule in made["rules"] if "resources" in rule)


def _rule(group: str, kinds: list[str], verbs: list[str]) -> dict[str, Any]:
    return {"apiGroups": [group], "resources": kinds, "verbs": verbs}


def plural_of(kind: str) -> str:
    """The name of a kind in paths of the API.

    >>> plural_of("DaemonSet"), plural_of("NetworkPolicy"), plural_of("Ingress")
    ('daemonsets', 'networkpolicies', 'ingresses')
    """
    name = kind.lower()
    if name.endswith("y"):
        return f"{name.removesuffix('y')}ies"
    return f"{name}es" if name.endswith("s") else f"{name}s"


def _holds(held: set[Right], rule: dict[str, Any]) -> bool:
    return all(right in held or Right("*", right.resource, right.group) in held
               for right in _of(rule))  # fmt: skip


def needed_rights() -> list[Right]:
    """Every right of the runner's role once, in its order."""
    rules = yaml.load(runner_rights(), Loader=_LOADER)["rules"]
    return list(dict.fromkeys(right for rule in rules for right in _of(rule)))


def missing_rights(cluster: Cluster) -> list[Right]:
    """The rights that the kubeconfig's user lacks, according to the API server."""
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
    return cluster.ask(
        "POST", REVIEWS, lambda answer: bool(answer["status"]["allowed"]), body, timeout_s=10
    )
