# SPDX-License-Identifier: Apache-2.0
"""Compare campaigns that are given as folders: recorded ones, or ones with their records."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from nsm_resilience.judge.campaign import judge_campaign
from nsm_resilience.record.archive import CHECKSUMS, unpack
from nsm_resilience.record.layout import CampaignLayout
from nsm_resilience.report.contrasts import write_contrasts
from nsm_resilience.tables.build import build_tables

if TYPE_CHECKING:
    import pandas as pd


class CompareError(ValueError):
    """A folder is nothing that can be compared; the message says what can."""


def compare(folders: Sequence[Path], scratch: Path) -> pd.DataFrame:
    """Judge these campaigns, recorded or with records, and return table `contrasts` of them.

    Raises:
        CompareError: one of them is neither.
        ArchiveError: a recorded campaign is damaged.
        CampaignError: two have one name.
    """
    import pandas as pd

    campaigns = [_unpacked(folder, scratch) for folder in folders]
    verdicts, tables = scratch / "verdicts", scratch / "tables"
    for campaign in campaigns:
        judge_campaign(campaign, verdicts / f"{campaign.name}.jsonl")
    build_tables(campaigns, verdicts, tables)
    write_contrasts(tables, campaigns)
    return pd.read_parquet(tables / "contrasts.parquet")


def _unpacked(folder: Path, scratch: Path) -> Path:
    if (folder / CHECKSUMS).is_file():
        campaign = scratch / "unpacked" / folder.name
        campaign.parent.mkdir(parents=True, exist_ok=True)
        unpack(folder, campaign)
        return campaign
    if CampaignLayout(folder).description.is_file():
        return folder
    raise CompareError(
        f"{folder} is no campaign; give a recorded one (results/recorded/<name>) or one with its "
        "records (results/unpacked/<name>, results/live/<name>)"
    )
