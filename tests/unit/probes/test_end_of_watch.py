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
from nsm_resilience.judge.outages import read_echoes
from nsm_resilience.judge.rules import Rules
from nsm_resilience.judge.settled import PathState, state_of
from nsm_resilience.probes.datapath import PathProbe
from nsm_resilience.probes.fates import Fates
from nsm_resilience.study.load import load_study
from nsm_resilience.study.models import Probes, Study
from nsm_resilience.systems.nsm_v0_2_0 import SYSTEM

REAL = Path(__file__).parent / "real" / "late-replies.parquet"
PUBLISHED = load_study(Path(__file__).parents[3] / "config" / "study.yaml")
SECOND = 10**9
BEAT = 20_000_000


class Nobody:
    """Writes no record."""

    def samples(self, _table: str, rows: list[dict[str, Any]]) -> None: ...


def study(settle_s: float, **judge: float) -> Study:
    windows = PUBLISHED.windows.model_copy(update={"settle_s": settle_s})
    rules = PUBLISHED.judge.model_copy(update=judge)
    return PUBLISHED.model_copy(update={"windows": windows, "judge": rules})


def probe(given_study: Study) -> PathProbe:
    clock = Clock(offset_ns=0, error_ns=0, same_kernel=True, measured_ns=0)
    writer: Any = Nobody()
    agent: Any = None
    made = PathProbe("path", agent, clock, writer, Probes(), Fates(given_study), SYSTEM)
    made.fates.watch_from(0)
    return made


def settled_at(echoes: pd.DataFrame, given_study: Study) -> int | None:
    """Tell a probe of every echo when its fate is known; return when it first is settled."""
    deadline_ns = int(Probes().echo_deadline_s * SECOND)
    known = echoes["sent_ns"] + echoes["rtt_ns"].fillna(deadline_ns).astype("int64")
    columns = ["seq", "due_ns", "sent_ns", "rtt_ns", "fate"]
    told = echoes[columns].astype(object).assign(error=None, known=known)
    watching = probe(given_study)
    for *row, _ in told.sort_values("known", kind="stable").itertuples(index=False):
        row[3] = None if pd.isna(row[3]) else row[3]
        watching.on_line({"kind": "echoes", "rows": [row]})
        if watching.settled():
            return watching.last_reply_ns
    return None


def judged(echoes: pd.DataFrame, end_ns: int, given_study: Study) -> PathState:
    """What the judge says of the whole record at an instant."""
    since = int(echoes["sent_ns"].iloc[0])
    rules = Rules.of_study(given_study)
    return state_of(read_echoes(echoes), 0, end_ns, rules, since_ns=since)


def more_replies(echoes: pd.DataFrame, seconds: int) -> pd.DataFrame:
    last, count = echoes.iloc[-1], seconds * SECOND // BEAT
    steps = np.arange(1, count + 1)
    sent = int(last["sent_ns"]) + steps * BEAT
    more = pd.DataFrame({"seq": int(last["seq"]) + steps, "due_ns": sent, "sent_ns": sent})
    return pd.concat([echoes, more.assign(rtt_ns=3_000_000, fate="reply")], ignore_index=True)


@pytest.fixture(scope="module")
def late() -> pd.DataFrame:
    return pd.read_parquet(REAL)


def test_replies_that_come_late_and_all_at_once_are_no_interruption_to_either(
    late: pd.DataFrame,
) -> None:
    """A VPP under load; by one threshold for loss and lateness, runner and judge differed on it."""
    echoes = more_replies(late, 10)
    ended = settled_at(echoes, study(30))
    assert ended is not None
    state = judged(echoes, ended, study(30))
    assert state.settled and state.hits[-1].end_ns + 30 * SECOND <= ended
    assert ended == pytest.approx(state.hits[-1].end_ns + 30 * SECOND, abs=2 * BEAT)


def test_when_the_real_path_is_settled_the_judge_agrees(late: pd.DataFrame) -> None:
    for settle_s in (5, 10, 20):
        ended = settled_at(late, study(settle_s))
        assert ended is not None and judged(late, ended, study(settle_s)).settled


FATES = st.one_of(
    st.tuples(st.just("reply"), st.integers(1, 40), st.just(3)),
    st.tuples(st.just("lost"), st.integers(1, 12), st.just(0)),
    st.tuples(st.just("late"), st.integers(1, 20), st.integers(100, 500)),
    st.tuples(st.just("slow"), st.integers(1, 60), st.integers(20, 1900)),
    st.tuples(st.just("every other"), st.integers(1, 60), st.just(3)),
    st.tuples(st.just("pause"), st.integers(1, 20), st.just(0)),
)
"""What happens next: so many beats of replies, losses, replies that come late and all at once
after so many milliseconds, each late by so many, every other one lost, or of a prober that does not
run."""


@settings(max_examples=150, deadline=None)
@given(
    st.lists(FATES, min_size=1, max_size=12),
    st.integers(2, 8),
    st.sampled_from([0.05, 0.2, 0.5]),
    st.sampled_from([0.05, 0.5, 1.0]),
)
def test_the_judge_agrees_whatever_the_path_and_the_prober_do(
    happens: list[tuple[str, int, int]], loss_run: int, share: float, late_s: float
) -> None:
    given_study = study(
        1, loss_run=loss_run, loss_share=share, late_reply_share=share, late_reply_s=late_s
    )
    rows, now = [], -20 * BEAT
    for what, beats, delay_ms in [("reply", 30, 3), *happens, ("reply", 80, 3)]:
        if what == "pause":
            now += beats * BEAT
            continue
        together = now + beats * BEAT + delay_ms * 1_000_000
        for beat in range(beats):
            lost = what == "lost" or (what == "every other" and beat % 2)
            rtt = together - now if what == "late" else delay_ms * 1_000_000
            rows.append((len(rows), now, now, None if lost else rtt, "lost" if lost else "reply"))
            now += BEAT
    echoes = pd.DataFrame(rows, columns=["seq", "due_ns", "sent_ns", "rtt_ns", "fate"])
    echoes["rtt_ns"] = echoes["rtt_ns"].astype("Int64")
    ended = settled_at(echoes, given_study)
    if ended is not None:
        assert judged(echoes, ended, given_study).settled


def test_a_path_that_loses_too_much_in_short_runs_never_settles() -> None:
    """Four of five lost after an interruption: no run of five, and no living path."""
    rows = []
    for seq in range(-50, 600):
        lost = 0 <= seq < 20 or (seq >= 20 and seq % 5 > 0)
        rows.append(
            (seq + 50, seq * BEAT, seq * BEAT, None if lost else 3_000_000,
             "lost" if lost else "reply")
        )  # fmt: skip
    echoes = pd.DataFrame(rows, columns=["seq", "due_ns", "sent_ns", "rtt_ns", "fate"])
    echoes["rtt_ns"] = echoes["rtt_ns"].astype("Int64")
    assert settled_at(echoes, study(5)) is None
    state = judged(echoes, 600 * BEAT, study(5))
    assert state.hits and state.back and not state.lives and not state.settled
