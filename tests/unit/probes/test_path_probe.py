# SPDX-License-Identifier: Apache-2.0
"""When a watch may end early: interrupted by lost echoes, back, and quiet for the settle time."""

from pathlib import Path
from typing import Any

import pytest

from nsm_resilience.agent.client import Clock
from nsm_resilience.probes.datapath import PathProbe
from nsm_resilience.probes.fates import Fates
from nsm_resilience.study.load import load_study
from nsm_resilience.study.models import Probes
from nsm_resilience.systems.nsm_v0_2_0 import SYSTEM

STUDY = load_study(Path(__file__).parents[3] / "config" / "study.yaml")
STUDY = STUDY.model_copy(
    update={"windows": STUDY.windows.model_copy(update={"settle_s": 1.0, "watch_s": 2.0})}
)
SECOND = 10**9
BEAT = 20_000_000


class Writer:
    def __init__(self) -> None:
        self.rows: list[dict[str, Any]] = []
        self.events: list[tuple[str, dict[str, Any]]] = []

    def samples(self, _table: str, rows: list[dict[str, Any]]) -> None:
        self.rows += rows

    def event(self, kind: str, **fields: Any) -> None:
        self.events.append((kind, fields))


@pytest.fixture
def probe() -> PathProbe:
    clock = Clock(offset_ns=5, error_ns=0, same_kernel=False, measured_ns=5)
    agent: Any = None
    writer: Any = Writer()
    return PathProbe("path", agent, clock, writer, Probes(), Fates(STUDY), SYSTEM)


def feed(probe: PathProbe, fates: list[tuple[int, str]], late_ns: int = 0) -> None:
    rows = []
    for seq, fate in fates:
        rtt = 1000 if fate == "reply" else None
        rows.append([seq, seq * BEAT, seq * BEAT + late_ns, rtt, fate, None])
    probe.on_line({"kind": "echoes", "rows": rows})


def replies(first: int, last: int) -> list[tuple[int, str]]:
    return [(seq, "reply") for seq in range(first, last)]


def test_a_path_that_never_stopped_is_never_settled(probe: PathProbe) -> None:
    probe.fates.watch_from(0)
    feed(probe, replies(0, 3000))
    assert not probe.interrupted() and not probe.settled()


def test_a_path_that_came_back_is_settled_after_the_settle_time(probe: PathProbe) -> None:
    probe.fates.watch_from(0)
    feed(probe, replies(0, 100))
    feed(probe, replies(150, 190))
    assert not probe.settled()
    feed(probe, [(seq, "lost") for seq in range(100, 150)])  # losses are settled later
    feed(probe, replies(190, 205))
    assert probe.settled() and probe.interrupted() and probe.healed()


def test_another_interruption_begins_the_settle_time_anew(probe: PathProbe) -> None:
    probe.fates.watch_from(0)
    feed(probe, [*replies(0, 10), *replies(50, 90), *replies(120, 130)])
    assert not probe.settled()


def test_an_interruption_before_the_fault_does_not_count(probe: PathProbe) -> None:
    probe.fates.watch_from(200 * BEAT)
    feed(probe, [*replies(0, 10), *replies(50, 190), *replies(190, 400)])
    assert not probe.interrupted()


def test_single_losses_are_no_interruption(probe: PathProbe) -> None:
    probe.fates.watch_from(0)
    feed(probe, [*replies(0, 10), *replies(12, 100)])
    assert not probe.interrupted() and probe.unanswered == 0


def test_a_prober_that_was_late_makes_no_interruption(probe: PathProbe) -> None:
    probe.fates.watch_from(0)
    feed(probe, replies(0, 10))
    feed(probe, replies(10, 100), late_ns=300_000_000)
    assert not probe.interrupted()


def test_samples_are_on_the_runners_clock(probe: PathProbe) -> None:
    feed(probe, [(3, "reply")])
    writer: Any = probe.writer
    assert writer.rows[0]["due_ns"] == 3 * BEAT + 5
    assert probe.first_reply_ns == 3 * BEAT + 1000 + 5


def test_a_prober_that_crashed_is_a_problem_and_one_that_was_stopped_is_none(
    probe: PathProbe,
) -> None:
    probe.on_line({"kind": "exited", "code": 0, "error": ""})
    assert probe.problem is None
    probe.on_line({"kind": "exited", "code": 1, "error": "KeyError"})
    assert probe.problem is not None and "KeyError" in probe.problem


def test_a_path_that_stopped_for_good_does_not_answer(probe: PathProbe) -> None:
    probe.fates.watch_from(0)
    assert not probe.answers(0)
    feed(probe, replies(0, 100))
    assert probe.answers(100 * BEAT)
    feed(probe, [(seq, "lost") for seq in range(100, 300)])
    assert not probe.settled() and not probe.answers(300 * BEAT)
