# SPDX-License-Identifier: Apache-2.0
"""What the paper says of lanes that disturb each other."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from nsm_resilience.report.disturbances import disturbances
from nsm_resilience.tables.disturbances import COINCIDENCES, DISTURBANCES

ROW: dict[str, Any] = {
    "campaign": "c", "trial": "S7-vpp-monitored-kill/02", "attempt": 1, "scenario": "S7",
    "lane": "lane-5", "number": 1, "kind": "loss", "begin_s": 39.6, "length_s": 2.03,
    "echoes": 101, "beside": 1, "cause_trial": "V1-vpp-monitored-hang/01/1",
    "cause_lane": "lane-3", "act": "undo", "act_text": "continued vpp", "act_at": "09:33:42",
    "offset_ms": 36.0, "followed": "left out",
}  # fmt: skip
COUNTS = [
    {"campaign": "c", "kind": kind, "stretches": 59, "shared": 6, "by_chance": 0.3,
     "by_chance_most": 2}
    for kind in ("loss", "stall")
]  # fmt: skip


def test_attempts_are_counted_once_by_what_followed_and_stalls_are_no_losses() -> None:
    rows = [
        ROW,
        {**ROW, "number": 2},
        {**ROW, "trial": "S8-vpp-monitored-replace/01"},
        {**ROW, "trial": "S4-vpp-monitored-kill/03", "followed": "unknown"},
        {**ROW, "trial": "S5-vpp-monitored-kill/03", "kind": "stall"},
    ]
    found = disturbances(DISTURBANCES.frame(rows), COINCIDENCES.frame(COUNTS))
    assert (found["left_out"], found["unknown"]) == (2, 1)
    assert found["losses"]["by_chance"] == "0.3"


def test_an_attempt_counts_for_a_loss_that_was_left_out_whatever_came_before_it() -> None:
    rows = [{**ROW, "begin_s": -14.0, "followed": "nothing"}, {**ROW, "number": 2}]
    found = disturbances(DISTURBANCES.frame(rows), COINCIDENCES.frame(COUNTS))
    assert found["left_out"] == 1


def test_without_any_nothing_was_left_out() -> None:
    found = disturbances(DISTURBANCES.frame([]), COINCIDENCES.frame(COUNTS))
    assert (found["left_out"], found["unknown"]) == (0, 0)


def test_by_what_losses_are_shared_is_no_number_of_the_text() -> None:
    text = (Path(__file__).parents[3] / "paper" / "disturbances.typ").read_text(encoding="utf-8")
    assert 'rule("shared_tolerance_ms")' in text and not re.search(r"\d~ms", text)
