# SPDX-License-Identifier: Apache-2.0
"""Lay out the interactive timeline of one attempt: bins of replies, and rows beneath them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from nsm_resilience.analysis.timeline import (
    BEFORE_S,
    Timeline,
    binned,
    reply_limits,
    timeline_of,
)
from nsm_resilience.judge.timeline import union
from nsm_resilience.site.drawing import Drawing, Replies, Span
from nsm_resilience.site.happenings import Clock, Happening
from nsm_resilience.site.timeline_rows import (
    addresses_of,
    asked_rows,
    component_rows,
    fault_row,
    phases_row,
    shown_row,
    socket_rows,
    told_row,
    watchdog_rows,
)

if TYPE_CHECKING:
    from nsm_resilience.judge.judgement import Judgement
    from nsm_resilience.record.reader import Record

BINS = 600
"""Time bins of the replies, about 0.2 s each: six thousand echoes become a few kilobytes."""


def draw(
    judgement: Judgement,
    record: Record,
    clock: Clock,
    events: Sequence[Happening],
    kubernetes: Sequence[Happening],
) -> Drawing:
    """Lay out the timeline of an attempt; the zero of `clock` must be the fault.

    Raises:
        ValueError: the record has no fault instant or no end of the watch, so there is no axis.
        RecordError: the samples of the path cannot be read.
    """
    timeline = timeline_of(record)
    measures = judgement.measures
    after = [p.begin_s + p.seconds for p in measures.phases
             if p.phase == "after" and p.begin_s is not None and p.seconds is not None]  # fmt: skip
    end_s = max([timeline.end_s, *after])
    addresses = addresses_of(judgement.evidence)
    rows = [
        phases_row(judgement, end_s),
        fault_row(timeline, events, addresses),
        *component_rows(judgement, events, addresses, timeline.end_s),
        *socket_rows(measures.changes, timeline.end_s),
        shown_row(judgement, events, kubernetes, addresses, timeline.end_s),
        told_row(judgement),
        *watchdog_rows(record, clock, addresses, timeline.end_s),
        *asked_rows(record, clock, addresses),
    ]
    return Drawing(
        begin_s=-BEFORE_S,
        end_s=end_s,
        watch_s=timeline.end_s,
        replies=_replies(timeline),
        gaps=tuple(
            Span(
                gap.begin_s,
                timeline.end_s if gap.end_s is None else gap.end_s,
                "no-reply",
                f"no reply, {gap.echoes_lost} echoes lost"
                + (", not back in the watch" if gap.censored else ""),
            )
            for gap in measures.outages
        ),
        faults=tuple(
            Span(begin, end, "fault", "fault")
            for begin, end in union((b.begin_s, b.end_s) for b in timeline.injections)
        ),
        rows=tuple(row for row in rows if row.spans or row.marks),
    )


def _replies(timeline: Timeline) -> Replies:
    begin, end = -BEFORE_S, timeline.end_s
    width = (end - begin) / BINS
    rows = binned(timeline.replies, begin, end, BINS)
    medians: list[float | None] = [None] * BINS
    sent, lost = [0] * BINS, [0] * BINS
    numbers = ((rows["t_s"] - begin) / width).astype(int)
    for at, n, missing, median in zip(
        numbers, rows["sent"], rows["lost"], rows["median_s"], strict=True
    ):
        sent[at], lost[at] = int(n), int(missing)
        medians[at] = float(median) * 1e3 if n > missing else None
    return Replies(width, begin, tuple(medians), tuple(sent), tuple(lost), reply_limits([timeline]))
