# SPDX-License-Identifier: Apache-2.0
"""New clients ask at their instants, wait side by side, and hold up neither probes nor watch."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from nsm_resilience.record.reader import read_record
from nsm_resilience.record.writer import RecordWriter
from nsm_resilience.study.models import Study
from nsm_resilience.study.schedule import make_schedule
from nsm_resilience.systems.nsm_v0_2_0 import SYSTEM
from nsm_resilience.testbed.base import Lane
from nsm_resilience.trial import newcomers as module
from nsm_resilience.trial import phases
from nsm_resilience.trial import setting as setting_module
from nsm_resilience.trial.newcomers import Newcomers
from nsm_resilience.trial.setting import Setting
from tests.unit.trial.conftest import META

FAULT_NS = 1_000_000_000_000


class World:
    """A made-up clock, two agents and a mesh: a client is answered when the test says so."""

    def __init__(self, answers: dict[str, float]) -> None:
        """`answers` says when (seconds after the fault) the prober of a client has its reply."""
        self.now_ns = FAULT_NS
        self.answers = dict(answers)
        self.done: list[tuple[float, str]] = []
        self.running: set[str] = set()
        self.lines: list[tuple[str, dict[str, Any]]] = []
        self.node, self.dropped, self.lane = "n", 0, Lane(1, "a", "b")

    @property
    def now_s(self) -> float:
        return (self.now_ns - FAULT_NS) / 1e9

    def note(self, what: str) -> None:
        self.done.append((self.now_s, what))

    # the agents
    def to_node(self, t_ns: int) -> int:
        return t_ns

    to_runner = to_node

    def start(self, name: str, script: str, order: dict[str, Any]) -> None:
        assert name not in self.running, "a prober of this name runs already"
        self.running.add(name)
        self.note(f"ask {name}")

    def stop(self, *names: str) -> None:
        self.running -= set(names)
        self.note(f"stop {', '.join(names)}")

    def pull(self) -> list[tuple[str, dict[str, Any]]]:
        lines, self.lines = self.lines, []
        return lines

    # the mesh
    system = SYSTEM

    def start_pod(self, manifest: str, pod: str, node: str) -> None:
        self.now_ns += int(0.2e9)  # it takes a moment

    def pod(self, name: str) -> Any:
        return {"metadata": {"uid": name, "name": name}, "status": {"phase": "Pending"}}

    def sleep(self, seconds: float) -> None:
        self.now_ns += max(1, int(seconds * 1e9))
        for name, at in list(self.answers.items()):
            if name in self.running and self.now_s >= at:
                del self.answers[name]
                sent = FAULT_NS + int(at * 1e9) - 1000
                row = [0, sent, sent, 1000, "reply", None]
                self.lines.append((name, {"kind": "echoes", "rows": [row]}))


WRITERS: list[RecordWriter] = []


@pytest.fixture(autouse=True)
def closed() -> Iterator[None]:
    """The writers of the test's records are closed when it is over."""
    yield
    while WRITERS:
        WRITERS.pop().abandon()


def set_up(
    folder: Path, monkeypatch: pytest.MonkeyPatch, clients: Any, answers: dict[str, float]
) -> tuple[World, Newcomers]:
    study = Study.model_validate(
        {"name": "s", "seed": 1, "campaign": [{"scenarios": "S2", "trials": 1}], "scenarios": [
            {"id": "S2", "title": "nsmd fails", "where": "there", "source": "ours",
             "faults": [{"component": "nsmd", "node": "client"}], "new_clients": clients}]}
    )  # fmt: skip
    world = World(answers)
    clock = SimpleNamespace(monotonic_ns=lambda: world.now_ns, sleep=world.sleep,
                            monotonic=lambda: world.now_ns / 1e9)  # fmt: skip
    for where in (module, setting_module, phases):
        monkeypatch.setattr(where, "time", clock)
    given: Any = None
    fake: Any = world
    setting = Setting(
        study=study, scheduled=make_schedule(study)[0], cluster=fake, cluster_id="c",
        lane=world.lane, mesh=fake, agents={"client": fake}, clocks={"client": fake},
        writer=RecordWriter(folder / "record", {**META, "attempt": 1}), pods=given,
        say=lambda _: None,
    )  # fmt: skip
    WRITERS.append(setting.writer)
    setting.wait_for_api = lambda timeout_s: None  # type: ignore[method-assign]
    return world, Newcomers(setting)


