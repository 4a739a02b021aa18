# SPDX-License-Identifier: Apache-2.0
"""A study file says what it means, or an error says what to write."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from nsm_resilience.study.cells import LEVELS, Factors
from nsm_resilience.study.factors import FACTORS
from nsm_resilience.study.load import (
    ConfigError,
    checksum,
    load_recorded_study,
    load_study,
    read_document,
    sha256_of,
)
from nsm_resilience.study.models import Study
from nsm_resilience.study.retired import former_content
from nsm_resilience.study.windows import JudgeRules

ROOT = Path(__file__).parents[3]


def a_study(**changes: Any) -> dict[str, Any]:
    study: dict[str, Any] = {
        "name": "small",
        "seed": 1,
        "scenarios": [
            {"id": "S1", "title": "nothing fails", "where": "both nodes", "source": "stated"},
            {
                "id": "S2",
                "title": "nsmd fails",
                "where": "client's node",
                "source": "reconstructed",
                "faults": [{"component": "nsmd", "node": "client"}],
            },
            {
                "id": "S8",
                "title": "sockets are damaged",
                "where": "client's node",
                "source": "stated",
                "faults": [{"socket": "all", "node": "client"}],
            },
        ],
        "campaign": [{"scenarios": ["S1", "S2", "S8"], "trials": 2}],
    }
    return {**study, **changes}


def problems_of(tmp_path: Path, data: dict[str, Any]) -> str:
    file = tmp_path / "study.yaml"
    file.write_text(yaml.safe_dump(data))
    with pytest.raises(ConfigError) as caught:
        load_study(file)
    assert str(file) in str(caught.value)
    return "\n".join(caught.value.problems)


def test_the_published_study_has_the_nine_of_the_paper() -> None:
    study = load_study(ROOT / "config" / "study.yaml")
    nine = {s.id: s for s in study.scenarios}
    assert sorted(nine) == [f"S{n}" for n in range(1, 10)]
    assert [s for s, x in nine.items() if x.source == "stated"] == ["S1", "S8", "S9"]
    assert [s for s, x in nine.items() if x.claimed == "unsupported"] == ["S8", "S9"]


def test_a_failure_not_named_is_the_scenarios_own() -> None:
    cells = {c.id for c, _ in Study.model_validate(a_study()).cells()}
    assert cells == {
        "S1-kernel-monitored-none",
        "S2-kernel-monitored-kill",
        "S8-kernel-monitored-replace",
    }


def test_an_arm_runs_every_combination_of_its_levels() -> None:
    arm = {"scenarios": ["S2"], "failure": ["kill", "hang"], "client": ["monitored", "plain"]}
    study = Study.model_validate(a_study(campaign=[{**arm, "trials": 3}]))
    assert [c.id for c, _ in study.cells()] == [
        "S2-kernel-monitored-kill",
        "S2-kernel-monitored-hang",
        "S2-kernel-plain-kill",
        "S2-kernel-plain-hang",
    ]


def test_levels_that_are_not_default_are_part_of_a_cells_name() -> None:
    arm = {"scenarios": "S2", "outage": "second", "remedy": "heal", "trials": 1}
    study = Study.model_validate(a_study(campaign=[arm]))
    assert study.cells()[0][0].id == "S2-kernel-monitored-kill-second-heal"


def test_an_unknown_key_gets_the_key_that_was_meant(tmp_path: Path) -> None:
    arm = {"scenarios": ["S1"], "trails": 3}
    assert "did you mean `trials:`" in problems_of(tmp_path, a_study(campaign=[arm]))


def test_an_unknown_key_at_the_top_is_an_error_too(tmp_path: Path) -> None:
    assert "did you mean `seed:`" in problems_of(tmp_path, {**a_study(), "sed": 3})


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        ({"node": "client"}, "{component: nsmd, node: client}"),
        (
            {"component": "nsmd", "socket": "all", "node": "client"},
            "names exactly one of",
        ),
        ({"component": "nsmd", "node": "client", "failure": "unlink"}, "delete, hang, kill"),
        ({"socket": "all", "node": "client", "failure": "kill"}, "mode, orphan, replace, unlink"),
        ({"component": "nsmd", "node": "middle"}, "client"),
        ({"component": "nsmd"}, "write `node: client` beside `component`"),
        ({"workload": "client", "node": "client"}, "leave it out"),
        ({"network": "peer", "node": "client"}, "`for_s: 30`"),
        ({"whole_node": True, "node": "client", "failure": "kill", "for_s": 3}, "one of: pause"),
        ({"component": "nsmd", "node": "client", "for_s": 30}, "`kill` is over at once"),
        ({"network": "api", "node": "client", "for_s": 100}, "write `watch_s: 160`"),
    ],
)
def test_a_wrong_fault_gets_an_error_that_shows_the_right_one(
    tmp_path: Path, fault: dict[str, Any], expected: str
) -> None:
    study = a_study()
    study["scenarios"][1]["faults"] = [fault]
    assert expected in problems_of(tmp_path, study)


def test_what_can_fail_in_one_way_only_needs_no_failure_and_takes_no_other(tmp_path: Path) -> None:
    study = a_study()
    study["scenarios"][1]["faults"] = [{"registry": "all"}]
    (cell,) = [c for c, _ in Study.model_validate(study).cells() if c.scenario == "S2"]
    assert cell.id == "S2-kernel-monitored-wipe"
    study["campaign"] = [{"scenarios": ["S2"], "failure": "kill", "trials": 1}]
    assert "its `failure` can only be `wipe`" in problems_of(tmp_path, study)


def test_beside_others_it_fails_in_its_own_way() -> None:
    cut = {"network": "peer", "node": "client", "for_s": 30}
    study = a_study()
    study["scenarios"][1]["faults"] = [{"component": "nsmd", "node": "client"}, cut]
    scenario = Study.model_validate(study).scenario("S2")
    assert scenario.default_failure == "kill"
    assert [fault.failure_in("hang") for fault in scenario.faults] == ["hang", "cut"]


def test_an_arm_of_an_undeclared_scenario_lists_the_declared_ones(tmp_path: Path) -> None:
    arm = {"scenarios": ["S3"], "trials": 3}
    assert "declared are: S1, S2, S8" in problems_of(tmp_path, a_study(campaign=[arm]))


def test_a_cell_in_two_arms_is_an_error(tmp_path: Path) -> None:
    arms = [{"scenarios": ["S1"], "trials": 3}, {"scenarios": ["S1"], "trials": 2}]
    assert "S1-kernel-monitored-none is in two arms" in problems_of(
        tmp_path, a_study(campaign=arms)
    )


def test_a_process_of_vpp_cannot_fail_on_the_kernel_plane(tmp_path: Path) -> None:
    study = a_study()
    study["scenarios"][1]["faults"] = [{"component": "vpp", "node": "client"}]
    assert "exists on the vpp plane only" in problems_of(tmp_path, study)


def test_a_control_cannot_be_given_a_failure(tmp_path: Path) -> None:
    arm = {"scenarios": ["S1"], "failure": "kill", "trials": 1}
    assert "can only be `none`" in problems_of(tmp_path, a_study(campaign=[arm]))


def test_the_settle_time_must_fit_into_the_watch(tmp_path: Path) -> None:
    windows = {"settle_s": 60, "watch_s": 60}
    assert "shorter than watch_s" in problems_of(tmp_path, a_study(windows=windows))


def test_a_file_that_is_not_yaml_or_not_there_is_named(tmp_path: Path) -> None:
    broken = tmp_path / "broken.yaml"
    broken.write_text("a: [1")
    with pytest.raises(ConfigError, match="is not YAML"):
        load_study(broken)
    with pytest.raises(ConfigError, match="cannot be read"):
        load_study(tmp_path / "absent.yaml")


def test_on_the_vpp_plane_a_hang_names_the_process(tmp_path: Path) -> None:
    study = a_study(
        campaign=[{"scenarios": ["S4"], "plane": "vpp", "failure": "hang", "trials": 1}]
    )
    study["scenarios"].append(
        {
            **study["scenarios"][1],
            "id": "S4",
            "faults": [{"component": "forwarder", "node": "client"}],
        }
    )
    assert "name the process that is to hang" in problems_of(tmp_path, study)


def test_the_study_of_the_vpp_plane_has_the_published_scenarios_and_windows() -> None:
    published, vpp = (load_study(ROOT / "config" / f"study{x}.yaml") for x in ("", "-vpp"))
    nine = len(published.scenarios)
    assert vpp.scenarios[:nine] == published.scenarios
    assert all(scenario.source == "ours" for scenario in vpp.scenarios[nine:])
    assert (vpp.windows, vpp.probes) == (published.windows, published.probes)
    assert {cell.factors.plane for cell, _ in vpp.cells()} == {"vpp"}


def test_turns_need_as_many_trials_alone_as_side_by_side(tmp_path: Path) -> None:
    assert Study.model_validate(a_study(turns={"blocks": 1})).turns is not None
    problems = problems_of(tmp_path, a_study(turns={"blocks": 2}))
    assert "`trials` is a multiple of 4, not 2" in problems


def checksums_of(file: Path) -> set[str]:
    """Checksums by which a campaign may name its study: today's, and that of former versions."""
    content = load_recorded_study(file).model_dump(mode="json")
    former = former_content(read_document(file).data)
    return {checksum(content), checksum({**content, **former})}


