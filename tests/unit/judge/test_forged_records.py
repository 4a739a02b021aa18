# SPDX-License-Identifier: Apache-2.0
"""Records that were altered and closed anew, as a forger does it: what contradicts is found.

Who rewrites everything alike makes a consistent record (record/manifest.py). But what is left as it
was tells of what was not: the study, the samples, the order of events, the snapshots.
"""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from tests.builders.judging import judged
from tests.builders.records import build, note
from tests.builders.samples import ns
from tests.builders.sealing import Change, Events, bound, sealed

Event = dict[str, Any]

UNDONE = {"id": "fault-1", "ok": True, "checks": []}
WHO = {"source": "agent", "node": "client", "target": "nsmd@client"}


def every(kind: str, act: Callable[[Event], object]) -> Change:
    return lambda events: [act(event) for event in events if event["kind"] == kind]


def again(kind: str, **other: Any) -> Change:
    """An event a second time, as if it had happened twice."""

    def change(events: Events) -> None:
        at = next(n for n, event in enumerate(events) if event["kind"] == kind)
        more = deepcopy(events[at])
        more["data"].update(other)
        events.insert(at + 1, more)

    return change


def renamed(**names: str) -> Change:
    """Phases under other names, also in the events that are of them."""

    def change(events: Events) -> None:
        for event in events:
            event["phase"] = names.get(event["phase"], event["phase"])
            if event["kind"] == "phase":
                name = event["data"]["name"]
                event["data"]["name"] = names.get(name, name)

    return change


def early(event: Event) -> None:
    begun = ns(-1.19)
    event["t_ns"] = begun
    event["data"].update(t_begin_ns=begun, t_done_ns=begun + 9)


def of_faults(**to: Any) -> Change:
    """Another value in every event of a fault."""

    def change(events: Events) -> None:
        for event in events:
            if event["kind"] in ("injection", "injection_proof", "undo"):
                inside = {key: value for key, value in to.items() if key not in event}
                event.update({key: value for key, value in to.items() if key in event})
                event["data"].update(inside)

    return change


def another_process(events: Events) -> None:
    for event in events:
        if event["kind"] == "injection":
            event["data"]["before"]["pid"] += 1
        for check in event["data"].get("checks", []):
            check["before"]["pid"] += 1


def test_a_record_that_was_closed_anew_as_it_was_is_judged(tmp_path: Path) -> None:
    sealed(bound(tmp_path), lambda events: None)
    found = judged(tmp_path)
    assert (found.verdict, found.measures.path_verdict) == ("supported", "recovered"), found.reason


