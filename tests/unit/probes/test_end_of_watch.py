# SPDX-License-Identifier: Apache-2.0
"""A watch ends early only when the judge will agree that the path came back and settled."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nsm_resilience.agent.client import Clock
from nsm_resilience.judge.outages import find_stretches, read_echoes
from nsm_resilience.probes.datapath import PathProbe
from nsm_resilience.study.models import Probes

REAL = Path(__file__).parent / "real" / "late-replies.parquet"
SECOND = 10**9
BEAT = 20_000_000
SETTLE = 30 * SECOND
INTERRUPTION = 100_000_000


class Nobody:
    """Writes no record."""

    def samples(self, _table: str, rows: list[dict[str, Any]]) -> None: ...


def probe() -> PathProbe:
    clock = Clock(offset_ns=0, error_ns=0, same_kernel=True, measured_ns=0, measured_at_ns=0)
    writer: Any = Nobody()
    agent: Any = None
    made = PathProbe("path", agent, clock, writer, Probes(), interruption_ns=INTERRUPTION)
    made.watch_from(0)
    return made


def settled_at(echoes: pd.DataFrame, settle_ns: int) -> int | None:
    """Tell a probe of every echo when its fate is known; return when it first is settled."""
    deadline_ns = int(Probes().echo_deadline_s * SECOND)
    known = echoes["sent_ns"] + echoes["rtt_ns"].fillna(deadline_ns).astype("int64")
    columns = ["seq", "due_ns", "sent_ns", "rtt_ns", "fate"]
    told = echoes[columns].astype(object).assign(error=None, known=known)
    watching = probe()
    for *row, at in told.sort_values("known", kind="stable").itertuples(index=False):
        row[3] = None if pd.isna(row[3]) else row[3]
        watching.on_line({"kind": "echoes", "rows": [row]})
        if watching.settled(settle_ns):
            return int(at)
    return None


def answering_ns(echoes: pd.DataFrame, end_ns: int) -> int | None:
    """By the judge's rule, how long the path has answered at an instant; None: never stopped."""
    found = find_stretches(
        read_echoes(echoes), int(echoes["sent_ns"].iloc[0]), end_ns,
        interruption_s=INTERRUPTION / SECOND, interval_s=BEAT / SECOND,
    )  # fmt: skip
    hits = [one for one in found.interruptions if one.end_ns > 0]
    return end_ns - hits[-1].end_ns if hits and not hits[-1].censored else None


def more_replies(echoes: pd.DataFrame, seconds: int) -> pd.DataFrame:
    last, count = echoes.iloc[-1], seconds * SECOND // BEAT
    steps = np.arange(1, count + 1)
    sent = int(last["sent_ns"]) + steps * BEAT
    more = pd.DataFrame({"seq": int(last["seq"]) + steps, "due_ns": sent, "sent_ns": sent})
    return pd.concat([echoes, more.assign(rtt_ns=3_000_000, fate="reply")], ignore_index=True)


@pytest.fixture(scope="module")
def late() -> pd.DataFrame:
    return pd.read_parquet(REAL)


def test_replies_that_come_late_and_all_at_once_begin_the_settle_time_anew(
    late: pd.DataFrame,
) -> None:
    assert settled_at(late, SETTLE) is None
    ended = settled_at(more_replies(late, 10), SETTLE)
    assert ended is not None
    assert ended == pytest.approx(int(27.764126 * SECOND) + SETTLE, abs=2 * BEAT)


def test_when_the_real_path_is_settled_the_judge_agrees(late: pd.DataFrame) -> None:
    for settle_ns in (5 * SECOND, 10 * SECOND, 20 * SECOND):
        ended = settled_at(late, settle_ns)
        assert ended is not None
        answering = answering_ns(late, ended)
        assert answering is not None and answering >= settle_ns


FATES = st.one_of(
    st.tuples(st.just("reply"), st.integers(1, 40), st.just(3)),
    st.tuples(st.just("lost"), st.integers(1, 12), st.just(0)),
    st.tuples(st.just("late"), st.integers(1, 20), st.integers(100, 500)),
    st.tuples(st.just("pause"), st.integers(1, 20), st.just(0)),
)
"""What happens next: so many beats of replies, losses, replies that come late and all at once
after so many milliseconds, or of a prober that does not run."""


@settings(max_examples=60, deadline=None)
@given(st.lists(FATES, min_size=1, max_size=12))
def test_the_judge_agrees_whatever_the_path_and_the_prober_do(
    happens: list[tuple[str, int, int]],
) -> None:
    rows, now = [], -20 * BEAT
    for what, beats, delay_ms in [("reply", 30, 3), *happens, ("reply", 80, 3)]:
        if what == "pause":
            now += beats * BEAT
            continue
        together = now + beats * BEAT + delay_ms * 1_000_000
        for _ in range(beats):
            rtt = None if what == "lost" else together - now if what == "late" else 3_000_000
            rows.append((len(rows), now, now, rtt, "lost" if rtt is None else "reply"))
            now += BEAT
    echoes = pd.DataFrame(rows, columns=["seq", "due_ns", "sent_ns", "rtt_ns", "fate"])
    echoes["rtt_ns"] = echoes["rtt_ns"].astype("Int64")
    ended = settled_at(echoes, SECOND)
    if ended is not None:
        answering = answering_ns(echoes, ended)
        assert answering is not None and answering >= SECOND
