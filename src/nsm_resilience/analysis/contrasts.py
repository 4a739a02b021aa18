# SPDX-License-Identifier: Apache-2.0
"""Contrasts: two sets of trials that differ in one named thing, matched by everything else.

The thing is a level of a factor, another property of trials (whether others ran beside them, say),
or the campaign. Within a campaign the first level in the order of the report is compared with each
other one. Between two campaigns the same cells are compared. If each campaign has only one level of
a factor, and the two levels differ (one forwarding plane each, say), the contrast is in that
factor, and cells are matched by all others; the row then names both campaigns, which differ too.
The length of the watch has no effect on the system, but on what is seen of it, and the usual watch
of one campaign can be longer than that of another. A path that came back late is then supported in
one and unsupported in the other. So only times from the fault to a first event are compared between
such campaigns, as far as the shorter watch reaches.

Campaigns are compared and never pooled: trials on one cluster share its state.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

from nsm_resilience.analysis.figures.cells import in_order, judged, levels_in_order
from nsm_resilience.tables.cell import CELL, TREATMENTS
from nsm_resilience.tables.contrasts import PROPERTIES

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Side:
    """One of the two sets: its level, its campaign, its judged trials."""

    level: str
    campaign: str
    trials: pd.DataFrame


@dataclass(frozen=True)
class Contrast:
    """Two sets of trials that differ in one thing.

    `first` is the reference; `cell` has the scenario and the level of each factor in both, None for
    the one that differs. `within_s` is the shorter watch in seconds if the two differ in it.
    """

    differs_in: str
    first: Side
    second: Side
    cell: Mapping[str, str | None]
    within_s: float | None = None

    @property
    def campaigns(self) -> tuple[str, ...]:
        """The campaigns of its trials: one or two."""
        return tuple(dict.fromkeys((self.first.campaign, self.second.campaign)))

    @property
    def unit(self) -> str:
        """The unit of resampling (`analysis.trial_units`)."""
        if len(self.campaigns) > 1:
            return "cluster"
        return "turn" if self.differs_in == "company" else "block"


def contrasts(trials: pd.DataFrame) -> Iterator[Contrast]:
    """Yield every contrast that the judged trials allow, in the order of the report.

    Args:
        trials: with the columns of `analysis.trial_units`.

    Raises:
        KeyError: a property is no column of the table; the message says where to write it.
    """
    own = in_order(judged(trials))
    campaigns = {
        name: own[own["campaign"] == name] for name in dict.fromkeys(map(str, trials["campaign"]))
    }
    for kind in (*TREATMENTS, *PROPERTIES):
        if kind not in own:
            raise KeyError(
                f"PROPERTIES of tables/contrasts.py names `{kind}`, which is no column of the "
                "table `trials`; add it in tables/trials.py, or leave it out there"
            )
        for name, part in campaigns.items():
            yield from _within(part, kind, name)
    for first, second in combinations(campaigns.values(), 2):
        yield from _between(first, second)


# --- which trials belong together -----------------------------------------------------------------


def _within(own: pd.DataFrame, kind: str, campaign: str) -> Iterator[Contrast]:
    """Trials of one campaign that differ in one factor or property alone."""
    others = [name for name in CELL if name != kind]
    for key, alike in own.groupby(others, sort=False):
        found = alike[kind].astype(str)
        levels = levels_in_order(kind, found[alike[kind].notna()])
        sides = [Side(level, campaign, alike[found == level]) for level in levels]
        cell: dict[str, str | None] = dict.fromkeys(CELL)
        cell.update(zip(others, map(str, key), strict=True))
        for side in sides[1:]:
            yield Contrast(kind, sides[0], side, cell)


def _between(first: pd.DataFrame, second: pd.DataFrame) -> Iterator[Contrast]:
    """Contrasts of the same cells, or of those that differ in the one factor of the campaigns."""
    if first.empty or second.empty:
        return
    names = [str(own["campaign"].iloc[0]) for own in (first, second)]
    throughout = differing_throughout(first, second)
    if len(throughout) > 1:
        return
    factor = throughout[0] if throughout else None
    shared = [name for name in CELL if name != factor]
    groups = [
        {tuple(map(str, key)): alike for key, alike in own.groupby(shared, sort=False)}
        for own in (first, second)
    ]
    for key, alike in groups[0].items():
        if key not in groups[1]:
            continue
        both = (alike, groups[1][key])
        levels = names if factor is None else [str(own[factor].iloc[0]) for own in both]
        cell: dict[str, str | None] = dict(zip(shared, key, strict=True))
        differs_in = factor or "campaign"
        if factor is not None:
            cell[factor] = None
            if levels[0] == levels[1]:  # a control, which has no failure
                cell[factor], differs_in, levels = levels[0], "campaign", names
        sides = [Side(*side) for side in zip(levels, names, both, strict=True)]
        watches = {float(seconds) for own in both for seconds in own["watch_window_s"]}
        within_s = min(watches) if len(watches) > 1 else None
        yield Contrast(differs_in, sides[0], sides[1], cell, within_s)


def differing_throughout(first: pd.DataFrame, second: pd.DataFrame) -> list[str]:
    """Factors of which each set of trials has one level only, and the two levels differ.

    The failure `none` does not count as a level: a control has no failure.
    """
    found = []
    for factor in TREATMENTS:
        levels = [set(own[factor]) - {"none"} if factor == "failure" else set(own[factor])
                  for own in (first, second)]  # fmt: skip
        if all(len(own) == 1 for own in levels) and levels[0] != levels[1]:
            found.append(factor)
    return found
