# SPDX-License-Identifier: Apache-2.0
"""Whatever happens to a record: its verdict is what it was, or says that nothing is known.

Whole records are damaged in one or two places, constructed ones of both formats and real ones, and
judged as part of a campaign, as the command does it. `DAMAGE_EXAMPLES` says how many examples are
tried (100 without it; a long run takes 2000).

Left out is damage that cannot be seen in a record of format 1, because nothing else in it tells:
the fate of single echoes, the answer of a new client together with its echoes, and words. In one of
format 2 they are tried as well. Half of the examples are closed anew (test_forged_records.py has
the kinds that a forger would think of, one by one).
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nsm_resilience.judge.campaign import judge_campaign
from nsm_resilience.judge.judgement import judgement_of
from nsm_resilience.provenance.explain import explain
from nsm_resilience.site.attempt import attempt_page
from nsm_resilience.strict_json import parse_json
from nsm_resilience.tables.rows import component_rows, outage_rows, phase_rows, trial_row
from nsm_resilience.tables.schemas import COMPONENTS, OUTAGES, PHASES
from nsm_resilience.tables.trials import TRIALS
from tests.builders.records import build, describe
from tests.builders.sealing import events_of, renumbered, seal, write_events

REAL = Path(__file__).parent / "real"
NOTHING_KNOWN = {"unknown", "not_injected"}

EXAMPLES = int(os.environ.get("DAMAGE_EXAMPLES", "100"))

many = settings(
    deadline=None,
    max_examples=EXAMPLES,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@dataclass(frozen=True)
class Whole:
    """An undamaged campaign of one record, and what the judge says of it."""

    campaign: Path
    record: Path
    verdict: str


def tabulate(lines: Iterable[bytes]) -> None:
    """Put judgements of one trial into tables, each as if it were another attempt."""
    found = [replace(judgement_of(line), attempt=n) for n, line in enumerate(lines, start=1)]
    TRIALS.frame(map(trial_row, found))
    OUTAGES.frame(row for one in found for row in outage_rows(one))
    COMPONENTS.frame(row for one in found for row in component_rows(one))
    PHASES.frame(row for one in found for row in phase_rows(one))


@pytest.fixture(scope="module")
def told() -> Iterator[set[bytes]]:
    """Lines of verdicts; in the end, the rows of all of them fit into their tables.

    All at once, because to look at a table takes ten times as long as to judge a record.
    """
    lines: set[bytes] = set()
    yield lines
    try:
        tabulate(sorted(lines))
    except Exception:
        for line in sorted(lines):  # which of them is it?
            tabulate([line])
        raise


def judged(campaign: Path, told: set[bytes]) -> Any:
    """The one line of the campaign, as strictly as others read JSON, and what is made of it."""
    judge_campaign(campaign, campaign / "verdicts.jsonl")
    (line,) = (campaign / "verdicts.jsonl").read_bytes().splitlines()
    parse_json(line)
    found = judgement_of(line)
    told.add(line)
    "\n".join(explain(found, campaign)).encode()
    attempt_page(found, campaign)
    return found


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory, told: set[bytes]) -> dict[str, Whole]:
    root = tmp_path_factory.mktemp("whole")
    made: dict[str, Path] = {}
    given: dict[str, dict[str, Any]] = {
        "supported": {"scenario": "S3", "down": [(1, 3)]},
        "unsupported": {"down": [(1.0, 99.0)], "answered_s": None},
        "bound": {"scenario": "S3", "down": [(1, 3)], "meta": lambda m: m.update(format=2)},
    }
    for name, how in given.items():
        made[name] = build(root / name, **how)
    for name in ("control", "comes-and-goes"):
        meta = json.loads((REAL / name / "meta.json").read_text(encoding="utf-8"))
        target = root / name / "records" / meta["trial"] / str(meta["attempt"])
        made[name] = Path(shutil.copytree(REAL / name, target))
    found = {}
    for name, record in made.items():
        describe(root / name)
        found[name] = Whole(root / name, record, judged(root / name, told).verdict)
    assert [one.verdict for one in found.values()] == [
        "supported", "unsupported", "supported", "supported", "unsupported",
    ]  # fmt: skip
    return found


# What is drawn in the place of a value: of every type, out of range, and not even JSON.
NUMBERS = st.sampled_from(
    [0, -1, 1, 2**31, 2**63 - 1, 2**63, 10**30, 10**400, 0.5, -0.0, 1e308, float("nan"),
     float("inf"), -float("inf"), True]
)  # fmt: skip
VALUES = (
    st.none()
    | NUMBERS
    | st.text(max_size=5)
    | st.sampled_from(["\ud800", "\x00", "../../x", "S9", "9999-12-31T23:59:59Z", "x" * 5000])
    | st.sampled_from([[], {}, [None], {"a": None}, [[[]]]])
)
Damage = Callable[[Path, Any], object]


def _places(value: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every key and index in a JSON value."""
    if isinstance(value, dict):
        items: list[tuple[Any, Any]] = list(value.items())
    elif isinstance(value, list):
        items = list(enumerate(value))
    else:
        return []
    return [p for key, inner in items for p in ((*at, key), *_places(inner, (*at, key)))]


