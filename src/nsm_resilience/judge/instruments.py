# SPDX-License-Identifier: Apache-2.0
"""Did our own instruments fail in a trial? Then it says nothing and is run again, like a void one.

Looked at is how the probes ran, never what they saw: a machine that was too busy to send echoes in
time, a probe that stopped. So to repeat such a trial favours no verdict. The attempt stays in the
record and in the tables, as `unknown`.
"""

from __future__ import annotations

from nsm_resilience.judge.coverage import check_prober, check_sampled
from nsm_resilience.judge.outages import SamplesError, read_echoes
from nsm_resilience.judge.rules import Rules
from nsm_resilience.judge.timeline import find_instants
from nsm_resilience.record.reader import Record, RecordError


def instrument_failure(record: Record) -> str | None:
    """What of the probes failed in the watch of a complete record; None when nothing did.

    A record without a fault or an end of the watch has another problem, and one whose tables cannot
    be read as well: what is damaged is not made better by another attempt beside it.
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
