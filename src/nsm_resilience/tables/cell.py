# SPDX-License-Identifier: Apache-2.0
"""The columns that name a cell of the study, and a trial of it, in every table.

A cell is a scenario with one level of each factor.
"""

from __future__ import annotations

from collections.abc import Mapping

from nsm_resilience.study.cells import LEVELS, Factors
from nsm_resilience.study.factors import level_name
from nsm_resilience.tables.columns import Column, count, text

COMPANY = ("alone", "side by side")

FACTOR_LEVELS = LEVELS

CELL = ("scenario", *FACTOR_LEVELS)

TREATMENTS = tuple(name for name in FACTOR_LEVELS if name != "watch")
"""Factors that may have an effect on the system; the length of the watch has none."""

DEFAULTS = {name: str(field.default) for name, field in Factors.model_fields.items()}
"""Level of each factor that an arm has when it names none."""


def is_usual(levels: Mapping[str, object], *but: str) -> bool:
    """Whether each factor except these has the level of an arm that names none.

    A factor that is added later counts, too: a cell at another level of it is not usual.
    """
    return all(levels[name] == usual for name, usual in DEFAULTS.items() if name not in but)


def usual_in_words(*but: str) -> str:
    """The cells that `is_usual` accepts, in words.

    >>> usual_in_words(*ASKED_AT_ANY)
    'first outage, no remedy'
    """
    names = (level_name(name, usual) for name, usual in DEFAULTS.items() if name not in but)
    return ", ".join(filter(None, names))


ASKED_AT_ANY = ("system", "plane", "client", "failure", "watch")
"""Factors at any level of which the claims of the paper are asked, on purpose."""


def is_asked_of_the_paper(levels: Mapping[str, object]) -> bool:
    """Whether the paper's verdict on a scenario is one on this cell.

    It says nothing of a system with a remedy, or of a second outage.
    """
    return is_usual(levels, *ASKED_AT_ANY)


def factor(name: str) -> Column:
    """The column of a factor."""
    return text(name, f"level of the factor {name}", one_of=FACTOR_LEVELS[name])


CAMPAIGN = text("campaign", "name of the campaign")
SCENARIO = text("scenario", "scenario of the study")
FACTORS = tuple(factor(name) for name in FACTOR_LEVELS)
NODE = text("node", "role of the node", one_of=("client", "endpoint"))

OF_ATTEMPT = (
    CAMPAIGN,
    text("trial", "<cell id>/<number>"),
    count("attempt", "attempt of this trial, from 1", least=1),
    SCENARIO,
)
"""The columns that name an attempt."""
