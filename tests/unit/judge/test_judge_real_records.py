# SPDX-License-Identifier: Apache-2.0
"""The judge on real records, cut down (see real/README.md), whole and damaged on purpose."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from nsm_resilience.judge.judgement import Judgement
from nsm_resilience.judge.trial import judge_record
from nsm_resilience.record.reader import RecordError, read_record
from tests.builders.sealing import events_of, renumbered, write_events

REAL = Path(__file__).parent / "real"


def judge(name: str) -> Judgement:
    return judge_record(read_record(REAL / name))


@pytest.mark.parametrize(
    ("name", "verdict", "path", "answered", "bystander"),
    [
        ("control", "supported", "alive", True, True),
        ("nsmd-killed", "unsupported", "dead", False, True),
        ("comes-and-goes", "unsupported", "dead", True, True),
        ("forwarder-killed", "unsupported", "dead", True, True),
        ("sockets-replaced", "unsupported", "alive", False, False),
        ("sockets-unlinked", "unsupported", "alive", False, True),
        ("everything-killed", "supported", "alive", True, True),
        ("void", "unknown", "unknown", None, None),
        ("prober-missed-interface", "unknown", "alive", None, True),
        ("forwarder-killed-today", "supported", "recovered", True, True),
    ],
)
def test_real_records_have_their_verdicts(
    name: str, verdict: str, path: str, answered: bool | None, bystander: bool | None
) -> None:
    found = judge(name)
    assert (found.verdict, found.measures.path_verdict) == (verdict, path)
    assert found.measures.new_connection_answered is answered
    assert found.measures.bystander_started is bystander


@pytest.mark.parametrize(
    ("name", "by", "seconds"),
    [
        ("control", None, None),
        ("nsmd-killed", "Kubernetes: nsmd not ready on the client's node", 1.06),
        ("comes-and-goes", "Kubernetes: nsmd not ready on the endpoint's node", 1.37),
        ("forwarder-killed", "Kubernetes: kernel-forwarder not ready on the client's node", 1.79),
        ("sockets-replaced", None, None),
        ("sockets-unlinked", "Kubernetes: nsmdp not ready on the client's node", 27.23),
        (
            "forwarder-killed-today",
            "Kubernetes: Warning event Unhealthy of Pod forwarder-vpp, to the second",
            0.9,
        ),
    ],
)
def test_what_was_shown_is_found_in_real_records(
    name: str, by: str | None, seconds: float | None
) -> None:
    found = judge(name).measures
    assert found.detected_by == by
    assert found.detected_s == (None if seconds is None else pytest.approx(seconds, abs=0.005))


@pytest.mark.parametrize(
    ("name", "by", "seconds"),
    [
        ("control", None, None),
        ("nsmd-killed", "nsm-monitor: stream to NSM broke", 0.13),
        ("comes-and-goes", None, None),
        ("forwarder-killed", "nsm-monitor: connection down", 1.85),
        ("sockets-replaced", None, None),
        ("everything-killed", "nsm-monitor: stream to NSM broke", 0.12),
        ("forwarder-killed-today", "nsc: monitor stream: down or broken", 0.01),
    ],
)
def test_what_the_client_was_told_is_found_in_real_records(
    name: str, by: str | None, seconds: float | None
) -> None:
    found = judge(name).measures
    assert found.notification_watched and found.notified_by == by
    assert found.notified_s == (None if seconds is None else pytest.approx(seconds, abs=0.005))


def test_a_path_that_is_healed_and_broken_again_is_seen_as_such() -> None:
    found = judge("comes-and-goes").measures
    assert len(found.outages) == 10
    assert [o.censored for o in found.outages] == [False] * 9 + [True]
    assert found.replies_lost == sum(o.echoes_lost for o in found.outages)
    assert found.outage_censored and found.outage_s == pytest.approx(119.31, abs=0.01)
    assert found.down_s == pytest.approx(77.69, abs=0.01)


def test_sockets_that_are_gone_are_seen_in_the_changes() -> None:
    changes = judge("sockets-unlinked").measures.changes
    own = [
        c.value.split()[0] for c in changes if (c.node, c.component) == ("client", "nsm.io.sock")
    ]
    assert own[:2] == ["answers", "missing"]


def test_a_process_that_was_killed_is_seen_in_the_changes() -> None:
    changes = judge("nsmd-killed").measures.changes
    own = [c for c in changes if (c.node, c.component, c.what) == ("client", "nsmd", "process")]
    values = [c.value for c in own]
    assert values[0].startswith("running") and values[-1].startswith("running")
    assert values[0] != values[-1]


def test_two_processes_of_one_container_of_today_go_and_come_together() -> None:
    changes = judge("forwarder-killed-today").measures.changes
    for component in ("forwarder", "vpp"):
        own = [
            c.value.split()[0]
            for c in changes
            if (c.node, c.component, c.what) == ("client", component, "process")
        ]
        assert own == ["running", "gone", "running"], component
    others = [c for c in changes if c.component == "nsmgr" and c.t_s > 0]
    assert others == []


def test_the_stream_of_today_tells_of_an_outage_before_it_is_deleted_and_made_anew() -> None:
    """The deletion is the client's own doing on its way to a new connection, and no news to it."""
    found = judge("forwarder-killed-today")
    assert found.system == "nsm-v1.18.0"
    assert (found.measures.new_connection_verdict, found.measures.blind_s) == ("served", 0.0)
    assert found.measures.listener_watched
    assert found.measures.listener_told_by == "connection down"
    record = read_record(REAL / "forwarder-killed-today")
    told = [e.data["type"] for e in record.all_of("notification") if e.data["what"] == "event"]
    assert told == ["INITIAL", "UPDATE", "UPDATE", "DELETE", "UPDATE", "UPDATE"]


