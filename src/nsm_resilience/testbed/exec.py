# SPDX-License-Identifier: Apache-2.0
"""Run a command in a container through the API server, as `kubectl exec` does."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from kubernetes import client
from kubernetes.stream import stream

from nsm_resilience.testbed.api import ApiUnavailable, Cluster
from nsm_resilience.testbed.connection import make_stream_client


def run_in_pod(
    cluster: Cluster,
    namespace: str,
    pod: str,
    container: str,
    command: Sequence[str],
    timeout_s: float = 60,
) -> tuple[int, str]:
    """Exit code and output of a command.

    ApiException when it cannot be run, ApiUnavailable when it does not end in time, or is cut off.
    """
    # A separate client, because the library turns all calls of a client with a stream into streams.
    api = client.CoreV1Api(make_stream_client(cluster.kubeconfig, cluster.context))
    answer: Any = stream(
        api.connect_get_namespaced_pod_exec,
        pod,
        namespace,
        container=container,
        command=list(command),
        stdout=True,
        stderr=True,
        _preload_content=False,
    )
    try:
        return _ended(answer, f"{pod}: `{' '.join(command)}`", timeout_s)
    finally:
        answer.close()


def _ended(answer: Any, what: str, timeout_s: float) -> tuple[int, str]:
    try:
        answer.run_forever(timeout=timeout_s)
    except Exception as error:  # the library passes on any error of its sockets
        raise ApiUnavailable(f"{what} was cut off: {error}") from error
    if answer.is_open():
        raise ApiUnavailable(f"{what} did not end within {timeout_s:g} s")
    try:
        code = int(answer.returncode)  # before `read_all`, which drops it
    except (TypeError, KeyError, ValueError) as error:  # the container ended before the command
        raise ApiUnavailable(f"{what} ended without a word") from error
    return code, str(answer.read_all())
