# SPDX-License-Identifier: Apache-2.0
"""Do a system's manifests create the parts that its description names, and in the right place?

Without these checks a mistake shows only in a trial: parts are never Ready, a fault finds no
target, or resources stay on a cluster after `down`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from nsm_resilience.systems.base import System

CLUSTER_WIDE = ("CustomResourceDefinition", "ClusterRole", "ClusterRoleBinding")
"""Kinds without a namespace, which are removed by their label (`mesh.prepare`)."""
LABEL, OURS = "app.kubernetes.io/part-of", "nsm-resilience"
"""That label, with its value."""


class _Named(dict[str, str]):
    """Values for all substitutions of a manifest: each is its own name."""

    def __missing__(self, name: str) -> str:
        return name


@dataclass(frozen=True)
class _Made:
    """The object of one document of a manifest.

    Attributes:
        file: The manifest.
        kind: Its kind.
        replicas: Number of its pods, where that is declared; else 1.
        meta: Its metadata, with name and namespace.
        pod: Specification of the pod that it is, or of its pods; empty without any.
        app: Label `app` of its pods.
        containers: Image of each of their containers, by its name.
        initial: Likewise of their init containers.
    """

    file: str
    kind: str
    replicas: object
    meta: Mapping[str, Any]
    pod: Mapping[str, Any]
    app: str
    containers: Mapping[str, str]
    initial: Mapping[str, str]

    @classmethod
    def of(cls, file: str, content: Mapping[str, Any]) -> _Made:
        """Read a document; KeyError, TypeError or AttributeError if it is no Kubernetes object."""
        kind, spec = str(content["kind"]), content.get("spec") or {}
        template = content if kind == "Pod" else spec.get("template") or {}
        labels = (template.get("metadata") or {}).get("labels") or {}
        meta = {"name": content["metadata"]["name"], **content["metadata"]}
        pod = template.get("spec") or {}
        containers, initial = (
            {str(one["name"]): str(one["image"]) for one in pod.get(key) or ()}
            for key in ("containers", "initContainers")
        )
        replicas = spec.get("replicas", 1)
        return cls(file, kind, replicas, meta, pod, str(labels.get("app")), containers, initial)

    def __str__(self) -> str:
        return f"manifests/{self.file}: {self.kind} `{self.meta['name']}`"

    def node(self, label: str) -> object:
        """The value of a node's label that its pods require; None for any."""
        return (self.pod.get("nodeSelector") or {}).get(f"nsm-resilience/{label}")


def problems_of_manifests(system: System) -> Iterator[str]:
    """Differences between a system's description and its manifests, each with what to write."""
    there: dict[str, list[_Made]] = {}
    for name in system.manifests():
        try:
            documents = yaml.safe_load_all(system.render(name, _Named()))
            there[name] = [_Made.of(name, one) for one in documents if one is not None]
        except (yaml.YAMLError, KeyError, TypeError, AttributeError) as error:
            yield f"manifests/{name} is none of Kubernetes: {' '.join(str(error).split())}"
            return
    every = [made for own in there.values() for made in own]
    shared = there[system.shared.manifest] if system.shared is not None else []
    pods = [made for made in every if made.kind == "Pod"]
    files: list[str] = []
    for plane in system.planes:
        own = [part.format(plane=plane) for part in system.parts]
        files += own
        parts = [made for file in own for made in there[file]]
        yield from _check_workloads(system, plane, parts)
        yield from _check_components(system, plane, parts, shared)
        yield from _check_images(system, plane, [*parts, *shared, *pods])
    for made in (*pods, *(made for file in dict.fromkeys(files) for made in there[file])):
        yield from _check_placement(made)
    for made in there[system.rights]:
        if made.meta.get("namespace") != "NAMESPACE" and "NAMESPACE" not in made.meta["name"]:
            yield f"{made} is one for all lanes; write `${{NAMESPACE}}` into its name"
    known = system.container_names()
    for made in every:
        if made.kind in CLUSTER_WIDE and (made.meta.get("labels") or {}).get(LABEL) != OURS:
            yield f"{made} would stay on a cluster; write `labels: {{{LABEL}: {OURS}}}`"
        for name in (*made.initial, *made.containers):
            if name not in known:
                yield f"{made}: write `- name: {name}`, and its `image:` in the line below"
    if system.sidecar is not None:
        yield from _check_sidecar(system.sidecar.container, there)


