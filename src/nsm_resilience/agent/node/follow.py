# SPDX-License-Identifier: Apache-2.0
"""Log probe: copies what the node writes into the log files of one namespace's pods.

Read from the node's own files, so that it needs neither API server nor kubelet, and keeps the log
of a container that was restarted or a pod that was deleted. Files that are there at the start are a
former trial's and left alone. Order: {"namespace"}. Lines: log {"pod", "container", "data"}.
"""

from __future__ import annotations

import glob
import time
from typing import BinaryIO

from lines import Stop, emit, order, stop_on_term
from netns import HOST_ROOT

CHUNK = 256 * 1024


class Follower:
    """Remembers how far each file was read. A rotated file is read on by its handle."""

    def __init__(self, namespace: str) -> None:
        """Note what is there already."""
        self.pattern = f"{HOST_ROOT}/var/log/pods/{namespace}_*/*/*.log"
        self.old = set(glob.glob(self.pattern))
        self.open: dict[str, BinaryIO] = {}

    def find(self) -> None:
        """Open files that are new."""
        for path in glob.glob(self.pattern):
            if path not in self.open and path not in self.old:
                try:
                    self.open[path] = open(path, "rb")  # noqa: SIM115 - kept open on purpose
                except OSError:
                    continue

    def read(self) -> None:
        """Hand over whole lines that were added since the last time."""
        for path, stream in self.open.items():
            start = stream.tell()
            data = stream.read(CHUNK)
            end = data.rfind(b"\n") + 1
            stream.seek(start + end)
            if end:
                pod_folder, container, _file = path.rsplit("/", 3)[1:]
                emit(
                    "log",
                    pod=pod_folder.split("_")[1],
                    container=container,
                    data=data[:end].decode("utf-8", "replace"),
                )


def main() -> None:
    """Follow until stopped, then read what came last."""
    wanted = order()
    stop_on_term()
    follower = Follower(wanted["namespace"])
    try:
        while True:
            follower.find()
            follower.read()
            time.sleep(0.5)
    except Stop:
        follower.find()
        follower.read()
        emit("ended", t_ns=time.monotonic_ns(), because="asked to stop")


if __name__ == "__main__":
    main()
