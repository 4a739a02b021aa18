# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import re
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nsm_resilience.judge.outages import (
    Interruption,
    SamplesError,
    find_interruptions,
    read_echoes,
)
from nsm_resilience.record.samples import frame
from tests.builders.samples import INTERVAL, ZERO_NS, Rows, echoes, ns

END_S = 10.0


def interruptions(
    rows: Rows, begin_s: float = 0.0, end_s: float = END_S
) -> tuple[Interruption, ...]:
    return find_interruptions(
        read_echoes(frame("path", rows)),
        ns(begin_s),
        ns(end_s),
        loss_run=5,
    )


def test_a_path_that_always_answers_has_no_interruption() -> None:
    assert interruptions(echoes(0, END_S)) == ()


def test_an_interruption_lasts_from_the_last_reply_to_the_first_reply() -> None:
    (hit,) = interruptions(echoes(0, END_S, down=[(2.0, 5.0)]))
    assert (hit.begin_ns - ZERO_NS) / 1e9 == pytest.approx(1.98 + 0.00025)
    assert (hit.end_ns - ZERO_NS) / 1e9 == pytest.approx(5.0 + 0.00025)
    assert (hit.lost, hit.first_seq, hit.last_seq, hit.censored) == (150, 100, 249, False)


def test_a_path_that_never_answers_again_is_censored_at_the_end() -> None:
    (hit,) = interruptions(echoes(0, END_S, down=[(2.0, 99.0)]))
    assert hit.censored and hit.end_ns == ns(END_S)


def test_a_path_that_never_answers_at_all_is_one_censored_interruption() -> None:
    (hit,) = interruptions(echoes(0, END_S, down=[(-1.0, 99.0)]))
    assert hit.censored and hit.begin_ns == ns(0) and hit.lost == 500


@pytest.mark.parametrize(("lost", "times"), [(1, 0), (4, 0), (5, 1), (6, 1)])
def test_only_a_run_of_so_many_losses_is_an_interruption(lost: int, times: int) -> None:
    found = interruptions(echoes(0, END_S, lost_at=[3.0 + i * INTERVAL for i in range(lost)]))
    assert len(found) == times
    assert sum(i.lost for i in found) == (lost if times else 0)


def test_several_interruptions_are_kept_apart() -> None:
    found = interruptions(echoes(0, END_S, down=[(1, 2), (3, 3.5), (6, 8)]))
    assert [i.lost for i in found] == [50, 25, 100]


def test_replies_that_come_late_are_no_interruption_however_long_none_came() -> None:
    rows = echoes(0, END_S)
    for row in rows[100:150]:  # held back for up to a second, then all delivered at once
        row["rtt_ns"] = ns(2.99) + 1000 * row["seq"] - row["sent_ns"]
    assert interruptions(rows) == ()


def test_a_run_of_losses_is_one_whatever_came_late_around_it() -> None:
    rows = echoes(0, END_S, down=[(2.0, 2.1)])
    for row in rows[90:100]:  # the last ones before it come while it goes on
        row["rtt_ns"] = 60_000_000
    (hit,) = interruptions(rows)
    assert (hit.lost, hit.first_seq, hit.last_seq) == (5, 100, 104)
    assert (hit.begin_ns - ZERO_NS) / 1e9 == pytest.approx(1.98 + 0.06, abs=1e-3)


def test_losses_that_only_an_overtaken_reply_parts_are_one_interruption() -> None:
    rows = echoes(0, END_S, down=[(2.0, 2.2), (2.22, 2.4)])
    rows[110]["rtt_ns"] = 900_000_000  # sent between the two, and answered long after both
    (hit,) = interruptions(rows)
    assert (hit.lost, hit.first_seq, hit.last_seq) == (19, 100, 119)


def test_a_single_slow_reply_is_no_interruption_while_others_come() -> None:
    rows = echoes(0, END_S)
    rows[100]["rtt_ns"] = 3_000_000_000
    assert interruptions(rows) == ()


def test_a_prober_that_pauses_is_not_held_against_the_path() -> None:
    rows = [row for row in echoes(0, END_S) if not 3.0 <= (row["due_ns"] - ZERO_NS) / 1e9 < 3.6]
    assert interruptions(_renumbered(rows)) == ()


def test_losses_beside_a_pause_of_the_prober_are_counted_and_not_the_pause() -> None:
    for lost, times in ((1, 0), (4, 0), (5, 1)):
        rows = echoes(0, END_S, lost_at=[3.0 + i * INTERVAL for i in range(lost)])
        begin = 3.0 + lost * INTERVAL - 0.01
        rows = [row for row in rows if not begin <= (row["due_ns"] - ZERO_NS) / 1e9 < begin + 0.6]
        assert len(interruptions(_renumbered(rows))) == times


def test_a_prober_that_catches_up_after_a_pause_is_not_held_against_the_path() -> None:
    rows = echoes(0, END_S)
    for row in rows[150:180]:  # due from 3.0 to 3.6 s, all sent in one burst
        row["sent_ns"] = ns(3.6) + 1000 * row["seq"]
    # The reply that was waiting in the socket meanwhile is read only after the burst.
    rows[149]["rtt_ns"] = ns(3.61) - rows[149]["sent_ns"]
    assert interruptions(rows) == ()


