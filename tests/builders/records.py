# SPDX-License-Identifier: Apache-2.0
"""Constructed records and campaigns for tests of the judge and the tables.

NOT MEASURED: nothing here comes from a cluster. Times, echoes and events are made up to meet one
rule at a time, with windows a tenth of the study's; they are written by the real recorder with a
made-up clock, so that their format is the real one. Tests on real records are beside these.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

from nsm_resilience.record import compact as compact_module
from nsm_resilience.record import writer as writer_module
from nsm_resilience.record.compact import compact_samples
from nsm_resilience.record.events import RECOVERED
from nsm_resilience.record.layout import RecordLayout
from nsm_resilience.record.reader import Record, read_record
from nsm_resilience.record.writer import RecordWriter
from nsm_resilience.study.fault import Fault
from nsm_resilience.study.models import Cell, Factors, Scenario, Study
from nsm_resilience.systems.known import FIRST
from tests.builders import samples
from tests.builders.samples import (
    INTERVAL,
    REPLY_S,
    ZERO_WALL,
    Rows,
    component_samples,
    echoes,
    ns,
    process_of,
    socket_samples,
    wall,
)
from tests.builders.studies import CAMPAIGN, WINDOWS, make_study


@dataclass
class Clock:
    """The made-up clock: stands still until it is set."""

    now_s: float = -10.0

    def monotonic_ns(self) -> int:
        """Nanoseconds, as the recorder asks for them."""
        return ns(self.now_s)

    def utc_now(self) -> str:
        """UTC, as the recorder asks for it."""
        return wall(self.now_s)


Act = Callable[[RecordWriter], object]
Acts = Sequence[tuple[float, Act]]


def note(kind: str, **given: Any) -> Act:
    """An act that writes one event."""
    return lambda writer: writer.event(kind, **given)


_COMPACT: dict[tuple[str, bytes], bytes] = {}


def compact_once(layout: RecordLayout, table: str) -> None:
    """As the recorder does it; of samples that were there before the same file is kept.

    To make it takes almost as long as to judge a record.
    """
    growing, final = layout.growing_samples(table), layout.samples(table)
    if not growing.exists():
        return
    key = table, hashlib.sha256(growing.read_bytes()).digest()
    if key in _COMPACT:
        final.write_bytes(_COMPACT[key])
        growing.unlink()
    else:
        compact_samples(layout, table)
        _COMPACT[key] = final.read_bytes()


def build(
    campaign: Path,
    scenario: str = "S2",
    *,
    study: Study | None = None,
    number: int = 1,
    attempt: int = 1,
    factors: dict[str, str] | None = None,
    down: Sequence[tuple[float, float]] = (),
    lost_at: Sequence[float] = (),
    watch_s: float | None = None,
    because: str | None = None,
    settle: bool = True,
    answered_s: float | None = 2.5,
    stage: str = "init container nsm-init runs",
    problem: str | None = None,
    bystander_s: float | None = 1.5,
    proved: bool | None = True,
    acts: Acts = (),
    leave_out: Sequence[str] = (),
    path_rows: Callable[[Rows], Rows] | None = None,
    new_rows: Callable[[Rows], Rows] | None = None,
    component_rows: Callable[[Rows], Rows] | None = None,
    meta: Callable[[dict[str, Any]], None] | None = None,
    kubernetes: Sequence[dict[str, Any]] = (),
    void: str | None = None,
    close: bool = True,
) -> Path:
    """Write one record and return its folder; by default everything is as it should be.

    Args:
        campaign: Folder of the campaign.
        scenario: Which of the study's scenarios.
        study: The study; by default the nine.
        number: Of the trial in its cell.
        attempt: Of the trial.
        factors: Levels that differ from the defaults.
        down: Spans without replies, seconds from the fault.
        lost_at: Single echoes lost.
        watch_s: Length of the watch; by default as the runner does it.
        because: Why it ended, in the runner's words; by default as the runner does it.
        settle: Whether the runner ends the watch once the path is back and has settled.
        answered_s: When the new client is answered after asking; None = not at all.
        stage: Where it was when its window ended.
        problem: What was wrong with the new client's probe.
        bystander_s: When the ordinary pod had started; None = not at all.
        proved: Whether the faults' proofs hold; None = no proof is written.
        acts: More events, each with its time.
        leave_out: Kinds of events that are not written.
        path_rows: Change the samples of the established path.
        new_rows: Change the samples of the new client.
        component_rows: Change the samples of the components.
        meta: Change the description of the record.
        kubernetes: Raw Kubernetes events.
        void: The reason, when the runner gives the attempt up.
        close: Whether the closing event is written.
    """
    study = study or make_study(campaign)
    declared = study.scenario(scenario)
    levels = Factors.model_validate({"failure": declared.default_failure, **(factors or {})})
    cell = Cell(scenario=scenario, factors=levels)
    trial = f"{cell.id}/{number:02d}"
    ends = [e for _, e in down]
    back = max(ends, default=0.0)
    whole = WINDOWS["watch_s"]
    early = bool(down) and settle and back + WINDOWS["settle_s"] + 0.1 < whole
    if because is None:
        because = RECOVERED if early else "window over"
    if watch_s is None:
        watch_s = settled_at(back + WINDOWS["settle_s"] + 0.03) if early else whole
    description: dict[str, Any] = {
        "format": 1, "campaign": CAMPAIGN, "trial": trial, "cell": cell.id,
        "scenario": declared.model_dump(mode="json"), "factors": levels.model_dump(),
        "number": number, "attempt": attempt, "order": 0, "block": number, "seed": 1,
        "lane": "lane-1", "cluster": {"id": "cluster-a", "name": "constructed"},
        "windows": WINDOWS, "probes": study.probes.model_dump(), "judge": study.judge.model_dump(),
        "started": wall(-9.0),
    }  # fmt: skip
    if meta is not None:
        meta(description)
    folder = campaign / "records" / cell.id / f"{number:02d}" / str(attempt)
    clock = Clock()
    own = samples.PLACES if levels.system == FIRST else samples.places_of(levels.components)
    with (
        patch.object(samples, "PLACES", own),
        patch.object(writer_module, "time", SimpleNamespace(monotonic_ns=clock.monotonic_ns)),
        patch.object(writer_module, "utc_now", clock.utc_now),
        patch.object(compact_module, "compact_samples", compact_once),
        # Nothing here has to survive a crash, and a busy disk would make the tests slow.
        patch("os.fsync", lambda handle: None),
    ):
        writer = RecordWriter(folder, description)
        script: list[tuple[float, Act]] = [
            (-9.0, note("opened")),
            (-8.9, lambda w: w.begin("clean")),
            (-8.5, lambda w: w.end("clean")),
            (-8.4, lambda w: w.begin("install")),
            (-5.0, lambda w: w.end("install")),
            (-5.0, note("cluster", data={"id": "cluster-a"})),
            (-2.0, note("connected", node="client", data={"pod": "client"})),
            (-2.0, lambda w: _monitor_starts(w, levels.client)),
            (-1.5, _sees_its_interface),
            (-1.2, lambda w: w.begin("steady")),
            (-1.1, stored_snapshot("before")),
            (-0.02, lambda w: w.end("steady")),
            (-0.01, lambda w: w.begin("fault")),
            (0.0, note("fault_instant", data={"t_fault_ns": ns(0)})),
            *_faults(declared.model_dump(mode="json")["faults"], levels, proved),
            (0.3, lambda w: w.end("fault")),
            (0.3, lambda w: w.begin("watch")),
            (0.4, stored_snapshot("fault")),
            (watch_s, note("watch_end", data={"because": because})),
            (watch_s, lambda w: w.end("watch")),
            (watch_s + 0.2, lambda w: w.begin("after")),
            *_after(watch_s + 0.3, answered_s, stage, problem, bystander_s),
            (watch_s + 12.0, lambda w: w.end("after")),
            (watch_s + 12.1, stored_snapshot("after")),
            *acts,
        ]
        for at, act in sorted(script, key=lambda item: item[0]):
            clock.now_s = at
            before = writer.event
            if leave_out:
                writer.event = _filter(before, leave_out)  # type: ignore[method-assign]
            act(writer)
            writer.event = before  # type: ignore[method-assign]
        rows = echoes(-1.5, watch_s + 0.5, down, lost_at)
        writer.samples("path", path_rows(rows) if path_rows else rows)
        asked = watch_s + 0.3
        # sent so that the first reply comes after exactly `answered_s`
        rows = [] if answered_s is None else echoes(
            asked + answered_s - 0.1 - REPLY_S, asked + answered_s + 0.04 - REPLY_S,
            down=[(asked + answered_s - 1, asked + answered_s - 0.001)],
        )  # fmt: skip
        writer.samples("new", new_rows(rows) if new_rows else rows)
        hit = _processes_hit(declared, levels) if proved is not False else {}
        rows = component_samples(
            -1.5, watch_s + 0.5, killed=hit.get("kill", ()), hung=hit.get("hang", ())
        )
        writer.samples("components", component_rows(rows) if component_rows else rows)
        writer.samples("sockets", socket_samples(-1.5, watch_s + 0.5))
        writer.kubernetes_events(list(kubernetes))
        if void is not None:
            writer.event("void", data={"reason": void})
        if close:
            writer.close()
        else:
            writer.abandon()
    return folder


def record(campaign: Path, scenario: str = "S2", **given: Any) -> Record:
    """Build a record and read it."""
    return read_record(build(campaign, scenario, **given))


def describe(campaign: Path) -> None:
    """Write the campaign's description from the records that are there."""
    records = []
    for path in sorted(campaign.glob("records/*/*/*/meta.json")):
        cell, number, attempt = path.parent.parts[-3:]
        records.append(
            {
                "trial": f"{cell}/{number}", "attempt": int(attempt), "outcome": "complete",
                "path": path.parent.relative_to(campaign).as_posix(), "reason": "",
            }
        )  # fmt: skip
    (campaign / "campaign.json").write_text(
        json.dumps({"format": 1, "campaign": CAMPAIGN, "source": "synthetic", "records": records}),
        encoding="utf-8",
    )


