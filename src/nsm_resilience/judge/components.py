# SPDX-License-Identifier: Apache-2.0
"""Changes of the components and sockets of both nodes, from their samples."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from nsm_resilience.judge.rules import to_s

if TYPE_CHECKING:
    import pandas as pd

ChangeKind = Literal["process", "restart", "ready", "socket"]
Rows = NDArray[np.intp]

STOPPED = frozenset("Tt")
"""States in /proc/<pid>/stat of a process that a signal or a debugger has stopped."""
DEAD = frozenset("ZXx")
"""States of a process that has ended and is still in the process table."""


@dataclass(frozen=True, slots=True)
class Change:
    """A new value of one property on one node.

    Attributes:
        node: `client` or `endpoint`.
        component: Component, or name of the socket (with its path where one name has several).
        t_s: Seconds from the fault; the first value is from just before it.
        what: `process` (`running 4711`, `stopped 4711`, `dead 4711`, `gone`), `restart` (the
            count), `ready` (`true`, `false`) or `socket` (`answers 99`, `silent 99`, `file 99`,
            `missing`; the number is the inode).
        value: The value from then on.
    """

    node: str
    component: str
    t_s: float
    what: ChangeKind
    value: str


def find_changes(
    components: pd.DataFrame, sockets: pd.DataFrame, begin_ns: int, end_ns: int
) -> tuple[Change, ...]:
    """First values at `begin_ns` and every change until `end_ns`, sorted by time.

    An unknown value (readiness while the API server is away) is no change.
    """
    found: list[Change] = []
    if len(components):
        found += _component_changes(components, begin_ns, end_ns)
    if len(sockets):
        found += _socket_changes(sockets, begin_ns, end_ns)
    return tuple(sorted(found, key=lambda c: (c.t_s, c.node, c.component, c.what)))


def key_codes(*columns: pd.Series) -> NDArray[np.int64]:
    """One number per row, the same for rows that agree in all columns, shape (rows,)."""
    import pandas as pd

    codes = np.zeros(len(columns[0]), dtype=np.int64)
    for column in columns:
        own, values = pd.factorize(column.to_numpy(dtype=object), use_na_sentinel=False)
        codes = codes * (len(values) + 1) + own
    return codes


def _component_changes(table: pd.DataFrame, begin_ns: int, end_ns: int) -> list[Change]:
    keys = key_codes(table["node"], table["component"])
    times = table["t_ns"].to_numpy(dtype=np.int64)
    pids = table["pid"].fillna(-1).to_numpy(dtype=np.int64)
    states = table["state"].fillna("").to_numpy(dtype=object)
    kinds = np.array([2 if s in STOPPED else 3 if s in DEAD else 1 for s in states], dtype=np.int64)
    kinds[pids < 0] = 0
    counts = table["restarts"].fillna(-1).to_numpy(dtype=np.int64)
    ready = table["ready"].fillna(False).to_numpy(dtype=np.int64)
    nodes, components = (table[c].to_numpy(dtype=object) for c in ("node", "component"))
    words = ("gone", "running {}", "stopped {}", "dead {}")

    def changes(
        what: ChangeKind, known: pd.Series, say: Callable[[int], str], *values: NDArray[np.int64]
    ) -> Iterator[Change]:
        rows = known.to_numpy(dtype=np.bool_)
        for row in changed_rows(keys, times, rows, begin_ns, end_ns, *values):
            t_s = to_s(times[row] - begin_ns)
            yield Change(str(nodes[row]), str(components[row]), t_s, what, say(row))

    def process(row: int) -> str:
        return words[kinds[row]].format(pids[row])

    return [
        *changes("process", table["t_ns"].notna(), process, pids, kinds),
        *changes("restart", table["restarts"].notna(), lambda row: str(counts[row]), counts),
        *changes("ready", table["ready"].notna(), lambda row: str(bool(ready[row])).lower(), ready),
    ]


def _socket_changes(table: pd.DataFrame, begin_ns: int, end_ns: int) -> list[Change]:
    keys = key_codes(table["node"], table["socket"], table["path"])
    times = table["t_ns"].to_numpy(dtype=np.int64)
    inodes = table["inode"].fillna(-1).to_numpy(dtype=np.int64)
    answers = table["answers"].fillna(False).to_numpy(dtype=np.int64)
    several = table.groupby("socket", observed=True)["path"].nunique()
    crowded = {str(name) for name, count in several.items() if count > 1}
    known = np.ones(len(table), dtype=np.bool_)
    values = (inodes, answers, key_codes(table["kind"]))
    found = []
    for row in changed_rows(keys, times, known, begin_ns, end_ns, *values):
        node, name, path, kind = (
            str(table[column].iloc[row]) for column in ("node", "socket", "path", "kind")
        )
        if kind == "socket":
            kind = "answers" if answers[row] else "silent"
        value = kind if kind == "missing" else f"{kind} {inodes[row]}"
        label = f"{name} {path}" if name in crowded else name
        found.append(Change(node, label, to_s(times[row] - begin_ns), "socket", value))
    return found


def changed_rows(
    keys: NDArray[np.int64],
    times: NDArray[np.int64],
    known: NDArray[np.bool_],
    begin_ns: int,
    end_ns: int,
    *values: NDArray[np.int64],
) -> Rows:
    """Rows at which a value of their key is new, for each key from its last row before `begin_ns`.

    Times are nanoseconds; all arrays have the shape (rows,).

    Args:
        keys: The thing that each row describes.
        known: Rows that have a value.
        values: A row is new when any of them differs from the row before.
    """
    chosen = np.flatnonzero(known & (times <= end_ns))
    order = chosen[np.lexsort((times[chosen], keys[chosen]))]
    if not len(order):
        return order
    key, time = keys[order], times[order]
    superseded = np.zeros(len(order), dtype=np.bool_)
    superseded[:-1] = (key[1:] == key[:-1]) & (time[1:] <= begin_ns)
    order = order[~superseded]
    new = np.ones(len(order), dtype=np.bool_)
    new[1:] = keys[order[1:]] != keys[order[:-1]]
    for value in values:
        new[1:] |= value[order[1:]] != value[order[:-1]]
    return order[new]


def successive(
    keys: NDArray[np.int64], times: NDArray[np.int64], known: NDArray[np.bool_]
) -> tuple[Rows, Rows]:
    """Consecutive known rows of one key, by time: the earlier and the later of each pair."""
    order = np.lexsort((times, keys))
    order = order[known[order]]
    alike = keys[order[1:]] == keys[order[:-1]]
    return order[:-1][alike], order[1:][alike]
