# SPDX-License-Identifier: Apache-2.0
"""What agents and probes say last, or could not say, is in the record."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from nsm_resilience.faults.inject import SCRIPT
from nsm_resilience.study.fault import Fault
from nsm_resilience.study.models import Cell, Factors, Scenario
from nsm_resilience.trial import phases
from nsm_resilience.trial.run import warnings
from nsm_resilience.trial.setting import Setting


class Agent:
    """Its injector says that it has undone its fault when it is stopped."""

    def __init__(self) -> None:
        self.lines: list[tuple[str, dict[str, Any]]] = []
        self.dropped = 0

    def stop(self, *names: str) -> None:
        self.lines += [(name, {"kind": "undone"}) for name in names]

    def pull(self) -> list[tuple[str, dict[str, Any]]]:
        lines, self.lines = self.lines, []
        return lines


@pytest.fixture
def setting() -> Setting:
    given: Any = None
    agents: Any = {"client": Agent()}
    windows = SimpleNamespace(settle_s=5)
    scenario = Scenario(
        id="S2", title="nsmd fails", where="client's node", source="ours",
        faults=(Fault(component="nsmd", node="client"),),
    )  # fmt: skip
    study: Any = SimpleNamespace(windows_of=lambda cell: windows, scenario=lambda _: scenario)
    scheduled: Any = SimpleNamespace(cell=Cell(scenario="S2", factors=Factors()))
    return Setting(
        study=study, scheduled=scheduled, cluster=given, cluster_id="c1", lane=given,
        mesh=given, agents=agents, clocks={}, writer=given, pods=given, say=lambda _: None,
    )  # fmt: skip


def test_that_the_first_of_two_outages_was_undone_is_told(setting: Setting) -> None:
    told: list[str] = []
    setting.handlers[("client", SCRIPT)] = lambda line: told.append(line["kind"])
    path: Any = SimpleNamespace(healed=lambda: False)
    assert phases.not_healed(setting, path) is not None
    assert told == ["undone"]
    assert setting.handlers == {}


def test_whatever_was_not_as_it_should_be_becomes_a_warning(setting: Setting) -> None:
    def probe(problem: str | None) -> Any:
        return SimpleNamespace(problem=problem)

    setting.logs = [probe("the log probe ended with 1"), probe(None)]
    setting.problems["client"] = (3, "GET pull: timed out")
    cast(Any, setting.agents["client"]).dropped = 7
    assert list(warnings(setting, [probe("the prober ended"), probe(None)])) == [
        "the prober ended",
        "the log probe ended with 1",
        "the agent on the client's node had to drop 7 lines",
        "the agent on the client's node did not answer 3 times, the last time: GET pull: timed out",
    ]
