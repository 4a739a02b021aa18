# SPDX-License-Identifier: Apache-2.0
"""Find and remove the residue of earlier trials on this node.

Order: {"act": "inspect" | "undo" | "free" | "wipe" | "leave", "programs", "state": [directories
whose content is NSM's], "files": [single files], "interfaces": [name patterns]}. `undo` only ends
the effects of faults: rules in the node's network, stopped processes, damaged sockets, interfaces
that are down; the acts after it in the list do that first. `free` continues and kills NSM's
processes that block the node (a device plugin that waits on a dead socket stops its kubelet from
starting or stopping any pod). `wipe` removes files and interfaces. `leave` wipes and also removes
the directories. One line: residue {"processes", "files", "interfaces", "rules", "stopped"}.
"""

from __future__ import annotations

import contextlib
import fnmatch
import json
import os
import shutil
import signal
import time
from typing import Any

import damage
import linkdown
import processes
import rules
import stopped
from lines import emit, order
from netns import HOST_ROOT, run_on_node


def interfaces(patterns: list[str]) -> list[str]:
    """Interfaces in the node's own network whose names match; none on a node without `ip`.

    OSError when `ip` fails.
    """
    code, text, problem = run_on_node(["ip", "-json", "-details", "link"])
    if code == 127:
        return []
    if code != 0:
        raise OSError(f"ip link on the node: {problem.strip() or f'exit code {code}'}")
    names = []
    try:
        links = json.loads(text or "[]")
    except ValueError as error:
        raise OSError(f"ip link on the node does not print JSON: {error}") from error
    for link in links:
        name = link.get("ifname", "")
        if any(fnmatch.fnmatch(name, pattern) for pattern in patterns):
            names.append(name)
    return sorted(names)


def residue(wanted: dict[str, Any]) -> dict[str, Any]:
    """Everything on this node that a clean node does not have."""
    files: list[str] = []
    for directory in wanted["state"]:
        for folder, _, names in os.walk(HOST_ROOT + directory):
            files.extend(os.path.join(folder, name)[len(HOST_ROOT) :] for name in names)
    files.extend(path for path in wanted["files"] if os.path.lexists(HOST_ROOT + path))
    if os.path.isdir(damage.SAFE):
        files.extend(
            os.path.join(damage.SAFE, n)[len(HOST_ROOT) :] for n in os.listdir(damage.SAFE)
        )
    found = processes.Finder(wanted["programs"]).find()
    return {
        "processes": {program: [p[0] for p in rows] for program, rows in found.items() if rows},
        "files": sorted(files),
        "interfaces": interfaces(wanted["interfaces"]),
        "rules": rules.find(),
        "stopped": stopped.left(),
    }


def signal_all(programs: list[str], number: int) -> None:
    """Signal every process of these programs that runs in a pod."""
    for rows in processes.Finder(programs).find().values():
        for pid, _, _ in rows:
            try:
                os.kill(pid, number)
            except OSError:
                continue


def undo_faults() -> None:
    """End the effects of faults on processes, sockets and the networks of the node and its pods.

    Effects that cannot be ended stay in the residue.
    """
    stopped.resume()
    with contextlib.suppress(OSError):
        damage.mend_all()
    with contextlib.suppress(OSError):
        linkdown.set_all_up()
    with contextlib.suppress(OSError):
        rules.remove()


def wipe(wanted: dict[str, Any]) -> None:
    """Remove files and interfaces. Directories stay, because pods mount them."""
    for directory in wanted["state"]:
        root = HOST_ROOT + directory
        for name in os.listdir(root) if os.path.isdir(root) else ():
            path = os.path.join(root, name)
            if os.path.isdir(path) and not os.path.islink(path):
                shutil.rmtree(path, ignore_errors=True)
            else:
                damage.forget(path)
    for path in wanted["files"]:
        damage.forget(HOST_ROOT + path)
    if not stopped.left():  # else the folder lists the stopped processes
        shutil.rmtree(damage.SAFE, ignore_errors=True)
    for name in interfaces(wanted["interfaces"]):
        run_on_node(["ip", "link", "delete", name])


def main() -> None:
    """Act, then report the residue."""
    wanted = order()
    if wanted["act"] != "inspect":
        undo_faults()
    if wanted["act"] in ("free", "wipe", "leave"):
        signal_all(wanted["programs"], signal.SIGCONT)
    if wanted["act"] == "free":
        signal_all(wanted["programs"], signal.SIGKILL)
        time.sleep(0.2)
    if wanted["act"] in ("wipe", "leave"):
        wipe(wanted)
    if wanted["act"] == "leave":
        for directory in wanted["state"]:
            shutil.rmtree(HOST_ROOT + directory, ignore_errors=True)
    emit("residue", t_ns=time.monotonic_ns(), **residue(wanted))


if __name__ == "__main__":
    main()
