# SPDX-License-Identifier: Apache-2.0
"""A campaign survives being packed, and damage to its archives is seen."""

import json
from pathlib import Path

import pytest

from nsm_resilience.record.archive import ArchiveError, pack, unpack, verify
from tests.builders.packed_campaign import content, live_campaign


@pytest.fixture
def campaign(tmp_path: Path) -> Path:
    return live_campaign(tmp_path / "live")


def test_what_was_packed_is_unpacked(campaign: Path, tmp_path: Path) -> None:
    pack(campaign, tmp_path / "recorded")
    unpack(tmp_path / "recorded", tmp_path / "again")
    assert content(tmp_path / "again") == content(campaign)
    description = json.loads((tmp_path / "again" / "campaign.json").read_text())
    assert description["source"] == "recorded"


def test_there_is_one_archive_for_each_scenario(campaign: Path, tmp_path: Path) -> None:
    names = {p.name for p in pack(campaign, tmp_path / "recorded")}
    assert {"S1.tar.xz", "S2.tar.xz", "SHA256SUMS", "study.yaml", "campaign.json"} <= names


def test_packing_twice_gives_the_same_bytes(campaign: Path, tmp_path: Path) -> None:
    pack(campaign, tmp_path / "a")
    for path in campaign.rglob("*"):
        path.touch()
    pack(campaign, tmp_path / "b")
    assert content(tmp_path / "a") == content(tmp_path / "b")


def test_a_changed_a_missing_and_a_foreign_file_are_all_named(
    campaign: Path, tmp_path: Path
) -> None:
    recorded = tmp_path / "recorded"
    pack(campaign, recorded)
    verify(recorded)
    (recorded / "S1.tar.xz").write_bytes(b"changed")
    (recorded / "S2.tar.xz").rename(recorded / "S3.tar.xz")
    (recorded / "S3.tar.xz").write_bytes(b"of another campaign")
    with pytest.raises(ArchiveError) as caught:
        verify(recorded)
    text = str(caught.value)
    assert "S1.tar.xz: does not match" in text
    assert "S2.tar.xz: is missing" in text
    assert "S3.tar.xz: is not listed" in text


def test_unpacking_replaces_what_was_there_as_a_whole(campaign: Path, tmp_path: Path) -> None:
    pack(campaign, tmp_path / "recorded")
    stale = tmp_path / "again" / "records" / "stale"
    stale.mkdir(parents=True)
    unpack(tmp_path / "recorded", tmp_path / "again")
    assert not stale.exists()


def test_a_folder_without_checksums_is_no_recorded_campaign(tmp_path: Path) -> None:
    with pytest.raises(ArchiveError, match="is not a recorded campaign"):
        verify(tmp_path)
