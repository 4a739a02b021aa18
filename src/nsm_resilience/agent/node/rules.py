# SPDX-License-Identifier: Apache-2.0
"""Rules in the node's own network that drop packets to or from an address.

Each has the comment `nsm-resilience-<name>`, by which the fault of that name, or a later agent,
finds and removes it. Incoming packets are dropped before all other rules (raw, PREROUTING);
outgoing ones after the translation of services' addresses, when the real destination is known
(filter, OUTPUT for the node, FORWARD for its pods).
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable

from netns import run_on_node

COMMENT = "nsm-resilience-"
FAMILIES = {4: "iptables", 6: "ip6tables"}
ROUNDS = 5
"""Rounds of removal: each removes one copy of a duplicate rule."""
TABLES = {"raw": ("PREROUTING",), "filter": ("OUTPUT", "FORWARD")}


NO_SUCH = re.compile(r"does not exist|No chain|[Nn]ot supported", re.ASCII)
"""Errors of iptables when the kernel lacks the table, or the whole family."""


def drop(targets: Iterable[tuple[str, int | None]], name: str) -> None:
    """Drop packets from and to addresses or networks; with a port, only its TCP.

    OSError when the node's iptables is missing or refuses the rules.
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

    OSError when iptables fails.
    """
    return [f"{FAMILIES[v]} {table} {rule}" for v, table, rule in _ours(name)]


def remove(name: str | None = None) -> list[str]:
    """Remove the rules of a name, or all of ours; returns the remaining ones.

    OSError when they cannot be removed or listed.
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
    """A table as the tool prints it; empty without the tool or the table.

    OSError for any other failure (a held lock, a timeout), which does not show the rules.
    """
    code, text, problem = run_on_node([tool, "-w", "5", "-t", table, "-S"])
    if code == 0:
        return text.splitlines()
    if code == 127 or (code != 126 and NO_SUCH.search(problem)):
        return []
    raise OSError(f"{tool} -t {table} on the node: {problem.strip() or f'exit code {code}'}")


def _restore(lines: Iterable[tuple[int, str, str]]) -> None:
    """Apply changes, each for a family and a table, in one step per table."""
    changes: dict[int, dict[str, list[str]]] = {}
    for version, table, line in lines:
        changes.setdefault(version, {}).setdefault(table, []).append(line)
    for version, tables in changes.items():
        text = "".join(f"*{t}\n" + "\n".join(rows) + "\nCOMMIT\n" for t, rows in tables.items())
        tool = f"{FAMILIES[version]}-restore"
        code, _, problem = run_on_node([tool, "-w", "5", "--noflush"], text=text)
        if code != 0:
            raise OSError(f"{tool} on the node: {problem.strip() or f'exit code {code}'}")
