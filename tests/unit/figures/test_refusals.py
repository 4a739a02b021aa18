# SPDX-License-Identifier: Apache-2.0
"""New clients after damage of sockets are drawn as they fared, and only where that is known."""

from __future__ import annotations

from typing import Any

import pandas as pd
from artists import with_id

from nsm_resilience.analysis.figures.refusals import (
    asked_clients,
    describe_refusals,
    draw_refusals,
)
from nsm_resilience.tables.schemas import NEW_CLIENTS
from tests.builders.campaigns import Constructed

CELL = "S8-kernel-monitored-replace"


def clients(mixed: Constructed, *changes: dict[str, Any]) -> pd.DataFrame:
    trials = mixed.tables["trials"]
    own = trials[trials["trial"].str.startswith(f"{CELL}/")].iloc[0]
    row = {
        **{name: own[name] for name in ("campaign", "trial", "attempt", "scenario", "system",
           "plane", "client", "failure", "outage", "watch", "remedy")},
        "number": 1, "new_client": "early", "asked_s": 15.0, "answered": False, "waited_s": None,
        "window_s": 45.0, "stage": None,
    }  # fmt: skip
    rows = [{**row, "number": n, **change} for n, change in enumerate(changes, start=1)]
    return asked_clients(NEW_CLIENTS.frame(rows), trials, {"S8"})


def test_one_that_connects_ends_where_it_connected_and_one_that_gives_up_where_it_did(
    mixed: Constructed,
) -> None:
    asked = clients(mixed, {}, {"asked_s": 120.0, "answered": True, "waited_s": 2.5})
    assert asked["until_s"].tolist() == [60.0, 122.5]
    figure = draw_refusals(asked)
    (refused,) = with_id(figure, f"{CELL}/01:1:refused")
    (connected,) = with_id(figure, f"{CELL}/01:2:connected")
    assert list(refused.get_xdata()) == [60.0]  # type: ignore[attr-defined]
    assert list(connected.get_xdata()) == [122.5]  # type: ignore[attr-defined]
    described = describe_refusals(asked)
    assert described.drawn
    assert described.trials == (f"constructed: {CELL}/01",)
    assert "1 of 2 that asked connected, asked 15 to 120 s after the fault" in described.alt


def test_clients_that_asked_at_one_time_are_told_by_that_time(mixed: Constructed) -> None:
    assert "connected, asked 15 s after the fault" in describe_refusals(clients(mixed, {}, {})).alt


def test_what_is_not_known_of_a_client_is_not_drawn(mixed: Constructed) -> None:
    unknown = clients(mixed, {"answered": None}, {"asked_s": None}, {"window_s": None})
    assert unknown.empty
    assert not describe_refusals(unknown).drawn
    draw_refusals(unknown)


def test_other_scenarios_remedies_and_attempts_without_a_verdict_are_left_out(
    mixed: Constructed,
) -> None:
    other = {"scenario": "S2"}, {"remedy": "heal"}, {"outage": "second"}, {"attempt": 99}
    assert clients(mixed, *other).empty
    assert len(clients(mixed, {}, *other)) == 1


def test_cells_that_differ_in_the_client_alone_are_told_apart(mixed: Constructed) -> None:
    described = describe_refusals(clients(mixed, {}, {"client": "plain"}))
    assert "constructed: kernel, replace (n = 1): 0 of 1" in described.alt
    assert "constructed: kernel, plain, replace (n = 1): 0 of 1" in described.alt
