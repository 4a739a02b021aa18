# SPDX-License-Identifier: Apache-2.0
"""The first of two outages in one constructed record. Nothing of it was measured."""

from __future__ import annotations

from tests.builders.records import Acts, note, stored_snapshot
from tests.builders.samples import ns


def earlier_outage() -> Acts:
    """The first of two outages in one connection, which healed."""
    return [
        (-4.8, lambda w: w.begin("fault")),
        (-4.7, note("fault_instant", data={"t_fault_ns": ns(-4.7)})),
        (-4.6, lambda w: w.end("fault")),
        (-4.6, lambda w: w.begin("watch")),
        (-3.7, note("watch_end", data={"because": "recovered and settled"})),
        (-3.7, lambda w: w.end("watch")),
        (-3.6, stored_snapshot("before-2")),
        (-3.6, stored_snapshot("fault-2")),
    ]
