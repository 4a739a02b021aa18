# SPDX-License-Identifier: Apache-2.0
"""The columns that name a cell of the study, and a trial of it, in every table.

`CELL` are a scenario with one level of each factor.
"""

from __future__ import annotations

from nsm_resilience.study.cells import LEVELS
from nsm_resilience.tables.columns import Column

COMPANY = ("alone", "side by side")

FACTOR_LEVELS = LEVELS

CELL = ("scenario", *FACTOR_LEVELS)


def factor(name: str) -> Column:
    """The column of a factor."""
    return Column(name, "text", f"level of the factor {name}", one_of=FACTOR_LEVELS[name])


CAMPAIGN = Column("campaign", "text", "name of the campaign")
TRIAL = Column("trial", "text", "<cell id>/<number>")
ATTEMPT = Column("attempt", "integer", "attempt of this trial, from 1", least=1)
SCENARIO = Column("scenario", "text", "scenario of the study")
FACTORS = tuple(factor(name) for name in FACTOR_LEVELS)