def _altered(value: Any, data: Any) -> None:
    """Another value in one place, or none."""
    *parents, last = data.draw(st.sampled_from(_places(value)))
    for key in parents:
        value = value[key]
    if isinstance(value, dict) and data.draw(st.booleans()):
        del value[last]
    else:
        value[last] = data.draw(VALUES)


def alter_meta(record: Path, data: Any) -> None:
    path = record / "meta.json"
    meta = json.loads(path.read_text(encoding="utf-8"))
    _altered(meta, data)
    path.write_text(json.dumps(meta), encoding="utf-8")


def alter_event(record: Path, data: Any) -> None:
    events = events_of(record)
    _altered(data.draw(st.sampled_from(events)), data)
    write_events(record, events)


def shift_event(record: Path, data: Any) -> None:
    events = events_of(record)
    event = data.draw(st.sampled_from(events))
    event["t_ns"] += round(data.draw(st.floats(-1e3, 1e3)) * 1e9)
    write_events(record, events)


def leave_out_events(record: Path, data: Any) -> None:
    events = events_of(record)
    begin = data.draw(st.integers(0, len(events) - 1))
    del events[begin : begin + data.draw(st.integers(1, 12))]
    write_events(record, renumbered(events) if data.draw(st.booleans()) else events)


def leave_out_a_kind(record: Path, data: Any) -> None:
    events = events_of(record)
    kind = data.draw(st.sampled_from(sorted({e["kind"] for e in events})))
    write_events(record, renumbered([e for e in events if e["kind"] != kind]))


def mix_events(record: Path, data: Any) -> None:
    events = events_of(record)
    one, other = (data.draw(st.integers(0, len(events) - 1)) for _ in range(2))
    if data.draw(st.booleans()):
        events.insert(one, dict(events[other]))
    else:
        events[one], events[other] = events[other], events[one]
    write_events(record, renumbered(events) if data.draw(st.booleans()) else events)


TABLES = ("path", "new", "components", "sockets")


def _table(record: Path, data: Any) -> tuple[Path, pd.DataFrame]:
    there = [t for t in TABLES if (record / "samples" / f"{t}.parquet").exists()]
    path = record / "samples" / f"{data.draw(st.sampled_from(there))}.parquet"
    return path, pd.read_parquet(path)


def delete_rows(record: Path, data: Any) -> None:
    path, rows = _table(record, data)
    begin = data.draw(st.integers(0, max(0, len(rows) - 1)))
    rows = rows.drop(rows.index[begin : begin + data.draw(st.integers(1, len(rows) + 1))])
    if "seq" in rows and data.draw(st.booleans()):
        rows["seq"] = range(len(rows))
    rows.to_parquet(path, index=False)


def delete_losses(record: Path, data: Any) -> None:
    path = record / "samples" / "path.parquet"
    rows = pd.read_parquet(path)
    rows = rows[rows["fate"] == "reply"]
    rows["seq"] = range(len(rows))
    rows.to_parquet(path, index=False)


def a_second(column: str) -> int:
    """In the unit of a column: records of before have nanoseconds, others microseconds."""
    return 10**9 if column.endswith("_ns") else 10**6


def move_rows(record: Path, data: Any) -> None:
    path, rows = _table(record, data)
    columns = [c for c in rows if c[:-3] in ("due", "sent", "t")]
    if len(columns) == 2 and data.draw(st.booleans()):
        columns = [data.draw(st.sampled_from(columns))]
    by = round(data.draw(st.floats(-1e4, 1e4)) * a_second(columns[0]))
    begin = 0 if path.stem in ("components", "sockets") else data.draw(st.sampled_from([0, 0, 9]))
    rows.loc[rows.index[begin:], columns] += by
    rows.to_parquet(path, index=False)


def alter_cell(record: Path, data: Any) -> None:
    path, rows = _table(record, data)
    if not len(rows):
        return
    numbers = [c for c in rows if c == "seq" or c.endswith(("_ns", "_us"))]
    column = data.draw(st.sampled_from(numbers))
    row = data.draw(st.integers(0, len(rows) - 1))
    if column.startswith("rtt") and pd.isna(rows.loc[rows.index[row], column]):
        value = data.draw(
            st.sampled_from([0, 5, 11 * 86_400 * a_second(column)])
        )  # a lost one with a time
    else:
        value = data.draw(st.sampled_from([-1, 2**62, 11 * 86_400 * a_second(column)]))
    rows.loc[rows.index[row], column] = value
    rows.to_parquet(path, index=False)


