# SPDX-License-Identifier: Apache-2.0
"""What decides the claims, from judgements without records."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from nsm_resilience.judge.judgement import Judgement, Measures
from nsm_resilience.study.models import Cell, Factors, Study
from nsm_resilience.systems.known import SYSTEMS
from nsm_resilience.tables.claims import claim_rows
from tests.builders.studies import CAMPAIGN, make_study, study_text

SUPPORTED = {"verdict": "supported", "path_verdict": "recovered", "outage_s": 12.0,
             "new_connection_answered": True, "new_connection_s": 3.0}  # fmt: skip
BROKEN = {"verdict": "unsupported", "path_verdict": "dead", "outage_s": 110.0,
          "outage_censored": True, "new_connection_answered": False}  # fmt: skip
DEAF = {"verdict": "unsupported", "path_verdict": "alive", "outage_s": 0.0,
        "new_connection_answered": False, "bystander_started": False}  # fmt: skip
SEEN = {"detected_s": 1.5, "detected_by": "Kubernetes: restart of nsmd on the client's node"}
TOLD = {"notified_s": 7.0, "notified_by": "monitor log"}

PAPER: dict[str, dict[str, Any]] = {
    **{f"S{n}": {**SUPPORTED, **SEEN} for n in range(1, 8)},
    "S8": DEAF,
    "S9": {**BROKEN, **SEEN},
}


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Study:
    return make_study(tmp_path_factory.mktemp("study"))


def judged(
    study: Study, scenario: str, fate: dict[str, Any], number: int = 1, **factors: str
) -> Judgement:
    declared = study.scenario(scenario)
    levels = Factors.model_validate({"failure": declared.default_failure, **factors})
    trial = f"{Cell(scenario=scenario, factors=levels).id}/{number:02d}"
    measures = {"notification_watched": True, **fate}
    del measures["verdict"]
    return Judgement(
        campaign=CAMPAIGN, trial=trial, attempt=1, scenario=scenario, **levels.levels(),
        lane="lane-1", started="", record=f"records/{trial}/1", outcome="complete",
        control=declared.is_control, verdict=fate["verdict"], reason="",
        measures=Measures(**measures), evidence=(),
    )  # fmt: skip


def claims(
    study: Study, judgements: list[Judgement], plane: str = "kernel"
) -> dict[str, dict[str, Any]]:
    rows = claim_rows(CAMPAIGN, study, judgements)
    return {row["claim"]: row for row in rows if row["plane"] == plane}


def paper(study: Study, **other: dict[str, Any]) -> list[Judgement]:
    return [judged(study, s, fate) for s, fate in {**PAPER, **other}.items()]


def test_what_the_paper_found_is_reproduced(study: Study) -> None:
    found = claims(study, paper(study))
    assert {row["agreement"] for row in found.values()} == {"reproduced"}
    assert "7 of 9 are supported" in found["C0"]["why"]
    assert found["C0"]["scenarios"].startswith("S1-kernel-monitored-none, S2-kernel-monitored-kill")


def test_a_plane_without_trials_is_not_tested(study: Study) -> None:
    found = claims(study, paper(study), plane="vpp")
    assert {row["agreement"] for row in found.values()} == {"not tested"}
    why = "On the VPP plane none of the nine has a judged trial at its default."
    assert found["C0"]["why"] == why


def test_trials_with_a_remedy_alone_are_not_denied_and_answer_nothing(study: Study) -> None:
    """They were said not to be judged: `none of the nine has a judged trial`."""
    healed = [judged(study, s, fate, remedy="heal") for s, fate in PAPER.items()]
    found = claims(study, healed)
    assert {row["agreement"] for row in found.values()} == {"not tested"}
    assert all("at its default" in row["why"] for row in found.values())
    one = claims(study, [*healed, judged(study, "S1", SUPPORTED)])["C0"]["why"]
    assert "S8 and S9 have no judged trial at their defaults; of those judged 1 of 1" in one


def test_planes_are_decided_apart(study: Study) -> None:
    both = paper(study) + [judged(study, s, {**BROKEN, **SEEN}, plane="vpp") for s in PAPER]
    assert claims(study, both)["C0"]["agreement"] == "reproduced"
    assert claims(study, both, "vpp")["C0"]["agreement"] == "differs"


def test_fewer_than_seven_supported_differs_and_names_them(study: Study) -> None:
    found = claims(study, paper(study, S2=BROKEN, S4=BROKEN))["C0"]
    assert found["agreement"] == "differs"
    assert "5 of 9 are supported (S1, S3, S5, S6 and S7)" in found["why"]
    assert "S2 (claimed supported, supported in 0 of 1)" in found["why"]


def test_seven_supported_but_others_than_in_the_paper_differ(study: Study) -> None:
    found = claims(study, paper(study, S2=BROKEN, S9=SUPPORTED))["C0"]
    assert found["agreement"] == "differs" and "7 of 9 agree" in found["why"]


def test_a_flaky_scenario_is_not_supported(study: Study) -> None:
    found = claims(study, [*paper(study), judged(study, "S6", BROKEN, number=2)])["C0"]
    assert found["agreement"] == "differs" and "S6 (1 of 2) in some trials only" in found["why"]


def test_without_all_nine_the_count_is_not_tested_and_says_what_is_missing(study: Study) -> None:
    found = claims(study, [j for j in paper(study) if j.scenario not in ("S3", "S7")])["C0"]
    assert found["agreement"] == "not tested"
    assert "S3 and S7 have no judged trial" in found["why"]
    assert "5 of 7 are supported" in found["why"]


def test_a_trial_that_is_unknown_does_not_test_a_scenario(study: Study) -> None:
    found = claims(study, paper(study, S3={"verdict": "unknown"}))["C0"]
    assert found["agreement"] == "not tested" and "S3 has no judged trial" in found["why"]


def test_a_study_that_declares_fewer_than_nine_cannot_test_the_count(tmp_path: Path) -> None:
    from tests.builders.studies import NINE

    few = make_study(tmp_path, study_text(scenarios=NINE[:3]))
    found = claims(few, [judged(few, s, SUPPORTED) for s in ("S1", "S2", "S3")])
    assert found["C0"]["agreement"] == "not tested"
    assert "the study declares 3 of the nine scenarios only; of those judged" in found["C0"]["why"]
    partly = claims(few, [judged(few, "S1", SUPPORTED)])["C0"]["why"]
    assert "declares 3 of the nine scenarios only and S2 and S3 have no judged trial" in partly
    assert "1 of 1 is supported (S1), and 1 of 1 agrees with the paper" in partly
    assert found["C1"]["why"] == "The study declares no scenario for C1."


def test_a_study_that_declares_more_than_nine_cannot_test_the_count(tmp_path: Path) -> None:
    from tests.builders.studies import NINE

    ten = make_study(tmp_path, study_text(scenarios=[*NINE, {**NINE[-1], "id": "X9"}]))
    found = claims(ten, [*paper(ten), judged(ten, "X9", BROKEN)])["C0"]
    assert found["agreement"] == "not tested"
    assert "the study declares 10 scenarios as the nine; of those judged 7 of 10" in found["why"]


def test_a_scenario_of_which_the_paper_says_nothing_does_not_agree_with_it(tmp_path: Path) -> None:
    from tests.builders.studies import NINE

    unclaimed = [{**s, "claimed": None} if s["id"] == "S3" else s for s in NINE]
    nine = make_study(tmp_path / "nine", study_text(scenarios=unclaimed))
    found = claims(nine, paper(nine))["C0"]
    assert found["agreement"] == "not tested"
    assert "declares no verdict of the paper on S3; of those judged 7 of 9 are" in found["why"]
    assert found["why"].endswith("and 8 of 8 agree with the paper.")
    none = [{**s, "claimed": None} for s in NINE]
    nobody = make_study(tmp_path / "none", study_text(scenarios=none))
    assert "with the paper" not in claims(nobody, paper(nobody))["C0"]["why"]


TWO = ("nsm-v0.2.0", "nsm-v1.18.0")
CARRY = ["S8", "S9"]


@pytest.mark.parametrize("first", TWO)
def test_of_two_systems_on_a_plane_the_other_answers_for_neither(
    first: str, tmp_path: Path
) -> None:
    """The first of the study answers; what the other does changes nothing that is said of it."""
    from tests.builders.studies import NINE

    (other,) = set(TWO) - {first}
    faults = [{"component": "forwarder", "node": "client"}]  # both systems have one
    carrying = [{**s, "faults": faults} if s["id"] == "S9" else s for s in NINE if s["id"] in CARRY]
    run = [
        {"scenarios": CARRY, "trials": 1, "system": system, "plane": "vpp"}
        for system in (first, other)
    ]
    both = make_study(tmp_path, study_text(run, carrying))
    own = [
        judged(both, "S8", DEAF, system=first, plane="vpp"),
        judged(both, "S9", BROKEN, system=first, plane="vpp"),
    ]
    theirs = [
        judged(both, scenario, {**SUPPORTED, **SEEN, **TOLD}, system=other, plane="vpp", **factors)
        for scenario in CARRY
        for factors in ({}, {"client": "plain"})
    ]
    alone = claims(both, own, "vpp")
    assert {alone[claim]["agreement"] for claim in ("C1", "C2")} == {"reproduced"}
    assert claims(both, [*theirs, *own], "vpp") == alone
    title = SYSTEMS[first].title
    assert all(f"VPP plane of {title}" in alone[claim]["why"] for claim in ("C1", "C2"))
    unasked = claims(both, theirs, "vpp")
    assert {row["agreement"] for row in unasked.values()} == {"not tested"}
    assert {row["scenarios"] for row in unasked.values()} == {""}


def test_variants_of_a_scenario_do_not_count_among_the_nine(study: Study) -> None:
    more = [*paper(study), judged(study, "S2", BROKEN, client="plain")]
    assert claims(study, more)["C0"]["agreement"] == "reproduced"


def test_damage_that_was_detected_differs(study: Study) -> None:
    found = claims(study, paper(study, S8={**DEAF, **SEEN}))["C1"]
    assert found["agreement"] == "differs"
    assert "in 1 of 1 something was shown" in found["why"]


def test_a_cell_that_was_watched_for_longer_is_told_from_the_one_that_decides(study: Study) -> None:
    longer = judged(study, "S8", DEAF, watch="full")
    why = claims(study, [*paper(study, S8=DEAF), longer])["C1"]["why"]
    assert "S8 was supported in 0 of 1 trial (path alive in 1, last new client" in why
    assert "replace with monitored client and longer watch (supported in 0 of 1" in why


def test_damage_that_does_no_harm_differs(study: Study) -> None:
    assert claims(study, paper(study, S8={**SUPPORTED}))["C1"]["agreement"] == "differs"


def test_damage_detected_in_one_of_several_trials_differs(study: Study) -> None:
    more = [*paper(study), judged(study, "S8", {**DEAF, **SEEN}, number=2)]
    assert claims(study, more)["C1"]["agreement"] == "differs"


def test_the_two_questions_of_damaged_sockets_are_answered_apart(study: Study) -> None:
    why = claims(study, paper(study))["C1"]["why"]
    assert "path alive in 1, last new client connected in 0" in why
    assert "ordinary pod started on the same node in 0 of 1" in why
    assert "in 0 of 1 something was shown in the watch" in why


def test_other_kinds_of_damage_are_named_and_do_not_decide(study: Study) -> None:
    more = [*paper(study), judged(study, "S8", {**SUPPORTED, **SEEN}, failure="unlink")]
    found = claims(study, more)["C1"]
    assert found["agreement"] == "reproduced"
    assert "unlink with monitored client (supported in 1 of 1, shown in 1 of 1)" in found["why"]


def test_damage_without_trials_is_not_tested(study: Study) -> None:
    others = [j for j in paper(study) if j.scenario != "S8"]
    found = claims(study, others)["C1"]
    assert found["agreement"] == "not tested" and "S8 has no judged trial" in found["why"]


def test_a_client_that_was_told_differs(study: Study) -> None:
    found = claims(study, paper(study, S9={**BROKEN, **TOLD}))["C2"]
    assert found["agreement"] == "differs"
    assert "told in 1 of 1 (most often by monitor log, 7.00 s" in found["why"]


def test_without_a_record_of_the_channels_nothing_is_concluded(study: Study) -> None:
    found = claims(study, paper(study, S9={**BROKEN, "notification_watched": False}))["C2"]
    assert found["agreement"] == "not tested" and "not recorded in 1 trial on" in found["why"]


def test_a_system_that_heals_itself_differs_although_the_client_was_not_told(study: Study) -> None:
    assert claims(study, paper(study, S9=SUPPORTED))["C2"]["agreement"] == "differs"


def test_every_way_of_failing_that_was_run_has_to_show_the_claim(study: Study) -> None:
    more = [
        *paper(study),
        judged(study, "S9", BROKEN, failure="delete"),
        judged(study, "S9", SUPPORTED, failure="delete", client="plain"),
    ]
    found = claims(study, more)["C2"]
    assert found["agreement"] == "differs"
    assert (
        "holds for kill with monitored client and delete with monitored client only"
        in (found["why"])
    )
    assert found["scenarios"].count("S9-kernel") == 3


def test_the_second_outage_and_remedies_do_not_decide(study: Study) -> None:
    more = [
        *paper(study),
        judged(study, "S9", {**BROKEN, **TOLD}, outage="second"),
        judged(study, "S9", {**SUPPORTED, **TOLD}, remedy="heal"),
    ]
    assert claims(study, more)["C2"]["agreement"] == "reproduced"


def test_arms_with_a_remedy_decide_no_claim(study: Study) -> None:
    bare = paper(study)
    healed = [
        judged(study, f"S{n}", {**SUPPORTED, **SEEN, **TOLD}, remedy=remedy)
        for n in range(1, 10)
        for remedy in ("observe", "heal")
    ]
    assert claims(study, [*healed, *bare]) == claims(study, bare)
    alone = claims(study, healed)
    assert {row["agreement"] for row in alone.values()} == {"not tested"}


def test_what_is_not_known_confirms_neither_claim(study: Study) -> None:
    """A stepped clock, or a gap in a log, is not the silence that the claims are about."""
    blind = {"detected_unknown": "the wall clock was set"}
    found = claims(study, paper(study, S8={**BROKEN, **blind}))["C1"]
    assert found["agreement"] == "not tested"
    assert "Whether anything was shown is not known in 1 trial on the kernel" in found["why"]
    deaf = {"notification_watched": False, "notified_unknown": "7 bytes of a log are missing"}
    found = claims(study, paper(study, S9={**BROKEN, **deaf}))["C2"]
    assert found["agreement"] == "not tested"
    assert "Whether the client was told is not known in 1 trial on the kernel" in found["why"]


def test_one_trial_that_shows_something_refutes_beside_one_that_is_not_known(study: Study) -> None:
    two = [
        *paper(study, S8={**BROKEN, "detected_s": 3.0, "detected_by": "Kubernetes: a restart"}),
        judged(study, "S8", {**BROKEN, "detected_unknown": "the wall clock was set"}, number=2),
    ]
    found = claims(study, two)["C1"]
    assert found["agreement"] == "differs"
    shown = "in 1 of 1 something was shown in the watch (1 in which it is not known left out)"
    assert shown in found["why"]


def test_of_two_scenarios_of_a_claim_the_one_that_was_not_run_is_named_alone(
    tmp_path: Path,
) -> None:
    from tests.builders.studies import NINE

    again = [{**s, "id": other} for s, other in zip(NINE[-2:], ("X8", "X9"), strict=True)]
    both = make_study(tmp_path, study_text(scenarios=[*NINE, *again]))
    found = claims(both, paper(both))
    for claim, lacking in (("C1", "X8"), ("C2", "X9")):
        words = f"{lacking} has no judged trial at its defaults on the kernel plane."
        assert (found[claim]["agreement"], found[claim]["why"]) == ("not tested", words)


def test_one_trial_in_which_the_client_was_told_refutes_beside_one_that_is_not_known(
    study: Study,
) -> None:
    deaf = {**BROKEN, "notification_watched": False, "notified_unknown": "a log is missing"}
    found = claims(study, [*paper(study, S9={**BROKEN, **TOLD}),
                           judged(study, "S9", deaf, number=2),
                           judged(study, "S9", BROKEN, client="plain"),
                           judged(study, "S9", deaf, failure="delete")])["C2"]  # fmt: skip
    assert found["agreement"] == "differs"
    assert "told in 1 of 1 (1 in which it is not known left out) (most often" in found["why"]
    assert "; so the claim is known to hold for kill with plain client only." in found["why"]
