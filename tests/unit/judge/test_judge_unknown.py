# SPDX-License-Identifier: Apache-2.0
"""What makes a trial unknown: something is missing, contradicts itself or was not well before."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.builders.judging import judge
from tests.builders.records import note
from tests.builders.samples import Rows, ns


def test_a_void_record_is_unknown_with_its_reason(tmp_path: Path) -> None:
    found = judge(tmp_path, void="steady: 3 echoes without a reply")
    assert (found.verdict, found.outcome) == ("unknown", "void")
    assert found.reason == "void: steady: 3 echoes without a reply"


def test_a_record_without_its_closing_event_is_unknown(tmp_path: Path) -> None:
    found = judge(tmp_path, close=False)
    assert (found.verdict, found.outcome) == ("unknown", "cut")
    assert found.reason.startswith("cut: ")


def gone(begin_s: float, end_s: float, nodes: tuple[str, ...] = ("client", "endpoint")) -> Any:
    """Samples of a span, of these nodes, are not there: the probe had ended."""

    def is_gone(row: dict[str, Any]) -> bool:
        at = row["due_ns"] if "due_ns" in row else row["t_ns"]
        return row.get("node", nodes[0]) in nodes and ns(begin_s) < at < ns(end_s)

    return lambda rows: [row for row in rows if not is_gone(row)]


def paused(begin_s: float, end_s: float) -> Any:
    """A prober that paused sends at once, when it goes on, whatever was due meanwhile."""

    def late(rows: Rows) -> Rows:
        waiting = [r for r in rows if ns(begin_s) < r["due_ns"] < ns(end_s)]
        for at, row in enumerate(waiting):
            row["sent_ns"] = ns(end_s) + at * 100
        return rows

    return late


def longer_steady_state(meta: dict[str, Any]) -> None:
    meta["windows"] = {**meta["windows"], "steady_s": 5.0}


def before(kind: str, **data: Any) -> Any:
    """Something that the runner saw half a second before the fault."""
    return {"acts": [(-0.5, note(kind, node="client", target="nsmd", data=data))]}


def no_rows(_: Rows) -> Rows:
    return []


REPLY: Rows = [
    {"seq": 0, "due_ns": ns(14), "sent_ns": ns(14), "rtt_ns": 5, "fate": "reply", "error": None}
]
ANOTHER = note("cluster", data={"id": "cluster-b"})
INJECTED = note("injection", target="nsmd@client", data={"method": "kill"})
UNREADY = {"pod": "nsmgr-1", "type": "ContainerReady:nsmd", "status": "False", "reason": ""}
FAILED = "the prober ended with code 1"


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"acts": [(20.0, ANOTHER)]}, "cluster"),
        ({"scenario": "S1", "acts": [(0.01, INJECTED)]}, ""),
        # the steady state
        ({"leave_out": ["phase"]}, "is said to be of install"),
        ({"meta": longer_steady_state}, "5 s are required"),
        ({"down": [(-0.9, -0.5)]}, "already in the steady state"),
        ({"down": [(-0.2, 0.3)]}, ""),  # it stopped while the fault was being armed
        ({"lost_at": [-0.9, -0.6, -0.3]}, "3 of"),
        (before("restart", count_after=1), ""),
        (before("interface_lost"), ""),
        (before("condition", **UNREADY), "pod nsmgr-1"),
        ({"path_rows": paused(-0.3, 0.1)}, "nothing in the last 0.3 s of the steady state"),
        (
            {"component_rows": gone(-9, -0.3, ("endpoint",))},
            "no samples of the endpoint's node in the steady state",
        ),
        # the prober of the path
        ({"path_rows": paused(3.0, 4.5)}, "sent nothing for 1.5 s, 3.0 s after"),
        ({"path_rows": paused(10.9, 12.1)}, "sent nothing for 1.2 s, 10.9 s after"),
        ({"path_rows": paused(-0.5, 0.9)}, "nothing in the last 0.5 s of the steady state"),
        ({"path_rows": gone(11.8, 99.0)}, "nothing in the last 0.2 s of the watch"),
        ({"path_rows": no_rows}, ""),
        ({"path_rows": lambda rows: rows[:200] + rows[210:]}, "missing or repeated"),
        # the probe of the components
        (
            {"component_rows": gone(3, 9, ("endpoint",))},
            "component probe of the endpoint's node",
        ),
        ({"component_rows": gone(-0.6, 5, ("endpoint",))}, "1.0 s before the fault"),
        ({"component_rows": gone(5, 99)}, ""),
        ({"component_rows": no_rows}, ""),
        # the watch, given up before its window
        ({"watch_s": 8.0}, ""),
        ({"watch_s": 8.0, "down": [(1, 99)]}, ""),
        # the new connection
        ({"leave_out": ["new_connection"]}, "new connection"),
        ({"answered_s": None, "problem": FAILED}, FAILED),
        ({"new_rows": no_rows}, "holds no reply"),
        ({"answered_s": None, "new_rows": lambda _: REPLY}, "holds a reply"),
    ],
)
def test_what_is_missing_or_contradicts_itself_makes_a_trial_unknown(
    tmp_path: Path, given: dict[str, Any], words: str
) -> None:
    found = judge(tmp_path, **given)
    assert found.verdict == "unknown" and words in found.reason, found.reason


@pytest.mark.parametrize("kind", ["fault_instant", "watch_end"])
def test_a_record_without_its_instants_is_unknown(tmp_path: Path, kind: str) -> None:
    found = judge(tmp_path, leave_out=[kind])
    assert found.verdict == "unknown" and found.measures.outage_s is None


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"pid": None, "start_ticks": None, "state": None}, "was not running"),
        ({"state": "Z"}, "was not running"),
        ({"state": "T"}, "was stopped"),
        ({"ready": False}, "was not ready"),
    ],
)
def test_a_component_that_was_not_well_before_the_fault_is_unknown(
    tmp_path: Path, change: dict[str, Any], words: str
) -> None:
    def sick(rows: Rows) -> Rows:
        for row in rows:
            if row["component"] == "nsmdp" and row["node"] == "client" and row["t_ns"] < ns(0):
                row.update(change)
        return rows

    found = judge(tmp_path, component_rows=sick)
    assert found.verdict == "unknown"
    assert f"nsmdp on the client's node {words}" in found.reason


def test_a_sample_whose_reading_had_not_ended_at_the_fault_may_show_the_fault(
    tmp_path: Path,
) -> None:
    # As recorded in kernel-2026-11, S2-kernel-monitored-kill/02: a sample stamped 0.9 ms before the
    # kill read the process as a zombie.
    def overlapping(rows: Rows) -> Rows:
        for row in rows:
            if ns(-0.4) <= row["t_ns"] < ns(0):
                row.update(state="Z")
        return rows

    assert judge(tmp_path, component_rows=overlapping).verdict == "supported"


def test_a_sample_from_before_the_fault_may_carry_what_became_known_after_it(
    tmp_path: Path,
) -> None:
    def lagging(rows: Rows) -> Rows:
        for row in rows:
            row["ready"] = row["t_ns"] < ns(-0.3)
        return rows

    assert judge(tmp_path, component_rows=lagging).verdict == "supported"


def test_a_gap_up_to_the_limit_is_borne(tmp_path: Path) -> None:
    assert judge(tmp_path, path_rows=paused(3.0, 3.9), meta=_lenient).verdict == "supported"


def test_a_prober_that_paused_across_the_end_of_the_watch_did_not_end(tmp_path: Path) -> None:
    # As recorded in beyond-2026-11, S2-kernel-monitored-kill-observe/03: a busy machine held the
    # prober up from 0.27 s before the end of the watch to 0.06 s after it.
    assert judge(tmp_path, path_rows=paused(11.7, 12.1)).verdict == "supported"


def late(rows: Rows, every: int) -> Rows:
    for row in rows[::every]:
        row["sent_ns"] += 11_000_000
    return rows


def test_a_prober_that_keeps_being_late_is_unknown(tmp_path: Path) -> None:
    found = judge(tmp_path, path_rows=partial(late, every=10))
    assert found.verdict == "unknown" and "5 % is allowed" in found.reason
    assert found.measures.late_sends == 60


def test_a_prober_that_is_late_now_and_then_is_borne_and_counted(tmp_path: Path) -> None:
    found = judge(tmp_path, path_rows=partial(late, every=40))
    assert found.verdict == "supported" and found.measures.late_sends == 15


def test_a_threshold_that_is_no_number_is_unknown(tmp_path: Path) -> None:
    def wrong(meta: dict[str, Any]) -> None:
        meta["judge"] = {"loss_run": "five"}

    found = judge(tmp_path, meta=wrong)
    assert (found.verdict, found.outcome) == ("unknown", "unreadable")
    assert "loss_run" in found.reason


def _lenient(meta: dict[str, Any]) -> None:
    meta["judge"] = {**meta["judge"], "late_fraction": 0.2}
