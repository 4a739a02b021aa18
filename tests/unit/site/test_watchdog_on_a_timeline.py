# SPDX-License-Identifier: Apache-2.0
"""What a watchdog found, did and said has rows of its own. Nothing in the data was measured."""

from __future__ import annotations

from pathlib import Path

import pytest

from nsm_resilience.judge.trial import judge_record
from nsm_resilience.site.drawing import Row
from nsm_resilience.site.happenings import clock_of
from nsm_resilience.site.timeline import draw
from tests.builders.records import record
from tests.builders.studies import WINDOWS
from tests.builders.watchdog_events import Told, acts_at, finds, said, watched


def rows(tmp_path: Path, says: list[Told]) -> list[Row]:
    made = record(
        tmp_path, "S8", factors={"remedy": "heal"}, acts=[*watched("heal"), *says],
    )  # fmt: skip
    drawn = draw(judge_record(made), made, clock_of(made), (), ())
    return [row for row in drawn.rows if row.kind == "watchdog"]


def test_a_finding_is_a_stretch_until_it_is_cleared(tmp_path: Path) -> None:
    says = [
        *finds(2.0, "socket-lost", 1), said(5.0, "cleared", id=1, rule="socket-lost"),
        *finds(3.0, "path-dead", 1, node="endpoint"),
    ]  # fmt: skip
    client, endpoint = rows(tmp_path, says)
    assert (client.label, endpoint.label) == ("watchdog, client", "watchdog, endpoint")
    (span,) = client.spans
    assert (span.begin_s, span.end_s) == (pytest.approx(2.0), pytest.approx(5.0))
    assert "socket-lost" in span.text
    (open_one,) = endpoint.spans  # the other node's findings are numbered by themselves
    assert open_one.end_s == pytest.approx(WINDOWS["watch_s"], abs=0.1)


def test_what_it_did_and_said_are_marks_that_lead_to_their_lines(tmp_path: Path) -> None:
    told = said(3.5, "told", target="client default/client", to="client", by="condition", id=1)
    (client,) = rows(tmp_path, [*acts_at(3.0, "socket-lost", 1), told])
    assert [round(mark.t_s, 1) for mark in client.marks] == [3.0, 3.3, 3.5]
    assert client.marks[0].text.startswith("restart of nsmd by rule socket-lost")
    assert len({mark.href for mark in client.marks}) == 3


def test_an_arm_without_a_watchdog_has_no_row_of_it(tmp_path: Path) -> None:
    made = record(tmp_path, "S8")
    drawn = draw(judge_record(made), made, clock_of(made), (), ())
    assert not [row for row in drawn.rows if row.kind == "watchdog"]
