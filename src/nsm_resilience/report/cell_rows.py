# SPDX-License-Identifier: Apache-2.0
"""The rows of paper, report and site: one per cell, from the tidy tables, in words and numbers."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pandas as pd

from nsm_resilience.analysis.consequences import Noticed, consequences
from nsm_resilience.analysis.figures.cells import cell_id, cell_labels, in_order, judged
from nsm_resilience.analysis.figures.typical import typical_of_cell
from nsm_resilience.report.site_links import EVIDENCE, in_results, page_of, page_of_cell
from nsm_resilience.report.wording import (
    down_time,
    share_interval,
    span,
    typographic,
)
from nsm_resilience.statistics.intervals import median_interval
from nsm_resilience.tables.attempts import APART
from nsm_resilience.tables.cell import CELL, is_usual
from nsm_resilience.tables.claims import C2_FACTORS, C2_FAILURES
from nsm_resilience.tables.language import (
    least_to_most,
    longer_than,
    median_seconds,
    seconds,
)
from nsm_resilience.tables.row_numbers import in_words, rows_of
from nsm_resilience.tables.scenarios import default_cell

if TYPE_CHECKING:
    from nsm_resilience.study.models import Scenario, Study


_SAME_S = 0.1
"""Seconds: closer ends of an interval are written as one."""


def cell_rows(
    tables: Mapping[str, pd.DataFrame], study: Study, names: Mapping[str, str]
) -> list[dict[str, Any]]:
    """Return one row per cell of a campaign's table `scenarios`, in the order of the report."""
    ordered = in_order(tables["scenarios"])
    labels = cell_labels(ordered, names)
    declared = {scenario.id: scenario for scenario in study.scenarios}
    trials = dict(list(tables["trials"].groupby(list(CELL), sort=False)))
    none = tables["trials"].iloc[:0]
    return [
        _row(
            row,
            label,
            trials.get(tuple(row[name] for name in CELL), none),
            declared.get(row["scenario"]),
        )
        for row, label in zip(ordered.to_dict("records"), labels, strict=True)
    ]


