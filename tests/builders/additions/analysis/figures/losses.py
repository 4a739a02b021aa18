# SPDX-License-Identifier: Apache-2.0
"""How many echoes each judged trial lost."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nsm_resilience.analysis import style
from nsm_resilience.analysis.figures.cells import judged
from nsm_resilience.analysis.figures.description import Description

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure


@style.styled
def draw_losses(trials: pd.DataFrame) -> Figure:
    """Draw a bar for each judged trial."""
    own = judged(trials)
    figure = style.new_figure(style.COLUMN_MM, 40)
    axes = figure.subplots()
    axes.bar(range(len(own)), own["replies_lost"].astype(float), color=style.INK)
    axes.set_xlabel("trial")
    axes.set_ylabel("echoes lost")
    return figure


def describe_losses(trials: pd.DataFrame) -> Description:
    """Say in words what the figure shows."""
    own = judged(trials)
    return Description(
        name="losses",
        title="Lost echoes",
        alt=f"Echoes lost in {len(own)} judged trials.",
        notebook="notebooks/outages.py",
        tables=("trials",),
        trials=tuple(own["trial"].drop_duplicates()),
        drawn=len(own) > 0,
    )
