# SPDX-License-Identifier: Apache-2.0
"""A record that was damaged is never `supported`, whatever was cut out of it."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nsm_resilience.judge.campaign import judge_campaign, read_judgements
from nsm_resilience.judge.judgement import Judgement
from nsm_resilience.judge.trial import judge_record
from nsm_resilience.record.reader import Record, read_record
from tests.builders.judging import judged
from tests.builders.records import build, describe, record
from tests.builders.studies import make_study


@dataclass(frozen=True)
class Tampered(Record):
    """A record with other samples than those in its folder."""

    tables: dict[str, pd.DataFrame] = field(default_factory=dict)

    def table(self, name: str) -> pd.DataFrame:
        return self.tables[name]


def tampered(trial: Record, **tables: pd.DataFrame) -> Tampered:
    names = ("path", "new", "components", "sockets")
    whole = {name: trial.table(name) for name in names}
    return Tampered(trial.folder, trial.meta, trial.events, trial.cut, {**whole, **tables})


UNSUPPORTED: dict[str, dict[str, Any]] = {
    "dead": {"down": [(1.0, 99.0)]},
    "died late": {"down": [(11.7, 99.0)]},
    "too late": {"down": [(1.0, 10.0)]},
    "broke again": {"down": [(1.0, 2.0), (10.0, 10.5)]},
    "no new client": {"scenario": "S8", "answered_s": None},
}


@pytest.fixture(scope="module")
def trials(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Record]:
    folder = tmp_path_factory.mktemp("damage")
    built = {
        name: record(folder, number=n, **given)
        for n, (name, given) in enumerate(UNSUPPORTED.items(), start=1)
    }
    assert {judge_record(r).verdict for r in built.values()} == {"unsupported"}
    return {**built, "good": record(folder, "S3")}


many = settings(
    deadline=None,
    max_examples=25,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


@many
@given(data=st.data())
def test_truncating_never_turns_into_supported(trials: dict[str, Record], data: Any) -> None:
    trial = trials[data.draw(st.sampled_from(sorted(UNSUPPORTED)))]
    table = data.draw(st.sampled_from(["path", "new", "components"]))
    rows = trial.table(table)
    kept = data.draw(st.integers(0, max(0, len(rows) - 1)))
    assert judge_record(tampered(trial, **{table: rows.head(kept)})).verdict != "supported"


@many
@given(data=st.data())
def test_removing_echoes_never_turns_into_supported(trials: dict[str, Record], data: Any) -> None:
    trial = trials[data.draw(st.sampled_from(sorted(UNSUPPORTED)))]
    rows = trial.table("path")
    begin = data.draw(st.integers(0, len(rows) - 1))
    count = data.draw(st.integers(1, len(rows)))
    left = pd.concat([rows.iloc[:begin], rows.iloc[begin + count :]])
    assert judge_record(tampered(trial, path=left)).verdict != "supported"


@many
@given(kept=st.floats(0.0, 0.99))
def test_a_good_record_whose_echoes_end_inside_the_watch_is_unknown(
    trials: dict[str, Record], kept: float
) -> None:
    trial = trials["good"]
    rows = trial.table("path")
    end = trial.all_of("watch_end")[0].t_ns - 150_000_000
    inside = rows[rows["sent_ns"] < end]
    cut = inside.head(int(len(inside) * kept))
    assert judge_record(tampered(trial, path=cut)).verdict == "unknown"


@pytest.fixture(scope="module")
def broke_again(trials: dict[str, Record]) -> Judgement:
    return judge_record(trials["broke again"])


@many
@given(seed=st.integers(0, 2**32 - 1))
def test_shuffling_every_table_changes_nothing(
    trials: dict[str, Record], broke_again: Judgement, seed: int
) -> None:
    trial = trials["broke again"]
    tables = {
        name: trial.table(name).sample(frac=1, random_state=seed, ignore_index=True)
        for name in ("path", "new", "sockets")
    }
    assert judge_record(tampered(trial, **tables)) == broke_again


@many
@given(data=st.data())
def test_leaving_out_any_event_never_turns_into_supported(
    trials: dict[str, Record], data: Any
) -> None:
    trial = trials[data.draw(st.sampled_from(sorted(UNSUPPORTED)))]
    left_out = data.draw(st.sets(st.integers(0, len(trial.events) - 1), min_size=1, max_size=4))
    events = tuple(e for e in trial.events if e.seq not in left_out)
    partial = Record(trial.folder, trial.meta, events, trial.cut)
    assert judge_record(partial).verdict != "supported"


FILES = ("meta.json", "events.jsonl", "samples/path.parquet", "samples/components.parquet",
         "samples/new.parquet")  # fmt: skip


@many
@given(data=st.data())
def test_a_file_cut_at_any_byte_is_never_supported(
    trials: dict[str, Record], tmp_path_factory: pytest.TempPathFactory, data: Any
) -> None:
    name = data.draw(st.sampled_from(FILES))
    good = trials["good"].folder
    campaign = tmp_path_factory.mktemp("cut")
    copy = campaign / "records" / good.relative_to(good.parents[2])
    shutil.copytree(good, copy)
    make_study(campaign)
    content = (copy / name).read_bytes()
    # what ends in a line break says the same without it: the cut goes deeper
    (copy / name).write_bytes(content[: data.draw(st.integers(0, len(content.rstrip()) - 1))])
    found = judged(campaign)
    assert found.verdict == "unknown"
    assert str(campaign) not in found.reason


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_is_missing_is_never_supported(tmp_path: Path, name: str) -> None:
    folder = build(tmp_path)
    (folder / name).unlink()
    describe(tmp_path)
    if name == "meta.json":  # then only the description knows of the record
        entry = {"trial": "S2-kernel-monitored-kill/01", "attempt": 1}
        text = '{"campaign": "constructed", "records": [%s]}'
        (tmp_path / "campaign.json").write_text(text % str(entry).replace("'", '"'))
    judge_campaign(tmp_path, tmp_path / "verdicts.jsonl")
    (found,) = read_judgements(tmp_path / "verdicts.jsonl")
    assert found.verdict == "unknown"


def test_two_reorderings_of_the_events_are_refused(tmp_path: Path) -> None:
    folder = build(tmp_path)
    path = folder / "events.jsonl"
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    lines[5], lines[6] = lines[6], lines[5]
    path.write_text("".join(lines), encoding="utf-8")
    found = judged(tmp_path)
    assert (found.verdict, found.outcome) == ("unknown", "unreadable")
    assert "events.jsonl, line 6" in found.reason


def test_a_record_that_provokes_an_error_in_the_judge_is_unknown(tmp_path: Path) -> None:
    folder = build(tmp_path, meta=lambda meta: meta.update(windows=None))
    found = judge_record(read_record(folder))
    assert found.verdict == "unknown" and "makes no sense" in found.reason
