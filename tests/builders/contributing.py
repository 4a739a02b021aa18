# SPDX-License-Identifier: Apache-2.0
"""What CONTRIBUTING says, as tests ask it, and a campaign to try an addition on."""

from __future__ import annotations

import json
import re
from pathlib import Path

from typer.testing import CliRunner

from nsm_resilience.cli import app
from tests.builders.records import describe
from tests.builders.sources import ROOT, Sources

CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
NAME = "constructed"
CAMPAIGN = Path("results/unpacked", NAME)


def section(title: str) -> str:
    """The text below a heading, up to the next one."""
    return CONTRIBUTING.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


def row(wanted: str) -> tuple[str, int]:
    """What the table says is written for what one wants, and in how many files of the program."""
    (found,) = re.findall(
        rf"^\| {re.escape(wanted)} \| (.*) \| (\d+) \|$", section("Where things go"), flags=re.M
    )
    return str(found[0]), int(found[1])


def check_row(wanted: str, sources: Sources) -> None:
    """Each file that was touched is named in the row, and their number is the one that it says."""
    text, files = row(wanted)
    assert len(sources.touched) == files, sources.touched
    for module in sources.touched:
        named = (module, module.rpartition("/")[0] + "/", module.rpartition("/")[2])
        assert any(f"`{name}`" in text for name in named), f"{wanted}: {module} is not named"


def command(*arguments: str) -> str:
    """Call `nsm-resilience` as from a shell in this folder; what it printed."""
    done = CliRunner().invoke(app, arguments, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.output


def describe_all() -> None:
    """The campaign's description, with what the report needs."""
    describe(CAMPAIGN)
    path = CAMPAIGN / "campaign.json"
    description = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps({"created": "2026-11-23", **description}), encoding="utf-8")