@contextmanager
def shifted(zero_s: float) -> Iterator[None]:
    """Records made meanwhile have their fault so many seconds after that of others."""
    later = {"ZERO_NS": ns(zero_s), "ZERO_WALL": ZERO_WALL + timedelta(seconds=zero_s)}
    with patch.multiple(samples, **later):
        yield


def settled_at(after_s: float) -> float:
    """When the first reply comes from then on: at a reply the runner sees that the path settled."""
    return -1.5 + math.ceil((after_s + 1.5) / INTERVAL) * INTERVAL + REPLY_S


def monitor_says(seconds: float, message: str) -> Act:
    """An act that writes one line of nsm-monitor's log, stamped by its node."""
    text = f'{wall(seconds)[:-1]}001Z stderr F time="x" level=info msg="NSM Monitor: {message}"\n'
    return lambda w: w.log("node-a", "client", "nsm-monitor", text.encode())


def _sees_its_interface(writer: RecordWriter) -> None:
    """The prober, between the beat of its first echo and sending it."""
    seen = {"interface": "nsm0", "interface_index": 7, "peer": "172.16.1.2", "up": True}
    writer.event("address", source="agent", node="client", target="path", t_ns=ns(-1.5) + 20_000,
                 data=seen)  # fmt: skip


def _monitor_starts(writer: RecordWriter, client: str) -> None:
    if client == "monitored":
        monitor_says(-2.0, "Monitor started")(writer)