def test_a_study_without_turns_has_the_checksum_that_recorded_campaigns_name() -> None:
    recorded = ROOT / "results" / "recorded" / "kernel-2026-11"
    named = json.loads((recorded / "campaign.json").read_text(encoding="utf-8"))["study_sha256"]
    assert named in checksums_of(recorded / "study.yaml")
    by_turns = load_study(ROOT / "config" / "study-lanes.yaml")
    plain = by_turns.model_copy(update={"turns": None})
    assert sha256_of(by_turns) != sha256_of(plain)
    assert Study.model_validate(by_turns.model_dump()) == by_turns


def test_the_study_beyond_the_nine_repeats_them_with_and_without_the_remedy() -> None:
    published, beyond = (load_study(ROOT / "config" / f"study{x}.yaml") for x in ("", "-beyond"))
    nine = len(published.scenarios)
    assert beyond.scenarios[:nine] == published.scenarios
    assert all(scenario.source == "ours" for scenario in beyond.scenarios[nine:])
    assert (beyond.windows, beyond.probes, beyond.judge) == (
        published.windows, published.probes, published.judge,
    )  # fmt: skip
    remedies: dict[str, set[str]] = {}
    for cell, _ in beyond.cells():
        remedies.setdefault(cell.scenario, set()).add(cell.factors.remedy)
    assert all(remedies[s.id] == {"none", "observe", "heal"} for s in beyond.scenarios[:nine])
    assert all(remedies[s.id] == {"none", "heal"} for s in beyond.scenarios[nine:])


