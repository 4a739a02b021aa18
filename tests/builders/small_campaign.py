# SPDX-License-Identifier: Apache-2.0
"""A small campaign cut out of the recorded one: real records, a few trials."""

from __future__ import annotations

import json
import shutil
import tarfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from nsm_resilience.record.archive import pack, scenario_of

ROOT = Path(__file__).parents[2]
SCENARIOS = ("S1", "S2", "S6", "S8")
"""Scenarios that are looked for, one trial of each, and one void attempt if there is one."""


@dataclass(frozen=True)
class Small:
    """The small campaign: unpacked, and packed as for git."""

    folder: Path
    packed: Path

    @property
    def trials(self) -> tuple[str, ...]:
        """Ids of its trials."""
        description = json.loads((self.folder / "campaign.json").read_text(encoding="utf-8"))
        return tuple(sorted({record["trial"] for record in description["records"]}))


def recorded_folder() -> Path:
    """The recorded campaign that the default build uses."""
    config = yaml.safe_load((ROOT / "config" / "config.yaml").read_text(encoding="utf-8"))
    return ROOT / "results" / "recorded" / str(config["campaigns"][0])


def cut(recorded: Path, work: Path, target: Path) -> None:
    """Unpack a few trials of `recorded` into `work` and pack them into `target`."""
    description = json.loads((recorded / "campaign.json").read_text(encoding="utf-8"))
    records = description["records"]
    trials = {scenario_of(r["trial"]): r["trial"] for r in reversed(records)}
    chosen = [trials[s] for s in SCENARIOS if s in trials]
    chosen += [r["trial"] for r in records if r["outcome"] != "complete"][:1]
    description["records"] = [r for r in records if r["trial"] in chosen]
    description["scheduled"] = [s for s in description["scheduled"] if s["trial"] in chosen]
    description["campaign"] = work.name
    for record in description["records"]:
        extract(recorded, record, work)
    shutil.copyfile(recorded / "study.yaml", work / "study.yaml")
    (work / "campaign.json").write_text(json.dumps(description), encoding="utf-8")
    pack(work, target)


def extract(recorded: Path, record: dict[str, Any], work: Path) -> None:
    """Unpack one record."""
    archive = recorded / f"{scenario_of(record['trial'])}.tar.xz"
    with tarfile.open(archive, mode="r:xz") as tar:
        members = [m for m in tar if m.name.startswith(f"{record['path']}/")]
        tar.extractall(work, members, filter="data")
