# SPDX-License-Identifier: Apache-2.0
"""What marks the rows of components on a timeline. Nothing in the data was measured."""

from __future__ import annotations

from pathlib import Path

from nsm_resilience.judge.trial import judge_record
from nsm_resilience.site.happenings import clock_of, happenings
from nsm_resilience.site.timeline import draw
from nsm_resilience.systems.known import FIRST, SYSTEMS, USUAL_PLANE
from tests.builders.records import note, record


def test_a_restart_marks_the_component_of_the_container_that_it_names(tmp_path: Path) -> None:
    """That has a name of its own in every system that somebody adds, and here in one."""
    container = SYSTEMS[FIRST].components[USUAL_PLANE]["forwarder"].container
    assert container != "forwarder"
    counts = {"count_before": 0, "count_after": 1}
    restart = note("restart", source="kubernetes", node="client", target=container, data=counts)
    made = record(tmp_path, "S4", acts=[(1.5, restart)])
    clock = clock_of(made)
    drawn = draw(judge_record(made), made, clock, list(happenings(made, clock)), ())
    marked = [row.label for row in drawn.rows if row.kind == "component" and row.marks]
    assert marked == ["forwarder, client"]