RECORDED = sorted((ROOT / "results" / "recorded").glob("*/study.yaml"))


@pytest.mark.parametrize("file", RECORDED, ids=lambda path: path.parent.name)
def test_recorded_studies_are_read_with_the_checksum_that_their_campaign_names(file: Path) -> None:
    study = load_recorded_study(file)
    assert study.judge == JudgeRules()
    named = json.loads((file.parent / "campaign.json").read_text(encoding="utf-8"))
    assert named["study_sha256"] in checksums_of(file)


def test_a_new_study_with_a_retired_key_is_told_what_to_write(tmp_path: Path) -> None:
    problems = problems_of(tmp_path, a_study(judge={"interruption_s": 0.1}))
    assert "not used any more" in problems and "loss_run: 5" in problems


@pytest.mark.parametrize("value", [0, 2.5, True, "five"])
def test_a_run_of_losses_is_a_count(tmp_path: Path, value: object) -> None:
    assert "judge, loss_run" in problems_of(tmp_path, a_study(judge={"loss_run": value}))


def test_what_is_late_is_answered_before_the_deadline(tmp_path: Path) -> None:
    problems = problems_of(tmp_path, a_study(judge={"late_reply_s": 2.0}))
    assert "late_reply_s (2) must be shorter than probes.echo_deadline_s" in problems


def test_every_study_of_ours_has_the_same_rules_of_the_judge() -> None:
    files = [*(ROOT / "config").glob("study*.yaml"), ROOT / "config" / "quick.yaml"]
    assert {load_study(file).judge for file in files} == {JudgeRules()}


def test_every_level_has_its_words_and_in_a_cells_id_they_can_be_told_apart() -> None:
    """An id has levels without the names of their factors, joined by `-`."""
    words = {name: set(said.levels) for name, said in FACTORS.items()}
    assert words == {name: set(levels) for name, levels in LEVELS.items()}
    usual = Factors().levels()
    added = [
        level
        for name in set(LEVELS) - {"system", "plane", "client", "failure"}
        for level in LEVELS[name]
        if level != usual[name]
    ]
    assert len(added) == len(set(added)), "two factors have a level of the same word"
    assert not any("-" in level for name in LEVELS if name != "system" for level in LEVELS[name])
