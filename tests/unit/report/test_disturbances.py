# SPDX-License-Identifier: Apache-2.0
"""What the paper and the site say of lanes that disturb each other."""

from __future__ import annotations

from typing import Any

from nsm_resilience.report.disturbances import NO_ACT, disturbances
from nsm_resilience.tables.disturbances import COINCIDENCES, DISTURBANCES

ROW: dict[str, Any] = {
    "campaign": "c", "trial": "S7-vpp-monitored-kill/02", "attempt": 1, "scenario": "S7",
    "lane": "lane-5", "number": 1, "kind": "loss", "begin_s": 39.6, "length_s": 2.03,
    "echoes": 101, "beside": 1, "cause_trial": "V1-vpp-monitored-hang/01/1",
    "cause_lane": "lane-3", "act": "undo", "act_text": "continued vpp", "act_at": "09:33:42",
    "offset_ms": 36.0, "followed": "left out",
}  # fmt: skip
NO_CAUSE = dict.fromkeys(("cause_trial", "cause_lane", "act", "act_text", "act_at", "offset_ms"))
COUNTS = [
    {"campaign": "c", "kind": kind, "stretches": 59, "shared": 6, "by_chance": 0.3,
     "by_chance_most": 2}
    for kind in ("loss", "stall")
]  # fmt: skip


def said(*rows: dict[str, Any]) -> dict[str, Any]:
    return disturbances(DISTURBANCES.frame(rows), COINCIDENCES.frame(COUNTS))


def test_attempts_are_counted_by_what_followed_and_acts_by_what_they_cost() -> None:
    found = said(
        ROW,
        {**ROW, "trial": "S8-vpp-monitored-replace/01", "echoes": 102, "offset_ms": 25.0},
        {**ROW, "trial": "S4-vpp-monitored-kill/03", "followed": "unknown", **NO_CAUSE},
        {**ROW, "number": 2, "kind": "stall", "echoes": 9},
    )
    assert (found["left_out"], found["unknown"]) == (2, 1)
    assert [(act["trial"], act["paths"], act["echoes"]) for act in found["acts"]] == [
        ("V1-vpp-monitored-hang/01/1", 2, 203),
        (NO_ACT, 1, 101),
    ]
    assert found["acts"][0]["after"] == "25 to 36"
    assert found["losses"]["by_chance"] == "0.3"


def test_a_campaign_without_any_has_no_acts() -> None:
    assert said()["acts"] == []