def results(newcomers: Newcomers) -> dict[str, tuple[bool, float | None]]:
    newcomers.setting.writer.close()
    record = read_record(newcomers.setting.writer.layout.folder)
    return {
        e.data["client"]: (e.data["answered"], e.data["seconds"])
        for e in record.all_of("new_connection")
    }


def test_each_asks_at_its_instant_and_nobody_waits_for_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world, new = set_up(
        tmp_path, monkeypatch,
        [{"at_s": 15, "patience_s": 60}, {"at_s": 20, "patience_s": 165}, {}],
        {"new-client-20": 127.9, "new-client": 121.5},
    )  # fmt: skip
    new.begin(FAULT_NS)
    new.setting.pump_until(FAULT_NS + int(120e9), new.looked)
    asked = {what: at for at, what in world.done}
    assert asked["ask new-client-15"] == pytest.approx(15, abs=1)
    assert asked["ask new-client-20"] == pytest.approx(20, abs=1)
    assert asked["stop new-client-15"] == pytest.approx(75, abs=1.5)
    assert world.running == {"new-client-20"}  # it waits beyond the watch
    new.after()
    assert not world.running
    found = results(new)
    assert found["client-15"] == (False, None)
    assert found["client-20"][0] and found["client-20"][1] == pytest.approx(107.9, abs=1)
    assert found["client"][0] and found["client"][1] == pytest.approx(1.5, abs=1)
    record = read_record(tmp_path / "record")
    asked_at = {e.data["client"]: e.t_ns for e in record.all_of("asked")}
    assert asked_at["client"] >= FAULT_NS + int(120e9)
    table = record.table("new")
    assert set(table["client"]) == {"client-20", "client"}


def test_those_that_ask_after_the_watch_ask_one_after_the_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world, new = set_up(tmp_path, monkeypatch, [{}, {"at_s": 5, "patience_s": 300}], {})
    new.begin(FAULT_NS)
    new.setting.pump_until(FAULT_NS + int(30e9), new.looked)
    new.after()
    order = [what for _, what in world.done]
    assert order == ["ask new-client-5", "ask new-client", "stop new-client", "stop new-client-5"]
    assert world.now_s == pytest.approx(305, abs=2)


class Path_:
    """An established path that was interrupted, came back and has settled."""

    priority = problem = ""
    last_reply_ns = FAULT_NS
    sent, unanswered = 90, 7

    def settled(self) -> bool:
        return True

    def interrupted(self) -> bool:
        return True

    def answers(self, t_ns: int) -> bool:
        return True


@pytest.mark.parametrize(
    ("clients", "ends"), [([{"at_s": 70}, {}], 70.0), ([{"at_s": 2}, {}], 3.0), ([{}], 3.0)]
)
def test_the_watch_is_not_over_before_everyone_has_asked_that_asks_in_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, clients: Any, ends: float
) -> None:
    world, new = set_up(tmp_path, monkeypatch, clients, {})
    monkeypatch.setattr(phases, "snapshot", lambda setting, name: None)
    new.begin(FAULT_NS)
    injector: Any = SimpleNamespace(prove_actions=lambda: None)
    path: Any = Path_()
    phases.watch(new.setting, path, injector, FAULT_NS, new)
    assert world.now_s == pytest.approx(ends, abs=1.5)
    assert new.all_asked


def test_in_a_trial_of_a_second_outage_they_ask_in_that_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world, new = set_up(tmp_path, monkeypatch, [{"at_s": 5}, {}], {})
    new.setting.pump_until(FAULT_NS + int(20e9), new.looked)  # the first outage: nobody has begun
    assert world.done == [] and new.all_asked
    new.begin(world.now_ns)
    assert not new.all_asked
    new.setting.pump_until(world.now_ns + int(6e9), new.looked)
    assert [what for _, what in world.done] == ["ask new-client-5"]