def test_an_outage_during_which_the_prober_also_paused_is_still_an_interruption() -> None:
    rows = [
        row
        for row in echoes(0, END_S, down=[(2.0, 5.0)])
        if not 3.0 <= (row["due_ns"] - ZERO_NS) / 1e9 < 3.6
    ]
    (hit,) = interruptions(_renumbered(rows))
    assert hit.length_ns / 1e9 == pytest.approx(3.02)


def test_echoes_that_could_not_be_sent_count_as_lost() -> None:
    rows = echoes(0, END_S, down=[(2.0, 5.0)])
    for row in rows:
        if row["fate"] == "lost":
            row.update(fate="send_error", error="ENODEV")
    (hit,) = interruptions(rows)
    assert hit.lost == 150


def test_a_reply_after_the_end_does_not_end_an_interruption() -> None:
    rows = echoes(0, END_S + 2, down=[(9.0, 11.0)])
    rows[449]["rtt_ns"] = ns(10.5) - rows[449]["sent_ns"]
    (hit,) = interruptions(rows)
    assert hit.censored


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"fate": "perhaps"}, "fate 'perhaps'"),
        ({"rtt_ns": None}, "without its time"),
        ({"rtt_ns": -5}, "older than the echo"),
        ({"seq": 7}, "missing or repeated"),
        ({"seq": 9999}, "missing or repeated"),
        ({"fate": "lost"}, "without its time, or a time without"),
    ],
)
def test_samples_that_contradict_themselves_are_refused(
    change: dict[str, Any], message: str
) -> None:
    rows = echoes(0, 1)
    rows[20].update(change)
    with pytest.raises(SamplesError, match=message):
        read_echoes(frame("path", rows))


def _renumbered(rows: Rows) -> Rows:
    return [{**row, "seq": seq} for seq, row in enumerate(rows)]


fates = st.lists(
    st.tuples(
        st.sampled_from(["reply", "reply", "lost", "send_error"]),
        st.integers(1, 40),  # run length
        st.integers(0, 400_000_000),  # round trip
        st.integers(0, 30_000_000),  # how late it was sent
    ),
    min_size=1,
    max_size=30,
)


def _table(runs: list[tuple[str, int, int, int]]) -> pd.DataFrame:
    rows: Rows = []
    sent = ns(0)
    for fate, length, rtt, late in runs:
        for _ in range(length):
            due = ns(0) + len(rows) * 20_000_000
            sent = max(sent + 1, due + late)
            rows.append(
                {
                    "seq": len(rows), "due_ns": due, "sent_ns": sent,
                    "rtt_ns": rtt if fate == "reply" else None, "fate": fate,
                    "error": "ENODEV" if fate == "send_error" else None,
                }
            )  # fmt: skip
    return frame("path", rows)


def _find(table: pd.DataFrame, end_ns: int) -> tuple[Interruption, ...]:
    return find_interruptions(read_echoes(table), ns(0), end_ns, loss_run=5)


@settings(deadline=None)
@given(fates)
def test_every_lost_echo_is_in_one_interruption_or_alone(
    runs: list[tuple[str, int, int, int]],
) -> None:
    table = _table(runs)
    found = _find(table, int(table["sent_ns"].max()))
    lost = table["fate"] != "reply"
    spans = [(i.first_sent_ns, i.last_sent_ns) for i in found]
    alone = [t for t in table.loc[lost, "sent_ns"] if not any(b <= t <= e for b, e in spans)]
    assert int(lost.sum()) == len(alone) + sum(i.lost for i in found)


@settings(deadline=None)
@given(fates, st.integers(0, 2**32 - 1))
def test_the_order_of_rows_does_not_matter(
    runs: list[tuple[str, int, int, int]], seed: int
) -> None:
    table = _table(runs)
    end = int(table["sent_ns"].max())
    shuffled = table.sample(frac=1, random_state=seed, ignore_index=True)
    assert _find(shuffled, end) == _find(table, end)


@settings(deadline=None)
@given(fates)
def test_interruptions_are_ordered_apart_and_hold_a_run(
    runs: list[tuple[str, int, int, int]],
) -> None:
    table = _table(runs)
    found = _find(table, int(table["sent_ns"].max()))
    fate = table.set_index("seq")["fate"]
    for hit in found:
        lost = "".join("x" if f != "reply" else "." for f in fate.loc[hit.first_seq : hit.last_seq])
        assert "xxxxx" in lost and lost.count("x") == hit.lost
    assert all(a.end_ns <= b.begin_ns for a, b in pairwise(found))
    assert not any(i.censored for i in found[:-1])


@settings(deadline=None)
@given(fates)
def test_every_run_of_losses_is_in_an_interruption(runs: list[tuple[str, int, int, int]]) -> None:
    table = _table(runs)
    found = _find(table, int(table["sent_ns"].max()))
    inside = {n for hit in found for n in range(hit.first_seq, hit.last_seq + 1)}
    fate = "".join("x" if f != "reply" else "." for f in table["fate"])
    for run in re.finditer("x{5,}", fate):
        assert set(range(*run.span())) <= inside


@settings(deadline=None)
@given(fates)
def test_no_reply_arrives_inside_an_interruption(runs: list[tuple[str, int, int, int]]) -> None:
    table = _table(runs)
    end = int(table["sent_ns"].max())
    replied = table[table["fate"] == "reply"]
    arrivals = (replied["sent_ns"] + replied["rtt_ns"].astype("int64")).to_numpy(dtype=np.int64)
    for hit in _find(table, end):
        assert not ((arrivals > hit.begin_ns) & (arrivals < hit.end_ns)).any()