def _faults(
    faults: list[dict[str, Any]], levels: Factors, proved: bool | None
) -> list[tuple[float, Act]]:
    found: list[tuple[float, Act]] = []
    for at, fault in enumerate(faults, start=1):
        declared = Fault.model_validate(fault)
        role = _role(declared, levels)
        who = {"source": "agent", "node": role, "target": declared.target}
        done = 0.008 + 0.002 * at
        before = process_of(role, declared.component)
        data = {"id": f"fault-{at}", "method": declared.failure_in(levels.failure),
                "t_begin_ns": ns(done - 0.002), "t_done_ns": ns(done), "error": None,
                "before": before}  # fmt: skip
        found.append((done, note("injection", data=data, **who)))
        if proved is not None:
            checks = [{"check": "the old process is gone", "ok": proved, "before": before}]
            proof = {"id": f"fault-{at}", "proved": proved, "checks": checks}
            found.append((0.2, note("injection_proof", data=proof, **who)))
        if declared.for_s is not None:
            undone = {"id": f"fault-{at}", "ok": True, "checks": []}
            found.append((declared.delay_s + declared.for_s, note("undo", data=undone, **who)))
    return found


def _role(fault: Fault, levels: Factors) -> str | None:
    """Of a component that a lane has one of its system says where that is."""
    if fault.role is not None or fault.component is None:
        return fault.role
    return levels.components[fault.component].only_on


def _processes_hit(scenario: Scenario, levels: Factors) -> dict[str, set[tuple[str, str]]]:
    """Whose process each failure hits, by node and component."""
    found: dict[str, set[tuple[str, str]]] = {}
    for fault in scenario.faults:
        place = (str(_role(fault, levels)), str(fault.component))
        found.setdefault(fault.failure_in(levels.failure), set()).add(place)
    return found


def _after(
    asked: float,
    answered_s: float | None,
    stage: str,
    problem: str | None,
    bystander_s: float | None,
) -> list[tuple[float, Act]]:
    window = WINDOWS["new_connection_s"]
    ended = asked + (window if answered_s is None else answered_s + 0.05)
    result = {
        "answered": answered_s is not None, "seconds": answered_s, "window_s": window,
        "stage": "" if answered_s is not None else stage, "problem": problem,
    }  # fmt: skip
    other = {"started": bystander_s is not None, "seconds": bystander_s,
             "window_s": WINDOWS["bystander_s"]}  # fmt: skip
    return [
        (asked, note("asked", node="client", data={"pod": "newcomer-client"})),
        (ended, note("new_connection", node="client", data=result)),
        (ended + 3.0, note("bystander", node="client", data=other)),
    ]


def stored_snapshot(name: str) -> Act:
    """An act that stores an empty state, unless another act has stored one by this name."""
    return lambda w: None if w.layout.snapshot(name).exists() else w.snapshot(name, {})


def _filter(event: Callable[..., Any], kinds: Sequence[str]) -> Callable[..., Any]:
    return lambda kind, **given: None if kind in kinds else event(kind, **given)
