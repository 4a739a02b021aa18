# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import math

import pytest
from built_report import Built

from nsm_resilience.analysis.differences import Difference, Shift
from nsm_resilience.analysis.statistics import Interval
from nsm_resilience.report.factors import interval, shift_in_words, signed
from nsm_resilience.report.wording import p_value

INF = math.inf


@pytest.mark.parametrize(
    ("shift", "estimate", "ends"),
    [
        (Shift(2.5, 2.5, Interval(1.0, 4.0)), "+2.50", "+1.00 to +4.00"),
        (Shift(118.0, INF, Interval(110.0, INF)), ">\u00a0+118", "from +110"),
        (Shift(-INF, -92.3, Interval(-INF, -90.0)), "<\u00a0−92.3", "up to −90.0"),
        (Shift(-INF, INF, Interval(-INF, INF)), "open", ""),
        (Shift(1.0, 3.0, Interval(math.nan, math.nan)), "+1.00 to +3.00", ""),
    ],
)
def test_a_shift_is_written_with_what_censoring_left(
    shift: Shift, estimate: str, ends: str
) -> None:
    assert shift_in_words(shift) == estimate
    assert interval(shift) == ends


def test_signs_and_shares() -> None:
    assert signed(-0.5, share=True) == "−0.50"
    assert signed(0.0) == "0"
    assert signed(-0.0001, share=True) == "0.00"
    assert signed(math.nan) == ""
    assert interval(Difference(1.0, 0.4394, 1.0), share=True) == "+0.44 to +1.00"


def test_a_small_p_is_no_zero() -> None:
    assert p_value(0.0000001) == "< 0.001"
    assert p_value(0.0216) == "0.022"
    assert p_value(math.nan) == ""


def test_every_factor_has_its_levels_and_its_pairs(mixed: Built) -> None:
    found = {factor["factor"]: factor for factor in mixed.numbers["factors"]}
    assert found["plane"]["levels"] == ["kernel"] and found["plane"]["pairs"] == []
    assert found["failure"]["levels"] == ["kill", "delete", "replace", "unlink", "orphan", "mode"]
    labels = [pair["label"] for pair in found["client"]["pairs"]]
    assert labels[:2] == ["S2: plain – monitored", "S4: plain – monitored"]
    (s2, *_) = found["client"]["pairs"]
    assert (s2["supported"], s2["reference"]) == ("0/5", "0/10")
    assert s2["times"]["outage"]["open"] and s2["times"]["outage"]["unseen"]


def test_the_control_is_no_level_of_the_failure(single: Built) -> None:
    found = {factor["factor"]: factor for factor in single.numbers["factors"]}
    assert found["failure"]["levels"] == ["kill"]
    assert not any(factor["pairs"] for factor in found.values())
