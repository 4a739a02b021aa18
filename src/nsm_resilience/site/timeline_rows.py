# SPDX-License-Identifier: Apache-2.0
"""The rows of an attempt's timeline, from judgement and record: what ran, who noticed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from nsm_resilience.analysis import style
from nsm_resilience.analysis.timeline import BEFORE_S, SOCKETS, Timeline, lane_order, stretches
from nsm_resilience.judge.watchdog_events import say, watchdog_events
from nsm_resilience.report.site_links import EVIDENCE, evidence_anchor
from nsm_resilience.site.drawing import Mark, Row, Span
from nsm_resilience.site.happenings import Clock, Happening
from nsm_resilience.systems.known import SYSTEMS

if TYPE_CHECKING:
    from nsm_resilience.judge.components import Change
    from nsm_resilience.judge.evidence import Evidence
    from nsm_resilience.judge.judgement import Judgement
    from nsm_resilience.record.events import Event
    from nsm_resilience.record.reader import Record

Addresses = dict[tuple[str, int], str]


def addresses_of(evidence: Sequence[Evidence]) -> Addresses:
    """Return the anchors of the evidence by file and line; events that decided link there."""
    found: Addresses = {}
    for number, item in enumerate(evidence, start=1):
        if item.line is not None and not item.record:
            found.setdefault((item.file, item.line), f"#{evidence_anchor(number)}")
    return found


def _line(addresses: Addresses, line: int) -> str:
    """Address of an event: its entry in the evidence, or else its own line."""
    return addresses.get(("events.jsonl", line), f"#event-{line}")


def _event_mark(event: Happening, kind: str, addresses: Addresses) -> Mark:
    return Mark(event.t_s, kind, f"{event.where}: {event.text}", _line(addresses, event.line))


def phases_row(judgement: Judgement, end_s: float) -> Row:
    """The phases of the trial inside the drawing."""
    spans = []
    for at, phase in enumerate(p for p in judgement.measures.phases if p.begin_s is not None):
        begin = phase.begin_s or 0.0
        end = min(end_s, end_s if phase.seconds is None else begin + phase.seconds)
        if end > max(begin, -BEFORE_S):
            kind = "phase-odd" if at % 2 else "phase-even"
            spans.append(Span(max(begin, -BEFORE_S), end, kind, phase.phase))
    return Row("phase", "phase", "", tuple(spans))


def fault_row(timeline: Timeline, events: Sequence[Happening], addresses: Addresses) -> Row:
    """Each injection, and when it was proved."""
    spans = [
        Span(b.begin_s, b.end_s, "injection", f"fault: {b.label}") for b in timeline.injections
    ]
    marks = [
        _event_mark(e, "fault" if e.kind == "injection" else "proof", addresses)
        for e in events
        if e.kind in ("injection", "injection proof")
    ]
    return Row("fault and its proof", "event", style.FAULT_COLOUR, tuple(spans), tuple(marks))


def component_rows(
    judgement: Judgement,
    events: Sequence[Happening],
    addresses: Addresses,
    end_s: float,
) -> Iterator[Row]:
    """One row per component and node: its process, paler while it is not ready.

    An event of a restart names the container: it marks each component that runs there.
    """
    parts = SYSTEMS[judgement.system].components.get(judgement.plane, {})
    points: dict[tuple[str, str], dict[str, list[tuple[float, str]]]] = {}
    for change in judgement.measures.changes:
        if change.what != "socket":
            own = points.setdefault((change.node, change.component), {})
            own.setdefault(change.what, []).append((change.t_s, change.value))
    for lane in sorted(points, key=lane_order):
        node, component = lane
        spans = []
        for begin, end, value in stretches(points[lane].get("process", []), -BEFORE_S, end_s):
            word = value.split()[0]
            kind = {"running": "up", "stopped": "stopped"}.get(word, "gone")
            spans.append(Span(begin, end, kind, value))
        for begin, end, value in stretches(points[lane].get("ready", []), -BEFORE_S, end_s):
            if value == "false":
                spans.append(Span(begin, end, "unready", "not ready"))
        where = f"{parts[component].container if component in parts else component}, {node}"
        marks = [
            _event_mark(e, "restart", addresses)
            for e in events
            if e.kind == "restart" and e.where == where and e.t_s <= end_s
        ]
        colour = style.component_colour(component)
        yield Row(f"{component}, {node}", "component", colour, tuple(spans), tuple(marks))


def socket_rows(changes: Sequence[Change], end_s: float) -> Iterator[Row]:
    """One row per socket that was in another condition than before the fault.

    Only the word of the value counts: a new inode that answers is a healthy new socket.
    """
    points: dict[tuple[str, str], list[tuple[float, str]]] = {}
    for change in changes:
        if change.what == "socket":
            points.setdefault((change.node, change.component), []).append(
                (change.t_s, change.value)
            )
    for (node, socket), own in sorted(points.items()):
        first = own[0][1].split()[0]
        if all(value.split()[0] == first for _, value in own):
            continue
        spans = [
            Span(begin, end, "as-before" if value.split()[0] == first else "changed", value)
            for begin, end, value in stretches(own, -BEFORE_S, end_s)
        ]
        label, colour = f"{socket.split()[0]}, {node}", style.component_colour(SOCKETS)
        yield Row(label, "socket", colour, tuple(spans), about=f"{socket}, {node}")


def shown_row(
    judgement: Judgement,
    events: Sequence[Happening],
    kubernetes: Sequence[Happening],
    addresses: Addresses,
    watch_s: float,
) -> Row:
    """Signs that an observer of the cluster could see: conditions, warnings, the first sign."""
    marks = [
        _event_mark(e, "condition", addresses) for e in events if e.kind == "condition" and e.bad
    ]
    for event in kubernetes:
        if event.bad:
            place = ("kubernetes-events.jsonl", event.line)
            href = addresses.get(place, f"#kubernetes-{event.line}")
            text = f"{event.kind} of {event.where}: {event.text}"
            marks.append(Mark(event.t_s, "warning", text, href))
    measures = judgement.measures
    if measures.detected_s is not None:
        href = f"#{_first_of(judgement.evidence, 'detection')}"
        text = f"first sign: {measures.detected_by}"
        marks.append(Mark(measures.detected_s, "first", text, href))
    # pods made after the watch are not ready at first, which is no sign
    shown = [mark for mark in marks if -BEFORE_S <= mark.t_s <= watch_s]
    return Row("shown by Kubernetes", "event", "", (), tuple(sorted(shown, key=lambda m: m.t_s)))


def told_row(judgement: Judgement) -> Row:
    """When the client was told, and by what."""
    measures = judgement.measures
    if measures.notified_unknown is not None:
        return Row("client told?", "event", "", (), (), measures.notified_unknown)
    if measures.notified_s is None:
        return Row("client told", "event", "", ())
    href = f"#{_first_of(judgement.evidence, 'notification')}"
    told = Mark(measures.notified_s, "first", str(measures.notified_by), href)
    return Row("client told", "event", "", (), (told,))


def _first_of(evidence: Sequence[Evidence], what: str) -> str:
    for number, item in enumerate(evidence, start=1):
        if item.what == what:
            return evidence_anchor(number)
    return EVIDENCE


def watchdog_rows(
    record: Record, clock: Clock, addresses: Addresses, watch_s: float
) -> Iterator[Row]:
    """One row per node with a watchdog: the span of each finding, and actions and messages."""
    kinds = {"finding": "condition", "action": "first", "outcome": "proof", "told": "proof"}
    events = [e for e in watchdog_events(record) if -BEFORE_S <= clock.seconds(e.t_ns) <= watch_s]
    for node in sorted({str(event.node) for event in events}):
        own = [event for event in events if str(event.node) == node]
        cleared = {e.data.get("id"): clock.seconds(e.t_ns) for e in own if _what(e) == "cleared"}
        spans = [
            Span(clock.seconds(e.t_ns), cleared.get(e.data.get("id"), watch_s), "changed", say(e))
            for e in own
            if _what(e) == "finding"
        ]
        marks = [
            Mark(clock.seconds(e.t_ns), kinds[_what(e)], say(e), _line(addresses, e.seq + 1))
            for e in own
            if _what(e) in kinds
        ]
        yield Row(f"watchdog, {node}", "watchdog", "", tuple(spans), tuple(marks))


def _what(event: Event) -> str:
    return str(event.data.get("what"))


def asked_rows(record: Record, clock: Clock, addresses: Addresses) -> Iterator[Row]:
    """The waits for each new client, and for an ordinary pod."""
    named = sorted({str(c) for e in record.all_of("new_connection") if (c := e.data.get("client"))})
    for kind, label, done, client in (
        *(("new_connection", f"new client {c}", "answered", c) for c in named),
        *([] if named else [("new_connection", "new client", "answered", None)]),
        ("bystander", "ordinary pod", "started", None),
    ):
        spans, marks = [], []
        for event in record.all_of(kind):
            if event.data.get("client") != client:
                continue
            asked = event.data.get("asked_ns")
            if not isinstance(asked, int):
                continue
            happened = event.data.get(done) is True
            seconds = event.data.get("seconds") if happened else event.data.get("window_s")
            begin = clock.seconds(asked)
            end = begin + float(seconds or 0.0)
            text = f"{done} after {end - begin:.2f} s" if happened else f"not {done}"
            spans.append(Span(begin, end, "waited" if happened else "in-vain", text))
            kind_of_mark = "proof" if happened else "condition"
            marks.append(Mark(end, kind_of_mark, text, _line(addresses, event.seq + 1)))
        yield Row(label, "asked", "", tuple(spans), tuple(marks))
