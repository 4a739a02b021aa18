# SPDX-License-Identifier: Apache-2.0
"""Rows of the table `scenarios`, from judgements without records."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest

from nsm_resilience.judge.judgement import Judgement, Measures
from nsm_resilience.study.models import Cell, Factors, Study
from nsm_resilience.tables.columns import Row
from nsm_resilience.tables.scenarios import scenario_rows
from tests.builders.studies import CAMPAIGN, make_study

NOT_BACK = {"path_verdict": "dead", "outage_censored": True, "new_connection_answered": False}


@pytest.fixture
def study(tmp_path: Path) -> Study:
    return make_study(tmp_path)


def judged(number: int, verdict: Any, measured: dict[str, Any], **levels: str) -> Judgement:
    """A judged trial of S2."""
    factors = Factors.model_validate(levels)
    trial = f"{Cell(scenario='S2', factors=factors).id}/{number:02d}"
    return Judgement(
        campaign=CAMPAIGN, trial=trial, attempt=1, scenario="S2", **factors.levels(),
        lane="lane-1", started="", record=f"records/{trial}/1", outcome="complete", control=False,
        verdict=verdict, reason="", measures=Measures(**measured), evidence=(),
    )  # fmt: skip


def row(study: Study, judgements: list[Judgement]) -> Row:
    (found,) = [one for one in scenario_rows(CAMPAIGN, study, judgements) if one["n"]]
    return found


def test_a_time_down_of_paths_that_were_not_back_is_among_the_censored(study: Study) -> None:
    back = {"path_verdict": "recovered", "outage_s": 3.0, "down_s": 2.0}
    dead = {**NOT_BACK, "outage_s": 11.0, "down_s": 9.0}
    most = [judged(1, "supported", back), judged(2, "unsupported", dead),
            judged(3, "unsupported", dead)]  # fmt: skip
    assert row(study, most)["down_median_s"] == math.inf
    assert row(study, [*most, judged(4, "supported", back), judged(5, "supported", back)])[
        "down_median_s"
    ] == pytest.approx(2.0)


@pytest.mark.parametrize(
    ("levels", "claimed"),
    [
        ({}, "supported"),
        ({"plane": "vpp", "client": "plain", "failure": "hang"}, "supported"),
        ({"watch": "full"}, "supported"),
        ({"system": "nsm-v1.18.0", "plane": "vpp"}, "supported"),
        ({"remedy": "observe"}, None),
        ({"remedy": "heal", "plane": "vpp"}, None),
        ({"outage": "second"}, None),
    ],
)
def test_the_paper_has_no_verdict_on_a_remedy_or_a_second_outage(
    study: Study, levels: dict[str, str], claimed: str | None
) -> None:
    found = row(study, [judged(1, "unsupported", NOT_BACK, **levels)])
    assert found["claimed"] == claimed
    assert found["agreement"] == ("differs" if claimed else "no claim")
