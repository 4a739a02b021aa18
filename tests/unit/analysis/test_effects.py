# SPDX-License-Identifier: Apache-2.0
"""Pairs of cells that differ in the level of one factor."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from nsm_resilience.analysis.effects import effects, is_clear, levels
from nsm_resilience.tables import schemas

FATES: dict[str, dict[str, Any]] = {
    "fine": {"verdict": "supported", "path_verdict": "alive", "outage_s": 0.0},
    "back": {"verdict": "supported", "path_verdict": "recovered", "outage_s": 12.0},
    "dead": {"verdict": "unsupported", "path_verdict": "dead", "outage_s": 113.0},
}


def cell(fate: str, n: int, scenario: str = "S2", **other: Any) -> list[dict[str, Any]]:
    levels = {"plane": "kernel", "client": "monitored", "failure": "kill", "outage": "first",
              "watch": "usual", "remedy": "none"}  # fmt: skip
    own = {key: other.pop(key, level) for key, level in levels.items()}
    name = "-".join((scenario, *own.values()))
    return [
        {
            **dict.fromkeys(schemas.TRIALS.names), "campaign": "c", "trial": f"{name}/{number:02}",
            "attempt": 1, "scenario": scenario, **own, "reason": "because", **FATES[fate],
            "outage_censored": fate == "dead", "new_connection_answered": fate != "dead",
            "interruptions": int(fate != "fine"), "watch_s": 120.0,
            "record": "r", "evidence": "[]", **other,
        }
        for number in range(1, n + 1)
    ]  # fmt: skip


def trials(*cells: list[dict[str, Any]]) -> pd.DataFrame:
    return schemas.TRIALS.frame(row for own in cells for row in own)


def test_only_cells_with_all_else_equal_are_compared() -> None:
    found = effects(
        trials(
            cell("fine", 6),
            cell("fine", 6, client="plain"),
            cell("fine", 6, plane="vpp", failure="delete"),
            cell("fine", 6, scenario="S4", client="plain"),
        )
    )
    assert [(pair.factor, pair.scenario, pair.reference, pair.level) for pair in found] == [
        ("client", "S2", "monitored", "plain")
    ]


def test_every_level_is_compared_with_the_default_one() -> None:
    own = [cell("fine", 5, "S8", failure=f) for f in ("mode", "replace", "unlink")]
    found = effects(trials(*own))
    assert [(pair.reference, pair.level) for pair in found] == [
        ("replace", "unlink"), ("replace", "mode"),
    ]  # fmt: skip


def test_planes_in_one_campaign_are_a_factor() -> None:
    found = effects(trials(cell("dead", 6), cell("fine", 6, plane="vpp")))
    (pair,) = found
    assert pair.cells == ("S2-kernel-monitored-kill", "S2-vpp-monitored-kill")
    assert pair.supported == ((0, 6), (6, 6))
    assert pair.share.estimate == 1.0 and is_clear(pair.share)


def test_a_campaign_with_one_level_has_no_pair() -> None:
    own = trials(cell("fine", 6), cell("dead", 6, scenario="S4"))
    assert effects(own) == []
    assert levels(own, "plane") == ["kernel"]


def test_an_outage_that_did_not_end_makes_a_bound_and_a_log_rank_test() -> None:
    (pair,) = effects(trials(cell("back", 6), cell("dead", 6, client="plain")))
    outage = pair.times["outage"]
    assert outage.shift.at_least == pytest.approx(101.0)
    assert outage.shift.estimate != outage.shift.estimate  # NaN: longer by an unknown time
    assert is_clear(outage.shift)
    assert outage.test == "log-rank" and outage.p < 0.05
    assert outage.delta.estimate == 1.0


def test_p_is_adjusted_over_the_pairs_of_a_factor() -> None:
    found = effects(
        trials(
            cell("back", 6), cell("dead", 6, client="plain"),
            cell("back", 6, "S3"), cell("dead", 6, "S3", client="plain"),
        )
    )  # fmt: skip
    first, second = (pair.times["outage"] for pair in found)
    assert first.p == second.p
    assert first.p_adjusted == pytest.approx(2 * first.p)


def test_void_attempts_and_undecided_trials_are_not_compared() -> None:
    void = cell("fine", 6, client="plain", verdict="unknown", path_verdict="unknown")
    assert effects(trials(cell("fine", 6), void)) == []