def test_eight_faults_in_one_instant_are_each_proved() -> None:
    found = judge("everything-killed")
    assert found.measures.injection_proof == "proved"
    assert found.measures.injection_skew_s is not None and found.measures.injection_skew_s < 0.1
    assert sum("the old process is gone" in e.text for e in found.evidence) == 8


def test_the_runners_word_and_the_judges_agree_on_the_new_connection() -> None:
    record = read_record(REAL / "everything-killed")
    result = record.all_of("new_connection")[0]
    asked = record.all_of("asked")[0]
    new = record.table("new")
    first = new[new["fate"] == "reply"].sort_values("seq").iloc[0]
    seconds = (first["sent_ns"] + first["rtt_ns"] - asked.t_ns) / 1e9
    assert judge_record(record).measures.new_connection_s == pytest.approx(seconds, abs=1e-3)
    assert result.data["answered"] is True


@pytest.mark.parametrize(
    "name", ["control", "everything-killed", "forwarder-killed", "forwarder-killed-today"]
)
def test_every_reference_into_a_real_record_leads_somewhere(name: str) -> None:
    record = read_record(REAL / name)
    found = judge_record(record)
    assert found.evidence
    for evidence in found.evidence:
        path = REAL / name / evidence.file
        assert path.exists()
        if evidence.line is not None:
            lines = path.read_text(encoding="utf-8").split("\n")
            assert lines[evidence.line - 1]
        else:
            table = record.table(path.stem)
            numbers = set(table["seq"]) if "seq" in table else set(range(len(table)))
            assert {evidence.first_seq, evidence.last_seq} <= numbers


def _rewrite(folder: Path, table: str, change: Callable[[pd.DataFrame], pd.DataFrame]) -> None:
    path = folder / "samples" / f"{table}.parquet"
    change(pd.read_parquet(path)).to_parquet(path, index=False)


def _no_end(folder: Path) -> None:
    lines = (folder / "events.jsonl").read_text(encoding="utf-8").splitlines(keepends=True)
    (folder / "events.jsonl").write_text("".join(lines[:-1]), encoding="utf-8")


def _cut_in_a_line(folder: Path) -> None:
    content = (folder / "events.jsonl").read_bytes()
    (folder / "events.jsonl").write_bytes(content[: len(content) * 3 // 4])


def _no_proof(folder: Path) -> None:
    kept = [e for e in events_of(folder) if e["kind"] != "injection_proof"]
    write_events(folder, renumbered(kept))


def _prober_died(folder: Path) -> None:
    _rewrite(folder, "path", lambda t: t.sort_values("seq").head(3000))


def _prober_paused(folder: Path) -> None:
    def pause(table: pd.DataFrame) -> pd.DataFrame:
        table = table.sort_values("seq")
        left = pd.concat([table.iloc[:3000], table.iloc[3080:]])
        return left.assign(seq=range(len(left)))

    _rewrite(folder, "path", pause)


def _no_path(folder: Path) -> None:
    (folder / "samples" / "path.parquet").unlink()


def _no_components(folder: Path) -> None:
    _rewrite(folder, "components", lambda t: t[t["node"] == "client"])


def _no_new(folder: Path) -> None:
    _rewrite(folder, "new", lambda t: t[t["fate"] != "reply"])


@pytest.mark.parametrize(
    "damage",
    [
        _no_end,
        _cut_in_a_line,
        _prober_died,
        _prober_paused,
        _no_path,
        _no_components,
        _no_new,
    ],
)
@pytest.mark.parametrize("name", ["control", "everything-killed"])
def test_a_real_record_damaged_on_purpose_is_unknown(
    tmp_path: Path, name: str, damage: Callable[[Path], None]
) -> None:
    assert judge(name).verdict == "supported"
    folder = tmp_path / name
    shutil.copytree(REAL / name, folder)
    damage(folder)
    assert judge_record(read_record(folder)).verdict == "unknown"


def test_a_real_record_without_its_proofs_is_not_injected(tmp_path: Path) -> None:
    folder = tmp_path / "copy"
    shutil.copytree(REAL / "everything-killed", folder)
    _no_proof(folder)
    assert judge_record(read_record(folder)).verdict == "not_injected"


def test_a_real_record_with_a_foreign_line_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "copy"
    shutil.copytree(REAL / "control", folder)
    lines = (folder / "events.jsonl").read_text(encoding="utf-8").splitlines(keepends=True)
    lines.insert(10, "something else\n")
    (folder / "events.jsonl").write_text("".join(lines), encoding="utf-8")
    with pytest.raises(RecordError, match="line 11"):
        read_record(folder)