def all_rows(numbers: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Every cell in the numbers of a campaign: the nine of each plane, then further ones."""
    return [*(row for plane in numbers["planes"] for row in plane["rows"]), *numbers["further"]]


def levels_of(row: Mapping[str, Any], **other: str) -> tuple[str, ...]:
    """Scenario and levels of a cell, with some replaced: a key to find the cell that differs so."""
    return tuple(str({**row, **other}[name]) for name in CELL)


def with_places(row: Mapping[str, Any], tables: Mapping[str, pd.DataFrame]) -> dict[str, Any]:
    """Return a row with the places of its cell in the tables.

    Args:
        tables: the campaign's rows of all tables by name, with their index in the whole table.

    Returns:
        The row, with `rows`: each table with rows of the cell, and their numbers in words as
        spreadsheets count them.
    """
    cell = [row[name] for name in CELL]
    own = {
        name: tables[name][(tables[name][list(CELL)] == cell).all(axis=1)]
        for name in ("scenarios", "trials")
    }
    for name in ("outages", "components", "phases"):
        own[name] = tables[name][tables[name]["trial"].isin(own["trials"]["trial"])]
    places = [
        {"table": name, "rows": in_words(rows_of(rows))} for name, rows in own.items() if len(rows)
    ]
    return {**row, "rows": places}


def with_variants(rows: list[dict[str, Any]], names: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return the rows of one table, each with the levels that distinguish it in that table."""
    if not rows:
        return []
    labels = cell_labels(pd.DataFrame(rows), names)
    return [
        {**row, "variant": label.partition(": ")[2]}
        for row, label in zip(rows, labels, strict=True)
    ]


def in_the_nine(row: Mapping[str, Any], study: Study) -> bool:
    """Say whether a cell has a line in the table of the nine.

    The nine are the scenarios that claim C0 counts, each at its defaults. The scenario of claim C2
    has a line for each failure and client: tried by hand they differed, and the claim does not say
    which was meant (the same cells decide it in `tables.claims`).
    """
    scenario = next((s for s in study.scenarios if s.id == row["scenario"]), None)
    if scenario is None or "C0" not in scenario.claims:
        return False
    if "C2" in scenario.claims:
        usual = is_usual(row, *C2_FACTORS)
        return usual and row["failure"] in C2_FAILURES
    return is_default(row, scenario)


def is_default(row: Mapping[str, Any], scenario: Scenario) -> bool:
    """Say whether a cell has the default of every factor but the plane."""
    return cell_id(row) == default_cell(scenario, row["plane"], row["system"]).id


def _row(
    row: Mapping[Any, Any], label: str, own: pd.DataFrame, scenario: Scenario | None
) -> dict[str, Any]:
    """One row; `own` is the cell's rows of table `trials`."""
    decided = judged(own)
    n, k = int(row["n"]), int(row["k"])
    # each outage is at least as long as it was seen, and so is the time down in it
    seen, seen_down = (
        median_interval(decided[name].dropna().astype(float).tolist())
        for name in ("outage_s", "down_s")
    )
    return {
        "cell": cell_id(row),
        "page": in_results(page_of_cell(str(row["campaign"]), cell_id(row))),
        **{name: row[name] for name in CELL},
        "label": label,
        "variant": label.partition(": ")[2],
        "default": scenario is not None and is_default(row, scenario),
        "control": scenario is not None and scenario.is_control,
        "title": typographic(str(row["title"])),
        "where": typographic(scenario.where) if scenario is not None else "",
        "source": str(row["source"]),
        "claimed": _text(row["claimed"]),
        "n": n,
        "k": k,
        "kn": f"{k}/{n}" if n else "",
        "low": _number(row["wilson_low"]),
        "high": _number(row["wilson_high"]),
        "interval": share_interval(float(row["wilson_low"]), float(row["wilson_high"])),
        "verdict": str(row["verdict"]),
        "agreement": str(row["agreement"]),
        **{name: int(row[name]) for name in (*APART, "attempts")},
        "median_s": _number(row["outage_median_s"]),
        "median": median_seconds(float(row["outage_median_s"]), seen.median) if n else "",
        "down": down_time(
            float(row["down_median_s"]), seen_down.median, int(row["interruptions_most"])
        ),
        "median_interval": (
            span(
                float(row["outage_median_low_s"]),
                float(row["outage_median_high_s"]),
                seen.low,
                seen.high,
            )
            if n
            else ""
        ),
        **_consequences(decided),
        "blind": _blind(row, decided),
        "typical": _typical(own),
    }


def _consequences(decided: pd.DataFrame) -> dict[str, Any]:
    """Outcomes of the path and of new clients, and who noticed."""
    found = consequences(decided)
    return {
        "path": dict(found.path),
        "stopped": found.stopped,
        "new_answered": found.new_answered,
        "new_asked": found.new_asked,
        "bystander_started": found.bystander_started,
        "bystander_asked": found.bystander_asked,
        **_noticed("detected", found.shown, found.shown.known, found.n),
        **_noticed("notified", found.told, found.told.known, found.n),
        **_noticed("listener", found.listener, found.listened, found.n),
    }


def _noticed(name: str, found: Noticed, known: int, n: int) -> dict[str, Any]:
    return {
        name: found.trials,
        f"{name}_unknown": n - known,
        f"{name}_by": found.by,
        f"{name}_median": seconds(found.median_s),
    }


def _blind(row: Mapping[Any, Any], decided: pd.DataFrame) -> str:
    """The time in which new clients were refused: median of the trials in which it is known.

    It is known only as an interval if a client gave up before the next one was taken: both ends are
    given as medians. If the last client was refused as well, the time is a lower bound.
    """
    median = float(row["blind_median_s"])
    if not int(row["blind_n"]):
        return ""
    least = float(decided["blind_at_least_s"].astype(float).median())
    if math.isinf(median):
        return longer_than(least)
    if least < median - _SAME_S:
        return least_to_most(seconds(least), seconds(median))
    return seconds(median)


def _typical(own: pd.DataFrame) -> dict[str, Any] | None:
    chosen = typical_of_cell(own)
    if chosen is None:
        return None
    page = page_of(str(chosen["campaign"]), str(chosen["trial"]), int(chosen["attempt"]))
    return {
        "page": in_results(page, EVIDENCE),
        "trial": str(chosen["trial"]),
        "attempt": int(chosen["attempt"]),
        "verdict": str(chosen["verdict"]),
        "reason": str(chosen["reason"]),
    }


def _text(value: object) -> str:
    return "" if value is None or value != value else str(value)


def _number(value: object) -> float | None:
    """A number for JSON: None if there is none, or it lies beyond the watch."""
    number = float(str(value)) if value is not None else float("nan")
    return round(number, 4) if math.isfinite(number) else None