@pytest.mark.parametrize(
    ("change", "says"),
    [
        # --- what happened once -------------------------------------------------------------------
        (again("opened"), "out of turn|a second time|not `opened`"),
        (again("connected"), "`connected` is there a second time"),
        (again("cluster"), "`cluster` is there a second time"),
        (again("bystander"), "`bystander` is there a second time"),
        (again("asked"), "`asked` is there a second time"),
        (again("new_connection", answered=False, seconds=None), "is there a second time"),
        (again("fault_instant"), "out of turn|more `fault_instant`"),
        (again("watch_end"), "out of turn|more `watch_end`"),
        (again("injection"), "broken a second time by one fault"),
        # --- phases and time ----------------------------------------------------------------------
        (renamed(clean="install", install="clean"), "begins after|is said to be of install"),
        (renamed(install="after", after="install"), "begins after"),
        (renamed(install="undo"), "begins after|no phase undo"),
        (renamed(install="elsewhere"), "cannot be understood|there is no phase"),
        (every("bystander", lambda e: e.update(phase="watch")), "is said to be of watch"),
        (every("connected", lambda e: e.update(t_ns=ns(-7))), "is older than what was written"),
        (every("opened", lambda e: e.update(wall="2031-01-02T03:04:05Z")), "s apart from when"),
        # --- the fault ----------------------------------------------------------------------------
        (of_faults(id="fault-7"), "of a fault that the scenario has not"),
        (of_faults(target="nsmdp@client"), "is of nsmdp@client, and the fault of nsmd@client"),
        (of_faults(node="endpoint"), "is of the endpoint's node, not client's"),
        (of_faults(method="hang"), "was to `kill`, and did `hang`"),
        (every("injection", early), "s after the instant|before the instant of any fault"),
        (every("injection_proof", lambda e: e.update(t_ns=ns(-1.0))), "before it was injected"),
        (every("injection", lambda e: e["data"].update(error="no process")), "and had failed"),
        (every("injection", lambda e: e["data"].update(before={})), "which process of nsmd"),
        (every("injection", lambda e: e["data"].update(before=[1])), "which process of nsmd"),
        (another_process, "is of another process"),
        (
            every("injection_proof", lambda e: e["data"]["checks"][0]["before"].update(pid=7)),
            "the proof is of the process 7",
        ),
        # --- the new client -----------------------------------------------------------------------
        (
            every("asked", lambda e: e["data"].update(client="client-9")),
            "that the scenario has not",
        ),
        (every("new_connection", lambda e: e["data"].update(client=["x"])), "has not"),
        (every("new_connection", lambda e: e["data"].update(seconds=0.5)), "was answered 0.500 s"),
        (every("new_connection", lambda e: e["data"].update(asked_ns=ns(7.1))), "did not ask when"),
        (every("new_connection", lambda e: e["data"].update(window_s=1e9)), "of the 6 s declared"),
        # --- the end of the watch -----------------------------------------------------------------
        (every("watch_end", lambda e: e.update(t_ns=e["t_ns"] - 5_000_000)), "is not there"),
        (
            every("watch_end", lambda e: e["data"].update(echoes=300, unanswered=3)),
            "3 of the first 300 echoes had no answer",
        ),
        (every("watch_end", lambda e: e["data"].update(echoes=10**9, unanswered=0)), "otherwise"),
        (
            every("watch_end", lambda e: e["data"].update(because="window over")),
            "is not said to have recovered and settled",
        ),
        # --- where it was -------------------------------------------------------------------------
        (every("asked", lambda e: e.update(node="third")), "of a node `third`|has not"),
        (every("snapshot", lambda e: e["data"].update(file="snapshots/no.json")), "cannot be read"),
    ],
)
def test_what_contradicts_the_rest_of_the_record_is_found(
    tmp_path: Path, change: Change, says: str
) -> None:
    sealed(bound(tmp_path), change)
    found = judged(tmp_path)
    assert found.verdict == "unknown", found.reason
    assert any(one in found.reason for one in says.split("|")), found.reason


def table_of(record: Path, name: str, change: Callable[[pd.DataFrame], pd.DataFrame]) -> None:
    path = record / "samples" / f"{name}.parquet"
    change(pd.read_parquet(path)).to_parquet(path, index=False)


def own(rows: pd.DataFrame) -> pd.Series:
    return (rows["node"] == "client") & (rows["component"] == "nsmd")


def lives_on(rows: pd.DataFrame) -> pd.DataFrame:
    first = rows[own(rows)].iloc[0]
    rows.loc[own(rows), ["pid", "start_ticks"]] = [first["pid"], first["start_ticks"]]
    return rows


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lives_on, "shows the process at work that had been killed"),
        (lambda rows: rows[~own(rows)], "there is no sample of nsmd@client"),
        (lambda rows: rows.assign(pid=-rows["pid"]), "has a pid below 1"),
        (lambda rows: rows.assign(restarts=-1), "has a restarts below 0"),
        (lambda rows: rows.assign(restarts=range(len(rows), 0, -1)), "a lower restart count"),
        (lambda rows: rows.assign(component="spire-agent"), "none of the system under test"),
        (lambda rows: rows.assign(node="third"), "cannot be read"),
    ],
)
def test_samples_of_components_that_cannot_be_are_found(
    tmp_path: Path, change: Callable[[pd.DataFrame], pd.DataFrame], says: str
) -> None:
    record = bound(tmp_path)
    table_of(record, "components", change)
    sealed(record, lambda events: None)
    found = judged(tmp_path)
    assert found.verdict == "unknown" and says in found.reason, found.reason


def test_a_process_that_was_to_hang_and_runs_is_found(tmp_path: Path) -> None:
    record = bound(tmp_path, factors={"failure": "hang"}, down=[(1.0, 99.0)])
    table_of(record, "components", lambda rows: rows.assign(state="S"))
    sealed(record, lambda events: None)
    assert "at work that had been stopped" in judged(tmp_path).reason


def answered(rows: pd.DataFrame) -> pd.DataFrame:
    """Every loss told as a reply of the usual time."""
    lost = rows["fate"] != "reply"
    rows.loc[lost, "rtt_us"] = 200
    return rows.assign(fate="reply", error=None)


