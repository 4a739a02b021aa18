# SPDX-License-Identifier: Apache-2.0
"""When new clients ask, and for how long a cell is watched: what a study may say, and what not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from nsm_resilience.study.duration import after_s, longest_s, shortest_s
from nsm_resilience.study.load import ConfigError, load_study, sha256_of
from nsm_resilience.study.models import Study
from nsm_resilience.testbed.doctor import estimate

STUDY = Path(__file__).parents[3] / "config" / "study-full.yaml"

S2 = {"id": "S2", "title": "nsmd fails", "where": "client's node", "source": "ours",
      "faults": [{"component": "nsmd", "node": "client"}]}  # fmt: skip
S1 = {**S2, "id": "S1", "title": "nothing fails", "faults": []}


def study(scenario: Any = S2, arm: Any = None, **given: Any) -> Study:
    arms = [{"scenarios": [scenario["id"]], "trials": 1, **(arm or {})}]
    return Study.model_validate(
        {"name": "s", "seed": 1, "scenarios": [scenario], "campaign": arms, **given}
    )


def test_the_old_form_is_one_client_after_the_watch() -> None:
    (client,) = study({**S2, "new_connection": ["endpoint"]}).scenario("S2").clients
    assert (client.node, client.at_s, client.id, client.pod) == (
        "endpoint", None, "endpoint", "newcomer-endpoint",
    )  # fmt: skip


def test_early_ones_come_first_by_their_instants_each_with_a_name_of_its_own() -> None:
    given = [{}, {"at_s": 60}, {"at_s": 7.5, "patience_s": 200}, {"node": "endpoint", "at_s": 60}]
    clients = study({**S2, "new_clients": given}).scenario("S2").clients
    assert [c.id for c in clients] == ["client-7-5", "client-60", "endpoint-60", "client"]


def test_a_study_gives_its_new_clients_to_scenarios_that_name_none() -> None:
    own = {**S2, "new_clients": [{"at_s": 5}]}
    old = {**S2, "id": "S3", "new_connection": ["client"]}
    found = Study.model_validate(
        {"name": "s", "seed": 1, "new_clients": [{"at_s": 15}, {}], "scenarios": [S1, own, old],
         "campaign": [{"scenarios": ["S1", "S2", "S3"], "trials": 1}]}
    )  # fmt: skip
    asked = {s.id: [c.id for c in s.clients] for s in found.scenarios}
    assert asked == {"S1": ["client-15", "client"], "S2": ["client-5"], "S3": ["client"]}
    assert Study.model_validate(found.model_dump(mode="json")) == found


@pytest.mark.parametrize(
    ("scenario", "given", "why"),
    [
        ({"new_clients": [{"at_s": 120}]}, {}, r"asks after 120 s, which is not inside watch_s"),
        ({"new_clients": [{}, {}]}, {}, r"two new clients are client; give each its own"),
        ({"new_clients": [{"at_s": 5}, {"at_s": 5}]}, {}, r"two new clients are client-5"),
        ({"new_clients": [{}], "new_connection": ["endpoint"]}, {}, r"say the same twice"),
        ({"new_clients": [{"at_s": 0}]}, {}, r"greater than 0"),
        ({"new_clients": [{"at": 5}]}, {}, r"Extra inputs|extra"),
        ({"new_clients": [{"patience_s": float("inf")}]}, {}, r"finite"),
        ({"faults": [{"component": "nsmd", "node": "client", "delay_s": 95}]}, {},
         r"comes or is undone after 95 s.*settle_s \(30\) inside watch_s"),
        ({}, {"full": {"watch_s": 120}}, None),
    ],
)  # fmt: skip
def test_what_cannot_happen_in_the_watch_is_refused(
    scenario: Any, given: Any, why: str | None
) -> None:
    if why is None:  # not used by any arm: it says nothing
        assert study({**S2, **scenario}, **given).full is not None
        return
    with pytest.raises(ValidationError, match=why):
        study({**S2, **scenario}, **given)


def test_a_longer_watch_makes_other_cells_with_other_windows() -> None:
    found = study(arm={"watch": ["usual", "full"]}, full={"watch_s": 360})
    cells = [cell for cell, _ in found.cells()]
    assert [cell.id for cell in cells] == [
        "S2-kernel-monitored-kill", "S2-kernel-monitored-kill-full",
    ]  # fmt: skip
    assert [found.windows_of(cell).watch_s for cell in cells] == [120, 360]
    assert found.windows_of(cells[1]).settle_s == found.windows.settle_s
    assert found.longest_watch_s == 360


@pytest.mark.parametrize(
    ("full", "why"),
    [
        (None, r"`watch: full` needs the study's longer windows; write for example\n  full:"),
        ({"watch_s": 120}, r"must be longer than that of `windows`"),
        ({"watch_s": 200, "settle_s": 200}, r"settle_s \(200\) must be shorter than watch_s"),
        ({"settle_s": 40}, r"watch_s"),
    ],
)
def test_a_longer_watch_has_windows_that_fit(full: Any, why: str) -> None:
    with pytest.raises(ValidationError, match=why):
        study(arm={"watch": "full"}, **({} if full is None else {"full": full}))


def test_an_early_client_fits_into_the_watch_of_each_of_its_cells() -> None:
    late = {**S2, "new_clients": [{"at_s": 200}]}
    study(late, arm={"watch": "full"}, full={"watch_s": 360})
    with pytest.raises(ValidationError, match="not inside watch_s"):
        study(late, arm={"watch": ["usual", "full"]}, full={"watch_s": 360})


def test_a_factor_that_is_not_used_leaves_checksums_as_they_were() -> None:
    dumped = study().model_dump(mode="json")
    assert not {"full", "new_clients"} & set(dumped)
    assert "watch" not in dumped["campaign"][0] and "prompt_s" not in dumped["judge"]
    assert "new_clients" not in dumped["scenarios"][0]
    assert "watch" not in study().cells()[0][0].factors.model_dump()
    assert study().cells()[0][0].factors.levels()["watch"] == "usual"
    assert sha256_of(study()) == sha256_of(study(new_clients=[]))


def test_how_long_a_trial_takes_follows_its_clients_and_its_windows() -> None:
    plain, full = study(), study(arm={"watch": "full"}, full={"watch_s": 360})
    usual = plain.windows
    assert after_s(usual, plain.scenario("S2")) == 60 + 30
    patient = {**S2, "new_clients": [{"at_s": 60, "patience_s": 165}, {}, {"node": "endpoint"}]}
    asked = study(patient).scenario("S2")
    assert after_s(usual, asked) == 165 + 30  # while it waits the two others have their 60 s each
    assert shortest_s(usual, asked) - shortest_s(usual, plain.scenario("S2")) == 60 - 30
    assert longest_s(usual, asked) - longest_s(usual, plain.scenario("S2")) == 165 - 60
    assert estimate(full, 1).most_s - estimate(plain, 1).most_s == pytest.approx(240)


def test_a_fault_that_comes_later_is_waited_for() -> None:
    later = {"component": "nsmd", "node": "client", "delay_s": 60}
    scenario = study({**S2, "faults": [*S2["faults"], later]}).scenario("S2")
    assert scenario.last_act_s == 60
    assert shortest_s(study().windows, scenario) - shortest_s(
        study().windows, study().scenario("S2")
    ) == pytest.approx(60)


def test_a_wrong_new_client_of_the_study_is_told_once_and_where_it_stands(tmp_path: Path) -> None:
    path = tmp_path / "study.yaml"
    lines = ["name: x", "seed: 1", "new_clients: [{at_s: -3}, {nod: client}]", "scenarios:",
             "  - {id: S1, title: connection, where: both, source: stated}",
             "campaign: [{scenarios: [S1], trials: 1}]"]  # fmt: skip
    path.write_text("\n".join(lines), encoding="utf-8")
    with pytest.raises(ConfigError) as error:
        load_study(path)
    assert len(error.value.problems) == 2
    assert all("line 3, new_clients" in problem for problem in error.value.problems)


def test_the_study_of_the_evidence_recorded_anew_can_be_run() -> None:
    found = load_study(STUDY)
    cells = [cell for cell, _ in found.cells()]
    assert {c.factors.watch for c in cells} == {"usual", "full"}
    assert all([k.at_s for k in s.clients] == [15, None] for s in found.scenarios)
