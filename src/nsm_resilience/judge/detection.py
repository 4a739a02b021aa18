# SPDX-License-Identifier: Apache-2.0
"""When did Kubernetes, NSM, or the watchdog of a remedy first show that something was wrong?

The rulebook defines a sign ("shown"). A sign has the same name in every trial, so that arms can be
compared. New clients and ordinary pods, which we start ourselves, give no sign: they have measures
of their own, and the detection must not depend on when we start them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np

from nsm_resilience.judge.components import key_codes, successive
from nsm_resilience.judge.evidence import Evidence, of_samples
from nsm_resilience.judge.first_sign import LISTED, FirstSign, Sign, at_event, signs_in
from nsm_resilience.judge.kubernetes_events import KubernetesEvent, warnings_as_signs
from nsm_resilience.judge.rules import to_s
from nsm_resilience.judge.timeline import Instants
from nsm_resilience.judge.wall_clock import Moment
from nsm_resilience.judge.watchdog_events import (
    CONDITIONS,
    REPORTER,
    is_own_condition,
    is_own_pod,
    rule_of,
    say,
    watchdog_events,
)
from nsm_resilience.record.events import Event
from nsm_resilience.record.reader import Record
from nsm_resilience.study.scenario import BYSTANDER, NEWCOMER

if TYPE_CHECKING:
    import pandas as pd


_GENERATED = re.compile(r"-[bcdfghjklmnpqrstvwxz2456789]{5}$")
"""Suffix that Kubernetes gives to a DaemonSet's pod (alphabet of its name generator)."""


def is_bad_condition(event: Event) -> bool:
    """Whether an event is a condition that says that something is wrong.

    Conditions of the watchdog's own pods say nothing about the system. `Deleted` is no sign: a pod
    is deleted on request, here by the fault itself, and its containers have conditions of their
    own. A condition that the watchdog set is bad only when it is `False`; `Unknown` is no finding.
    """
    kind = str(event.data.get("type"))
    pod = event.data.get("pod")
    if event.kind != "condition" or kind == "Deleted" or is_own_pod(pod) or is_asked_by_us(pod):
        return False
    if is_own_condition(event):
        return str(event.data.get("status")) == "False"
    return str(event.data.get("status")) != ("False" if kind == "DisruptionTarget" else "True")


def is_asked_by_us(pod: object) -> bool:
    """Whether a pod is a new client or an ordinary pod, which the trial starts as a probe."""
    return str(pod) == BYSTANDER or str(pod).startswith(f"{NEWCOMER}-")


def find_detection(record: Record, instants: Instants) -> FirstSign:
    """The first sign between the fault and the end of the watch."""
    watch = instants.watch
    if watch is None:
        return FirstSign()
    found = [*_from_events(record), *_from_kubernetes(record), *_from_watchdog(record)]
    what = "when it was first shown", "whether anything was shown"
    signs, unknown = signs_in(watch, found, (), *what)
    if unknown is not None:
        return unknown
    if not signs:
        sampled = _from_components(record.table("components"), watch[0])
        signs, _ = signs_in(watch, sampled, (), *what)
    if not signs:
        return FirstSign()
    listed: dict[str, Evidence] = {}
    for _, sign in signs:
        listed.setdefault(sign.by, sign.evidence)
    t_ns, first = signs[0]
    return FirstSign(to_s(t_ns - watch[0]), first.by, tuple(listed.values())[:LISTED])


def _from_events(record: Record) -> Iterable[Sign]:
    for event in record.events:
        data = event.data
        if event.kind == "restart":
            before, after = data.get("count_before"), data.get("count_after")
            if is_asked_by_us(data.get("pod")) or is_own_pod(data.get("pod")):
                continue
            name = f"{event.target}{_on_node(event.node)}"
            text = f"restart count of {name} from {before} to {after}"
            yield at_event("detection", event, f"Kubernetes: restart of {name}", text)
        elif is_bad_condition(event):
            by = _condition_name(event)
            reason = f" ({data['reason']})" if data.get("reason") else ""
            text = f"pod {data.get('pod')}: {data.get('type')} is {data.get('status')}{reason}"
            who = "watchdog" if is_own_condition(event) else "Kubernetes"
            yield at_event("detection", event, f"{who}: {by}", text)


def _condition_name(event: Event) -> str:
    """The name of a bad condition, the same in every trial."""
    kind, where = str(event.data.get("type")), _on_node(event.node)
    container = kind.removeprefix("ContainerReady:")
    if container != kind:
        return f"{container} not ready{where}"
    pod = _without_suffix(event.data.get("pod"))
    if is_own_condition(event):
        return f"condition {kind.removeprefix(CONDITIONS)} of pod {pod}{where}"
    if kind == "Ready":
        return f"pod {pod} not ready{where}"
    return f"{kind} is {event.data.get('status')} for pod {pod}{where}"


def _from_components(table: pd.DataFrame, begin_ns: int) -> Iterable[Sign]:
    """Rises of a restart count and losses of readiness, compared with the sample before.

    Only for records without such events. A sample has the time at which the agent took it, but the
    restarts and readiness that the runner knew when it received it, up to some seconds later: it
    would date signs too early.
    """
    if not len(table):
        return
    times = table["t_ns"].to_numpy(dtype=np.int64)
    nodes = table["node"].to_numpy(dtype=object)
    names = table["component"].to_numpy(dtype=object)
    keys = key_codes(table["node"], table["component"])
    counts = table["restarts"].fillna(-1).to_numpy(dtype=np.int64)

    def sign(row: int, by: str, text: str) -> Sign:
        found = of_samples("detection", "components", row, row, text)
        return Sign(Moment(int(times[row]), int(times[row])), f"Kubernetes: {by}", found)

    for before, row in zip(*successive(keys, times, counts >= 0), strict=True):
        if counts[row] > counts[before] and times[row] >= begin_ns:
            where = f"{names[row]}{_on_node(nodes[row])}"
            text = f"restart count of {where} from {counts[before]} to {counts[row]}"
            yield sign(int(row), f"restart of {where}", text)
    unready = np.flatnonzero(
        ~table["ready"].fillna(True).to_numpy(dtype=np.bool_) & (times >= begin_ns)
    )
    fallen: set[int] = set()
    for row in unready[np.argsort(times[unready], kind="stable")]:
        if int(keys[row]) not in fallen:
            fallen.add(int(keys[row]))
            text = f"{names[row]} not ready{_on_node(nodes[row])}"
            yield sign(int(row), text, text)


def _from_kubernetes(record: Record) -> Iterable[Sign]:
    def by(event: KubernetesEvent) -> str | None:
        if is_own_pod(event.name) or is_asked_by_us(event.name):
            return None
        who = "watchdog" if event.by == REPORTER else "Kubernetes"
        return f"{who}: Warning event {event.reason} of {event.kind} {_without_suffix(event.name)}"

    return warnings_as_signs(record, "detection", by)


def _from_watchdog(record: Record) -> Iterable[Sign]:
    for event in watchdog_events(record, "finding"):
        by = f"watchdog: rule {rule_of(event)}{_on_node(event.node)}"
        yield at_event("detection", event, by, say(event))


def _without_suffix(pod: object) -> str:
    """A pod's name without the generated suffix, so that trials can be compared."""
    return _GENERATED.sub("", str(pod))


def _on_node(node: object) -> str:
    return f" on the {node}'s node" if node in ("client", "endpoint") else ""
