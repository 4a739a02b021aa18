# SPDX-License-Identifier: Apache-2.0
"""Where the path cannot come back, the survivor is asked; where a fault has a time, it must end."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from nsm_resilience.judge.judgement import Judgement
from nsm_resilience.judge.trial import judge_record
from nsm_resilience.record.reader import read_record
from tests.builders.records import build, note
from tests.builders.studies import make_study, study_text

DEAD = [(1.0, 99.0)]
OURS: list[dict[str, Any]] = [
    {"id": "W1", "title": "client dies", "faults": [{"workload": "client"}]},
    {"id": "W2", "title": "endpoint dies", "faults": [{"workload": "endpoint"}]},
    {"id": "W3", "title": "endpoint dies", "faults": [{"workload": "endpoint"}],
     "spare_endpoint": True},
    {"id": "N3", "title": "parted", "faults": [{"network": "peer", "node": "client", "for_s": 4}]},
]  # fmt: skip


def network(*interfaces: tuple[int, str]) -> dict[str, Any]:
    every = ((1, "lo"), (2, "eth0"), *interfaces)
    return {"interfaces": [{"index": index, "name": name} for index, name in every]}


def pods(client: Any, endpoint: Any) -> dict[str, Any]:
    return {"nodes": {"client": {"pods": client}, "endpoint": {"pods": endpoint}}}


def registry(*services: str) -> dict[str, Any]:
    return {"networkserviceendpoints": [{"spec": {"networkservicename": s}} for s in services]}


JOINED = pods({"client": network((5, "nsm0"))}, {"endpoint": network((7, "nsmA"))})


def judge(
    folder: Path, scenario: str, after: Any, failure: str = "delete", before: Any = JOINED,
    levels: dict[str, str] | None = None, **given: Any,
) -> Judgement:  # fmt: skip
    declared = [{**one, "where": "w", "source": "ours"} for one in OURS]
    study = make_study(folder, study_text(scenarios=declared))
    factors = {"failure": failure, **(levels or {})}
    made = build(folder, scenario, study=study, factors=factors, **{"down": DEAD, **given})
    for name, taken in (("before", before), ("after", after)):
        if taken is not None:
            (made / "snapshots").mkdir(exist_ok=True)
            (made / "snapshots" / f"{name}.json").write_text(json.dumps(taken), encoding="utf-8")
    return judge_record(read_record(made))


RELEASED = pods(
    {"newcomer-client": network((6, "nsm0"))}, {"endpoint": network((9, "nsmB"))}
)  # what a new client was given counts for nothing
HELD = pods({}, {"endpoint": network((7, "nsmA"), (9, "nsmB"))})


def test_a_client_that_is_gone_is_supported_when_its_endpoint_lets_go(tmp_path: Path) -> None:
    found = judge(tmp_path, "W1", RELEASED)
    assert (found.verdict, found.measures.path_verdict) == ("supported", "gone")
    assert "endpoint has released its end" in found.reason
    assert {e.file for e in found.evidence} >= {"snapshots/before.json", "snapshots/after.json"}


def test_of_a_client_that_is_gone_it_is_not_asked_whether_it_was_told(tmp_path: Path) -> None:
    gone = judge(tmp_path / "client", "W1", RELEASED).measures
    assert gone.notified_s is None
    assert gone.notified_unknown == "not applicable: the client itself is broken"
    told = judge(tmp_path / "endpoint", "W2", pods({"client": network()}, {})).measures
    assert "not applicable" not in str(told.notified_unknown)


def test_an_endpoint_that_holds_the_end_of_a_dead_path_is_not(tmp_path: Path) -> None:
    found = judge(tmp_path, "W1", HELD)
    assert found.verdict == "unsupported"
    assert "still holds nsmA" in found.reason


def test_after_a_client_is_gone_a_new_one_must_connect(tmp_path: Path) -> None:
    assert judge(tmp_path, "W1", RELEASED, answered_s=None).verdict == "unsupported"


def test_after_the_only_endpoint_is_gone_nobody_can_and_it_decides_nothing(tmp_path: Path) -> None:
    after = pods({"client": network()}, {})
    found = judge(tmp_path, "W2", after, answered_s=None)
    assert (found.verdict, found.measures.path_verdict) == ("supported", "gone")
    held = judge(tmp_path / "held", "W2", JOINED, answered_s=None)
    assert held.verdict == "unsupported" and "client still holds nsm0" in held.reason


@pytest.mark.parametrize(("scenario", "failure"), [("W3", "delete"), ("W1", "kill")])
def test_with_a_spare_and_after_a_kill_in_place_the_path_is_asked_for(
    tmp_path: Path, scenario: str, failure: str
) -> None:
    both = {"before": {**JOINED, "resources": registry("icmp", "icmp")}}
    found = judge(tmp_path, scenario, RELEASED, failure, **both)
    assert (found.verdict, found.measures.path_verdict) == ("unsupported", "dead")
    back = judge(tmp_path / "back", scenario, RELEASED, failure, down=[(1.0, 4.0)], **both)
    assert (back.verdict, back.measures.path_verdict) == ("supported", "recovered")


@pytest.mark.parametrize(
    ("resources", "verdict", "why"),
    [
        (registry("icmp", "vpn"), "not_reached", "spare endpoint was not registered when"),
        (registry("icmp"), "not_reached", "spare endpoint was not registered when"),
        ({"networkserviceendpoints": [{"spec": None}]}, "unknown", "does not tell whether the sp"),
        ({}, "unknown", "does not tell whether the spare endpoint was registered"),
    ],
)
def test_a_spare_endpoint_that_was_not_there_was_never_put_to_the_test(
    tmp_path: Path, resources: Any, verdict: str, why: str
) -> None:
    found = judge(tmp_path, "W3", RELEASED, before={**JOINED, "resources": resources})
    assert found.verdict == verdict and why in found.reason


@pytest.mark.parametrize("after", [None, pods({}, {}), pods({}, {"endpoint": {"error": "x"}})])
def test_a_survivor_of_which_nothing_is_known_decides_nothing(tmp_path: Path, after: Any) -> None:
    assert judge(tmp_path, "W1", after).verdict == "unknown"


def test_a_fault_that_was_undone_in_time_is_proved(tmp_path: Path) -> None:
    found = judge(tmp_path, "N3", None, "cut", down=[(0.5, 4.5)])
    assert (found.verdict, found.measures.injection_proof) == ("supported", "proved")


@pytest.mark.parametrize(
    "undone", [None, (4.0, False), (12.0, True)], ids=["never", "in vain", "too late"]
)
def test_a_fault_that_lasted_longer_than_declared_is_another_fault(
    tmp_path: Path, undone: tuple[float, bool] | None
) -> None:
    acts = []
    if undone is not None:
        at, ok = undone
        event = {"id": "fault-1", "ok": ok, "checks": []}
        acts = [(at, note("undo", node="client", target="network:peer@client", data=event))]

    def declare_longer(description: dict[str, Any]) -> None:
        description["scenario"]["faults"][0]["for_s"] = 6.5

    # the record's own undoing, at 4 s, comes before the 6.5 s that are declared
    found = judge(
        tmp_path, "N3", None, "cut", down=[(0.5, 4.5)], settle=False, meta=declare_longer, acts=acts
    )
    assert found.verdict == "not_injected"
    assert "network:peer@client was not undone after its 6.5 s" in found.reason


def of_today(*services: str) -> dict[str, Any]:
    specs = [{"network_service_names": [service]} for service in services]
    return {"networkserviceendpoints": [{"spec": spec} for spec in specs]}


@pytest.mark.parametrize(
    ("resources", "verdict"),
    [
        (of_today("icmp", "icmp"), "unsupported"),
        (of_today("icmp", "vpn"), "not_reached"),
        (registry("icmp", "icmp"), "unknown"),
    ],
)
def test_a_spare_endpoint_is_looked_for_as_its_own_system_registers_it(
    tmp_path: Path, resources: Any, verdict: str
) -> None:
    """Specs of NSM v1.18.0 name their services elsewhere than those of v0.2.0."""
    today = {"system": "nsm-v1.18.0", "plane": "vpp"}
    before = {**JOINED, "resources": resources}
    assert judge(tmp_path, "W3", RELEASED, before=before, levels=today).verdict == verdict
