# SPDX-License-Identifier: Apache-2.0
"""Events of the watchdog in a record, and its names.

The watchdog runs on both nodes of the trial. Its events are of kind `watchdog`; `what` in their
data is one of:

- `started` (with `mode` and `rules`) and `ended`: the time in which it was heard on that node;
- `finding` and `cleared`: a rule's condition held long enough, and holds no longer; the same `id`;
- `action`, `outcome` and `held`: it begins an action, the result, why it did nothing;
- `told`: it wrote a line, or set a condition, that somebody can read;
- `beat` and `problem`: it looked, or something prevented it. `started` holds the seconds between
  two beats as `beat_s`; older records have none.

It also makes Warning events of Kubernetes and conditions of the client's pod; these are recorded
like all others, and recognized by their author.
"""

from __future__ import annotations

from nsm_resilience.record.events import Event
from nsm_resilience.record.reader import Record

NAME = "nsm-watchdog"
"""Its name, with which its pods' names begin."""
ANSWERS = "the path answers again"
"""Its message when a path is back; older records have this text instead of `alive`."""

REPORTER = NAME
"""Reporting component of its Kubernetes events."""
CONDITIONS = f"{NAME}/"
"""Prefix of the types of its conditions."""


def watchdog_events(record: Record, *what: str) -> list[Event]:
    """Its events of these kinds, or all, by time."""
    found = [e for e in record.all_of("watchdog") if not what or e.data.get("what") in what]
    return sorted(found, key=lambda event: (event.t_ns, event.seq))


def is_own_condition(event: Event) -> bool:
    """Whether an event is a condition that the watchdog set."""
    return event.kind == "condition" and str(event.data.get("type")).startswith(CONDITIONS)


def is_own_pod(name: object) -> bool:
    """Whether a pod is one of the watchdog's own, which is no part of the system under test."""
    return str(name).startswith(f"{NAME}-")


def is_bad_news(told: Event) -> bool:
    """Whether a message says that a path is dead, and not that it answers again."""
    alive = told.data.get("alive", told.data.get("text") == ANSWERS)
    return alive is not True


def rule_of(event: Event) -> str:
    """Name of the rule of a finding, action or outcome."""
    return str(event.data.get("rule") or "unnamed")


def say(event: Event) -> str:
    """One of its events in words."""
    data = event.data
    what, text = str(data.get("what")), str(data.get("text") or "")
    about = f" of {event.target}" if event.target else ""
    match what:
        case "started":
            return f"watchdog started, mode {data.get('mode')}"
        case "finding":
            said = f"rule {rule_of(event)} holds{about}"
        case "cleared":
            said = f"rule {rule_of(event)} holds no longer{about}"
        case "action":
            said = f"{data.get('act') or 'action'}{about} by rule {rule_of(event)}"
        case "outcome":
            ended = "succeeded" if data.get("ok") is True else "failed"
            said = f"{data.get('act') or 'action'}{about} {ended}"
        case "held":
            said = f"nothing done by rule {rule_of(event)}: {data.get('why') or 'no reason given'}"
        case "problem":
            said = f"watchdog hindered in {event.target or 'its work'}"
        case "told":
            said = f"{data.get('to') or 'somebody'} told by {data.get('by') or 'an unnamed way'}"
        case _:
            return f"watchdog {what}"
    return f"{said}: {text}" if text else said
