# SPDX-License-Identifier: Apache-2.0
"""Log probe: copies the logs of one namespace's containers on this node.

It reads the node's own files, so that it needs neither API server nor kubelet, and keeps the log of
a container that was restarted or a pod that was deleted (container_log.py). Pods that exist at the
start belong to an earlier trial and are ignored.

When it is asked to end, it reads the bytes that exist then, for at most DRAIN_S seconds and up to
DRAIN_BYTES; unread bytes are counted. It also reports the node's wall clock (wall_clock.py), which
stamps the logs.

Order: {"namespace"}. Lines: log {"pod", "container", "data"}, gap {"t_ns", "since_ns", "pod",
"container", "bytes", "why"}, clock (see wall_clock.py); at the end ended {"t_ns", "bytes"}.
"""

from __future__ import annotations

import glob
import os
import time

from container_log import ContainerLog, Say
from foreign import text_of
from lines import Ending, emit, order
from netns import HOST_ROOT
from wall_clock import WallClock

LOOK_S = 0.1
"""Time between two rounds."""
LOOK_BYTES = 2 << 20
"""Most bytes of one file in a round."""
DRAIN_S = 3.0
DRAIN_BYTES = 32 << 20


class Follower:
    """The logs of all containers of a namespace's new pods."""

    def __init__(self, namespace: str) -> None:
        self.pods = f"{HOST_ROOT}/var/log/pods/{glob.escape(namespace)}_*"
        self.old = set(glob.glob(self.pods))
        self.logs: dict[str, ContainerLog] = {}
        self.read = 0
        self.found_ns = time.monotonic_ns()

    def find(self) -> None:
        """Start to follow new containers."""
        before_ns, self.found_ns = self.found_ns, time.monotonic_ns()
        for pod in glob.glob(self.pods):
            if pod in self.old:
                continue
            for folder in glob.glob(f"{glob.escape(pod)}/*/"):
                if folder not in self.logs:
                    self.logs[folder] = ContainerLog(folder, self._sayer(folder), before_ns)

    def look(self) -> bool:
        """Read new bytes; returns whether all were read."""
        self.find()
        whole = all([log.look(LOOK_BYTES) for log in self.logs.values()])
        self._tell_losses()
        return whole

    def drain(self) -> None:
        """Read the bytes that exist now, within bounds, and count the rest."""
        self.find()
        for log in self.logs.values():
            log.ask_for_the_end()
        end, most = time.monotonic() + DRAIN_S, self.read + DRAIN_BYTES
        while time.monotonic() < end and self.read < most and not self.look():
            pass
        why = f"it could not be read to its end within {DRAIN_S:g} s and {DRAIN_BYTES >> 20} MiB"
        for log in self.logs.values():
            log.end(why)
        self._tell_losses()

    def _sayer(self, folder: str) -> Say:
        pod, container = _names(folder)

        def say(data: bytes) -> None:
            self.read += len(data)
            emit("log", pod=pod, container=container, data=data.decode("utf-8", "replace"))

        return say

    def _tell_losses(self) -> None:
        for folder, log in self.logs.items():
            pod, container = _names(folder)
            for loss in log.losses:
                emit(
                    "gap", t_ns=time.monotonic_ns(), since_ns=loss.since_ns, pod=pod,
                    container=container, bytes=loss.lost, why=loss.why,
                )  # fmt: skip
            log.losses.clear()


def _names(folder: str) -> tuple[str, str]:
    """Pod and container of `…/<namespace>_<pod>_<uid>/<container>/`."""
    pod, container = folder.rstrip("/").rsplit("/", 2)[1:]
    parts = text_of(os.fsencode(pod)).split("_")
    return parts[1] if len(parts) > 1 else parts[0], text_of(os.fsencode(container))


def main() -> None:
    """Follow until asked to end, then read the last bytes."""
    wanted = order()
    ending = Ending()
    follower, clock = Follower(wanted["namespace"]), WallClock()
    while not ending.asked:
        clock.look()
        if follower.look():
            time.sleep(LOOK_S)
    follower.drain()
    clock.look(say=True)
    emit("ended", t_ns=time.monotonic_ns(), because="asked to stop", bytes=follower.read)


if __name__ == "__main__":
    main()
