# SPDX-License-Identifier: Apache-2.0
"""What was done on this node, kept on it: a watchdog that is restarted keeps to its limits.

Times are CLOCK_MONOTONIC, which goes on while the machine does. A file of another boot, or one that
makes no sense, is forgotten: then nothing is known of former acts.
"""

from __future__ import annotations

import json
import os

from netns import HOST_ROOT
from policy import History

FILE = "/run/nsm-watchdog.json"
BOOT = "/proc/sys/kernel/random/boot_id"


def boot() -> str:
    """Which boot of the machine this is."""
    with open(BOOT) as stream:
        return stream.read().strip()


def load() -> History:
    """The acts of this boot."""
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
    """Keep them, as a whole or not at all; what cannot be kept is done all the same."""
    kept = {"boot": boot(), "acts": history.acts, "restarted_s": history.restarted_s}
    path = HOST_ROOT + FILE
    try:
        with open(f"{path}.new", "w") as stream:
            json.dump(kept, stream)
        os.replace(f"{path}.new", path)
    except OSError:
        return
