# SPDX-License-Identifier: Apache-2.0
"""The order of trials: seeded, in blocks, complete."""

from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nsm_resilience.study.fault import Fault
from nsm_resilience.study.load import load_study
from nsm_resilience.study.models import Study, Turns
from nsm_resilience.study.schedule import find_trial, make_schedule, trials_before

CONFIG = Path(__file__).parents[3] / "config"
PUBLISHED = load_study(CONFIG / "study.yaml")
BY_TURNS = load_study(CONFIG / "study-lanes.yaml")


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


@given(st.integers(min_value=0, max_value=2**40), st.sampled_from([1, 2, 4]))
def test_of_two_turns_one_is_alone_and_every_cell_is_in_both_alike(seed: int, blocks: int) -> None:
    study = BY_TURNS.model_copy(update={"seed": seed, "turns": Turns(blocks=blocks)})
    schedule = make_schedule(study)
    (trials_of_a_cell,) = {trials for _, trials in study.cells()}
    alone = {s.turn: s.alone for s in schedule}
    assert list(alone) == list(range(1, trials_of_a_cell // blocks + 1))
    assert all(alone[turn] != alone[turn + 1] for turn in range(1, len(alone), 2))
    for way in (True, False):
        counts = Counter(s.cell.id for s in schedule if s.alone == way)
        assert counts == {cell.id: trials // 2 for cell, trials in study.cells()}
    assert [s.turn for s in schedule] == sorted(s.turn for s in schedule)


def test_which_turn_of_a_pair_is_alone_depends_on_the_seed() -> None:
    firsts = {
        make_schedule(BY_TURNS.model_copy(update={"seed": seed}))[0].alone for seed in range(20)
    }
    assert firsts == {True, False}


def test_turns_change_no_block_and_a_study_without_them_has_none() -> None:
    plain = make_schedule(BY_TURNS.model_copy(update={"turns": None}))
    assert [s.trial for s in plain] == [s.trial for s in make_schedule(BY_TURNS)]
    assert {(s.turn, s.alone) for s in plain} == {(0, False)}
    assert trials_before(plain, plain[-1]) == []


def test_a_trial_waits_for_all_of_the_turn_before() -> None:
    schedule = make_schedule(BY_TURNS)
    assert trials_before(schedule, schedule[0]) == []
    third = next(s for s in schedule if s.turn == 3)
    assert trials_before(schedule, third) == [s.trial for s in schedule if s.turn == 2]


def _with_hangs(failure: str = "hang", **given: Any) -> Study:
    scenarios = [
        {"id": "S1", "title": "none", "where": "w", "source": "ours"},
        {"id": "S2", "title": "nsmd", "where": "w", "source": "ours",
         "faults": [{"component": "nsmd", "node": "client"}], **given},
        {"id": "V1", "title": "vpp", "where": "w", "source": "ours",
         "faults": [{"component": "vpp", "node": "client"}]},
    ]  # fmt: skip
    arms = [
        {"scenarios": ["S1", "S2"], "plane": "vpp", "trials": 4},
        {"scenarios": ["V1"], "plane": "vpp", "failure": failure, "trials": 4},
    ]
    return Study.model_validate(
        {"name": "hangs", "seed": 3, "scenarios": scenarios, "campaign": arms}
    )


def test_a_trial_that_stops_a_whole_data_plane_is_alone_and_keeps_its_place() -> None:
    schedule = make_schedule(_with_hangs())
    assert {s.cell.id for s in schedule if s.alone} == {"V1-vpp-monitored-hang"}
    killed = make_schedule(_with_hangs("kill"))
    assert not any(s.alone for s in killed)
    assert [s.cell.scenario for s in killed] == [s.cell.scenario for s in schedule]


def test_a_scenario_may_say_that_its_trials_are_alone() -> None:
    schedule = make_schedule(_with_hangs(alone=True))
    assert {s.cell.scenario for s in schedule if s.alone} == {"S2", "V1"}


def test_a_trial_alone_waits_for_what_is_before_it_and_what_is_after_waits_for_it() -> None:
    """So no trial that is alone is passed over for ever by others, which need one lane."""
    schedule = make_schedule(_with_hangs())
    by_id = {s.trial: s for s in schedule}
    for scheduled in schedule:
        closed: set[str] = set()
        reach = [scheduled]
        while reach:
            new = set(trials_before(schedule, reach.pop())) - closed
            closed |= new
            reach += [by_id[trial] for trial in new]
        earlier = schedule[: scheduled.order]
        if scheduled.alone:
            assert closed == {s.trial for s in earlier}
        assert {s.trial for s in earlier if s.alone} <= closed


@pytest.mark.parametrize(
    ("fault", "failure", "alone"),
    [
        ({"component": "vpp", "node": "client"}, "hang", True),
        ({"component": "forwarder", "node": "client"}, "hang", True),
        ({"component": "nsmd", "node": "client"}, "hang", False),
        ({"component": "vpp", "node": "client"}, "kill", False),
        ({"whole_node": True, "node": "client", "for_s": 20}, "pause", True),
        ({"network": "peer", "node": "client", "for_s": 20}, "cut", True),
        ({"network": "api", "node": "client", "for_s": 20}, "cut", True),
        ({"socket": "all", "node": "client"}, "replace", False),
    ],
)
def test_what_disturbs_other_lanes_is_a_property_of_the_kind_of_fault(
    fault: dict[str, Any], failure: str, alone: bool
) -> None:
    assert Fault.model_validate(fault).disturbs(failure) is alone
