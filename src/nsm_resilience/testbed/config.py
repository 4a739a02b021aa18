# SPDX-License-Identifier: Apache-2.0
"""The testbed as data (`config/testbed-*.yaml`): cluster, images, lanes."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from nsm_resilience.study.fault import Model, WrittenPath
from nsm_resilience.study.mistake import Mistake, repeated
from nsm_resilience.study.names import SystemName
from nsm_resilience.systems.base import Image, System
from nsm_resilience.systems.known import FIRST, SYSTEMS

KIND_VERSION = "v0.30.0"
"""The version of kind for which the default node image was published."""

NAME = r"^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$"
"""A DNS subdomain (RFC 1123): host names begin with it."""
Name = Annotated[str, StringConstraints(pattern=NAME, max_length=63)]
LONGEST_KIND_NAME = 63 - len("-control-plane")
"""Kind names nodes after the cluster, and a node's name is a host name and a label's value: 63
characters (RFC 1123; Kubernetes, "Labels and Selectors")."""


def _of_home(path: Path) -> Path:
    try:
        return path.expanduser()
    except RuntimeError as error:
        raise ValueError(f"`{path}`: {error}; write the path without `~`") from error


UserPath = Annotated[WrittenPath, AfterValidator(_of_home)]
"""A path that may begin with `~`, as in a shell."""


def _of_images(registry: str) -> str:
    if not registry or "://" in registry or registry.endswith("/"):
        raise ValueError(
            "a registry has no scheme and no slash at its end, for an image is "
            "`<registry>/<name>:<tag>`; write for example `registry: registry.example.org/nsm`"
        )
    return registry


ImageRegistry = Annotated[str, AfterValidator(_of_images)]
"""What stands before the name of an image, as a container runtime takes it."""


class Resources(Model):
    """Resources of a container instead of those in its manifest, in quantities of Kubernetes."""

    limits: dict[Literal["cpu", "memory"], str] = Field(default={}, examples=[{"cpu": "1"}])
    requests: dict[Literal["cpu", "memory"], str] = Field(default={}, examples=[{"cpu": "50m"}])


_OTHER = list(SYSTEMS.values())[-1]
_IMAGE = next(iter(_OTHER.images.always.values())).name
_CONTAINER = next(iter(_OTHER.components_by_name().values())).container
"""A system, one of its images and one of its containers, that schemas name as an example."""


class SystemImages(Model):
    """The source of one system's images, if it is not where they are published."""

    registry: ImageRegistry | None = Field(default=None, examples=["registry.example.org/nsm"])
    tag: str | None = Field(default=None, examples=[_OTHER.images.tag])
    named: dict[str, str] = Field(
        default={},
        examples=[{_IMAGE: f"registry.example.org/{_IMAGE}:{_OTHER.images.tag}"}],
        description="Full names, by the image's own name.",
    )
    resources: dict[str, Resources] = Field(
        default={},
        examples=[{_CONTAINER: {"limits": {"memory": "120Mi"}}}],
        description="By a container's name: its resources on a machine that is too small for those "
        "in its manifest, which are the system's own. Written into each record.",
    )


