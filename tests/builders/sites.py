# SPDX-License-Identifier: Apache-2.0
"""A campaign with every kind of attempt that a site has to show: real records and made-up ones."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from nsm_resilience.judge.campaign import judge_campaign, read_judgements
from nsm_resilience.judge.judgement import Judgement
from nsm_resilience.site.build import build_site
from nsm_resilience.study.load import load_study
from nsm_resilience.tables.build import build_tables
from tests.builders.records import build

ROOT = Path(__file__).parents[2]
REAL = ROOT / "tests" / "unit" / "judge" / "real"
RECORDS = ("control", "comes-and-goes", "sockets-replaced", "everything-killed", "void")


@dataclass(frozen=True)
class Built:
    """A campaign with its site. `real` is trial and attempt of each of the real records."""

    results: Path
    campaign: Path
    real: dict[str, tuple[str, int]]

    @property
    def verdicts(self) -> Path:
        return self.results / "verdicts" / "shown.jsonl"

    @property
    def site(self) -> Path:
        return self.results / "site"

    @property
    def index(self) -> Path:
        """The campaign's own first page."""
        return self.site / "campaigns" / "shown" / "index.html"

    def build(self, out: Path, jobs: int = 1) -> int:
        tables, verdicts = self.results / "tables", self.verdicts.parent
        return build_site(tables, [self.campaign], verdicts, out, jobs)

    def judgement(self, trial: str, attempt: int = 1) -> Judgement:
        return next(
            j for j in read_judgements(self.verdicts) if (j.trial, j.attempt) == (trial, attempt)
        )

    def table(self, name: str) -> pd.DataFrame:
        return pd.read_parquet(self.results / "tables" / f"{name}.parquet")


def construct_site(root: Path) -> Built:
    """Write records, judge them, make tables and site below `root`."""
    results = root / "results"
    campaign = results / "unpacked" / "shown"
    campaign.mkdir(parents=True)
    shutil.copyfile(ROOT / "config" / "study.yaml", campaign / "study.yaml")
    study = load_study(campaign / "study.yaml")
    real: dict[str, tuple[str, int]] = {}
    for name in RECORDS:
        meta = json.loads((REAL / name / "meta.json").read_text(encoding="utf-8"))
        target = campaign / "records" / meta["trial"] / str(meta["attempt"])
        shutil.copytree(REAL / name, target)
        real[name] = meta["trial"], int(meta["attempt"])
    vpp = {"plane": "vpp"}
    build(campaign, "S2", study=study, factors=vpp, down=[(6.0, 500.0)], answered_s=None)
    build(campaign, "S2", study=study, factors=vpp, number=2, void="<b>lost</b> & gone")
    build(campaign, "S2", study=study, factors=vpp, number=2, attempt=2, down=[(1.0, 9.0)])
    build(campaign, "S6", study=study, factors=vpp, close=False)
    build(campaign, "S7", study=study, factors=vpp, proved=False)
    broken = build(campaign, "S7", study=study, factors=vpp, number=2)
    (broken / "events.jsonl").write_text("nonsense\n", encoding="utf-8")
    records = [
        {
            "trial": "/".join(path.parent.parts[-3:-1]), "attempt": int(path.parent.name),
            "outcome": "complete", "path": path.parent.relative_to(campaign).as_posix(),
            "reason": "",
        }
        for path in sorted(campaign.glob("records/*/*/*/meta.json"))
    ]  # fmt: skip
    description = {
        "format": 1, "campaign": "shown", "source": "synthetic", "created": "2026-11-23T18:00:00Z",
        "records": records,
    }  # fmt: skip
    (campaign / "campaign.json").write_text(json.dumps(description), encoding="utf-8")
    built = Built(results, campaign, real)
    judge_campaign(campaign, built.verdicts)
    build_tables([campaign], built.verdicts.parent, results / "tables")
    built.build(built.site)
    return built