def _check_workloads(system: System, plane: str, parts: Iterable[_Made]) -> Iterator[str]:
    """The manifests create exactly `workloads`: a trial waits for all of their pods and wipes them.

    A trial finds the pods by their label `app`.
    """
    there = {f"{made.kind} {made.meta['name']}": made for made in parts if made.pod}
    wanted = [f"{workload.owner} {workload.name}" for workload in system.workloads]
    apps = {part.app for part in system.components[plane].values()}
    for name in wanted:
        if name not in there:
            yield (
                f"`workloads`: no manifest of the {plane} plane makes `{name}`; there are "
                f"{listed(there)}"
            )
    for name, made in there.items():
        if name not in wanted:
            yield f"{made} is none of `workloads`: {listed(wanted)}"
        if made.app not in apps:
            yield f"{made}: no component of the {plane} plane has its `app: {made.app}`"
        if made.kind == "Deployment" and made.replicas != 1:
            yield f"{made} has {made.replicas} pods, and a lane has one of it; write `replicas: 1`"


def _check_components(
    system: System, plane: str, parts: list[_Made], shared: list[_Made]
) -> Iterator[str]:
    there = {(made.app, name): made for made in (*parts, *shared) for name in made.containers}
    for name, part in system.components[plane].items():
        made = there.get((part.app, part.container))
        if made is None:
            yield (
                f"`{name}`: no pod of the {plane} plane with the label `app: {part.app}` has the "
                f"container `{part.container}`; there are {listed(map('/'.join, there))}"
            )
            continue
        if part.shared is not (made in shared):
            yield f"`{name}` is made by manifests/{made.file}; write `shared={made in shared}`"
        if made.kind == "DaemonSet" and (part.only_on or made.node("role")):
            yield (
                f"{made} has a pod on each of the two nodes, and a trial waits for both; leave "
                f"`only_on` of `{name}` and `nsm-resilience/role` out, or write `kind: Deployment`"
            )
        elif part.only_on not in (None, made.node("role")):
            yield (
                f"{made} makes `{name}`, which is on the {part.only_on}'s node alone; write "
                f"`nsm-resilience/role: {part.only_on}` into its `nodeSelector`"
            )
        elif made.kind == "Deployment" and part.only_on is None and not part.shared:
            yield (
                f"{made} makes `{name}` on one of the two nodes; write `only_on=` with the role of "
                "that node, and the role into its `nodeSelector`"
            )


def _check_images(system: System, plane: str, made: Iterable[_Made]) -> Iterator[str]:
    needed = system.images.needed(plane)
    used = {image for one in made for image in (*one.initial.values(), *one.containers.values())}
    for name in needed:
        if name not in used:
            yield f"`images`: nothing on the {plane} plane uses `${{{name}}}`; leave it out"
    for image in sorted(used - {*needed, "AGENT"}):
        yield f"the image `{image}` is none of `images`; write it there, and `${{NAME}}` for it"


def _check_placement(made: _Made) -> Iterator[str]:
    """The object is in the lane's namespace, and its pods are on the lane's nodes."""
    if made.meta.get("namespace") != "NAMESPACE":
        yield f'{made} is in no lane; write `namespace: "${{NAMESPACE}}"`'
    if made.kind == "Pod":
        if (made.meta["name"], made.pod.get("nodeName")) != ("POD", "NODE"):
            yield f"{made}: write `name: ${{POD}}` and `nodeName: ${{NODE}}`"
    elif made.pod and made.node("lane") != "LANE":
        yield (
            f"{made} is on nodes of other lanes, too; write `nsm-resilience/lane: "
            '"${LANE}"` into its `nodeSelector`'
        )


def _check_sidecar(container: str, there: Mapping[str, list[_Made]]) -> Iterator[str]:
    monitored, plain = (
        {name for made in there[f"client-{kind}.yaml"] for name in made.containers}
        for kind in ("monitored", "plain")
    )
    if monitored - plain != {container}:
        yield (
            f"`sidecar` is the container `{container}`, and beside those of client-plain.yaml "
            f"client-monitored.yaml has {listed(sorted(monitored - plain))}"
        )


def listed(names: Iterable[str]) -> str:
    """Names, each once, for a message."""
    return ", ".join(f"`{name}`" for name in dict.fromkeys(names)) or "none"
