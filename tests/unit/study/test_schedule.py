# SPDX-License-Identifier: Apache-2.0
"""The order of trials: seeded, in blocks, complete."""

from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nsm_resilience.study.load import load_study
from nsm_resilience.study.models import Study
from nsm_resilience.study.schedule import find_trial, make_schedule

PUBLISHED = load_study(Path(__file__).parents[3] / "config" / "study.yaml")


def with_seed(seed: int) -> Study:
    return PUBLISHED.model_copy(update={"seed": seed})


@given(st.integers(min_value=0, max_value=2**40))
def test_every_trial_of_every_cell_is_scheduled_once_whatever_the_seed(seed: int) -> None:
    counts = Counter(s.trial for s in make_schedule(with_seed(seed)))
    expected = {f"{cell.id}/{n:02d}" for cell, k in PUBLISHED.cells() for n in range(1, k + 1)}
    assert set(counts) == expected
    assert set(counts.values()) == {1}


def test_a_block_holds_each_cell_once_so_that_controls_are_interleaved() -> None:
    schedule = make_schedule(PUBLISHED)
    first = [s for s in schedule if s.block == 1]
    assert len({s.cell.id for s in first}) == len(first) == len(PUBLISHED.cells())
    assert any(s.cell.scenario == "S1" for s in first)
    assert [s.block for s in schedule] == sorted(s.block for s in schedule)


def test_the_same_seed_gives_the_same_order_and_another_seed_another() -> None:
    orders = [[s.trial for s in make_schedule(with_seed(seed))] for seed in (7, 7, 8)]
    assert orders[0] == orders[1] != orders[2]


def test_blocks_are_not_all_in_the_same_order() -> None:
    schedule = make_schedule(PUBLISHED)
    orders = [[s.cell.id for s in schedule if s.block == block] for block in (1, 2)]
    assert sorted(orders[0]) == sorted(orders[1])
    assert orders[0] != orders[1]


def test_a_trial_that_is_not_scheduled_is_an_error_that_lists_the_cells() -> None:
    assert find_trial(PUBLISHED, "S2-kernel-monitored-kill/03").number == 3
    with pytest.raises(ValueError, match="S2-kernel-monitored-kill"):
        find_trial(PUBLISHED, "S2-kernel-monitored-kill/11")
