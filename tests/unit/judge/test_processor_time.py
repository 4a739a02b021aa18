# SPDX-License-Identifier: Apache-2.0
"""Processor time of the components, and whether one spins (issue 17.4)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nsm_resilience.judge.judgement import judgement_of
from nsm_resilience.judge.processor_time import ProcessorTime, find_processor_times
from nsm_resilience.record.samples import frame
from tests.builders.judging import judge

S = 1_000_000_000


def rows(
    shares: list[float], component: str = "nsmd-k8s", node: str = "client", **fixed: Any
) -> list[dict[str, Any]]:
    """Two samples a second; in the n-th second that share of one processor was used."""
    found, used = [], 0.0
    for half in range(2 * len(shares) + 1):
        found.append({
            "t_ns": half * S // 2, "node": node, "component": component, "pid": 7,
            "start_ticks": 5, "state": "S", "restarts": 0, "ready": True,
            "cpu_ticks": round(100 * used), **fixed,
        })  # fmt: skip
        used += shares[min(half // 2, len(shares) - 1)] / 2
    return found


def times(samples: list[dict[str, Any]], end_s: float = 1e6) -> tuple[ProcessorTime, ...]:
    return find_processor_times(frame("components", samples), 0, int(end_s * S))


def test_a_component_that_begins_to_spin_is_told_with_when_and_for_how_long() -> None:
    (found,) = times(rows([0.01] * 100 + [0.9] * 60 + [0.01] * 100))
    assert found.used_s == pytest.approx(100 * 0.01 + 60 * 0.9 + 100 * 0.01, abs=0.05)
    # a window of 30 s holds half a processor as soon as about 17 s of it are busy
    assert found.spun_from_s == pytest.approx(100 - 13.5, abs=1.5)
    assert found.spun_s == pytest.approx(60 + 27, abs=3)
    assert found.most_share == pytest.approx(0.9, abs=0.01)


def test_a_start_that_takes_some_seconds_is_no_spinning() -> None:
    (found,) = times(rows([1.0] * 10 + [0.02] * 200))
    assert found.spun_from_s is None
    assert found.spun_s == 0


def test_a_component_that_was_restarted_has_the_time_of_both_processes() -> None:
    before = rows([0.5] * 10)
    after = [
        {**row, "t_ns": row["t_ns"] + 11 * S, "pid": 8, "start_ticks": 1100, "cpu_ticks": 3 + n}
        for n, row in enumerate(rows([0.0] * 5))
    ]
    gone = [{**before[0], "t_ns": 21 * S // 2, "pid": None, "start_ticks": None,
             "state": None, "cpu_ticks": None}]  # fmt: skip
    (found,) = times(before + gone + after)
    assert found.used_s == pytest.approx(5 + (3 + 10) / 100, abs=0.02)


def test_components_of_both_nodes_are_apart_and_only_the_watch_counts() -> None:
    found = times(rows([0.1] * 20) + rows([0.3] * 20, node="endpoint"), end_s=10)
    assert [one.node for one in found] == ["client", "endpoint"]
    assert [one.sampled_s for one in found] == [10, 10]
    assert [one.used_s for one in found] == pytest.approx([1, 3], abs=0.05)


def test_records_made_before_it_was_sampled_have_none(tmp_path: Path) -> None:
    assert times(rows([0.9] * 60, cpu_ticks=None)) == ()
    assert judge(tmp_path).measures.processor_times == ()


def test_it_stands_in_the_line_of_a_verdict_and_is_read_back(tmp_path: Path) -> None:
    def busy(samples: list[dict[str, object]]) -> list[dict[str, object]]:
        return [{**row, "cpu_ticks": n} for n, row in enumerate(samples)]

    found = judge(tmp_path, component_rows=busy)
    assert {one.node for one in found.measures.processor_times} == {"client", "endpoint"}
    assert judgement_of(json.dumps(found.to_dict())) == found


@given(st.lists(st.floats(0, 2), min_size=1, max_size=120))
def test_it_never_spins_for_longer_than_was_looked_and_never_on_little(shares: list[float]) -> None:
    (found,) = times(rows(shares))
    assert 0 <= found.spun_s <= found.sampled_s
    assert (found.spun_from_s is not None) == (found.most_share >= 0.5)
    assert found.used_s == pytest.approx(sum(shares), abs=0.05)
    if found.spun_from_s is not None:
        assert found.used_s >= 0.5 * 30 - 0.05
    if max(shares) < 0.49 or len(shares) < 30:
        assert found.spun_from_s is None


def test_a_table_without_rows_has_none() -> None:
    assert find_processor_times(pd.DataFrame(), 0, S) == ()
