# SPDX-License-Identifier: Apache-2.0
"""Several new clients: which one decides, what they say together, and the blind time."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest

from nsm_resilience.judge.evidence import Problem
from nsm_resilience.judge.judgement import Judgement, judgement_of
from nsm_resilience.judge.newclients import BlindTime, blind_time, service_of
from nsm_resilience.judge.newconnection import NewConnection
from nsm_resilience.judge.trial import judge_record
from nsm_resilience.provenance.explain import explain
from nsm_resilience.record.reader import read_record
from nsm_resilience.tables.rows import trial_row
from nsm_resilience.tables.scenarios import scenario_rows
from nsm_resilience.tables.schemas import SCENARIOS
from nsm_resilience.tables.trials import TRIALS
from tests.builders.records import build, note
from tests.builders.samples import REPLY_S, Rows, echoes, ns
from tests.builders.studies import NINE, make_study, study_text

PROMPT = 10.0


def client(asked: float, took: float | None, window: float = 60.0) -> NewConnection:
    return NewConnection("c", asked, took is not None, took, window, "", None, ())


@pytest.mark.parametrize(
    ("asked", "service", "blind"),
    [
        # one early and one late, both at once
        ([client(15, 0.8), client(120, 0.9)], "served", BlindTime(0, 0, False)),
        # the early one waits until it is taken: that instant is the blind time
        ([client(15, 112.9, 165), client(120, 7.9)], "recovered", BlindTime(127.9, 127.9, False)),
        # it gives up before: the service is back somewhere between
        ([client(15, None), client(120, 0.9)], "recovered", BlindTime(120.9, 75, False)),
        # it still waits in its back-off while another is taken
        ([client(15, 140, 165), client(120, 0.9)], "recovered", BlindTime(120.9, 120.9, False)),
        # nobody is taken any more
        ([client(15, None), client(120, None)], "refused", BlindTime(180, 180, True)),
        ([client(15, None, 300), client(120, None)], "refused", BlindTime(315, 315, True)),
        # taken at first, then no more
        ([client(15, 0.8), client(120, None)], "refused", BlindTime(180, 180, True)),
        # refused, taken, refused again
        ([client(5, None, 20), client(60, 1.0), client(120, None)], "refused",
         BlindTime(61, 25, False)),
        # what decides is told apart at the very threshold
        ([client(15, PROMPT), client(120, 0.9)], "served", BlindTime(0, 0, False)),
        ([client(15, PROMPT + 0.1), client(120, 0.9)], "recovered",
         BlindTime(25.1, 25.1, False)),
        # three wait and all are taken at one instant
        ([client(5, 122.9, 200), client(60, 67.9, 200), client(120, 7.9)], "recovered",
         BlindTime(127.9, 127.9, False)),
    ],
)  # fmt: skip
def test_what_new_clients_say_together(
    asked: list[NewConnection], service: str, blind: BlindTime
) -> None:
    assert service_of(tuple(asked), PROMPT, early=True) == service
    assert blind_time(tuple(asked), PROMPT) == blind


def test_an_early_client_of_which_nothing_is_known_leaves_the_blind_time_unknown() -> None:
    lost = NewConnection("c", 15.0, None, None, None, "", Problem("the probe failed"), ())
    assert blind_time((lost, client(120, 0.9)), PROMPT) is None
    assert service_of((lost, client(120, 0.9)), PROMPT, early=True) == "unknown"
    assert service_of((lost, client(120, None)), PROMPT, early=True) == "refused"


# --- whole records --------------------------------------------------------------------------------

EARLY = [{"at_s": 2, "patience_s": 9}, {}]


def early(
    at: float, took: float | None, window: float, **given: Any
) -> tuple[list[tuple[float, Any]], Rows]:
    """The events of one early client, and its echoes."""
    name = f"client-{at:g}"
    ended = at + (window if took is None else took + 0.05)
    result = {"client": name, "answered": took is not None, "seconds": took, "window_s": window,
              "stage": "" if took is not None else "init container nsm-init runs",
              **given}  # fmt: skip
    asked = {"pod": f"newcomer-{name}", "client": name, "at_s": at}
    acts = [
        (at + 0.1, note("asked", node="client", t_ns=ns(at), data=asked)),
        (ended, note("new_connection", node="client", data=result)),
    ]
    rows: Rows = []
    if took is not None:
        came = at + took - REPLY_S
        rows = echoes(came - 0.1, came + 0.04, down=[(0, came - 0.001)])
    return acts, [{**row, "client": name} for row in rows]


def judge(
    folder: Path, asked: Any, clients: Any = EARLY, scenario: str = "S8", **given: Any
) -> Judgement:
    declared = [{**one, "new_clients": clients} for one in NINE]
    study = make_study(folder, study_text(scenarios=declared))
    acts, rows = asked
    made = build(
        folder, scenario, study=study, acts=[*acts, *given.pop("acts", ())],
        new_rows=lambda late: rows + late, **given,
    )  # fmt: skip
    return judge_record(read_record(made))


def test_the_last_one_asked_decides_and_the_early_one_measures_the_blind_time(
    tmp_path: Path,
) -> None:
    found = judge(tmp_path, early(2, None, 9))
    m = found.measures
    assert (found.verdict, m.new_connection_verdict) == ("supported", "recovered")
    assert (m.blind_s, m.blind_at_least_s, m.blind_censored) == (
        pytest.approx(12 + 0.3 + 2.5), pytest.approx(11.0), False,
    )  # fmt: skip
    assert [(c.client, c.answered) for c in m.new_clients] == [
        ("client-2", False),
        ("client", True),
    ]
    assert (
        "a new client asked 2.0 s after the fault did not connect within 9 s (it was at: init "
        "container nsm-init runs; no echo could be tried), a new client asked 12.3 s after the "
        "fault connected in 2.5 s, new clients were not taken for 11.0 to 14.8 s"
    ) in found.reason


def test_a_waiting_client_is_read_by_its_own_echoes_beside_those_of_another(
    tmp_path: Path,
) -> None:
    """Both wait at once, and the patience of the first reaches beyond the watch."""
    found = judge(tmp_path, early(2, 11.5, 20.0), [{"at_s": 2, "patience_s": 20}, {}])
    assert found.verdict == "supported"
    assert found.measures.new_connection_verdict == "recovered"
    assert found.measures.blind_s == found.measures.blind_at_least_s == pytest.approx(13.5)


def test_an_early_client_that_was_served_leaves_no_blind_time(tmp_path: Path) -> None:
    found = judge(tmp_path, early(2, 1.5, 9))
    assert (found.measures.blind_s, found.measures.new_connection_verdict) == (0.0, "served")
    assert "not taken" not in found.reason


def test_a_late_refusal_is_unsupported_whatever_came_before(tmp_path: Path) -> None:
    found = judge(tmp_path, early(2, 1.5, 9), answered_s=None)
    assert (found.verdict, found.measures.new_connection_verdict) == ("unsupported", "refused")
    assert found.measures.blind_censored and "more than 18.3 s" in found.reason


def test_a_record_with_one_late_question_is_judged_as_before(tmp_path: Path) -> None:
    found = judge(tmp_path, ([], []), clients=[])
    m = found.measures
    assert (found.verdict, m.blind_s, m.new_connection_verdict) == ("supported", None, "served")
    assert "a new client connected in 2.5 s" in found.reason
    refused = judge(tmp_path / "refused", ([], []), clients=[], answered_s=None)
    assert (refused.measures.blind_s, refused.measures.new_connection_verdict) == (None, "refused")


@pytest.mark.parametrize("given", [{"problem": "the prober ended with code 1"}, {"window_s": 3.0}])
def test_an_early_client_whose_probe_failed_decides_nothing(
    tmp_path: Path, given: dict[str, Any]
) -> None:
    found = judge(tmp_path, early(2, None, 9, **given))
    assert (found.verdict, found.measures.blind_s) == ("supported", None)
    assert found.measures.new_connection_verdict == "unknown"


def test_an_early_client_that_never_asked_leaves_the_blind_time_unknown(tmp_path: Path) -> None:
    assert judge(tmp_path, ([], [])).measures.blind_s is None


def test_what_befalls_a_new_client_is_no_sign_that_anything_was_shown(tmp_path: Path) -> None:
    acts = [
        (3.0, note("condition", node="client", data={
            "pod": "newcomer-client-2", "type": "Ready", "status": "False", "reason": ""})),
        (4.0, note("restart", node="client", target="application", data={
            "pod": "newcomer-client-2", "count_before": 0, "count_after": 1})),
    ]  # fmt: skip
    assert judge(tmp_path, early(2, None, 9), acts=acts).measures.detected_s is None
    other = [(at, act) for at, act in acts]
    other.append((5.0, note("condition", node="client", data={
        "pod": "nsmgr-abcde", "type": "Ready", "status": "False", "reason": ""})))  # fmt: skip
    found = judge(tmp_path / "b", early(2, None, 9), acts=other)
    assert found.measures.detected_s == pytest.approx(5.0)


def test_blind_times_stand_in_the_tables_and_in_what_is_explained(tmp_path: Path) -> None:
    found = judge(tmp_path, early(2, None, 9))
    assert judgement_of(json.dumps(found.to_dict())) == found
    row = TRIALS.frame([trial_row(found)]).iloc[0]
    assert (row["blind_s"], row["new_connection_verdict"]) == (pytest.approx(14.8), "recovered")
    text = "\n".join(explain(found, tmp_path))
    assert "client-2: asked after 2.00 s, no answer" in text
    assert "blind     11.00 to 14.80 s; new clients: recovered" in text
    study = make_study(tmp_path / "study", study_text())
    refused = judge(tmp_path / "b", early(2, None, 9), answered_s=None, number=2)
    cells = SCENARIOS.frame(scenario_rows("c", study, [found, refused]))
    cell = cells[cells["scenario"] == "S8"].iloc[0]
    assert (cell["blind_n"], cell["blind_censored"]) == (2, 1)
    assert math.isinf(cell["blind_median_s"])
    s1 = cells[cells["scenario"] == "S1"].iloc[0]
    assert s1["blind_n"] == 0 and math.isnan(s1["blind_median_s"])


@pytest.mark.parametrize(("ready_s", "blind"), [(14.0, True), (None, False), (8.0, False)])
def test_one_that_waits_on_and_connects_later_was_refused_in_its_time(
    tmp_path: Path, ready_s: float | None, blind: bool
) -> None:
    """The state taken at the end shows its interface; when its pod was Ready says since when."""
    acts, _ = early(2, None, 9)
    rows: Rows = [
        {**row, "client": "client-2", "fate": "send_error", "error": "ENODEV", "rtt_ns": None}
        for row in echoes(2.0, 10.9)
    ]
    pod = "newcomer-client-2"
    state = {"nodes": {"client": {"pods": {pod: {"interfaces": [{"name": "nsm0"}]}}}}}
    acts.append((22.0, lambda w: w.snapshot("after", state)))
    if ready_s is not None:
        data = {"pod": pod, "type": "Ready", "status": "True", "reason": ""}
        acts.append((ready_s, note("condition", node="client", t_ns=ns(ready_s), data=data)))
    found = judge(tmp_path, (acts, rows))
    assert (found.measures.blind_s is not None) is blind
    assert found.measures.new_connection_verdict == ("recovered" if blind else "unknown")
