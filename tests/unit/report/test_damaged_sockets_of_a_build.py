# SPDX-License-Identifier: Apache-2.0
"""Which scenarios damage sockets is asked of all studies of a build, the first as the others."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pytest

from nsm_resilience.analysis.inputs import Inputs, InputsError
from nsm_resilience.report.contrasts import write_contrasts
from nsm_resilience.report.numbers import write_numbers
from nsm_resilience.tables import schemas
from nsm_resilience.tables.write import write_table
from tests.builders.campaigns import Constructed, construct
from tests.builders.notebooks import run_here

CELL = "S8-kernel-monitored-replace"


@dataclass(frozen=True)
class Two:
    """A build of two campaigns; the study of the first says nothing of claim C1."""

    tables: Path
    campaigns: list[Path]


def _new_client(built: Constructed) -> dict[str, object]:
    trials = built.tables["trials"]
    own = trials[trials["trial"].str.startswith(f"{CELL}/")].iloc[0]
    row = {name: own[name] for name in schemas.NEW_CLIENTS.names if name in own.index}
    return {
        **row, "campaign": "other", "number": 1, "new_client": "early", "asked_s": 15.0,
        "answered": True, "waited_s": 2.5, "window_s": 45.0, "stage": None,
    }  # fmt: skip


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Two:
    built = construct(tmp_path_factory.mktemp("two"), "mixed", most_trials=1, records=False)
    other = built.campaign.with_name("other")
    shutil.copytree(built.campaign, other)
    described = json.loads((other / "campaign.json").read_text(encoding="utf-8"))
    (other / "campaign.json").write_text(json.dumps({**described, "campaign": "other"}), "utf-8")
    study = built.campaign / "study.yaml"
    text = study.read_text(encoding="utf-8")
    assert "claims: [C0, C1]" in text
    study.write_text(text.replace("claims: [C0, C1]", "claims: [C0]"), encoding="utf-8")
    for table in schemas.TABLES:
        own = built.tables[table.name]
        more = own.assign(campaign="other")
        if table.name == "new_clients":
            more = table.frame([_new_client(built)])
        both = pd.concat([own, more], ignore_index=True) if len(more) else own
        write_table(table, both.astype(own.dtypes), built.tables_dir)
    campaigns = [built.campaign, other]
    write_contrasts(built.tables_dir, campaigns)
    return Two(built.tables_dir, campaigns)


def test_the_paper_describes_the_clients_that_any_campaign_asked_after_damage(
    two: Two, tmp_path: Path
) -> None:
    numbers = write_numbers(two.tables, two.campaigns, tmp_path / "numbers.json")
    figure = numbers["figures"]["refusals"]
    assert figure["drawn"] and figure["trials"] == (f"other: {CELL}/01",)
    assert "1 of 1 that asked connected" in figure["alt"]


def test_the_notebook_draws_the_clients_that_the_paper_describes(two: Two, tmp_path: Path) -> None:
    run_here("consequences", {"tables": two.tables, "figures": tmp_path})
    drawn = (tmp_path / "refusals.svg").read_text(encoding="utf-8")
    assert f"other:{CELL}/01:1:connected" in drawn


def test_a_study_that_is_not_there_is_named(two: Two, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(two.tables.parents[1])
    given = Inputs.of("results/tables", "", "")
    assert ["C1" in s.scenario("S8").claims for s in given.studies] == [False, True]
    away = two.campaigns[1].with_name("away")
    two.campaigns[1].rename(away)
    try:
        with pytest.raises(InputsError, match="the records of other are not"):
            _ = Inputs.of("results/tables", "", "").studies
    finally:
        away.rename(two.campaigns[1])
