# SPDX-License-Identifier: Apache-2.0
"""Reading snapshots: the state of both nodes, the pods and NSM's registry at one moment."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from nsm_resilience.record.files import objects_in
from nsm_resilience.record.layout import RecordLayout
from nsm_resilience.record.reader import Record


def read_snapshot(record: Record, name: str) -> dict[str, Any]:
    """A snapshot by name (`before`, `fault`, `after`); RecordError when it cannot be read."""
    return record.object_in(RecordLayout(record.folder).snapshot(name))


def nsm_interfaces(network: Mapping[str, Any]) -> dict[int, str] | None:
    """NSM's interfaces in a pod, name by index; None when the snapshot does not say.

    They are all but the loopback and the pod network's own (which Kubernetes calls eth0).
    `network` is the pod's part of a node's snapshot.
    """
    found = network.get("interfaces")
    if not isinstance(found, list):
        return None
    return {i["index"]: i["name"] for i in found if i.get("name") not in ("lo", "eth0")}


_DEFAULT_REGISTRY = "docker.io"


@dataclass(frozen=True, order=True)
class Image:
    """A container image as the node's runtime named it.

    Attributes:
        registry: its source.
        sha256: digest without the algorithm's name; empty if none was recorded.
    """

    registry: str
    name: str
    tag: str
    sha256: str

    @property
    def id(self) -> str:
        """Identifier in the provenance of a build; equal images share it."""
        return f"#image/{self.name}:{self.tag}@{self.sha256[:16] or 'unknown'}"


def images_of(pods: Iterable[Mapping[str, Any]]) -> Iterator[Image]:
    """The image of every container of these pods, from their statuses."""
    for pod in pods:
        for kind in ("initContainerStatuses", "containerStatuses"):
            for status in objects_in(pod, kind):
                if status.get("image"):
                    yield parse_image(str(status["image"]), str(status.get("imageID") or ""))


def parse_image(name: str, digest: str = "") -> Image:
    """Split an image's name as the runtime writes it; the default registry is Docker's.

    >>> parse_image("docker.io/networkservicemesh/nsmd:v0.2.0", "x@sha256:ab").name
    'networkservicemesh/nsmd'
    """
    first, slash, rest = name.partition("/")
    if not slash or not (set(first) & {".", ":"} or first == "localhost"):
        first, rest = _DEFAULT_REGISTRY, name
    path, colon, tag = rest.rpartition(":")
    if not colon:
        path, tag = rest, ""
    return Image(first, path, tag, digest.rpartition("@")[2].removeprefix("sha256:"))
