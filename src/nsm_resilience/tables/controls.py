# SPDX-License-Identifier: Apache-2.0
"""What came without any fault: false alarms, gaps, late echoes, processor time (issue 17.4).

Trials of a scenario without faults are controls. Their watches are added up, however long each is,
so that what is rare is told per hour; and a watch of an hour shows what one of two minutes cannot.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import asdict

from nsm_resilience.judge.judgement import Judgement
from nsm_resilience.statistics.intervals import rate_interval
from nsm_resilience.tables.cell import ATTEMPT, CAMPAIGN, FACTORS, SCENARIO, TRIAL, factor
from nsm_resilience.tables.columns import Column, Rule, Table
from nsm_resilience.tables.rows import Row, factors_of, head_of

SECONDS = 3600.0
_NO_WATCHDOG = "there was no watchdog"
_NOT_SAMPLED = "processor time was not sampled"

PROCESSOR = Table(
    "processor",
    "Processor time of each component between the fault and the end of the watch; in a control, of "
    "the whole watch. Only of attempts in which it was sampled.",
    (
        CAMPAIGN,
        TRIAL,
        ATTEMPT,
        SCENARIO,
        *FACTORS,
        Column("node", "text", "role of the node", one_of=("client", "endpoint")),
        Column("component", "text", "component"),
        Column("sampled_s", "number", "between its first and last sample", least=0),
        Column("used_s", "number", "processor time in between, of all its threads", least=0),
        Column("most_share", "number", "the most of one processor that it used over 30 s", least=0),
        Column("spun_s", "number", "how long it spun (see the rules of the judge)", least=0),
        Column("spun_from_s", "number", "when it first began to spin", "it never did"),
    ),
    ("campaign", "trial", "attempt", "node", "component"),
    (Rule("who spun began to", lambda t: (t["spun_s"] > 0) == t["spun_from_s"].notna()),),
)

CONTROLS = Table(
    "controls",
    "What came without any fault, over all watches of a campaign's controls.",
    (
        CAMPAIGN,
        *map(factor, ("system", "plane", "client", "remedy")),
        Column("attempts", "integer", "complete attempts in which the path was watched", least=1),
        Column("unknown", "integer", "of these, how many have the verdict unknown", least=0),
        Column("watched_s", "number", "their watches together", least=0),
        Column("longest_watch_s", "number", "the longest of them", least=0),
        Column("false_alarms", "integer",
               "findings of the watchdog, from its start until the pods are taken away",
               _NO_WATCHDOG, least=0),
        Column("alarms_per_h", "number",
               "of them per hour of watch: a little too many, as it looks for longer",
               _NO_WATCHDOG, least=0),
        Column("alarms_low_per_h", "number", "its exact 95 % Poisson interval", _NO_WATCHDOG,
               least=0),
        Column("alarms_high_per_h", "number", "its upper end", _NO_WATCHDOG, least=0),
        Column("acts", "integer", "actions of the watchdog", _NO_WATCHDOG, least=0),
        Column("gaps", "integer", "interruptions of the path by loss", least=0),
        Column("down_s", "number", "seconds without reply in them, together", least=0),
        Column("echoes_sent", "integer", "echoes of the watches", least=0),
        Column("echoes_lost", "integer", "of these, never answered", least=0),
        Column("echoes_late", "integer", "of these, answered late", least=0),
        Column("sends_late", "integer", "of these, sent late by our own prober", least=0),
        Column("longest_reply_s", "number", "the slowest reply", "none came", least=0),
        Column("used_s_per_h", "number",
               "processor time that the components of both nodes used, seconds per hour",
               _NOT_SAMPLED, least=0),
        Column("busiest", "text", "the component that used the most over 30 s", _NOT_SAMPLED),
        Column("busiest_share", "number", "that, of one processor", _NOT_SAMPLED, least=0),
        Column("spun", "integer", "attempts in which a component spun", _NOT_SAMPLED, least=0),
        Column("spun_s", "number", "how long components spun, together", _NOT_SAMPLED, least=0),
        Column("spun_from_s", "number", "the earliest that one began to", "none did"),
    ),
    ("campaign", "system", "plane", "client", "remedy"),
    (
        Rule("not more unknown than there are", lambda t: t["unknown"] <= t["attempts"]),
        Rule("not more lost than sent", lambda t: t["echoes_lost"] <= t["echoes_sent"]),
        Rule("alarms have a rate", lambda t: t["false_alarms"].isna() == t["alarms_per_h"].isna()),
    ),
)  # fmt: skip


def processor_rows(judgement: Judgement) -> Iterator[Row]:
    """The rows of `processor`."""
    for one in judgement.measures.processor_times:
        yield {**head_of(judgement), **factors_of(judgement), **asdict(one)}


def control_rows(campaign: str, judgements: Sequence[Judgement]) -> Iterator[Row]:
    """The rows of `controls`: one for each system, plane, client and remedy.

    Every complete attempt whose path was measured counts, one of `unknown` verdict too: what our
    own instruments did is part of what is asked.
    """
    groups: dict[tuple[str, str, str, str], list[Judgement]] = {}
    for one in judgements:
        m = one.measures
        if one.control and one.outcome == "complete" and m.watch_s and m.outage_s is not None:
            key = (one.system, one.plane, one.client, one.remedy)
            groups.setdefault(key, []).append(one)
    for (system, plane, client, remedy), own in groups.items():
        yield {
            "campaign": campaign,
            "system": system,
            "plane": plane,
            "client": client,
            "remedy": remedy,
            **_summed(own),
        }


def _summed(own: Sequence[Judgement]) -> Row:
    measures = [one.measures for one in own]
    watched = math.fsum(m.watch_s or 0.0 for m in measures)
    replies = [m.longest_reply_s for m in measures if m.longest_reply_s is not None]
    sampled = [m.processor_times for m in measures if m.processor_times]
    every = [one for times in sampled for one in times]
    busiest = max(every, key=lambda one: one.most_share, default=None)
    spins = [one for one in every if one.spun_from_s is not None]
    hours = math.fsum(max(t.sampled_s for t in times) for times in sampled) / SECONDS
    used = math.fsum(one.used_s for one in every)
    return {
        "attempts": len(own),
        "unknown": sum(one.verdict == "unknown" for one in own),
        "watched_s": watched,
        "longest_watch_s": max(m.watch_s or 0.0 for m in measures),
        **_alarms(own, watched),
        "gaps": sum(len(m.outages) for m in measures),
        "down_s": math.fsum(m.down_s or 0.0 for m in measures),
        "echoes_sent": sum(m.replies_sent for m in measures),
        "echoes_lost": sum(m.replies_lost for m in measures),
        "echoes_late": sum(m.replies_late for m in measures),
        "sends_late": sum(m.late_sends for m in measures),
        "longest_reply_s": max(replies, default=None),
        "used_s_per_h": used / hours if hours else None,
        "busiest": busiest.component if busiest else None,
        "busiest_share": busiest.most_share if busiest else None,
        "spun": sum(any(t.spun_s for t in times) for times in sampled) if sampled else None,
        "spun_s": math.fsum(one.spun_s for one in spins) if sampled else None,
        "spun_from_s": min((one.spun_from_s for one in spins if one.spun_from_s is not None),
                           default=None),
    }  # fmt: skip


def _alarms(own: Sequence[Judgement], watched_s: float) -> Row:
    counts = [one.measures.watchdog_false_alarms for one in own]
    known = [count for count in counts if count is not None]
    if not known:
        names = ("false_alarms", "alarms_per_h", "alarms_low_per_h", "alarms_high_per_h", "acts")
        return dict.fromkeys(names)
    hours, alarms = watched_s / SECONDS, sum(known)
    interval = rate_interval(alarms, hours)
    return {
        "false_alarms": alarms,
        "alarms_per_h": alarms / hours,
        "alarms_low_per_h": interval.low,
        "alarms_high_per_h": interval.high,
        "acts": sum(one.measures.watchdog_acts or 0 for one in own),
    }
