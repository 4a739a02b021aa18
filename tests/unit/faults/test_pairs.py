# SPDX-License-Identifier: Apache-2.0
"""Pairs of failures fit their budget, are events of their own, and every component is there."""

from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nsm_resilience.faults.pairs import (
    BudgetError,
    Failing,
    all_pairs,
    select,
    study_of,
    system_under_test,
)
from nsm_resilience.study.duration import longest_s
from nsm_resilience.study.load import check_model, load_study
from nsm_resilience.study.models import Plane, Study
from nsm_resilience.study.schedule import make_schedule
from nsm_resilience.study.yaml_file import parse_yaml

CONFIG = Path(__file__).parents[3] / "config"
BASE = load_study(CONFIG / "study.yaml")
SYSTEM = system_under_test(BASE)


COMPONENTS = ("nsmd", "nsmdp", "nsmd-k8s", "forwarder")


def loaded(text: str) -> Study:
    return check_model(Path("pairs.yaml"), parse_yaml(text.encode()), Study)


def rounds_of(study: Study, lanes: int) -> int:
    """How many trials follow on each other when the schedule is run on so many lanes."""
    rounds = side_by_side = 0
    for scheduled in make_schedule(study):
        if scheduled.alone:
            rounds, side_by_side = rounds + -(-side_by_side // lanes) + 1, 0
        else:
            side_by_side += 1
    return rounds + -(-side_by_side // lanes)


def test_pairs_that_run_alone_take_the_time_of_all_lanes() -> None:
    """Issue 14, section 1: nothing runs beside a data plane that hangs and is continued."""
    chosen = select(BASE, "kernel", 10_000, 3, 1, 1)
    hanging = sum(
        any(one.component == "forwarder" and one.failure == "hang" for one in pair)
        for pair in chosen.pairs
    )
    assert hanging and chosen.others == ()
    assert (
        rounds_of(loaded(study_of(chosen, BASE, "kernel", 1)), 3)
        > hanging + (len(chosen.pairs) + 1 - hanging) // 3
    )
    assert chosen.minutes * 60 >= (hanging + (len(chosen.pairs) + 1 - hanging) / 3) * chosen.trial_s


@settings(max_examples=25, deadline=None)
@given(
    plane=st.sampled_from(["kernel", "vpp"]),
    minutes=st.floats(1, 400),
    lanes=st.integers(1, 3),
    trials=st.integers(1, 5),
    seed=st.integers(0, 1000),
)
def test_a_selection_is_within_its_budget_and_has_every_component(
    plane: Plane, minutes: float, lanes: int, trials: int, seed: int
) -> None:
    try:
        chosen = select(BASE, plane, minutes, lanes, trials, seed)
    except BudgetError:
        # then not even the control and one pair fit
        (trial_s,) = {longest_s(BASE.windows, s) for s in BASE.scenarios if not s.is_control}
        assert -(-2 * trials // lanes) * trial_s > minutes * 60
        return
    assert chosen.minutes <= minutes
    assert len(set(chosen.pairs)) == len(chosen.pairs)
    assert len(chosen.pairs) + len(chosen.others) == len(all_pairs(SYSTEM, plane))
    for other in chosen.others:  # one more would not have fitted
        assert chosen.minutes_of((*chosen.pairs, other)) > minutes
    study = loaded(study_of(chosen, BASE, plane, seed))
    assert rounds_of(study, lanes) * chosen.trial_s <= chosen.minutes * 60
    here = {one.component for pair in chosen.pairs for one in pair}
    if len(chosen.pairs) >= 2:
        assert here == set(COMPONENTS)
    assert len(study.scenarios) == len(chosen.pairs) + 1
    assert {t for _, t in study.cells()} == {trials}
    assert study.windows == BASE.windows and study.judge == BASE.judge


@pytest.mark.parametrize("seed", range(5))
def test_a_selection_is_balanced_over_components_and_the_same_for_the_same_seed(seed: int) -> None:
    chosen = select(BASE, "kernel", 240, 2, 1, seed)
    assert chosen == select(BASE, "kernel", 240, 2, 1, seed)
    taken = Counter(one.component for pair in chosen.pairs for one in pair)
    assert max(taken.values()) - min(taken.values()) <= len(COMPONENTS)
    single = Counter(one for pair in chosen.pairs for one in pair)
    assert max(single.values()) - min(single.values()) <= 1


def test_seeds_choose_differently() -> None:
    assert len({select(BASE, "kernel", 60, 1, 1, seed).pairs for seed in range(5)}) == 5


def test_components_of_one_pod_do_not_fail_twice_by_its_deletion() -> None:
    pairs = set(all_pairs(SYSTEM, "kernel"))
    deleted = Failing("nsmd", "client", "delete")
    assert (deleted, Failing("nsmdp", "client", "kill")) not in pairs
    assert (deleted, Failing("nsmdp", "endpoint", "kill")) in pairs
    assert (Failing("nsmd", "client", "kill"), Failing("nsmdp", "client", "kill")) in pairs
    assert all(a != b and (a.component, a.node) != (b.component, b.node) for a, b in pairs)


def test_on_vpp_the_forwarders_supervisor_does_not_hang() -> None:
    hanging = [o for pair in all_pairs(SYSTEM, "vpp") for o in pair if o.component == "forwarder"]
    assert hanging and not any(one.failure == "hang" for one in hanging)


def test_the_study_says_what_is_left_out_and_how_long_all_would_take() -> None:
    chosen = select(BASE, "kernel", 40, 2, 1, 1)
    head = study_of(chosen, BASE, "kernel", 1).split("name:")[0]
    assert f"{len(chosen.pairs)} of {len(all_pairs(SYSTEM, 'kernel'))} pairs" in head
    assert f"{len(chosen.others)} pairs are left out" in head
    all_minutes = chosen.minutes_of((*chosen.pairs, *chosen.others))
    assert f"at most {all_minutes:.0f} minutes" in head


def test_a_budget_for_nothing_names_one_that_is_enough() -> None:
    with pytest.raises(BudgetError, match=r"write --minutes (\d+)") as caught:
        select(BASE, "kernel", 1, 1, 1, 1)
    enough = float(str(caught.value).rsplit(" ", 1)[1])
    assert len(select(BASE, "kernel", enough, 1, 1, 1).pairs) == 1


def test_a_plane_that_is_none_is_refused_with_those_that_there_are() -> None:
    with pytest.raises(BudgetError, match="no plane `xdp`; write one of: kernel, vpp"):
        select(BASE, "xdp", 600, 2, 1, 1)


def test_pairs_are_of_the_system_that_the_study_runs() -> None:
    """Of what a lane has one of on its own node alone, and of no process that is another's."""
    today = load_study(CONFIG / "study-today.yaml")
    chosen = select(today, "vpp", 10_000, 3, 1, 1)
    places = {(one.component, one.node) for pair in chosen.pairs for one in pair}
    everywhere = {(part, node) for part in ("nsmgr", "forwarder", "spire-agent")
                  for node in ("client", "endpoint")}  # fmt: skip
    assert places == everywhere | {("registry-k8s", "endpoint")} and chosen.others == ()
    study = loaded(study_of(chosen, today, "vpp", 1))
    assert study.planes == {"nsm-v1.18.0": ("vpp",)}
    assert len(study.scenarios) == len(chosen.pairs) + 1
    with pytest.raises(BudgetError, match=r"v1\.18\.0 has no plane `kernel`; write one of: vpp"):
        select(today, "kernel", 600, 2, 1, 1)
