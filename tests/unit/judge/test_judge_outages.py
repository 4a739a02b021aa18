# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
import pytest
from constructed import INTERVAL, ZERO_NS, Rows, echoes, ns
from hypothesis import given, settings
from hypothesis import strategies as st

from nsm_resilience.judge.outages import SamplesError, Stretches, find_stretches, read_echoes
from nsm_resilience.record.samples import frame

END_S = 10.0


def stretches(rows: Rows, begin_s: float = 0.0, end_s: float = END_S) -> Stretches:
    return find_stretches(
        read_echoes(frame("path", rows)),
        ns(begin_s),
        ns(end_s),
        interruption_s=0.1,
        interval_s=INTERVAL,
    )


def test_a_path_that_always_answers_has_no_interruption() -> None:
    found = stretches(echoes(0, END_S))
    assert found.interruptions == () and found.lost == 0 and found.sent == 500


def test_an_interruption_lasts_from_the_last_reply_to_the_first_reply() -> None:
    (hit,) = stretches(echoes(0, END_S, down=[(2.0, 5.0)])).interruptions
    assert (hit.begin_ns - ZERO_NS) / 1e9 == pytest.approx(1.98 + 0.00025)
    assert (hit.end_ns - ZERO_NS) / 1e9 == pytest.approx(5.0 + 0.00025)
    assert (hit.lost, hit.first_seq, hit.last_seq, hit.censored) == (150, 100, 249, False)


def test_a_path_that_never_answers_again_is_censored_at_the_end() -> None:
    (hit,) = stretches(echoes(0, END_S, down=[(2.0, 99.0)])).interruptions
    assert hit.censored and hit.end_ns == ns(END_S)


def test_a_path_that_never_answers_at_all_is_one_censored_interruption() -> None:
    (hit,) = stretches(echoes(0, END_S, down=[(-1.0, 99.0)])).interruptions
    assert hit.censored and hit.begin_ns == ns(0) and hit.lost == 500


@pytest.mark.parametrize(("lost", "interruptions"), [(1, 0), (4, 0), (5, 1), (6, 1)])
def test_only_a_stretch_longer_than_the_threshold_is_an_interruption(
    lost: int, interruptions: int
) -> None:
    found = stretches(echoes(0, END_S, lost_at=[3.0 + i * INTERVAL for i in range(lost)]))
    assert len(found.interruptions) == interruptions
    assert found.isolated_lost == (0 if interruptions else lost)


def test_several_interruptions_are_kept_apart() -> None:
    found = stretches(echoes(0, END_S, down=[(1, 2), (3, 3.5), (6, 8)]))
    assert [i.lost for i in found.interruptions] == [50, 25, 100]


def test_replies_that_come_late_leave_a_stretch_without_any_loss() -> None:
    rows = echoes(0, END_S)
    for row in rows[100:150]:  # held back for up to a second, then all delivered at once
        row["rtt_ns"] = ns(2.99) + 1000 * row["seq"] - row["sent_ns"]
    found = stretches(rows)
    (hit,) = found.interruptions
    assert (hit.lost, found.lost) == (0, 0)
    assert (hit.first_seq, hit.last_seq) == (100, 149)
    assert hit.length_ns == pytest.approx(1.01e9, rel=1e-3)


def test_a_single_slow_reply_is_no_interruption_while_others_come() -> None:
    rows = echoes(0, END_S)
    rows[100]["rtt_ns"] = 3_000_000_000
    assert stretches(rows).interruptions == ()


def test_a_prober_that_pauses_is_not_held_against_the_path() -> None:
    rows = [row for row in echoes(0, END_S) if not 3.0 <= (row["due_ns"] - ZERO_NS) / 1e9 < 3.6]
    assert stretches(_renumbered(rows)).interruptions == ()


def test_a_loss_beside_a_pause_of_the_prober_is_an_interruption() -> None:
    # As the runner sees it: it cannot be told whether the path was there during the pause.
    rows = echoes(0, END_S, lost_at=[3.0])
    rows = [row for row in rows if not 3.01 <= (row["due_ns"] - ZERO_NS) / 1e9 < 3.6]
    (hit,) = stretches(_renumbered(rows)).interruptions
    assert hit.lost == 1


def test_a_prober_that_catches_up_after_a_pause_is_not_held_against_the_path() -> None:
    rows = echoes(0, END_S)
    for row in rows[150:180]:  # due from 3.0 to 3.6 s, all sent in one burst
        row["sent_ns"] = ns(3.6) + 1000 * row["seq"]
    # The reply that was waiting in the socket meanwhile is read only after the burst.
    rows[149]["rtt_ns"] = ns(3.61) - rows[149]["sent_ns"]
    assert stretches(rows).interruptions == ()


def test_an_outage_during_which_the_prober_also_paused_is_still_an_interruption() -> None:
    rows = [
        row
        for row in echoes(0, END_S, down=[(2.0, 5.0)])
        if not 3.0 <= (row["due_ns"] - ZERO_NS) / 1e9 < 3.6
    ]
    (hit,) = stretches(_renumbered(rows)).interruptions
    assert hit.length_ns / 1e9 == pytest.approx(3.02)


def test_echoes_that_could_not_be_sent_count_as_lost() -> None:
    rows = echoes(0, END_S, down=[(2.0, 5.0)])
    for row in rows:
        if row["fate"] == "lost":
            row.update(fate="send_error", error="ENODEV")
    (hit,) = stretches(rows).interruptions
    assert hit.lost == 150


def test_a_reply_after_the_end_does_not_end_an_interruption() -> None:
    rows = echoes(0, END_S + 2, down=[(9.0, 11.0)])
    rows[449]["rtt_ns"] = ns(10.5) - rows[449]["sent_ns"]
    (hit,) = stretches(rows).interruptions
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


def _find(table: pd.DataFrame, end_ns: int) -> Stretches:
    return find_stretches(
        read_echoes(table), ns(0), end_ns, interruption_s=0.1, interval_s=INTERVAL
    )


@settings(deadline=None)
@given(fates)
def test_every_lost_echo_is_in_one_interruption_or_alone(
    runs: list[tuple[str, int, int, int]],
) -> None:
    table = _table(runs)
    found = _find(table, int(table["sent_ns"].max()))
    assert found.lost == int((table["fate"] != "reply").sum())
    assert found.lost == found.isolated_lost + sum(i.lost for i in found.interruptions)


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
def test_interruptions_are_ordered_apart_and_longer_than_the_threshold(
    runs: list[tuple[str, int, int, int]],
) -> None:
    table = _table(runs)
    found = _find(table, int(table["sent_ns"].max())).interruptions
    assert all(i.length_ns > 100_000_000 for i in found)
    assert all(a.end_ns <= b.begin_ns for a, b in pairwise(found))
    assert not any(i.censored for i in found[:-1])


@settings(deadline=None)
@given(fates)
def test_no_reply_arrives_inside_an_interruption(runs: list[tuple[str, int, int, int]]) -> None:
    table = _table(runs)
    end = int(table["sent_ns"].max())
    replied = table[table["fate"] == "reply"]
    arrivals = (replied["sent_ns"] + replied["rtt_ns"].astype("int64")).to_numpy(dtype=np.int64)
    for hit in _find(table, end).interruptions:
        assert not ((arrivals > hit.begin_ns) & (arrivals < hit.end_ns)).any()
