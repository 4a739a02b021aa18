# SPDX-License-Identifier: Apache-2.0
"""What a watchdog would write into a constructed record. NOT MEASURED: nobody ran one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tests.builders.records import Act, note
from tests.builders.studies import WINDOWS

Told = tuple[float, Act]

RULES = {"socket-lost": "a socket is gone, replaced or silent for 2 s", "path-dead": "no reply"}


def said(
    at: float,
    what: str,
    *,
    node: str = "client",
    target: str | None = "socket nsm.io.sock",
    **data: Any,
) -> Told:
    """One event of the watchdog, seconds from the fault."""
    given = {"what": what, **data}
    return at, note("watchdog", source="watchdog", node=node, target=target, data=given)


def watched(
    mode: str, nodes: Sequence[str] = ("client", "endpoint"), ended: bool = True
) -> list[Told]:
    """It watched all the time, on these nodes."""
    end = WINDOWS["watch_s"] + 12
    return [
        *(said(-4.0, "started", node=n, target=None, mode=mode, rules=RULES) for n in nodes),
        *(said(end, "ended", node=n, target=None) for n in nodes if ended),
    ]


def finds(at: float, rule: str, number: int, node: str = "client") -> list[Told]:
    """It finds something."""
    return [said(at, "finding", node=node, id=number, rule=rule, text="it is gone", since_s=2.0)]


def acts_at(at: float, rule: str, number: int, ok: bool = True) -> list[Told]:
    """It acts, and tells soon after what came of it."""
    given = {"id": number, "rule": rule, "act": "restart"}
    return [
        said(at, "action", target="nsmd", text="its container is restarted", **given),
        said(at + 0.3, "outcome", target="nsmd", ok=ok, text="", **given),
    ]


def condition(at: float, name: str, status: str) -> Told:
    """It sets a condition of the client's pod."""
    data = {"pod": "client", "type": f"nsm-watchdog/{name}", "status": status, "reason": "why"}
    return at, note("condition", source="kubernetes", node="client", target="client", data=data)
