# SPDX-License-Identifier: Apache-2.0
"""A campaign four times as large takes the same memory, and says that it is synthetic."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from nsm_resilience.record.synthesize import SynthesisError, synthesize
from nsm_resilience.report.campaign import read_description
from tests.builders.small_campaign import ROOT, Small

SIZES = (5, 20)
MARGIN = 1.1
"""Pages that a process happens to touch differ by some percent from run to run."""


def peak_mib(*command: str) -> float:
    """Run a command of ours to its end and return the largest resident memory it had."""
    process = subprocess.Popen(
        [sys.executable, "-m", "nsm_resilience.cli", *command], stdout=subprocess.DEVNULL
    )
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, command
    return usage.ru_maxrss / 1024


@pytest.mark.pipeline
@pytest.mark.skipif(sys.platform == "win32", reason="there is no wait4")
def test_memory_does_not_grow_with_the_campaign(small: Small, tmp_path: Path) -> None:
    peaks: dict[str, list[float]] = {"judge": [], "tables": []}
    for size in SIZES:
        work = tmp_path / str(size)
        campaign, verdicts = work / "campaign", work / "verdicts" / "campaign.jsonl"
        synthesize(small.folder, size, campaign)
        peaks["judge"].append(
            peak_mib("judge", str(campaign), "--jobs", "2", "--out", str(verdicts))
        )
        peaks["tables"].append(
            peak_mib(
                "tables", str(campaign), "--verdicts", str(verdicts.parent),
                "--out", str(work / "tables"),
            )
        )  # fmt: skip
        assert len(pd.read_parquet(work / "tables" / "trials.parquet")) == size
    for step, (less, more) in peaks.items():
        assert more < less * MARGIN, (step, less, more)


def test_a_synthetic_campaign_says_so_in_every_record(small: Small, tmp_path: Path) -> None:
    out = tmp_path / "large"
    synthesize(small.folder, 6, out)
    description = read_description(out)
    assert description["source"] == "synthetic"
    assert len({r["trial"] for r in description["records"]}) == 6
    for record in description["records"]:
        meta = json.loads((out / record["path"] / "meta.json").read_text(encoding="utf-8"))
        assert meta["synthetic"]["copy_of"].startswith("small/records/")
        assert (meta["trial"], meta["campaign"]) == (record["trial"], "large")
    originals = {p: p.read_bytes() for p in small.folder.rglob("meta.json")}
    assert not any(b"synthetic" in text for text in originals.values())


@pytest.mark.parametrize("where", ["results/recorded/large", "."])
def test_it_is_not_written_where_campaigns_are_kept(
    small: Small, tmp_path: Path, where: str
) -> None:
    with pytest.raises(SynthesisError, match="new folder outside of results/recorded"):
        synthesize(small.folder, 1, tmp_path / where)


def test_the_measuring_tool_calls_commands_that_we_have() -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "tools" / "scale.py"), "--help"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert "numbers of trials" in done.stdout
