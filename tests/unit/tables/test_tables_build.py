# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import json
import math
import shutil
from pathlib import Path

import pandas as pd
import pyarrow.parquet
import pytest

from nsm_resilience.judge.campaign import judge_campaign
from nsm_resilience.record.reader import read_record
from nsm_resilience.tables.build import build_tables
from nsm_resilience.tables.schemas import TABLES
from tests.builders.records import build, describe
from tests.builders.studies import NINE, make_study, study_text

ARMS = [
    {"scenarios": ["S1", "S2", "S8"], "trials": 3},
    {"scenarios": ["S9"], "failure": ["kill", "delete"], "trials": 1},
]


def judge_and_build(campaign: Path, out: Path) -> list[Path]:
    """Judge a campaign and write its tables into `out`; the files."""
    judge_campaign(campaign, out / "verdicts" / f"{campaign.name}.jsonl")
    return build_tables([campaign], out / "verdicts", out)


@pytest.fixture(scope="module")
def campaign(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("campaign")
    study = make_study(folder, study_text(ARMS))
    build(folder, "S1", study=study, number=1)
    build(folder, "S2", study=study, number=1, void="steady: not Ready")
    build(folder, "S2", study=study, number=1, attempt=2, down=[(1, 3)])
    build(folder, "S2", study=study, number=2, down=[(1, 99)])
    build(folder, "S2", study=study, number=3, path_rows=lambda rows: [])
    build(folder, "S8", study=study, number=1, answered_s=None, bystander_s=None)
    build(folder, "S8", study=study, number=2, proved=False)
    build(folder, "S8", study=study, number=3, close=False)
    describe(folder)
    return folder


@pytest.fixture(scope="module")
def built(campaign: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the tables of the campaign."""
    out = tmp_path_factory.mktemp("tables")
    written = judge_and_build(campaign, out)
    assert len(written) == 2 * len(TABLES) and all(path.exists() for path in written)
    return out


@pytest.fixture(scope="module")
def tables(built: Path) -> dict[str, pd.DataFrame]:
    return {table.name: pd.read_parquet(built / f"{table.name}.parquet") for table in TABLES}


def _cell(tables: dict[str, pd.DataFrame], scenario: str, failure: str) -> pd.Series:
    table = tables["scenarios"]
    (at,) = table.index[(table["scenario"] == scenario) & (table["failure"] == failure)]
    row: pd.Series = table.loc[at]
    return row


def test_every_table_is_written_both_ways_with_its_columns(built: Path) -> None:
    for table in TABLES:
        text = (built / f"{table.name}.csv").read_text(encoding="utf-8")
        assert text.splitlines()[0].split(",") == table.names
        stored = pyarrow.parquet.read_schema(built / f"{table.name}.parquet")
        assert stored.names == table.names
        assert stored.remove_metadata() == table.arrow()


def test_rebuilding_gives_the_same_bytes(campaign: Path, built: Path, tmp_path: Path) -> None:
    judge_and_build(campaign, tmp_path)
    for path in sorted(built.glob("*.*")):
        assert path.read_bytes() == (tmp_path / path.name).read_bytes(), path.name


def test_csv_and_parquet_say_the_same(built: Path, tables: dict[str, pd.DataFrame]) -> None:
    for table in TABLES:
        text = pd.read_csv(built / f"{table.name}.csv", float_precision="round_trip")
        binary = tables[table.name]
        assert len(text) == len(binary)
        for column in table.columns:
            if column.kind == "number":
                pd.testing.assert_series_equal(
                    text[column.name].astype("float64"), binary[column.name], check_exact=True
                )


def test_trials_hold_every_attempt_void_and_cut_ones_too(tables: dict[str, pd.DataFrame]) -> None:
    trials = tables["trials"]
    assert list(
        zip(trials["trial"].str[:2], trials["attempt"], trials["verdict"], strict=True)
    ) == [
        ("S1", 1, "supported"),
        ("S2", 1, "unknown"),
        ("S2", 2, "supported"),
        ("S2", 1, "unsupported"),
        ("S2", 1, "unknown"),
        ("S8", 1, "unsupported"),
        ("S8", 1, "not_injected"),
        ("S8", 1, "unknown"),
    ]


def test_what_was_not_measured_is_empty(tables: dict[str, pd.DataFrame]) -> None:
    void = tables["trials"].iloc[1]
    assert void["reason"] == "void: steady: not Ready"
    assert math.isnan(void["outage_s"]) and pd.isna(void["outage_censored"])
    assert pd.isna(void["replies_sent"]) and void["injection_proof"] is None


def test_evidence_is_json_that_points_into_the_record(
    campaign: Path, tables: dict[str, pd.DataFrame]
) -> None:
    for row in tables["trials"].to_dict("records"):
        for reference in json.loads(row["evidence"]):
            path = campaign / row["record"] / reference["file"]
            assert path.exists()
            if reference["line"] is not None:
                assert len(path.read_text(encoding="utf-8").splitlines()) >= reference["line"]


def test_a_scenario_supported_in_some_trials_is_flaky(tables: dict[str, pd.DataFrame]) -> None:
    row = _cell(tables, "S2", "kill")
    assert (row["n"], row["k"], row["verdict"], row["agreement"]) == (2, 1, "flaky", "differs")
    assert (row["void"], row["unknown"], row["not_injected"], row["censored"]) == (1, 1, 0, 1)
    assert row["outage_median_s"] == math.inf


def test_a_scenario_supported_in_no_trial_is_unsupported(tables: dict[str, pd.DataFrame]) -> None:
    row = _cell(tables, "S8", "replace")
    assert (row["n"], row["k"], row["verdict"], row["agreement"]) == (1, 0, "unsupported", "agrees")
    # the other attempt was cut short, and is not called void
    assert (row["void"], row["cut_short"], row["unknown"], row["not_injected"]) == (0, 1, 0, 1)
    assert row["wilson_high"] == pytest.approx(0.7935, abs=5e-5)


def test_a_scenario_supported_in_all_trials_is_supported(tables: dict[str, pd.DataFrame]) -> None:
    row = _cell(tables, "S1", "none")
    assert (row["verdict"], row["agreement"], row["outage_median_s"]) == ("supported", "agrees", 0)


def test_scenarios_without_trials_are_shown_as_not_tested(tables: dict[str, pd.DataFrame]) -> None:
    table = tables["scenarios"]
    assert list(table["scenario"]) == [*(f"S{n}" for n in range(1, 10)), "S9"]
    for scenario, failure in (("S3", "kill"), ("S9", "kill"), ("S9", "delete")):
        row = _cell(tables, scenario, failure)
        assert (row["n"], row["verdict"], row["agreement"]) == (0, "not tested", "not tested")
        assert math.isnan(row["wilson_low"]) and math.isnan(row["outage_median_s"])


def test_outages_refer_to_the_echoes_that_were_lost(
    campaign: Path, tables: dict[str, pd.DataFrame]
) -> None:
    rows = tables["outages"]
    assert list(rows["censored"]) == [False, True]
    assert math.isnan(rows["end_s"].iloc[1])
    first = rows.iloc[0]
    folder = campaign / "records" / first["trial"] / str(first["attempt"])
    path = read_record(folder).table("path").set_index("seq")
    part = path.loc[first["first_seq"] : first["last_seq"], "fate"]
    assert len(part) == first["echoes_lost"] and set(part) == {"lost"}


def test_a_cells_interruptions_are_those_of_its_trials(tables: dict[str, pd.DataFrame]) -> None:
    judged = tables["trials"][tables["trials"]["verdict"].isin(["supported", "unsupported"])]
    most = judged.groupby("scenario")["interruptions"].max()
    cells = tables["scenarios"].set_index("scenario").loc[most.index]
    assert most.max() > 0
    assert (cells["interruptions_most"] >= most).all()
    assert cells["interruptions_most"].max() == most.max()


def test_every_new_client_has_a_row_that_says_how_long_it_waited(
    tables: dict[str, pd.DataFrame],
) -> None:
    trials, clients = tables["trials"], tables["new_clients"]
    asked = trials[trials["new_connection_answered"].notna()]
    own = clients.drop_duplicates(["trial", "attempt"])
    both = asked.merge(own, on=["trial", "attempt"], validate="one_to_one")
    assert len(both) == len(asked) > 0
    assert (both["answered"] == both["new_connection_answered"]).all()
    assert both["waited_s"].equals(both["new_connection_s"])


def test_components_begin_with_the_state_before_the_fault(tables: dict[str, pd.DataFrame]) -> None:
    rows = tables["components"]
    own = rows[(rows["trial"].str.startswith("S1")) & (rows["what"] == "process")]
    assert len(own) == 8 and (own["t_s"] <= 0).all()


def test_phases_of_void_attempts_are_kept(tables: dict[str, pd.DataFrame]) -> None:
    rows = tables["phases"]
    assert set(rows["phase"]) >= {"clean", "install", "steady", "watch", "after"}
    void = rows[(rows["trial"].str.startswith("S2")) & (rows["attempt"] == 1)]
    assert len(void) > 0


def test_only_the_last_complete_attempt_counts(tmp_path: Path) -> None:
    study = make_study(tmp_path, study_text(ARMS))
    build(tmp_path, "S2", study=study, attempt=1, down=[(1, 99)])
    build(tmp_path, "S2", study=study, attempt=2)
    build(tmp_path, "S2", study=study, attempt=3, void="the API server went away")
    describe(tmp_path)
    judge_and_build(tmp_path, tmp_path)
    table = pd.read_csv(tmp_path / "scenarios.csv").set_index("scenario")
    # the void attempt, and the one that was complete and yet run again
    assert (table.loc["S2", "n"], table.loc["S2", "k"], table.loc["S2", "void"]) == (1, 1, 1)
    assert (table.loc["S2", "repeated"], table.loc["S2", "attempts"]) == (1, 3)
    assert len(pd.read_csv(tmp_path / "trials.csv")) == 3


def test_a_scenario_without_a_claim_agrees_and_differs_with_nothing(tmp_path: Path) -> None:
    ours = {"id": "X1", "title": "ours", "where": "anywhere", "source": "ours"}
    text = study_text([{"scenarios": ["X1"], "trials": 1}], [*NINE, ours])
    study = make_study(tmp_path, text)
    build(tmp_path, "X1", study=study)
    describe(tmp_path)
    judge_and_build(tmp_path, tmp_path)
    table = pd.read_csv(tmp_path / "scenarios.csv").set_index("scenario")
    assert (table.loc["X1", "verdict"], table.loc["X1", "agreement"]) == ("supported", "no claim")


def test_a_campaign_without_any_record_has_tables_all_the_same(tmp_path: Path) -> None:
    make_study(tmp_path)
    describe(tmp_path)
    judge_and_build(tmp_path, tmp_path)
    assert len(pd.read_parquet(tmp_path / "trials.parquet")) == 0
    assert set(pd.read_csv(tmp_path / "scenarios.csv")["verdict"]) == {"not tested"}
    assert set(pd.read_csv(tmp_path / "claims.csv")["agreement"]) == {"not tested"}


def test_a_stray_folder_of_records_is_an_unknown_attempt(tmp_path: Path) -> None:
    """There was a KeyError: its name is that of no cell."""
    build(tmp_path, "S2")
    describe(tmp_path)
    cells = tmp_path / "records"
    shutil.copytree(cells / "S2-kernel-monitored-kill", cells / "S2-copy")
    judge_and_build(tmp_path, tmp_path)
    trials = pd.read_csv(tmp_path / "trials.csv").set_index("trial")
    assert trials.loc["S2-copy/01", "verdict"] == "unknown"
    assert trials.loc["S2-copy/01", "reason"].startswith("unreadable: ")
    assert trials.loc["S2-kernel-monitored-kill/01", "verdict"] == "supported"


def test_a_record_of_an_undeclared_scenario_is_refused(tmp_path: Path) -> None:
    build(tmp_path, "S8")
    describe(tmp_path)
    judge_campaign(tmp_path, tmp_path / "verdicts" / f"{tmp_path.name}.jsonl")
    make_study(tmp_path, study_text(scenarios=NINE[:3]))
    with pytest.raises(ValueError, match=r"scenario S8, which .* does not declare"):
        build_tables([tmp_path], tmp_path / "verdicts", tmp_path)
