# SPDX-License-Identifier: Apache-2.0
"""Which workspace of NSM belongs to a pod.

nsmdp answers kubelet's Allocate with the workspace's folder on the node as a mount of the container
(k8s/cmd/nsmdp/nsmdp.go of NSM v0.2.0). Of a client without the sidecar only an init container had
it, and that has ended; but kubelet keeps the answers for as long as the pod is there, in its
checkpoint (PodDevicesEntry in pkg/kubelet/cm/devicemanager/checkpoint of Kubernetes; AllocResp is a
ContainerAllocateResponse of the device plugin API v1beta1).
"""

from __future__ import annotations

import base64
import fnmatch
import json
import os
from typing import Any

import foreign
import protobuf
from netns import HOST_ROOT

CHECKPOINT = "/var/lib/kubelet/device-plugins/kubelet_internal_checkpoint"
MOUNTS, HOST_PATH = 2, 2
"""Fields: ContainerAllocateResponse.mounts, Mount.host_path."""


def server_socket(pod_uid: str, resource: str, pattern: str) -> str:
    """Path on the node of the socket that NSM serves a pod's containers on.

    Args:
        pod_uid: Which pod.
        resource: Name of the device that stands for a workspace.
        pattern: Such a socket's path for any workspace, with `*` in the folder's name.

    Raises:
        LookupError: If kubelet gave the pod no workspace, or several; the text says which.
    """
    name = os.path.basename(pattern)
    found = sorted(
        {
            f"{folder.rstrip('/')}/{name}"
            for entry in _entries()
            if entry.get("PodUID") == pod_uid and entry.get("ResourceName") == resource
            for folder in _mounted(entry)
        }
    )
    paths = [path for path in found if fnmatch.fnmatch(path, pattern)]
    if len(paths) != 1:
        raise LookupError(f"kubelet gave pod {pod_uid} the workspaces {paths}, and one is expected")
    return paths[0]


def _entries() -> list[dict[str, Any]]:
    try:
        text = foreign.read(HOST_ROOT + CHECKPOINT).decode("utf-8", "replace")
        entries = json.loads(text)["Data"]["PodDeviceEntries"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        problem = f"{type(error).__name__}: {error}"
        raise LookupError(f"kubelet's checkpoint cannot be read: {problem}") from error
    return [entry for entry in entries or [] if isinstance(entry, dict)]


def _mounted(entry: dict[str, Any]) -> list[str]:
    try:
        answer = base64.b64decode(entry.get("AllocResp") or "")
        return [protobuf.text(mount, HOST_PATH) for mount in protobuf.messages(answer, MOUNTS)]
    except (ValueError, TypeError) as error:
        raise LookupError(f"an entry of kubelet's checkpoint makes no sense: {error}") from error
