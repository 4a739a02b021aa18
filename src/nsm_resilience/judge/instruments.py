# SPDX-License-Identifier: Apache-2.0
"""Did our own instruments fail in a trial? Then it proves nothing and is repeated, like a void one.

The check covers how the probes ran, never what they saw: a machine that was too busy to send echoes
in time, a probe that stopped. So repeating such a trial favours no verdict. The attempt stays in
the record and in the tables, as `unknown`.
"""

from __future__ import annotations

from nsm_resilience.judge.coverage import check_prober, check_sampled
from nsm_resilience.judge.outages import SamplesError, read_echoes
from nsm_resilience.judge.rules import Rules
from nsm_resilience.judge.timeline import find_instants
from nsm_resilience.record.reader import Record, RecordError


def instrument_failure(record: Record) -> str | None:
    """The failure of the probes in the watch of a complete record; None when they all ran.

    A record without a fault or an end of the watch, or with unreadable tables, is damaged: that is
    another problem, and another attempt does not solve it.
    """
    watch = find_instants(record).watch
    if watch is None:
        return None
    rules = Rules.of(record.meta)
    try:
        echoes = read_echoes(record.table("path"))
        problem = check_prober(echoes, *watch, rules) or check_sampled(record, *watch, rules)
    except (SamplesError, RecordError):
        return None
    return None if problem is None else problem.text
