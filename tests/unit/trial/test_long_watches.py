# SPDX-License-Identifier: Apache-2.0
"""What ends by itself outlives the longest trial of its study (seen in control-2026-11)."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from nsm_resilience.agent.client import Clock
from nsm_resilience.probes import datapath
from nsm_resilience.probes.datapath import PathProbe
from nsm_resilience.probes.fates import Fates
from nsm_resilience.study.duration import longest_s
from nsm_resilience.study.load import load_study
from nsm_resilience.study.models import Study
from nsm_resilience.systems.nsm_v0_2_0 import SYSTEM
from nsm_resilience.trial import phases

CONFIG = Path(__file__).parents[3] / "config"
STUDIES = sorted(CONFIG.glob("study*.yaml"))


class Agent:
    """Takes orders."""

    def __init__(self) -> None:
        self.orders: dict[str, dict[str, Any]] = {}

    def start(self, name: str, script: str, order: dict[str, Any]) -> None:
        self.orders[script] = order


def prober_lives_s(study: Study, cell: Any, monkeypatch: pytest.MonkeyPatch) -> float:
    """For how long the prober of the established path runs if nobody stops it; seconds."""
    monkeypatch.setattr(phases, "phase", lambda *_: nullcontext())
    monkeypatch.setattr(datapath, "time", SimpleNamespace(monotonic_ns=lambda: 0))
    agent: Any = Agent()
    writer: Any = SimpleNamespace(event=lambda *_, **__: None)
    clock = Clock(0, 0, True, 0)
    path = PathProbe("path", agent, clock, writer, study.probes, Fates(study), SYSTEM)
    setting: Any = SimpleNamespace(
        mesh=SimpleNamespace(start_client=lambda _: {"metadata": {"uid": "u"}}),
        handlers={}, writer=writer, scenario=study.scenario(cell.scenario),
        windows=study.windows_of(cell), pump_until=lambda *_: True,
    )  # fmt: skip
    listener: Any = SimpleNamespace(on_line=None, start=lambda *_: None)
    phases.connect(setting, path, listener)
    return float(agent.orders["echo"]["give_up_ns"] / 1e9)


@pytest.mark.parametrize("file", STUDIES, ids=lambda file: file.stem)
def test_the_prober_outlives_every_trial_of_the_study(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = load_study(file)
    for cell, _ in study.cells():
        longest = longest_s(study.windows_of(cell), study.scenario(cell.scenario))
        watches = 2 if cell.factors.outage == "second" else 1
        needed = longest + (watches - 1) * study.windows_of(cell).watch_s
        assert prober_lives_s(study, cell, monkeypatch) > needed, cell.id


def test_there_is_a_study_with_a_watch_of_an_hour() -> None:
    assert max(load_study(file).longest_watch_s for file in STUDIES) >= 3600
