# SPDX-License-Identifier: Apache-2.0
"""Trials without a fault: false alarms, gaps, late echoes, processor time (issue 17.4).

Trials of a scenario without faults are controls. Their watches, of any length, are added up, to
give rare events a rate per hour. A watch of an hour shows effects that one of two minutes cannot.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import asdict

from nsm_resilience.judge.judgement import Judgement, Measures
from nsm_resilience.judge.processor_time import ProcessorTime
from nsm_resilience.statistics.intervals import rate_interval
from nsm_resilience.tables.cell import CAMPAIGN, FACTOR_LEVELS, FACTORS, NODE, OF_ATTEMPT, factor
from nsm_resilience.tables.columns import Row, Rule, Table, amount, count, number, text
from nsm_resilience.tables.rows import factors_of, head_of

_SECONDS_PER_HOUR = 3600.0
_NO_WATCHDOG = "there was no watchdog"
_NOT_SAMPLED = "processor time was not sampled"

PROCESSOR = Table(
    "processor",
    "Processor time of each component between the fault and the end of the watch; in a control, of "
    "the whole watch. Only of attempts in which it was sampled.",
    (
        *OF_ATTEMPT,
        *FACTORS,
        NODE,
        text("component", "component"),
        amount("sampled_s", "between its first and last sample"),
        amount("used_s", "processor time in between, of all its threads"),
        amount("most_share", "largest share of one processor that it used over 30 s"),
        amount("spun_s", "how long it spun (see the rules of the judge)"),
        number("spun_from_s", "when it first began to spin", "it never did"),
    ),
    ("campaign", "trial", "attempt", "node", "component"),
    (Rule("who spun began to", lambda t: (t["spun_s"] > 0) == t["spun_from_s"].notna()),),
)

GROUP = tuple(name for name in FACTOR_LEVELS if name not in ("failure", "outage", "watch"))
"""Controls with the same levels of these factors are added up."""

CONTROLS = Table(
    "controls",
    "What came without any fault, over all watches of a campaign's controls.",
    (
        CAMPAIGN,
        *map(factor, GROUP),
        count("attempts", "complete attempts in which the path was watched", least=1),
        count("unknown", "of these, how many have the verdict unknown"),
        amount("watched_s", "their watches together"),
        amount("longest_watch_s", "the longest of them"),
        count(
            "false_alarms",
            "findings of the watchdog, from its start until the pods are taken away",
            _NO_WATCHDOG,
        ),
        amount(
            "alarms_per_h",
            "false alarms per hour of watch; slightly too high, as the watchdog looks for longer",
            _NO_WATCHDOG,
        ),
        amount("alarms_low_per_h", "its exact 95 % Poisson interval", _NO_WATCHDOG),
        amount("alarms_high_per_h", "its upper end", _NO_WATCHDOG),
        count("acts", "actions of the watchdog", _NO_WATCHDOG),
        count("gaps", "interruptions of the path by loss"),
        amount("down_s", "seconds without reply in them, together"),
        count("echoes_sent", "echoes of the watches"),
        count("echoes_lost", "of these, never answered"),
        count("echoes_late", "of these, answered late"),
        count("sends_late", "of these, sent late by our own prober"),
        count(
            "sampled", "attempts in which processor time was sampled: those of the next six columns"
        ),
        amount(
            "used_s_per_h",
            "processor time that the components of both nodes used, seconds per hour",
            _NOT_SAMPLED,
        ),
        text("busiest", "the component that used the most over 30 s", _NOT_SAMPLED),
        amount("busiest_share", "that, of one processor", _NOT_SAMPLED),
        count("spun", "attempts in which a component spun", _NOT_SAMPLED),
        amount("spun_s", "how long components spun, together", _NOT_SAMPLED),
        number("spun_from_s", "the earliest that one began to", "none did"),
    ),
    ("campaign", *GROUP),
    (
        Rule("not more unknown than there are", lambda t: t["unknown"] <= t["attempts"]),
        Rule("not more lost than sent", lambda t: t["echoes_lost"] <= t["echoes_sent"]),
        Rule("not more sampled than there are", lambda t: t["sampled"] <= t["attempts"]),
        Rule("alarms have a rate", lambda t: t["false_alarms"].isna() == t["alarms_per_h"].isna()),
    ),
)


def processor_rows(judgement: Judgement) -> Iterator[Row]:
    """The rows of `processor`."""
    for one in judgement.measures.processor_times:
        yield {**head_of(judgement), **factors_of(judgement), **asdict(one)}


def control_rows(campaign: str, judgements: Sequence[Judgement]) -> Iterator[Row]:
    """The rows of `controls`: one for each combination of levels of `GROUP`.

    Every complete attempt with a measured path counts, also with the verdict `unknown`: the table
    also shows what our own instruments did.
    """
    groups: dict[tuple[str, ...], list[Judgement]] = {}
    for one in judgements:
        m = one.measures
        if one.control and one.outcome == "complete" and m.watch_s and m.outage_s is not None:
            groups.setdefault(tuple(getattr(one, name) for name in GROUP), []).append(one)
    for levels, own in groups.items():
        yield {"campaign": campaign, **dict(zip(GROUP, levels, strict=True)), **_summed(own)}


def _summed(own: Sequence[Judgement]) -> Row:
    measures = [one.measures for one in own]
    watches = [m.watch_s or 0.0 for m in measures]
    watched = math.fsum(watches)
    return {
        "attempts": len(own),
        "unknown": sum(one.verdict == "unknown" for one in own),
        "watched_s": watched,
        "longest_watch_s": max(watches),
        **_alarms(measures),
        "gaps": sum(len(m.outages) for m in measures),
        "down_s": math.fsum(m.down_s or 0.0 for m in measures),
        "echoes_sent": sum(m.replies_sent for m in measures),
        "echoes_lost": sum(m.replies_lost for m in measures),
        "echoes_late": sum(m.replies_late for m in measures),
        "sends_late": sum(m.late_sends for m in measures),
        **_processor([m.processor_times for m in measures if m.processor_times]),
    }


def _alarms(measures: Sequence[Measures]) -> Row:
    """Alarms and acts of the watchdog, by hour of the watches in which it ran; else all empty."""
    ran = [m for m in measures if m.watchdog_false_alarms is not None]
    hours = math.fsum(m.watch_s or 0.0 for m in ran) / _SECONDS_PER_HOUR
    alarms = sum(m.watchdog_false_alarms or 0 for m in ran)
    interval = rate_interval(alarms, hours)
    found = {
        "false_alarms": alarms,
        "alarms_per_h": alarms / hours if ran else math.nan,
        "alarms_low_per_h": interval.low,
        "alarms_high_per_h": interval.high,
        "acts": sum(m.watchdog_acts or 0 for m in measures),
    }
    return found if ran else dict.fromkeys(found)


def _processor(sampled: Sequence[Sequence[ProcessorTime]]) -> Row:
    """Processor time of components, over the attempts that sampled it; empty without any."""
    if not sampled:
        empty = ("used_s_per_h", "busiest", "busiest_share", "spun", "spun_s", "spun_from_s")
        return {"sampled": 0, **dict.fromkeys(empty)}
    every = [one for times in sampled for one in times]
    sampled_s = math.fsum(max(one.sampled_s for one in times) for times in sampled)
    hours = sampled_s / _SECONDS_PER_HOUR
    busiest = max(every, key=lambda one: one.most_share)
    began = [one.spun_from_s for one in every if one.spun_from_s is not None]
    return {
        "sampled": len(sampled),
        "used_s_per_h": math.fsum(one.used_s for one in every) / hours if hours else None,
        "busiest": busiest.component,
        "busiest_share": busiest.most_share,
        "spun": sum(any(one.spun_s for one in times) for times in sampled),
        "spun_s": math.fsum(one.spun_s for one in every),
        "spun_from_s": min(began, default=None),
    }
