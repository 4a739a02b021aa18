# SPDX-License-Identifier: Apache-2.0
"""Which part was broken how stands there by system, with every part that it has."""

from __future__ import annotations

import random
from typing import Any

from nsm_resilience.analysis.broken_parts import broken_parts
from nsm_resilience.study.load import load_study
from nsm_resilience.systems.known import SYSTEMS
from nsm_resilience.tables.schemas import TRIALS
from tests.builders.campaign_tables import trial_row
from tests.builders.campaigns import DEAD, FINE, STUDY


def parts_of(name: str) -> dict[str, dict[str, Any]]:
    """By part, of a study that was run as declared, with the first trial of each cell failed."""
    study = load_study(STUDY.with_name(f"{name}.yaml"))
    chance = random.Random(1)
    rows = [
        trial_row(cell, number, order, DEAD if number == 1 else FINE, chance)
        for order, (cell, n) in enumerate(study.cells())
        for number in range(1, n + 1)
    ]
    found = broken_parts(TRIALS.frame(rows), study).to_dict("records")
    return {str(row["part"]): {str(k): v for k, v in row.items()} for row in found}


def test_todays_parts_are_those_of_its_folder() -> None:
    parts = parts_of("study-today")
    system = SYSTEMS["nsm-v1.18.0"]
    assert list(parts) == [*system.components["vpp"], *(f"socket {n}" for n in system.sockets)]
    assert {row["system"] for row in parts.values()} == {system.title}
    nsmgr = parts["nsmgr"]
    # S2, S3, and S9 by kill with both clients; S9 by delete with both
    assert (nsmgr["kill"], nsmgr["delete"], nsmgr["hang"]) == ("36/40", "18/20", "not tested")
    assert nsmgr["replace"] == ""
    assert parts["spire-agent"]["kill"] == "not tested"
    assert parts["socket nsm.io.sock"]["replace"] == "9/10"
    assert parts["socket nsm.io.sock"]["unlink"] == "9/10"
    assert parts["socket nsm.io.sock"]["orphan"] == "not tested"
    assert parts["socket spire-agent"]["replace"] == "4/5"
    assert parts["socket spire-agent"]["kill"] == ""


def test_what_stops_nothing_is_not_applicable() -> None:
    parts = parts_of("study-vpp")
    assert parts["forwarder"]["hang"] == "not applicable"
    assert parts["vpp"]["hang"] == "not tested" or "/" in parts["vpp"]["hang"]
    assert parts["nsmd"]["kill"] != "not tested"
