# SPDX-License-Identifier: Apache-2.0
"""A campaign with a remedy as a factor: every cell of every arm, and each against its own without.

Arms are compared cell by cell, a cell with a remedy against the one that differs in nothing else;
where that one was not judged, nothing is compared. The nine are counted at their defaults (one
cell each, as in claim C0); other cells of theirs are a group of their own, so that no attempt is
missing from a sum over the groups.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from nsm_resilience.analysis.effects import Effect, blocks_of, effects_of
from nsm_resilience.analysis.figures.cells import (
    cell_id,
    counted,
    in_order,
    levels_in_order,
)
from nsm_resilience.tables.attempts import APART, JUDGED
from nsm_resilience.tables.remedies import ARMS, GROUPS, REMEDIES
from nsm_resilience.tables.scenarios import default_cell
from nsm_resilience.tables.schemas import CELL
from nsm_resilience.tables.significance import significance_row

if TYPE_CHECKING:
    import pandas as pd

    from nsm_resilience.analysis.differences import Difference
    from nsm_resilience.analysis.statistics import Interval
    from nsm_resilience.study.models import Scenario, Study

Row = dict[str, Any]

_EFFECTS = {"outage": "outage", "detected": "shown", "notified": "told"}
"""The names under which `analysis.effects` has the times of `TIMES`."""


def remedy_table(trials: pd.DataFrame, scenarios: pd.DataFrame, study: Study) -> pd.DataFrame:
    """Return table `remedies`, typed and checked, in the order of the report.

    Args:
        trials: table `trials` of one campaign.
        scenarios: its table `scenarios`.
        study: the study that was run.
    """
    declared = {scenario.id: scenario for scenario in study.scenarios}
    own = counted(trials)
    pairs = {
        pair.cells[1]: pair
        for pair in effects_of(trials, "remedy", blocks_of(study))
        if pair.reference == "none"
    }
    rows = [
        _row(row, declared[row["scenario"]], trials, own, pairs.get(cell_id(row)))
        for row in _named(in_order(scenarios))
    ]
    return REMEDIES.frame(rows)


def arm_table(trials: pd.DataFrame, remedies: pd.DataFrame) -> pd.DataFrame:
    """Return table `arms`, typed and checked: a row for each group, plane and remedy that is there.

    Args:
        trials: table `trials` of one campaign.
        remedies: its table `remedies`.
    """
    counts = _named(remedies)
    rows = []
    for group in GROUPS:
        for plane in levels_in_order("plane", remedies["plane"]):
            for remedy in levels_in_order("remedy", remedies["remedy"]):
                cells = [
                    row
                    for row in counts
                    if (row["group"], row["plane"], row["remedy"]) == (group, plane, remedy)
                ]
                if cells:
                    of = {"campaign": cells[0]["campaign"], "group": group, "plane": plane}
                    rows.append({**of, "remedy": remedy, **_arm(cells, trials)})
    return ARMS.frame(rows)


def is_default_but_remedy(row: Mapping[str, Any], scenario: Scenario) -> bool:
    """Whether a cell has the default of every factor but the plane and the remedy."""
    bare = {**row, "remedy": "none"}
    return cell_id(bare) == default_cell(scenario, row["plane"]).id


def group_of(row: Mapping[str, Any], scenario: Scenario) -> str:
    """Which of `GROUPS` a cell is of."""
    if "C0" in scenario.claims:
        return "nine" if is_default_but_remedy(row, scenario) else "levels"
    return "control" if scenario.is_control else "beyond"


def _named(table: pd.DataFrame) -> list[Row]:
    return [{str(name): value for name, value in row.items()} for row in table.to_dict("records")]


def _of_cell(trials: pd.DataFrame, row: Mapping[str, Any]) -> pd.DataFrame:
    return trials[(trials[list(CELL)] == [row[name] for name in CELL]).all(axis=1)]


def _row(
    row: Mapping[str, Any],
    scenario: Scenario,
    trials: pd.DataFrame,
    own: pd.DataFrame,
    pair: Effect | None,
) -> Row:
    complete = _of_cell(own, row)
    judged = complete[complete["verdict"].isin(JUDGED)]
    return {
        **{name: row[name] for name in ("campaign", *CELL, "title", "source")},
        "group": group_of(row, scenario),
        "control": scenario.is_control,
        **{name: row[name] for name in ("n", "k", "verdict", "attempts", *APART)},
        **{name: row[name] for name in ("wilson_low", "wilson_high", "censored")},
        "interrupted": int((judged["path_verdict"] != "alive").sum()),
        "outage_median_s": row["outage_median_s"],
        "outage_low_s": row["outage_median_low_s"],
        "outage_high_s": row["outage_median_high_s"],
        **_seen(judged, "detected"),
        **_seen(judged, "notified"),
        **_watchdog(_of_cell(trials, row), judged, str(row["remedy"])),
        **_against_none(pair),
    }


def _seen(judged: pd.DataFrame, measure: str) -> Row:
    times = judged[f"{measure}_s"].dropna().astype(float)
    return {
        measure: len(times),
        f"{measure}_unknown": int(judged[f"{measure}_unknown"].notna().sum()),
        f"{measure}_median_s": _median(times),
    }


def _watchdog(attempts: pd.DataFrame, judged: pd.DataFrame, remedy: str) -> Row:
    """What the watchdog found in judged trials, and the harm of every attempt in which it ran.

    A watchdog that spoils a trial makes it void or unknown: were harm counted in judged trials
    alone, it would vanish there.
    """
    ran = _with_watchdog(attempts)
    if remedy == "none" or ran.empty:
        empty = ("found", "acts_failed", "alarmed", "cut", "cut_known")
        times = ("found_median_s", "acts_per_trial")
        return {"watched": 0, **dict.fromkeys(empty), **dict.fromkeys(times, math.nan)}
    found = judged["watchdog_found_s"].dropna().astype(float)
    acts = int(judged["watchdog_acts"].sum())
    return {
        "watched": len(ran),
        "found": len(found),
        "found_median_s": _median(found),
        "acts_per_trial": _rounded(acts / len(judged)) if len(judged) else math.nan,
        "acts_failed": int(ran["watchdog_acts_failed"].sum()),
        "alarmed": int((ran["watchdog_false_alarms"] > 0).sum()),
        "cut": int(ran["watchdog_cut"].eq(True).fillna(False).sum()),
        "cut_known": int(ran["watchdog_cut"].notna().sum()),
    }


def _with_watchdog(attempts: pd.DataFrame) -> pd.DataFrame:
    return attempts[attempts["watchdog_false_alarms"].notna()]


def _against_none(pair: Effect | None) -> Row:
    share = None if pair is None else pair.share
    row: Row = {
        "share_difference": math.nan if share is None else _rounded(share.difference.estimate),
        **_ends("share", None if share is None else share.difference),
        **_ends("share_block", None if share is None else share.by_block),
        **significance_row("fisher", None if share is None else share.test),
    }
    for measure, name in _EFFECTS.items():
        time = None if pair is None else pair.times[name]
        row |= {
            f"{measure}_delta": math.nan if time is None else _rounded(time.delta.estimate),
            **_ends(f"{measure}_delta", None if time is None else time.delta),
            **_ends(f"{measure}_block", None if time is None else time.by_block),
            **significance_row(measure, None if time is None else time.test),
        }
    return row


def _ends(prefix: str, interval: Difference | Interval | None) -> Row:
    low, high = (math.nan, math.nan) if interval is None else (interval.low, interval.high)
    return {f"{prefix}_low": _rounded(low), f"{prefix}_high": _rounded(high)}


def _arm(cells: list[Row], trials: pd.DataFrame) -> Row:
    import pandas as pd

    tested = [cell for cell in cells if cell["n"]]
    broken = [cell for cell in tested if not cell["control"]]
    verdicts = [cell["verdict"] for cell in tested]
    ran = _with_watchdog(pd.concat([_of_cell(trials, cell) for cell in cells]))
    controls = [cell for cell in cells if cell["control"]]
    return {
        "cells": len(cells),
        "tested": len(tested),
        **{word: verdicts.count(word) for word in ("supported", "flaky", "unsupported")},
        "n": _sum(tested, "n"),
        "k": _sum(tested, "k"),
        **{name: _sum(cells, name) for name in ("attempts", *APART)},
        "detected": _sum(broken, "detected"),
        "detected_unknown": _sum(broken, "detected_unknown"),
        "notified": _sum(broken, "notified"),
        "notified_unknown": _sum(broken, "notified_unknown"),
        "faults": _sum(broken, "n"),
        "watched": _sum(cells, "watched"),
        "alarmed": _sum(cells, "alarmed") if len(ran) else None,
        "controls": _sum(controls, "watched"),
        "controls_alarmed": _sum(controls, "alarmed") if len(ran) else None,
        "acts": int(ran["watchdog_acts"].sum()) if len(ran) else None,
        "cut": _sum(cells, "cut") if len(ran) else None,
        "cut_known": _sum(cells, "cut_known") if len(ran) else None,
    }


def _sum(cells: Iterable[Row], name: str) -> int:
    import pandas as pd

    return sum(int(cell[name]) for cell in cells if not pd.isna(cell[name]))


def _median(times: pd.Series) -> float:
    return _rounded(float(times.median())) if len(times) else math.nan


def _rounded(value: float) -> float:
    return round(value, 6)