def alter_columns(record: Path, data: Any) -> None:
    path, rows = _table(record, data)
    column = data.draw(st.sampled_from(sorted(rows.columns)))
    how = data.draw(st.sampled_from(["gone", "other name", "text", "number", "one value"]))
    if how == "gone":
        rows = rows.drop(columns=column)
    elif how == "other name":
        rows = rows.rename(columns={column: "more"})
    elif how == "one value":
        # of components and sockets, anything that can be measured is another measurement
        if path.stem in ("components", "sockets") and column not in ("node", "t_us", "t_ns"):
            return
        if column in ("fate", "rtt_us", "rtt_ns", "error", "client"):
            return
        rows[column] = "x" if rows[column].dtype == object else 0
    else:
        rows[column] = rows[column].astype("str" if how == "text" else "float64", errors="ignore")
    rows.to_parquet(path, index=False)


def swap_tables(record: Path, data: Any) -> None:
    one, other = (record / "samples" / f"{data.draw(st.sampled_from(TABLES))}.parquet"
                  for _ in range(2))  # fmt: skip
    if one.exists():
        other.write_bytes(one.read_bytes())


def _files(record: Path) -> list[Path]:
    return sorted(p for p in record.rglob("*") if p.is_file())


def damage_file(record: Path, data: Any) -> None:
    """Anything that can happen to a file as bytes. Lines of logs are words: they are not cut."""
    path = data.draw(st.sampled_from([p for p in _files(record) if p.suffix != ".log"]))
    was = path.read_bytes()
    how = data.draw(st.sampled_from(["gone", "folder", "cut", "junk", "empty", "nul", "deep"]))
    path.unlink()
    if how == "folder":
        path.mkdir()
    elif how == "cut":
        path.write_bytes(was[: data.draw(st.integers(0, max(0, len(was.rstrip()) - 1)))])
    elif how != "gone":
        junk = data.draw(st.binary(min_size=1, max_size=60))
        kinds = {"junk": junk, "empty": b"", "nul": bytes(99), "deep": b"[" * 50_000}
        path.write_bytes(kinds[how])


def damage_folder(record: Path, data: Any) -> None:
    folder = data.draw(st.sampled_from([record, record / "samples", record / "snapshots"]))
    if not folder.exists():
        return
    shutil.rmtree(folder)
    if data.draw(st.booleans()):
        folder.write_bytes(b"x")


DAMAGES: tuple[Damage, ...] = (
    alter_meta, alter_meta, alter_event, alter_event, shift_event, leave_out_events,
    leave_out_a_kind, mix_events, delete_rows, delete_losses, move_rows, alter_cell, alter_columns,
    swap_tables, damage_file, damage_file, damage_folder,
)  # fmt: skip


def close_anew(record: Path) -> None:
    """Name the files and lines as they are now, as a forger does it; what is no record stays."""
    try:
        events = events_of(record)
        if "files" in events[-1]["data"]:
            seal(record, events)
    except (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return


@many
@given(data=st.data())
def test_a_damaged_record_has_its_verdict_or_none(
    whole: dict[str, Whole],
    told: set[bytes],
    tmp_path_factory: pytest.TempPathFactory,
    data: Any,
) -> None:
    one = whole[data.draw(st.sampled_from(sorted(whole)))]
    campaign = tmp_path_factory.mktemp("damaged") / "campaign"
    shutil.copytree(one.campaign, campaign)
    record = campaign / one.record.relative_to(one.campaign)
    damage = data.draw(st.sampled_from(DAMAGES))
    damage(record, data)
    if data.draw(st.booleans()):
        close_anew(record)
    found = judged(campaign, told)
    assert found.verdict in {one.verdict, *NOTHING_KNOWN}, f"{damage.__name__}: {found.reason}"
    assert found.record == one.record.relative_to(one.campaign).as_posix()
    assert found.reason
    shutil.rmtree(campaign.parent)


@settings(many, max_examples=EXAMPLES // 5 or 1)  # a checksum takes each bit as any other
@given(data=st.data())
def test_no_byte_of_a_bound_record_can_be_another(
    whole: dict[str, Whole],
    told: set[bytes],
    tmp_path_factory: pytest.TempPathFactory,
    data: Any,
) -> None:
    one = whole["bound"]
    campaign = tmp_path_factory.mktemp("damaged") / "campaign"
    shutil.copytree(one.campaign, campaign)
    record = campaign / one.record.relative_to(one.campaign)
    others = [p for p in _files(record) if p.name != "events.jsonl" and p.stat().st_size]
    path = data.draw(st.sampled_from(others))
    was = path.read_bytes()
    at = data.draw(st.integers(0, len(was) - 1))
    path.write_bytes(
        was[:at] + bytes([was[at] ^ 1 << data.draw(st.integers(0, 7))]) + was[at + 1 :]
    )
    assert judged(campaign, told).verdict == "unknown"
    shutil.rmtree(campaign.parent)
