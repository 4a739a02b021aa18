# SPDX-License-Identifier: Apache-2.0
"""What must be true of a live campaign however it was hurt; for the stand-in and a real cluster."""

from __future__ import annotations

import csv
import fcntl
import hashlib
import json
from pathlib import Path

from nsm_resilience.judge.instruments import instrument_failure
from nsm_resilience.record.reader import RecordError, read_record


def attempts(campaign: Path) -> set[str]:
    """Folders of all attempts that began."""
    return {path.relative_to(campaign).as_posix() for path in campaign.glob("records/*/*/*")}


def measured(campaign: Path) -> dict[str, str]:
    """Checksum over all files of each complete record."""
    found = {}
    for path in sorted(attempts(campaign)):
        folder = campaign / path
        try:
            complete = read_record(folder).outcome == "complete"
        except RecordError:
            continue
        if complete:
            files = sorted(p for p in folder.rglob("*") if p.is_file())
            content = b"".join(p.name.encode() + p.read_bytes() for p in files)
            found[path] = hashlib.sha256(content).hexdigest()
    return found


def check_finished(campaign: Path, order: list[str], verdicts: Path) -> None:
    """Each scheduled trial was measured once, no attempt is missing, and none without its reason.

    `order` is the schedule: what a campaign that nobody hurt would have. An attempt in which our
    own probes failed, as they may on a machine that is too busy, measured nothing.
    """
    description = json.loads((campaign / "campaign.json").read_text(encoding="utf-8"))
    assert sorted(s["trial"] for s in description["scheduled"]) == sorted(order)
    outcomes: dict[str, list[str]] = {trial: [] for trial in order}
    for record in description["records"]:
        outcome = record["outcome"]
        if outcome == "complete" and instrument_failure(read_record(campaign / record["path"])):
            outcome = "measured nothing"
        outcomes[record["trial"]].append(outcome)
        assert record["reason"] or record["outcome"] == "complete", record
    assert {trial: found.count("complete") for trial, found in outcomes.items()} == {
        trial: 1 for trial in order
    }
    assert {record["path"] for record in description["records"]} == attempts(campaign)
    for trial, found in outcomes.items():
        numbers = sorted(int(p.name) for p in (campaign / "records" / trial).iterdir())
        assert numbers == list(range(1, len(found) + 1))
    judged = [json.loads(line) for line in verdicts.read_text(encoding="utf-8").splitlines()]
    assert len(judged) == len(description["records"])
    cut = [v for v in judged if v["outcome"] == "cut"]
    assert all(v["verdict"] == "unknown" and v["reason"].startswith("cut: ") for v in cut)
    assert not (campaign / "cluster.json").exists()


def check_tables(tables: Path, order: list[str]) -> None:
    """The tables show every attempt, and count each trial of the schedule once."""
    rows = _rows(tables / "trials.csv")
    assert {row["trial"] for row in rows} == set(order)
    cells = _rows(tables / "scenarios.csv")
    kinds = ("n", "unknown", "not_injected", "not_reached")
    counted = sum(int(c[key]) for c in cells for key in kinds)
    assert counted == len(order)
    apart = sum(int(cell[key]) for cell in cells for key in ("void", "cut_short", "repeated"))
    assert apart == len(rows) - len(order)


def _rows(table: Path) -> list[dict[str, str]]:
    with table.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def held_locks(live: Path) -> list[str]:
    """Locks beside and in the campaigns of `results/live` that some process still has."""
    held = []
    files = [p for pattern in ("*/.lock", "*/locks/*", ".locks/*/lane-*", ".testbeds/*.lock")
             for p in live.glob(pattern)]  # fmt: skip
    for file in files:
        if file.suffix == ".json":
            continue
        with file.open("rb") as stream:
            try:
                fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                held.append(file.relative_to(live).as_posix())
    return held
