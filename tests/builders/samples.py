# SPDX-License-Identifier: Apache-2.0
"""Samples and instants of a constructed record. NOT MEASURED: a made-up clock stamps them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from nsm_resilience.systems.base import Component
from tests.builders.studies import COMPONENTS

ZERO_NS = 1_000_000_000_000
"""The fault's instant on the made-up monotonic clock."""
ZERO_WALL = datetime(2026, 1, 2, 3, 4, 5, 500_000, tzinfo=UTC)
INTERVAL = 0.02
REPLY_S = 0.00025
"""From the beat of an echo to its reply."""

Rows = list[dict[str, Any]]


def ns(seconds: float) -> int:
    """An instant on the made-up clock, from seconds since the fault."""
    return ZERO_NS + round(seconds * 1e9)


def wall(seconds: float) -> str:
    """The same instant as UTC."""
    moment = ZERO_WALL + timedelta(seconds=seconds)
    return moment.isoformat(timespec="microseconds").replace("+00:00", "Z")


def echoes(
    begin_s: float,
    end_s: float,
    down: Sequence[tuple[float, float]] = (),
    lost_at: Sequence[float] = (),
    rtt_s: float = 0.0002,
) -> Rows:
    """Echoes on schedule; those sent inside a `down` span, or nearest to a `lost_at`, are lost."""
    rows: Rows = []
    count = round((end_s - begin_s) / INTERVAL)
    single = {round((t - begin_s) / INTERVAL) for t in lost_at}
    for seq in range(count + 1):
        sent = begin_s + seq * INTERVAL
        lost = seq in single or any(b <= sent < e for b, e in down)
        rows.append(
            {
                "seq": seq, "due_ns": ns(sent), "sent_ns": ns(sent) + 50_000,
                "rtt_ns": None if lost else round(rtt_s * 1e9),
                "fate": "lost" if lost else "reply", "error": None,
            }
        )  # fmt: skip
    return rows


PLACES = [
    (node, name, 100 + 10 * at + number)
    for at, node in enumerate(("client", "endpoint"))
    for number, name in enumerate(COMPONENTS)
]
"""Every component, on which node, and as which process."""
START_TICKS = 5


def places_of(components: Mapping[str, Component]) -> list[tuple[str, str, int]]:
    """The same of a system's own components, each where a lane has it."""
    return [
        (node, name, 100 + 10 * at + number)
        for at, node in enumerate(("client", "endpoint"))
        for number, (name, part) in enumerate(components.items())
        if part.only_on in (None, node)
    ]


def process_of(node: str | None, component: str | None) -> dict[str, Any]:
    """A component's process as an agent reports it; nothing of one that is not sampled."""
    found = {(at, name): pid for at, name, pid in PLACES}.get((str(node), str(component)))
    return {} if found is None else {"pid": found, "start_ticks": START_TICKS, "state": "S"}


def component_samples(
    begin_s: float,
    end_s: float,
    restarts: dict[tuple[str, str], float] | None = None,
    *,
    killed: Collection[tuple[str, str]] = (),
    hung: Collection[tuple[str, str]] = (),
) -> Rows:
    """Both nodes every half second; a component in `restarts` has another process from then on.

    One that is `killed` by the fault has another since then and no count of it; one that is `hung`
    is stopped.
    """
    rows: Rows = []
    t = begin_s
    while t <= end_s:
        for node, name, pid in PLACES:
            again = restarts is not None and t >= restarts.get((node, name), float("inf"))
            other = again or (t > 0.0 and (node, name) in killed)
            rows.append(
                {
                    "t_ns": ns(t), "node": node, "component": name,
                    "pid": pid + (1000 if other else 0), "start_ticks": START_TICKS + other,
                    "state": "T" if t > 0.0 and (node, name) in hung else "S",
                    "restarts": int(again), "ready": True,
                }
            )  # fmt: skip
        t += 0.5
    return rows


def socket_samples(begin_s: float, end_s: float, replaced_at: float | None = None) -> Rows:
    """One socket on the client's node, an ordinary file from `replaced_at` on."""
    rows: Rows = []
    t = begin_s
    while t <= end_s:
        damaged = replaced_at is not None and t >= replaced_at
        rows.append(
            {
                "t_ns": ns(t), "node": "client", "socket": "nsm.io.sock",
                "path": "/var/lib/networkservicemesh/nsm.io.sock", "inode": 8 if damaged else 7,
                "kind": "file" if damaged else "socket", "answers": not damaged,
            }
        )  # fmt: skip
        t += 0.5
    return rows
