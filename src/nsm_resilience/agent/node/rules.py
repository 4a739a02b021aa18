# SPDX-License-Identifier: Apache-2.0
"""Rules in the node's own network that drop what goes to or comes from an address.

Each carries the comment `nsm-resilience-<name>`, by which it is found and removed by the fault of
that name, or by whoever comes later.
What comes in is dropped before anything else sees it (raw, PREROUTING); what goes out is dropped
where its real destination is known, after the translation of services' addresses (filter, OUTPUT
for the node, FORWARD for its pods).
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable

from netns import run_on_node

COMMENT = "nsm-resilience-"
FAMILIES = {4: "iptables", 6: "ip6tables"}
ROUNDS = 5
"""How often removing is tried: a rule that is there several times goes one at a time."""
TABLES = {"raw": ("PREROUTING",), "filter": ("OUTPUT", "FORWARD")}


NO_SUCH = re.compile(r"does not exist|No chain|[Nn]ot supported", re.ASCII)
"""What iptables says where the kernel has no such table, or nothing of such a family, at all."""


def drop(targets: Iterable[tuple[str, int | None]], name: str) -> None:
    """Drop what comes from and goes to addresses or networks; with a port, only its TCP.

    OSError when the node's iptables is not there or does not take the rules.
    """
    lines = []
    for target, port in targets:
        version = int(ipaddress.ip_network(target).version)
        for table, chains in TABLES.items():
            for chain in chains:
                side, end = ("s", "sport") if chain == "PREROUTING" else ("d", "dport")
                tcp = "" if port is None else f" -p tcp --{end} {port}"
                line = f"-I {chain} -{side} {target}{tcp} -m comment --comment {COMMENT}{name}"
                lines.append((version, table, f"{line} -j DROP"))
    _restore(lines)


def find(name: str | None = None) -> list[str]:
    """The rules of a name, or all of ours on this node, as `<tool> <table> -A …`.

    OSError when the node does not tell.
    """
    return [f"{FAMILIES[v]} {table} {rule}" for v, table, rule in _ours(name)]


def remove(name: str | None = None) -> list[str]:
    """Remove the rules of a name, or all of ours; returns what is left.

    OSError when they cannot be removed, or the node does not tell which there are.
    """
    for _ in range(ROUNDS):
        found = _ours(name)
        if not found:
            return []
        _restore((version, table, f"-D {rule[3:]}") for version, table, rule in found)
    return find(name)


def _ours(name: str | None) -> list[tuple[int, str, str]]:
    known = f"--comment {COMMENT}" + ("" if name is None else f"{name} ")
    found = []
    for version, tool in FAMILIES.items():
        for table in TABLES:
            rules = (line for line in _listed(tool, table) if line.startswith("-A "))
            found += [(version, table, r) for r in rules if known in r]
    return found


def _listed(tool: str, table: str) -> list[str]:
    """A table as the tool prints it; nothing where there is no such tool or no such table.

    Any other failure (another holds the lock, no answer in time) says nothing of what is there.
    """
    code, text, problem = run_on_node([tool, "-w", "5", "-t", table, "-S"])
    if code == 0:
        return text.splitlines()
    if code == 127 or (code != 126 and NO_SUCH.search(problem)):
        return []
    raise OSError(f"{tool} -t {table} on the node: {problem.strip() or f'exit code {code}'}")


def _restore(lines: Iterable[tuple[int, str, str]]) -> None:
    """Take changes, each of a family and a table, in one step for each table."""
    changes: dict[int, dict[str, list[str]]] = {}
    for version, table, line in lines:
        changes.setdefault(version, {}).setdefault(table, []).append(line)
    for version, tables in changes.items():
        text = "".join(f"*{t}\n" + "\n".join(rows) + "\nCOMMIT\n" for t, rows in tables.items())
        tool = f"{FAMILIES[version]}-restore"
        code, _, problem = run_on_node([tool, "-w", "5", "--noflush"], text=text)
        if code != 0:
            raise OSError(f"{tool} on the node: {problem.strip() or f'exit code {code}'}")
