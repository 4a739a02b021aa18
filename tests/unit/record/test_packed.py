# SPDX-License-Identifier: Apache-2.0
"""A recorded campaign is read by `archive` alone, and nothing is written over it or elsewhere."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from nsm_resilience.judge.campaign import CampaignError, judge_campaign
from nsm_resilience.progress.state import ProgressError, Watcher
from nsm_resilience.progress.view import log_of
from nsm_resilience.provenance.crate.build import CrateError, copy_sources
from nsm_resilience.provenance.crate.steps import crate_path
from nsm_resilience.record.archive import ArchiveError, pack, unpack, verify
from nsm_resilience.trial.index import NotLiveError, index_campaign
from tests.builders.packed_campaign import content, live_campaign


@pytest.fixture
def recorded(tmp_path: Path) -> Path:
    pack(live_campaign(tmp_path / "live" / "mine"), tmp_path / "recorded")
    return tmp_path / "recorded"


def everything(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_a_campaign_in_archives_is_not_judged_as_one_without_records(
    recorded: Path, tmp_path: Path
) -> None:
    with pytest.raises(
        CampaignError, match=r"in archives; unpack it first, with `.*archive unpack"
    ):
        judge_campaign(recorded, tmp_path / "verdicts.jsonl")
    assert not (tmp_path / "verdicts.jsonl").exists()


def test_nor_is_it_said_that_none_of_its_trials_was_run(recorded: Path) -> None:
    with pytest.raises(ProgressError, match="in archives; unpack it first"):
        Watcher(recorded)
    with pytest.raises(ProgressError, match="keeps none; see `nsm-resilience explain S1-a/01`"):
        log_of(recorded, "S1-a/01")


def test_its_description_is_not_written_again(recorded: Path, tmp_path: Path) -> None:
    unpack(recorded, tmp_path / "unpacked")
    for folder in (recorded, tmp_path / "unpacked"):
        before = everything(folder)
        with pytest.raises(NotLiveError, match="is a recorded campaign"):
            index_campaign(folder)
        assert everything(folder) == before


def test_nothing_is_packed_over_archives_without_the_records(
    recorded: Path, tmp_path: Path
) -> None:
    before = everything(recorded)
    with pytest.raises(ArchiveError, match="unpack it first"):
        pack(recorded, recorded)
    live = tmp_path / "live" / "mine"
    (live / "records" / "S2-kernel-monitored-kill" / "01").rename(tmp_path / "away")
    with pytest.raises(ArchiveError, match=r"lacks records .*S2-kernel-monitored-kill/01/1"):
        pack(live, recorded)
    (live / "study.yaml").unlink()
    (tmp_path / "away").rename(live / "records" / "S2-kernel-monitored-kill" / "01")
    with pytest.raises(ArchiveError, match="the study that was run"):
        pack(live, recorded)
    assert everything(recorded) == before


def test_nothing_is_packed_over_another_campaign(recorded: Path, tmp_path: Path) -> None:
    before = everything(recorded)
    other = live_campaign(tmp_path / "live" / "other")
    description = json.loads((other / "campaign.json").read_text())
    (other / "campaign.json").write_text(json.dumps({**description, "campaign": "other"}))
    with pytest.raises(ArchiveError, match="holds the campaign None, and this one is other"):
        pack(other, recorded)
    assert everything(recorded) == before
    verify(recorded)


def test_nothing_is_packed_where_other_things_are(recorded: Path, tmp_path: Path) -> None:
    """Else they would be told to be deleted, as no part of the campaign."""
    live, home = tmp_path / "live" / "mine", tmp_path / "home"
    home.mkdir()
    (home / "thesis.tex").write_text("years of work\n")
    before = everything(tmp_path)
    for out in (live, home, home / "thesis.tex"):
        with pytest.raises(ArchiveError, match=r"give a(nother| new)? folder as --out"):
            pack(live, out)
    assert everything(tmp_path) == before
    (home / "thesis.tex").rename(home / "README.md")
    pack(live, home)
    verify(home)
    pack(live, recorded)  # once more


@pytest.mark.parametrize("where", ["itself", "above", "below", "home", "live", "file"])
def test_nothing_else_is_replaced_by_what_is_unpacked(
    where: str, recorded: Path, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (home / "thesis.tex").write_text("years of work\n")
    targets = {
        "itself": recorded, "above": tmp_path, "below": recorded / "here", "home": home,
        "live": tmp_path / "live" / "mine", "file": home / "thesis.tex",
    }  # fmt: skip
    (tmp_path / "live" / "mine" / "receipts").mkdir()
    before = everything(tmp_path)
    with pytest.raises(ArchiveError, match=r"give a(nother| new)? folder as --out"):
        unpack(recorded, targets[where])
    assert everything(tmp_path) == before


def test_the_folder_that_somebody_is_in_can_be_unpacked_to(
    recorded: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "new").mkdir()
    monkeypatch.chdir(tmp_path / "new")
    unpack(recorded, Path())
    assert content(tmp_path / "new") == content(tmp_path / "live" / "mine")


def test_copies_of_the_sources_replace_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "Snakefile").write_text("1\n")
    mine = tmp_path / "out" / "source"
    for _ in range(2):
        copy_sources(["Snakefile"], mine)
    (mine / "Snakefile").unlink()
    (mine / "thesis.tex").write_text("years of work\n")
    with pytest.raises(CrateError, match="holds other things"):
        copy_sources(["Snakefile"], mine)
    assert (mine / "thesis.tex").exists()


def test_a_study_from_elsewhere_is_copied_into_the_folder_of_the_sources(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may have an absolute path, or lead out of the checkout; both once ended a campaign."""
    (tmp_path / "mine.yaml").write_text("name: mine\n")
    (tmp_path / "checkout").mkdir()
    monkeypatch.chdir(tmp_path / "checkout")
    Path("Snakefile").write_text("1\n")
    given = ["Snakefile", str(tmp_path / "mine.yaml"), "../mine.yaml", "config/../../mine.yaml"]
    Path("config").mkdir()
    copy_sources(given, tmp_path / "out" / "source")
    for path in given:
        copy = tmp_path / "out" / crate_path(path)
        assert copy.is_relative_to(tmp_path / "out" / "source"), copy
        assert copy.read_text() == Path(path).read_text()
    assert len({crate_path(path) for path in given}) == len(given)