class Images(Model):
    """The source of the images of the systems under test.

    An image is `<registry>/<name>:<tag>`; both keys are those of the paper's system, and `systems`
    has those of others. `load` says how they reach the nodes: `pull` lets the nodes pull them,
    `docker` loads them from the local Docker engine, `archives` loads the files in `archives` (made
    with `docker save`).
    """

    registry: ImageRegistry = SYSTEMS[FIRST].images.registry
    tag: str = SYSTEMS[FIRST].images.tag
    systems: dict[SystemName, SystemImages] = Field(
        default={}, description="Of other systems, by their names."
    )
    load: Literal["pull", "docker", "archives"] = "pull"
    archives: tuple[UserPath, ...] = Field(default=(), examples=[["images/nsm.tar"]])
    agent: str = Field(
        default="docker.io/library/python:3.12-slim",
        description="Image of the node agent and the bystander: Python >= 3.9, nothing else.",
    )

    @model_validator(mode="after")
    def _containers_exist(self) -> Self:
        for name, own in self.systems.items():
            there = SYSTEMS[name].container_names()
            unknown = [container for container in own.resources if container not in there]
            if unknown:
                raise ValueError(
                    f"{name} has no container `{unknown[0]}`; write `resources` of one of: "
                    f"{', '.join(there)}"
                )
        return self

    def resources_of(self, system: System) -> Mapping[str, Resources]:
        """Resources of a system's containers that replace those of its manifests, by name."""
        return self.systems.get(system.name, SystemImages()).resources

    def of(self, system: System, image: Image) -> str:
        """Full name of one of a system's images."""
        own = self.systems.get(system.name, SystemImages())
        if image.name in own.named:
            return own.named[image.name]
        first = system.name == FIRST
        registry = self.registry if first else image.registry or system.images.registry
        tag = self.tag if first else image.tag or system.images.tag
        return f"{own.registry or registry}/{image.name}:{own.tag or tag}"

    def names(self, systems: Mapping[str, tuple[str, ...]]) -> list[str]:
        """Full names of the images that these planes of these systems need, each once."""
        found = [
            self.of(system, image)
            for system, planes in ((SYSTEMS[n], p) for n, p in systems.items())
            for plane in planes  # each alone, because both forwarders have the same key
            for image in system.images.needed(plane).values()
        ]
        return list(dict.fromkeys(found))


class KindTestbed(Model):
    """A kind cluster that we make and remove: one control plane, two workers for each lane."""

    type: Literal["kind"] = "kind"
    name: Annotated[str, StringConstraints(pattern=NAME, max_length=LONGEST_KIND_NAME)] = (
        "nsm-resilience"
    )
    node_image: str = (
        "kindest/node:v1.34.0"
        "@sha256:7416a61b42b1662ca6ca89f02028ac133a309a2a30ba309614e8ec94d976dc5a"
    )
    lanes: Annotated[int, Field(ge=1, le=16)] = 1
    images: Images = Images()

    def worker_pairs(self) -> list[tuple[str, str]]:
        """Nodes of each lane; kind calls workers `<name>-worker`, `<name>-worker2` and so on."""
        names = [f"{self.name}-worker{n if n > 1 else ''}" for n in range(1, 2 * self.lanes + 1)]
        return list(zip(names[::2], names[1::2], strict=True))


class ExistingTestbed(Model):
    """An existing cluster; only the named context is used, and it is never removed."""

    type: Literal["existing"]
    name: Name
    context: str = Field(
        examples=["my-context"],
        description="Name of the kubeconfig's context, written out for safety.",
    )
    kubeconfig: UserPath | None = Field(
        default=None,
        examples=["~/.kube/config"],
        description="Default: what kubectl reads, $KUBECONFIG or ~/.kube/config.",
    )
    nodes: tuple[tuple[str, str], ...] = Field(
        default=(),
        examples=[[["worker-1", "worker-2"]]],
        description="One pair [client's node, endpoint's node] for each lane; without any, "
        "`nsm-resilience doctor` proposes some.",
    )
    images: Images = Images()

    @model_validator(mode="after")
    def _usable(self) -> Self:
        twice = repeated(node for pair in self.nodes for node in pair)
        if twice:
            raise Mistake(
                f"nodes: {', '.join(map(str, twice))} is named twice; a lane needs two nodes of "
                "its own",
                *(("nodes", *divmod(n, 2)) for places in twice.values() for n in places),
            )
        if self.images.load != "pull":
            raise Mistake(
                f"images.load is `{self.images.load}`, but nothing can be loaded into the nodes of "
                "a cluster that we did not make; write `load: pull`, which also takes images that "
                "the nodes have already",
                ("images", "load"),
            )
        return self

    def worker_pairs(self) -> list[tuple[str, str]]:
        """Nodes of each lane, as the file names them."""
        return list(self.nodes)


class TestbedFile(Model):
    """A whole testbed file."""

    __test__ = False
    testbed: Annotated[KindTestbed | ExistingTestbed, Field(discriminator="type")] = Field(
        examples=[{"type": "kind", "name": "nsm-resilience", "lanes": 1}]
    )


def load_testbed(path: Path) -> KindTestbed | ExistingTestbed:
    """Load a testbed file; ConfigError with every mistake found."""
    from nsm_resilience.study.load import load_model

    return load_model(path, TestbedFile).testbed
