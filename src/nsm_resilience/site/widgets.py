# SPDX-License-Identifier: Apache-2.0
"""The timeline of the site inside a notebook, and a picker of trials around it."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterable
from html import escape
from pathlib import Path
from typing import Any

from nsm_resilience.judge.campaign import read_judgements
from nsm_resilience.judge.judgement import Judgement
from nsm_resilience.provenance.explain import explain
from nsm_resilience.site.attempt import attempt_page
from nsm_resilience.site.pages import render


def widgets_are_there() -> bool:
    """Say whether ipywidgets is installed; `make explore` installs it with JupyterLab."""
    return importlib.util.find_spec("ipywidgets") is not None


def find_judgement(verdicts_jsonl: Path, trial: str, attempt: int) -> Judgement:
    """Return the judgement of an attempt; LookupError says which attempts the trial has."""
    others = []
    for judgement in read_judgements(verdicts_jsonl):
        if judgement.trial == trial:
            if judgement.attempt == attempt:
                return judgement
            others.append(str(judgement.attempt))
    known = f"it has the attempts {', '.join(others)}" if others else "there is no such trial"
    raise LookupError(f"{trial}, attempt {attempt}: no verdict in {verdicts_jsonl}; {known}")


def walk(judgement: Judgement, campaign: Path) -> str:
    """One attempt as HTML: timeline as on its page of the site, then what `explain` prints."""
    page = attempt_page(judgement, campaign)
    identity = f"timeline-{judgement.trial}-{judgement.attempt}".replace("/", "-")
    drawn = (
        f"<p>{escape(page.no_drawing)}</p>"
        if page.drawing is None
        else render("alone.html.j2", drawing=page.drawing, identity=identity)
    )
    return f"{drawn}\n<pre>{escape(chr(10).join(explain(judgement, campaign)))}</pre>"


def picker(
    attempts: Iterable[tuple[str, int]], first: tuple[str, int], verdicts: Path, campaign: Path
) -> Any:
    """A widget with two menus, cell and trial, and the chosen attempt below.

    An attempt is given as its trial and its number.
    """
    import ipywidgets
    from IPython.display import HTML, display

    by_cell: dict[str, list[tuple[str, int]]] = {}
    for trial, attempt in attempts:
        by_cell.setdefault(trial.partition("/")[0], []).append((trial, attempt))

    def options(cell: str) -> list[tuple[str, tuple[str, int]]]:
        return [
            (f"{trial.partition('/')[2]}, attempt {attempt}", (trial, attempt))
            for trial, attempt in by_cell[cell]
        ]

    own = first[0].partition("/")[0]
    cells = ipywidgets.Dropdown(options=list(by_cell), value=own, description="cell")
    trials = ipywidgets.Dropdown(options=options(own), value=first, description="trial")
    shown = ipywidgets.Output()

    def show(_: object = None) -> None:
        chosen = find_judgement(verdicts, *trials.value)
        with shown:
            shown.clear_output(wait=True)
            # an output runs the script of the timeline, an HTML widget would not
            display(HTML(walk(chosen, campaign)))  # type: ignore[no-untyped-call]

    def change_cell(_: object) -> None:
        trials.options = options(cells.value)

    cells.observe(change_cell, "value")
    trials.observe(show, "value")
    show()
    return ipywidgets.VBox([ipywidgets.HBox([cells, trials]), shown])
