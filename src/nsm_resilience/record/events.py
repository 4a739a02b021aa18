# SPDX-License-Identifier: Apache-2.0
"""One line of a record's `events.jsonl`."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any, Literal, cast, get_args

from nsm_resilience.record.files import well_formed
from nsm_resilience.strict_json import JsonError, parse_json

Phase = Literal[
    "clean", "install", "connect", "steady", "fault", "watch", "after", "undo", "collect", "wipe"
]
Actor = Literal["runner", "agent", "kubernetes", "watchdog"]

KINDS = frozenset(
    {
        "opened", "phase", "clock", "cluster", "clean", "connected", "fault_instant", "injection",
        "injection_proof", "restart", "condition", "address", "interface_lost", "watch_end",
        "asked", "new_connection", "bystander", "notification", "undo", "snapshot", "log",
        "log_gap", "warning", "void", "closed", "watchdog", "not_reached", "shared",
    }
)  # fmt: skip
"""Every kind of event; the reader refuses others, so that a typing error cannot hide."""

MONITOR_STREAM = "monitor stream"
"""`channel` of a `notification` that our own stream heard; the client's program (nsm-monitor, nsc)
listens at the same place. `what` is connected, event, broken, unreachable, unreadable or ended
(agent/node/listen.py)."""


RECOVERED, NEVER_STOPPED = "recovered and settled", "window over, the path never stopped"
"""`because` of a `watch_end`: the watch ended before its window did, or the window ended and the
path was never interrupted. Any other value: the window ended."""


class EventError(ValueError):
    """A line is not an event."""


@dataclass(frozen=True)
class Event:
    """One thing that happened.

    `t_ns` is the runner's monotonic clock in nanoseconds; times of nodes were converted to it with
    the offset of the last `clock` event. `wall` is UTC, for reading beside logs only.
    """

    seq: int
    t_ns: int
    wall: str
    source: Actor
    phase: Phase
    kind: str
    node: str | None = None
    target: str | None = None
    data: dict[str, Any] = field(default_factory=dict)

    def to_line(self) -> str:
        """One line of JSON without its newline."""
        return well_formed(json.dumps(self.__dict__, ensure_ascii=False, separators=(",", ":")))

    @classmethod
    def from_line(cls, line: str | bytes) -> Event:
        """Parse one line; EventError says what is wrong with it."""
        try:
            raw = parse_json(line)
        except JsonError as error:
            raise EventError(f"is not JSON: {error}") from error
        if not isinstance(raw, dict):
            raise EventError("is not a JSON object")
        foreign = set(raw) - set(cls.__dataclass_fields__)
        if foreign:
            raise EventError(f"has unknown keys: {', '.join(sorted(foreign))}")
        for name, kind in (("seq", int), ("t_ns", int), ("wall", str), ("data", dict)):
            if type(raw.get(name)) is not kind:
                raise EventError(f"`{name}` is missing or not of type {kind.__name__}")
        if not isinstance(raw.get("kind"), str) or raw["kind"] not in KINDS:
            raise EventError(f"kind {raw.get('kind')!r} is unknown")
        if raw.get("source") not in get_args(Actor) or raw.get("phase") not in get_args(Phase):
            raise EventError("`source` or `phase` is unknown")
        for name in ("node", "target"):
            if not isinstance(raw.get(name), str | None):
                raise EventError(f"`{name}` is neither a text nor null")
        return cls(**cast(dict[str, Any], raw))
