# SPDX-License-Identifier: Apache-2.0
"""The watchdog's earlier acts, kept on the node, so that its limits hold after its own restart.

Times are CLOCK_MONOTONIC, which continues as long as the machine runs. A file of another boot, or
an invalid one, is ignored: then earlier acts are unknown.
"""

from __future__ import annotations

import json
import os

from netns import HOST_ROOT
from policy import History

FILE = "/run/nsm-watchdog.json"
BOOT = "/proc/sys/kernel/random/boot_id"


def boot() -> str:
    """Id of the machine's boot."""
    with open(BOOT) as stream:
        return stream.read().strip()


def load() -> History:
    """Load the acts of this boot."""
    try:
        with open(HOST_ROOT + FILE) as stream:
            kept = json.load(stream)
        if kept["boot"] != boot():
            return History()
        acts = [(str(subject), float(at_s)) for subject, at_s in kept["acts"]]
        restarted = kept["restarted_s"]
        return History(acts, None if restarted is None else float(restarted))
    except (OSError, ValueError, KeyError, TypeError):
        return History()


def save(history: History) -> None:
    """Save the acts in one step; a failure does not prevent the act."""
    kept = {"boot": boot(), "acts": history.acts, "restarted_s": history.restarted_s}
    path = HOST_ROOT + FILE
    try:
        with open(f"{path}.new", "w") as stream:
            json.dump(kept, stream)
        os.replace(f"{path}.new", path)
    except OSError:
        return
