# SPDX-License-Identifier: Apache-2.0
"""What a fault did to what all lanes share is undone in its own trial, and proved."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from nsm_resilience.faults.base import hits_shared, plan
from nsm_resilience.faults.preview import injections
from nsm_resilience.mesh.shared_health import Look, NotServing, Proof
from nsm_resilience.study.fault import Fault
from nsm_resilience.study.models import Factors, Scenario
from nsm_resilience.testbed.api import ApiUnavailable
from nsm_resilience.trial import restoring

TODAY, PAPER = "nsm-v1.18.0", "nsm-v0.2.0"
CHECK = {"check": "a socket that answers is there", "ok": True, "before": None, "after": None}


def scenario(*faults: dict[str, Any]) -> Scenario:
    made = tuple(Fault.model_validate(fault) for fault in faults)
    return Scenario(id="T1", title="some fail", where="somewhere", source="ours", faults=made)


class Setting:
    """A trial in its phase `undo`."""

    def __init__(self, of: Scenario, failure: str, system: str = TODAY) -> None:
        factors = Factors(system=system, plane="vpp", failure=failure)  # type: ignore[arg-type]
        self.scenario = of
        self.scheduled = SimpleNamespace(cell=SimpleNamespace(factors=factors))
        self.mesh = SimpleNamespace(system=factors.under_test)
        self.cluster = self.lane = self.agents = self.pump = None
        self.writer = self
        self.events: list[tuple[str, dict[str, Any]]] = []

    def event(self, kind: str, **rest: Any) -> None:
        self.events.append((kind, rest))


def restore(setting: Setting) -> str | None:
    given: Any = setting
    return restoring.restore_shared(given)


@pytest.mark.parametrize(
    ("fault", "failures"),
    [
        ({"component": "spire-agent", "node": "client"}, ("kill", "delete", "hang")),
        ({"socket": "spire-agent", "node": "endpoint"}, ("unlink", "replace", "orphan", "mode")),
        ({"whole_node": True, "node": "client", "for_s": 20}, ("pause",)),
    ],
)
def test_every_fault_on_what_all_share_is_looked_after(
    monkeypatch: pytest.MonkeyPatch, fault: dict[str, Any], failures: tuple[str, ...]
) -> None:
    monkeypatch.setattr(restoring, "prove_serving", lambda *_: Proof((CHECK,), ("spire-agent-x",)))
    for failure in failures:
        setting = Setting(scenario({"component": "nsmgr", "node": "client",
                                    "failure": "kill"}, fault), failure)  # fmt: skip
        assert restore(setting) is None
        ((kind, event),) = setting.events
        assert kind == "undo" and "source" not in event, "the runner\u0027s"
        assert event["node"] == fault["node"] and event["data"]["id"] == "fault-2"
        assert event["data"]["ok"] is True and event["data"]["checks"] == [CHECK]
        assert event["data"]["made_anew"] == ["spire-agent-x"]
        assert event["data"]["t_begin_ns"] > 0


@pytest.mark.parametrize("failed", ["with checks", "without"])
def test_what_does_not_serve_again_is_not_undone_and_said(
    monkeypatch: pytest.MonkeyPatch, failed: str
) -> None:
    def refuse(*_: Any) -> Proof:
        if failed == "without":
            raise ApiUnavailable("no answer")
        raise NotServing("spire", 120, [Look("", {**CHECK, "ok": False})], ["spire-agent-x"])

    monkeypatch.setattr(restoring, "prove_serving", refuse)
    setting = Setting(scenario({"socket": "spire-agent", "node": "client"}), "unlink")
    problem = restore(setting)
    assert problem is not None
    (_, undo), (kind, warning) = setting.events
    assert undo["data"]["ok"] is False
    assert (kind, warning["data"]["text"]) == ("warning", problem)


@pytest.mark.parametrize(
    ("fault", "failure", "system"),
    [
        ({"component": "nsmgr", "node": "client"}, "kill", TODAY),
        ({"socket": "all", "node": "client"}, "replace", TODAY),
        ({"socket": "forwarder", "node": "client"}, "replace", TODAY),
        ({"workload": "client"}, "kill", TODAY),
        ({"registry": "all"}, "wipe", TODAY),
        ({"network": "peer", "node": "client", "for_s": 20}, "cut", TODAY),
        ({"interface": "client"}, "down", TODAY),
        ({"component": "nsmd", "node": "client"}, "kill", PAPER),
        ({"whole_node": True, "node": "client", "for_s": 20}, "pause", PAPER),
    ],
)
def test_a_lanes_own_is_left_to_the_lanes_wipe(
    monkeypatch: pytest.MonkeyPatch, fault: dict[str, Any], failure: str, system: str
) -> None:
    monkeypatch.delattr(restoring, "prove_serving")
    setting = Setting(scenario(fault), failure, system)
    assert restore(setting) is None and setting.events == []


def test_the_preview_says_what_is_done_about_it() -> None:
    factors = Factors(system=TODAY, plane="vpp", failure="replace")
    given = scenario(
        {"socket": "spire-agent", "node": "client"}, {"socket": "nsm.io.sock", "node": "client"}
    )
    shared, own = injections(given, factors)
    assert "proved to serve again" in shared.undone and "proved" not in own.undone
    assert [hits_shared(one, factors) for one in plan(given, factors)] == [True, False]
