# SPDX-License-Identifier: Apache-2.0
"""A synthetic campaign's records are judged as their originals are: each is a trial of its own."""

from __future__ import annotations

import errno
import json
import os
from pathlib import Path

import pytest

from nsm_resilience.judge.campaign import judge_campaign, read_judgements
from nsm_resilience.record.synthesize import synthesize
from tests.builders.records import build, describe


@pytest.mark.parametrize("version", [1, 2])
def test_copies_are_whole_records_of_their_own_trials(tmp_path: Path, version: int) -> None:
    source = tmp_path / "source"
    build(source, "S2", down=[(1, 3)], meta=lambda m: m.update(format=version))
    describe(source)
    description = json.loads((source / "campaign.json").read_text())
    description["records"][0]["started"] = "2026-01-02T03:03:56.500000Z"
    (source / "campaign.json").write_text(json.dumps(description))
    synthesize(source, 3, tmp_path / "synthetic")
    judge_campaign(tmp_path / "synthetic", tmp_path / "v.jsonl")
    found = list(read_judgements(tmp_path / "v.jsonl"))
    assert [j.trial[-2:] for j in found] == ["01", "02", "03"]
    assert {(j.verdict, j.outcome) for j in found} == {("supported", "complete")}


@pytest.mark.parametrize("number", [errno.EXDEV, errno.EPERM])
def test_where_files_can_have_no_second_name_they_are_copied(
    number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On another disk, on one without links, of a file of another user."""

    def refuse(original: str, copy: str) -> None:
        raise OSError(number, os.strerror(number), original, None, copy)

    build(tmp_path / "source", "S2", down=[(1, 3)])
    describe(tmp_path / "source")
    monkeypatch.setattr(os, "link", refuse)
    synthesize(tmp_path / "source", 2, tmp_path / "synthetic")
    (original,) = (tmp_path / "source").rglob("path.parquet")
    copies = list((tmp_path / "synthetic").rglob("path.parquet"))
    assert [copy.read_bytes() for copy in copies] == [original.read_bytes()] * 2
