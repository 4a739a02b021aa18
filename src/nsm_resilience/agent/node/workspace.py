# SPDX-License-Identifier: Apache-2.0
"""The workspace of NSM that belongs to a pod.

nsmdp answers kubelet's Allocate with the workspace's folder on the node as a mount of the container
(k8s/cmd/nsmdp/nsmdp.go of NSM v0.2.0). In a client without the sidecar only an init container had
that mount, and it has ended; but kubelet keeps the answers while the pod exists, in its checkpoint
(PodDevicesEntry in pkg/kubelet/cm/devicemanager/checkpoint of Kubernetes; AllocResp is a
ContainerAllocateResponse of the device plugin API v1beta1).
"""

from __future__ import annotations

import base64
import fnmatch
import json
import os
from collections.abc import Iterator

import foreign
import protobuf
from netns import HOST_ROOT

CHECKPOINT = "/var/lib/kubelet/device-plugins/kubelet_internal_checkpoint"
MOUNTS, HOST_PATH = 2, 2
"""Fields: ContainerAllocateResponse.mounts, Mount.host_path."""


def server_socket(pod_uid: str, resource: str, pattern: str) -> str:
    """Path on the node of the socket on which NSM serves a pod's containers.

    Args:
        pod_uid: The pod.
        resource: Name of the device that represents a workspace.
        pattern: Path of such a socket for any workspace, with `*` in the folder's name.

    Raises:
        LookupError: If kubelet gave the pod no workspace, or several, or its checkpoint cannot be
            read; the text says which.
    """
    name = os.path.basename(pattern)
    try:
        found = sorted({f"{folder.rstrip('/')}/{name}" for folder in _mounted(pod_uid, resource)})
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        problem = f"{type(error).__name__}: {error}"
        raise LookupError(f"kubelet's checkpoint cannot be read: {problem}") from error
    paths = [path for path in found if fnmatch.fnmatch(path, pattern)]
    if len(paths) != 1:
        raise LookupError(f"kubelet gave pod {pod_uid} the workspaces {paths}, and one is expected")
    return paths[0]


def _mounted(pod_uid: str, resource: str) -> Iterator[str]:
    """Folders of the node that kubelet mounts for a pod's device."""
    text = foreign.read(HOST_ROOT + CHECKPOINT).decode("utf-8", "replace")
    for entry in json.loads(text)["Data"]["PodDeviceEntries"] or []:
        if entry.get("PodUID") == pod_uid and entry.get("ResourceName") == resource:
            answer = base64.b64decode(entry.get("AllocResp") or "")
            for mount in protobuf.messages(answer, MOUNTS):
                yield protobuf.text(mount, HOST_PATH)
