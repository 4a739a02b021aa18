# SPDX-License-Identifier: Apache-2.0
"""One test, or line of a test, for each rule of the verdict; test_judge_unknown.py has more."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from nsm_resilience.judge.trial import judge_record
from tests.builders.judging import judge
from tests.builders.records import Act, note, record
from tests.builders.samples import Rows, ns


def test_a_path_that_never_stopped_and_a_new_client_that_connects_are_supported(
    tmp_path: Path,
) -> None:
    found = judge(tmp_path)
    assert found.verdict == "supported"
    assert (found.measures.path_verdict, found.measures.outage_s) == ("alive", 0.0)
    assert not found.measures.outage_censored


def test_a_path_that_recovers_and_settles_is_supported(tmp_path: Path) -> None:
    found = judge(tmp_path, down=[(1.0, 4.0)])
    assert found.verdict == "supported"
    assert found.measures.path_verdict == "recovered"
    assert found.measures.outage_s == pytest.approx(3.02, abs=0.01)
    assert found.measures.watch_s == pytest.approx(7.04, abs=0.001)


def test_a_path_that_never_answers_again_is_unsupported_and_censored(tmp_path: Path) -> None:
    found = judge(tmp_path, down=[(1.0, 99.0)])
    assert (found.verdict, found.measures.path_verdict) == ("unsupported", "dead")
    assert found.measures.outage_censored
    assert found.measures.outage_s == pytest.approx(11.02, abs=0.01)
    assert found.measures.outages[-1].end_s is None


def test_an_outage_is_counted_from_its_first_interruption_to_its_last(tmp_path: Path) -> None:
    found = judge(tmp_path, down=[(1.0, 2.0), (3.0, 5.0)])
    assert found.measures.outage_s == pytest.approx(4.02, abs=0.01)
    assert found.measures.down_s == pytest.approx(3.04, abs=0.01)
    assert len(found.measures.outages) == 2


def test_a_path_that_recovers_too_late_to_be_seen_settled_is_unsupported(tmp_path: Path) -> None:
    found = judge(tmp_path, down=[(1.0, 10.0)])
    assert (found.verdict, found.measures.path_verdict) == ("unsupported", "dead")
    assert found.measures.outage_censored
    assert "of the 3 s settle time" in found.reason
    assert found.measures.outages[-1].end_s == pytest.approx(10.0, abs=0.01)


def test_a_path_that_breaks_again_within_the_settle_time_is_unsupported(tmp_path: Path) -> None:
    assert judge(tmp_path, down=[(1.0, 4.0), (10.5, 10.8)]).verdict == "unsupported"


def test_a_path_alive_without_a_new_connection_is_unsupported(tmp_path: Path) -> None:
    found = judge(tmp_path, "S8", answered_s=None, bystander_s=None)
    assert (found.verdict, found.measures.path_verdict) == ("unsupported", "alive")
    assert found.measures.new_connection_answered is False
    assert found.measures.new_connection_s is None
    assert found.measures.bystander_started is False
    assert "init container nsm-init runs" in found.reason


NO_INTERFACE: Rows = [
    {"seq": n, "due_ns": ns(13 + n / 50), "sent_ns": ns(13 + n / 50), "rtt_ns": None,
     "fate": "send_error", "error": "ENODEV"}
    for n in range(40)
]  # fmt: skip


def test_a_new_client_that_runs_without_an_interface_has_no_connection(tmp_path: Path) -> None:
    found = judge(tmp_path, answered_s=None, stage="Running", new_rows=lambda rows: NO_INTERFACE)
    assert found.verdict == "unsupported"
    assert "it was at: Running; its interface never appeared" in found.reason


def test_a_probe_that_missed_the_new_clients_interface_is_unknown(tmp_path: Path) -> None:
    pods = {"newcomer-client": {"interfaces": [{"name": "lo"}, {"name": "nsm0"}]}}
    state = {"nodes": {"client": {"pods": pods}}}
    found = judge(
        tmp_path,
        answered_s=None,
        stage="Running",
        new_rows=lambda rows: NO_INTERFACE,
        acts=[(22.0, lambda w: w.snapshot("after", state))],
    )
    assert found.verdict == "unknown"
    assert "saw no interface in a client that had one" in found.reason


def test_the_wait_of_a_new_client_is_measured_to_its_first_reply(tmp_path: Path) -> None:
    assert judge(tmp_path).measures.new_connection_s == pytest.approx(2.5)


def test_single_lost_echoes_do_not_make_an_outage(tmp_path: Path) -> None:
    found = judge(tmp_path, lost_at=[2.0, 4.0])
    assert (found.measures.path_verdict, found.measures.replies_lost) == ("alive", 2)


def test_a_control_needs_no_injection(tmp_path: Path) -> None:
    found = judge(tmp_path, "S1")
    assert (found.verdict, found.measures.injection_proof) == ("supported", "no fault")
    assert found.control and found.reason.startswith("Without a fault")


def test_a_control_whose_path_breaks_is_a_false_alarm(tmp_path: Path) -> None:
    found = judge(tmp_path, "S1", down=[(5.0, 99.0)])
    assert found.control and found.verdict == "unsupported"


def test_each_of_several_faults_needs_its_own_proof(tmp_path: Path) -> None:
    whole = record(tmp_path / "a", "S9")
    assert judge_record(whole).verdict == "supported"
    proofs = whole.all_of("injection_proof")
    without = tuple(e for e in whole.events if e is not proofs[3])
    partial = type(whole)(whole.folder, whole.meta, without, None)
    found = judge_record(partial)
    assert found.verdict == "not_injected"
    assert "forwarder@client" in found.reason


def proof_of_nsmd(proved: bool, *checks: tuple[str, bool]) -> Act:
    """Another proof of the fault of S2."""
    listed = [{"check": check, "ok": ok} for check, ok in checks]
    data = {"id": "fault-1", "proved": proved, "checks": listed}
    return note("injection_proof", node="client", target="nsmd@client", data=data)


GONE, RUNS = "the old process is gone", "a new process with another start time runs"


@pytest.mark.parametrize(
    ("given", "proof", "words"),
    [
        ({"proved": None}, "missing", ""),
        ({"proved": False}, "not proved", GONE),
        ({"proved": False, "down": [(1, 99)]}, "not proved", GONE),  # even if everything broke
        # a proof that claims more than its checks, that the agent does not stand by, without any
        ({"acts": [(0.3, proof_of_nsmd(True, (RUNS, False)))]}, "not proved", RUNS),
        (
            {"proved": None, "acts": [(0.3, proof_of_nsmd(False, ("some", True), (GONE, False)))]},
            "not proved", GONE,
        ),
        ({"proved": None, "acts": [(0.3, proof_of_nsmd(True))]}, "not proved", ""),
    ],
)  # fmt: skip
def test_a_fault_without_a_proof_that_can_be_believed_is_not_injected(
    tmp_path: Path, given: dict[str, Any], proof: str, words: str
) -> None:
    found = judge(tmp_path, **given)
    assert (found.verdict, found.measures.injection_proof) == ("not_injected", proof)
    assert words in found.reason


def test_a_killed_process_that_nothing_replaced_was_killed_all_the_same(tmp_path: Path) -> None:
    proof = proof_of_nsmd(True, (GONE, True), (RUNS, False))
    found = judge(tmp_path, proved=None, acts=[(0.3, proof)], down=[(1, 99)])
    assert (found.verdict, found.measures.injection_proof) == ("unsupported", "proved")
    assert any(f"{RUNS} (not so)" in e.text for e in found.evidence)


def test_the_skew_of_several_injections_is_measured(tmp_path: Path) -> None:
    found = judge(tmp_path, "S9").measures.injection_skew_s
    assert found == pytest.approx(0.014)


def test_the_client_on_the_clients_node_decides(tmp_path: Path) -> None:
    def both(meta: dict[str, Any]) -> None:
        meta["scenario"]["new_connection"] = ["endpoint", "client"]

    data = {"answered": False, "seconds": None, "window_s": 6.0, "stage": "Pending"}
    acts = [(12.2, note("new_connection", node="endpoint", data=data))]
    assert judge(tmp_path, meta=both, acts=acts).verdict == "supported"


def test_a_bystander_that_was_not_tried_does_not_decide(tmp_path: Path) -> None:
    found = judge(tmp_path, leave_out=["bystander"])
    assert found.verdict == "supported" and found.measures.bystander_started is None


def test_the_reason_is_one_sentence_with_the_numbers(tmp_path: Path) -> None:
    assert judge(tmp_path, down=[(1.0, 4.0)]).reason == (
        "The path stopped 1.0 s and answered again 4.0 s after the fault (150 of 353 echoes "
        "lost, down for 3.0 s in 1 interruption), stayed so for the last 3.0 s, and a new client "
        "connected in 2.5 s."
    )


def test_a_path_that_comes_and_goes_is_said_to_do_so(tmp_path: Path) -> None:
    assert "stopped for good 8.0 s after the fault, having stopped and come back 2 times since" in (
        judge(tmp_path, down=[(1.0, 2.0), (4.0, 5.0), (8.0, 99.0)]).reason
    )


def test_every_verdict_refers_to_the_lines_and_echoes_it_rests_on(tmp_path: Path) -> None:
    trial = record(tmp_path, down=[(1.0, 99.0)])
    found = judge_record(trial)
    lines = trial.folder.joinpath("events.jsonl").read_text(encoding="utf-8").splitlines()
    what = {e.what: e for e in found.evidence}
    assert '"fault_instant"' in lines[(what["fault"].line or 0) - 1]
    assert '"injection_proof"' in lines[(what["injection"].line or 0) - 1]
    assert '"watch_end"' in lines[(what["watch"].line or 0) - 1]
    path = trial.table("path").set_index("seq")
    stopped = what["interruption"]
    assert set(path.loc[stopped.first_seq : stopped.last_seq, "fate"]) == {"lost"}
    new = [e for e in found.evidence if e.file == "samples/new.parquet"]
    assert trial.table("new").set_index("seq")["fate"].to_dict()[new[0].first_seq] == "reply"


def _late(begin_s: float, by_s: float, *, every: int = 1) -> Any:
    """Echoes from an instant on, every so many of them answered after so long."""

    def slow(rows: Rows) -> Rows:
        for row in rows:
            if row["due_ns"] >= ns(begin_s) and row["seq"] % every == 0 and row["rtt_ns"]:
                row["rtt_ns"] = round(by_s * 1e9)
        return rows

    return slow


def test_a_path_that_loses_four_of_five_is_none_although_no_run_is_long(tmp_path: Path) -> None:
    def thin(rows: Rows) -> Rows:
        for row in rows:
            if row["due_ns"] >= ns(0.0) and row["seq"] % 5:
                row.update(fate="lost", rtt_ns=None)
        return rows

    found = judge(tmp_path, path_rows=thin, down=[])
    m = found.measures
    assert (found.verdict, m.path_verdict, m.outages, m.down_s) == ("unsupported", "dead", (), 0.0)
    assert m.outage_censored and m.outage_s == pytest.approx(12.0, abs=0.1)
    assert "outside interruptions, more than the 20 % of a living path" in found.reason


def test_a_path_that_loses_too_much_at_the_end_alone_is_told_so(tmp_path: Path) -> None:
    def thin(rows: Rows) -> Rows:
        for row in rows:
            if row["due_ns"] >= ns(9.0) and row["seq"] % 3 == 0:
                row.update(fate="lost", rtt_ns=None)
        return rows

    found = judge(tmp_path, path_rows=thin, down=[])
    assert (found.verdict, found.measures.path_verdict) == ("unsupported", "dead")
    assert found.measures.lost_outside < 0.2 * found.measures.replies_sent
    end = "in the settle time at the end of the watch, more than the 20 % of a living path"
    assert end in found.reason


def test_a_path_that_answers_late_at_the_end_is_late_and_not_dead(tmp_path: Path) -> None:
    found = judge(tmp_path, path_rows=_late(0.0, 0.7))
    m = found.measures
    assert (found.verdict, m.path_verdict, m.replies_lost) == ("unsupported", "late", 0)
    assert m.outage_s == 0 and not m.outage_censored and m.longest_reply_s == pytest.approx(0.7)
    assert "more than 20 % of the last echoes later than 0.5 s" in found.reason
    (late,) = (e for e in found.evidence if e.what == "lateness")
    assert late.file == "samples/path.parquet" and late.first_seq is not None


def test_a_few_late_replies_are_counted_and_decide_nothing(tmp_path: Path) -> None:
    found = judge(tmp_path, path_rows=_late(0.0, 0.7, every=10))
    m = found.measures
    assert (found.verdict, m.path_verdict) == ("supported", "alive")
    assert m.replies_late == pytest.approx(60, abs=5)
    assert "answered late, the longest wait 0.70 s" in found.reason


def test_echoes_that_the_fault_caught_on_their_way_are_not_held_against_the_steady_state(
    tmp_path: Path,
) -> None:
    def slow(rows: Rows) -> Rows:
        for row in rows:
            if row["rtt_ns"]:
                row["rtt_ns"] = 150_000_000
            if ns(-0.14) <= row["due_ns"] < ns(2.0):  # on their way when the fault came
                row.update(fate="lost", rtt_ns=None)
        return rows

    assert judge(tmp_path, path_rows=slow, down=[(0.0, 2.0)]).verdict == "supported"


def test_an_old_records_threshold_is_not_used(tmp_path: Path) -> None:
    def old(meta: dict[str, Any]) -> None:
        meta["judge"] = {"interruption_s": 130, "probe_gap_s": 1.0, "late_fraction": 0.05}

    found = judge(tmp_path, meta=old, down=[(1.0, 99.0)])
    assert found.measures.path_verdict == "dead"
