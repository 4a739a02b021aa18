# SPDX-License-Identifier: Apache-2.0
"""When did Kubernetes or NSM first show that something was wrong?

Shown means visible to somebody who watches the cluster: a restart count that rises, a readiness or
another condition of a pod that turns false, a Warning event. What only our own node agent can see
(a process id that changed, a socket that does not answer) is not detection, and a line in a
log is evidence for a person and never decides.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from nsm_resilience.judge.components import key_codes
from nsm_resilience.judge.evidence import Evidence, of_event, of_kubernetes, of_samples
from nsm_resilience.judge.rules import NANOSECONDS, to_s
from nsm_resilience.judge.timeline import Instants
from nsm_resilience.judge.walltime import parse_wall, wall_offset_ns
from nsm_resilience.record.layout import RecordLayout
from nsm_resilience.record.reader import Record

if TYPE_CHECKING:
    import pandas as pd

LISTED = 5
"""How many signs are referred to; the first one decides, the record holds all."""


@dataclass(frozen=True, slots=True)
class Sign:
    """One thing shown: nanoseconds of the runner's clock, by whom and what, and where it stands."""

    t_ns: int
    by: str
    evidence: Evidence


@dataclass(frozen=True, slots=True)
class Detection:
    """The first sign in the watch; both None when nothing was shown."""

    seconds: float | None
    by: str | None
    evidence: tuple[Evidence, ...]


def find_detection(record: Record, components: pd.DataFrame, instants: Instants) -> Detection:
    """The first sign between the fault and the end of the watch."""
    watch = instants.watch
    if watch is None:
        return Detection(None, None, ())
    begin, end = watch
    signs = sorted(
        (
            sign
            for sign in (
                *_from_events(record),
                *_from_components(components, begin),
                *_from_kubernetes(record, begin),
            )
            if begin <= sign.t_ns <= end
        ),
        key=lambda s: (s.t_ns, s.by, s.evidence.file, s.evidence.line or 0),
    )
    if not signs:
        return Detection(None, None, ())
    first = signs[0]
    listed: dict[str, Evidence] = {}
    for sign in signs:
        listed.setdefault(sign.by, sign.evidence)
    return Detection(to_s(first.t_ns - begin), first.by, tuple(listed.values())[:LISTED])


def _from_events(record: Record) -> Iterable[Sign]:
    for event in record.events:
        data = event.data
        if event.kind == "restart":
            before, after = data.get("count_before"), data.get("count_after")
            if isinstance(before, int) and isinstance(after, int) and after <= before:
                continue
            name = f"{data.get('component') or event.target or 'a container'}{_on(event.node)}"
            text = f"restart count of {name} from {before} to {after}"
            yield Sign(
                event.t_ns,
                f"Kubernetes: restart of {name}",
                of_event("detection", event, text),
            )
        elif event.kind == "condition" and _is_bad(str(data.get("type")), data.get("status")):
            by = f"{data.get('type')} is {data.get('status')} for pod {data.get('pod')}"
            reason = f" ({data['reason']})" if data.get("reason") else ""
            found = of_event("detection", event, by + reason)
            yield Sign(event.t_ns, f"Kubernetes: {by}", found)


def _is_bad(kind: str, status: object) -> bool:
    """Whether a condition says that something is wrong.

    `Deleted` never does: a pod is deleted because somebody said so, here the fault itself; that its
    containers are not ready any more is shown by conditions of their own.
    """
    if kind == "Deleted":
        return False
    return str(status) != ("False" if kind == "DisruptionTarget" else "True")


def _from_components(table: pd.DataFrame, begin_ns: int) -> Iterable[Sign]:
    """Rises of a restart count and falls of readiness, against the sample before."""
    if not len(table):
        return
    times = table["t_ns"].to_numpy(dtype=np.int64)
    nodes = table["node"].to_numpy(dtype=object)
    names = table["component"].to_numpy(dtype=object)
    keys = key_codes(table["node"], table["component"])
    counts = table["restarts"].fillna(-1).to_numpy(dtype=np.int64)

    def sign(row: int, by: str, text: str) -> Sign:
        found = of_samples("detection", "components", row, row, text)
        return Sign(int(times[row]), f"Kubernetes: {by}", found)

    order = np.lexsort((times, keys))
    order = order[counts[order] >= 0]
    rises = (keys[order[1:]] == keys[order[:-1]]) & (counts[order[1:]] > counts[order[:-1]])
    for before, row in zip(order[:-1][rises], order[1:][rises], strict=True):
        if times[row] >= begin_ns:
            where = f"{names[row]}{_on(nodes[row])}"
            text = f"restart count of {where} from {counts[before]} to {counts[row]}"
            yield sign(int(row), f"restart of {where}", text)
    unready = np.flatnonzero(
        ~table["ready"].fillna(True).to_numpy(dtype=np.bool_) & (times >= begin_ns)
    )
    fallen: set[int] = set()
    for row in unready[np.argsort(times[unready], kind="stable")]:
        if int(keys[row]) not in fallen:
            fallen.add(int(keys[row]))
            text = f"{names[row]}{_on(nodes[row])} is not ready"
            yield sign(int(row), text, text)


def _from_kubernetes(record: Record, begin_ns: int) -> Iterable[Sign]:
    """Warning events of the lane's namespace, on the runner's clock."""
    path = RecordLayout(record.folder).kubernetes_events
    if not path.exists():
        return
    offset = wall_offset_ns(record)
    if offset is None:
        return
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        if '"Warning"' not in line:
            continue
        try:
            event = json.loads(line)
        except ValueError:
            continue  # evidence only where it can be read; the verdict does not need it
        if not isinstance(event, dict) or event.get("type") != "Warning":
            continue
        about = event.get("involvedObject") or event.get("regarding") or {}
        what = f"{about.get('kind', 'object')} {about.get('name', 'unnamed')}"
        text = f"{event.get('reason')} of {what}: {event.get('message') or event.get('note')}"
        by = f"Kubernetes: Warning event {event.get('reason')} of {what}"
        found = of_kubernetes("detection", number, " ".join(text.split())[:300])
        for stamp, fine in _stamps(event):
            t = stamp - offset
            # A stamp in whole seconds may be up to one second older than what it stamps.
            if not fine and t < begin_ns < t + NANOSECONDS:
                t = begin_ns
            yield Sign(t, by, found)


def _stamps(event: dict[str, Any]) -> list[tuple[int, bool]]:
    """First and last time of a Kubernetes event, and whether each is finer than a second.

    Events that repeat are one object with a count; what came between the two times is not kept.
    """
    series, metadata = event.get("series") or {}, event.get("metadata") or {}
    given = [
        event.get("firstTimestamp"),
        event.get("eventTime"),
        event.get("lastTimestamp"),
        series.get("lastObservedTime"),
    ]
    if not any(given):
        given = [metadata.get("creationTimestamp")]
    found = []
    for value in given:
        parsed = parse_wall(value) if isinstance(value, str) else None
        if parsed is not None:
            found.append((parsed, "." in str(value)))
    return found


def _on(node: object) -> str:
    return f" on the {node}'s node" if node in ("client", "endpoint") else ""
