# SPDX-License-Identifier: Apache-2.0
"""Deletions through the API server, all at one instant of the runner's clock."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress

from kubernetes.client.exceptions import ApiException

from nsm_resilience.faults.base import ApiAction
from nsm_resilience.testbed.api import ApiUnavailable, Cluster


def start(
    actions: Sequence[ApiAction], at_ns: int, cluster: Cluster, report: Callable[[ApiAction], None]
) -> list[threading.Thread]:
    """Begin all of them at `at_ns` and their delay, each in a thread of its own.

    Each thread asks for its object before: its connection is open then, and no handshake comes
    between the instant and the request (on a busy runner handshakes took the skew over half a
    second).
    """

    def delete(one: ApiAction) -> None:
        delay = max(f.fault.delay_s for f in one.faults)
        # no answer now is no error: the deletion itself will report what is wrong
        with suppress(ApiException, ApiUnavailable):
            cluster.get(one.paths[0], timeout_s=5)
        time.sleep(max(0.0, (at_ns - time.monotonic_ns()) / 1e9 + delay))
        one.begin_ns = time.monotonic_ns()
        try:
            for path in one.paths:
                cluster.request("DELETE", path, timeout_s=5)
        except (ApiException, ApiUnavailable) as error:
            one.error = str(error)
        one.done_ns = time.monotonic_ns()
        report(one)

    threads = [threading.Thread(target=delete, args=(one,), daemon=True) for one in actions]
    for thread in threads:
        thread.start()
    return threads
