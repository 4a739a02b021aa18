# SPDX-License-Identifier: Apache-2.0
"""Cells in figures: their order and their labels.

A label names the scenario, what is broken, and the factors that distinguish the cell: those that
differ within the table shown, or have a level that a reader would not assume.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from nsm_resilience.study.cells import Cell, Factors
from nsm_resilience.study.factors import FACTORS as WORDS
from nsm_resilience.study.factors import level_name
from nsm_resilience.systems.known import are_all, parts_named, placed_by_itself
from nsm_resilience.tables.attempts import JUDGED, that_count
from nsm_resilience.tables.cell import CELL, DEFAULTS

if TYPE_CHECKING:
    import pandas as pd

    from nsm_resilience.study.models import Scenario, Study

FACTORS = CELL[1:]
"""Columns of a cell but the scenario."""

_NODES = {
    frozenset({"client"}): "client\u2019s node",
    frozenset({"endpoint"}): "endpoint\u2019s node",
    frozenset({"client", "endpoint"}): "both nodes",
}
_ALWAYS_NAMED = ("plane", "client", "failure")
"""Factors whose level is always in a cell's name."""
USUAL_NAMES = tuple(level_name(n, DEFAULTS[n]) for n in FACTORS if n not in _ALWAYS_NAMED)
"""Names of levels that a cell's name leaves out: most cells have them."""

USUAL_LEVELS = {n: s for n, s in DEFAULTS.items() if n not in ("system", "plane", "failure")}
"""Levels that most cells have, for factors whose default is the same for every scenario."""

IMPLIED: Mapping[str, tuple[str, ...]] = {
    "failure": ("none", "kill", "replace"),
    **{name: (level,) for name, level in USUAL_LEVELS.items()},
}
"""Levels that a label may leave out, because a reader assumes them (issue 18.4)."""

_LEVELS = {name: tuple(said.levels) for name, said in WORDS.items()}
"""Levels in the order of the report, defaults first."""


def in_order(table: pd.DataFrame) -> pd.DataFrame:
    """Sort rows by cell: plane, scenario (S2 before S10), then the other factors, defaults first.

    Rows of one cell keep their order; a level unknown here comes last.
    """
    first = ["system", "plane", "scenario"]
    keys = [*first, *(name for name in FACTORS if name not in first)]
    ranks = table[list(CELL)].copy()
    for name, levels in _LEVELS.items():
        known = {level: rank for rank, level in enumerate(levels)}
        ranks[name] = ranks[name].map(lambda level, known=known: known.get(level, len(known)))
    ranks["scenario"] = ranks["scenario"].map(natural)
    order = ranks.sort_values(keys, kind="stable").index
    return table.loc[order].reset_index(drop=True)


def judged(trials: pd.DataFrame) -> pd.DataFrame:
    """Return the trials that count in n: supported or unsupported."""
    own = that_count(trials)
    return own[own["verdict"].isin(JUDGED)]


def natural(text: str) -> tuple[tuple[int, str], ...]:
    """Return a key that sorts S2 before S10."""
    parts = re.findall(r"\d+|\D+", text)
    return tuple((int(part), "") if part.isdigit() else (-1, part) for part in parts)


def cell_id(row: Mapping[str, str]) -> str:
    """Return a cell's id as the study forms it, e.g. `S9-kernel-plain-delete`."""
    factors = Factors.model_validate({name: row[name] for name in FACTORS})
    return Cell(scenario=row["scenario"], factors=factors).id


def cell_labels(cells: pd.DataFrame, names: Mapping[str, str]) -> list[str]:
    """Return one label per row: what is broken and where, and the levels that distinguish it."""
    labels = []
    shared_planes = cells["plane"].nunique() > 1
    for _, row in cells.iterrows():
        siblings = cells[(cells["scenario"] == row["scenario"]) & (cells["plane"] == row["plane"])]
        apart = [
            level_name(name, row[name])
            for name in ("system", *IMPLIED)
            if siblings[name].nunique() > 1 or row[name] not in IMPLIED.get(name, (row[name],))
        ]
        name = names.get(row["scenario"], "")
        label = f"{row['scenario']} {name}".strip()
        if shared_planes:
            label += f" ({level_name('plane', row['plane'])})"
        labels.append(f"{label}: {', '.join(apart)}" if apart else label)
    return labels


def levels_in_order(name: str, levels: Iterable[str]) -> list[str]:
    """Return levels of a factor, or of another column, each once: defaults first, then by name."""
    rank = {level: at for at, level in enumerate(_LEVELS.get(name, ()))}
    return sorted(set(levels), key=lambda level: (rank.get(level, len(rank)), natural(level)))


def short_names(study: Study) -> dict[str, str]:
    """Return what is broken and where by scenario id, in a few words from the faults declared."""
    return {scenario.id: _broken(scenario) for scenario in study.scenarios}


def _socket(name: str) -> str:
    """A socket in words; one with the name of a component is called a socket."""
    if name == "all":
        return "all sockets"
    return f"socket of {name}" if parts_named(name) else name


def _broken(scenario: Scenario) -> str:
    if not scenario.faults:
        return "no fault"
    if not all(f.component or f.socket for f in scenario.faults):
        return f"{scenario.title}, {scenario.where}"
    components = list(dict.fromkeys(f.component for f in scenario.faults if f.component))
    sockets = list(dict.fromkeys(f.socket for f in scenario.faults if f.socket))
    placed = (f.node or (placed_by_itself(f.component) if f.component else None)
              for f in scenario.faults)  # fmt: skip
    nodes = _NODES.get(frozenset(role for role in placed if role), scenario.where)
    targets = ["all components"] if are_all(components) else list(components)
    targets += [_socket(socket) for socket in sockets]
    if not targets:
        return scenario.title
    return f"{' + '.join(targets)}, {nodes}"