def test_losses_that_are_told_as_replies_contradict_what_the_runner_had_seen(
    tmp_path: Path,
) -> None:
    record = bound(tmp_path, down=[(1.0, 99.0)])
    assert judged(tmp_path).verdict == "unsupported"
    table_of(record, "path", answered)
    sealed(record, lambda events: None)
    found = judged(tmp_path)
    assert found.verdict == "unknown" and "is not said to have never stopped" in found.reason


def test_replies_that_are_told_as_losses_contradict_what_the_runner_had_seen(
    tmp_path: Path,
) -> None:
    never = "window over, the path never stopped"

    def longer(meta: dict[str, Any]) -> None:
        """Than the runner may have needed to know of it."""
        meta.update(format=2, windows={**meta["windows"], "watch_s": 60.0})

    build(tmp_path, down=[(1.0, 4.0)], watch_s=60.0, because=never, meta=longer)
    found = judged(tmp_path)
    assert found.verdict == "unknown" and "its echoes say that it did" in found.reason


def test_a_fault_that_was_undone_in_its_watch_is_another(tmp_path: Path) -> None:
    bound(
        tmp_path,
        factors={"failure": "hang"},
        down=[(1.0, 99.0)],
        acts=[(5.0, note("undo", data=UNDONE, **WHO))],
    )
    found = judged(tmp_path)
    assert found.verdict == "not_injected"
    assert "undone after 5.0 s, and was to last until the end" in found.reason


def test_a_fault_that_was_undone_before_it_came_is_none(tmp_path: Path) -> None:
    bound(tmp_path, acts=[(-0.5, note("undo", data=UNDONE, **WHO))])
    assert "was undone before it was injected" in judged(tmp_path).reason


def test_the_state_of_another_time_is_not_believed(tmp_path: Path) -> None:
    record = bound(tmp_path, acts=[(-1.15, lambda w: w.snapshot("before", {"t_ns": ns(-1.15)}))])
    assert judged(tmp_path).verdict == "supported"
    (record / "snapshots" / "before.json").write_text(f'{{"t_ns": {ns(-90)}}}')
    sealed(record, lambda events: None)
    assert "the snapshot `before` is not from when it was taken" in judged(tmp_path).reason


def test_a_record_that_is_said_to_be_of_before_there_was_a_manifest_shows_what_came_later(
    tmp_path: Path,
) -> None:
    build(tmp_path, down=[(1.0, 4.0)], acts=[(19.5, lambda writer: writer.begin("undo"))])
    assert "there was no phase undo" in judged(tmp_path).reason


def restart(before: Any, after: Any) -> Any:
    data = {"pod": "nsmgr-x", "count_before": before, "count_after": after}
    return note("restart", source="kubernetes", node="client", target="nsmd", data=data)


@pytest.mark.parametrize(
    "counts", [[(0, 1), (0, 1)], [(2, 1)], [(1, 1)], [(-1, 0)], [(False, True)], [(0, None)]]
)
def test_a_restart_count_that_does_not_rise_is_found(
    tmp_path: Path, counts: list[tuple[Any, Any]]
) -> None:
    bound(tmp_path, acts=[(1.0 + n, restart(*one)) for n, one in enumerate(counts)])
    found = judged(tmp_path)
    assert found.verdict == "unknown" and "the restart count of nsmd" in found.reason


def nodes(*listed: tuple[str, str]) -> Callable[[dict[str, Any]], None]:
    def change(meta: dict[str, Any]) -> None:
        found = [{"name": name, "role": role} for name, role in listed]
        meta.update(format=2, cluster={**meta["cluster"], "nodes": found})

    return change


@pytest.mark.parametrize(
    ("listed", "says"),
    [
        ([("node-a", "client"), ("node-b", "endpoint")], ""),
        ([("node-c", "client"), ("node-b", "endpoint")], "has logs of node-a"),
        ([("node-a", "client"), ("node-a", "endpoint")], "one node for the client"),
        ([("node-a", "client"), ("node-b", "client")], "one node for the client"),
        ([("node-a", "client")], "one node for the client"),
    ],
)
def test_logs_are_of_the_nodes_of_the_lane(
    tmp_path: Path, listed: list[tuple[str, str]], says: str
) -> None:
    build(tmp_path, down=[(1.0, 4.0)], meta=nodes(*listed))
    found = judged(tmp_path)
    assert (found.verdict == "unknown") == bool(says) and says in found.reason
