# SPDX-License-Identifier: Apache-2.0
"""The description of a figure: words for those who do not see it, and its sources."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Description:
    """A figure's place in the chain from claim to log line.

    Attributes:
        name: stem of the SVG.
        notebook: percent notebook that draws it, relative to the repository.
        trials: ids of the trials it shows, in order, each once.
        drawn: False if the campaign has too few trials for it; `alt` then says what is missing.
    """

    name: str
    title: str
    alt: str
    notebook: str
    tables: tuple[str, ...]
    trials: tuple[str, ...]
    drawn: bool = True

    def sources(self, tables: str | Path) -> str:
        """List the tables and trials of the figure, for the end of a notebook."""
        files = "\n".join(f"  {Path(tables).as_posix()}/{name}.parquet" for name in self.tables)
        trials = _by_cell(self.trials)
        shown = "\n".join(f"  {cell}: {numbers}" for cell, numbers in trials.items()) or "  none"
        return f"{self.name}.svg\n tables\n{files}\n trials\n{shown}"


def _by_cell(trials: tuple[str, ...]) -> Mapping[str, str]:
    cells: dict[str, list[str]] = {}
    for trial in trials:
        cell, _, number = trial.rpartition("/")
        cells.setdefault(cell, []).append(number)
    return {cell: " ".join(numbers) for cell, numbers in cells.items()}
