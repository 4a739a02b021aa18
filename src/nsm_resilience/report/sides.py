# SPDX-License-Identifier: Apache-2.0
"""Read the two sides of a comparison, each given as one of three kinds of folder.

A recorded campaign is checked and unpacked, a campaign with records is judged, a folder of tables
is taken as it is. What is made on the way goes to a scratch folder.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from nsm_resilience.analysis.comparison import Side
from nsm_resilience.judge.campaign import judge_campaign
from nsm_resilience.record.archive import CHECKSUMS, unpack
from nsm_resilience.record.layout import CAMPAIGNS, CampaignLayout
from nsm_resilience.report.campaign import (
    campaign_facts,
    first_complete,
    read_description,
    record_clusters,
    trial_commits,
)
from nsm_resilience.report.numbers import read_tables
from nsm_resilience.study.load import load_recorded_study
from nsm_resilience.tables.build import build_tables


class SideError(ValueError):
    """A folder is nothing that can be compared; the message says what can."""


def read_sides(
    first: Path,
    second: Path,
    scratch: Path,
    first_tables: Path | None = None,
    second_tables: Path | None = None,
) -> tuple[Side, Side]:
    """Read both sides; two campaigns of one name are told apart by their place.

    Args:
        first: a recorded campaign, a campaign with records, or a folder of tables.
        second: the same of the other.
        scratch: folder for what has to be unpacked or made.
        first_tables: tables of the first that are there already: it is not judged again.
        second_tables: the same of the second.

    Raises:
        SideError: one of them is none of the three kinds.
        ArchiveError: a recorded campaign is damaged.
    """
    return named_apart(
        _read(first, scratch / "first", first_tables),
        _read(second, scratch / "second", second_tables),
    )


def sides_of_tables(first_tables: Path, second_tables: Path) -> tuple[Side, Side]:
    """Read both sides from their tables alone; what they were made with is not looked for."""
    return named_apart(_bare(first_tables), _bare(second_tables))


def named_apart(first: Side, second: Side) -> tuple[Side, Side]:
    """Return both, told apart by their place if they have one name."""
    if first.name != second.name:
        return first, second
    return (
        replace(first, name=f"{first.name} (first)"),
        replace(second, name=f"{second.name} (second)"),
    )


def _read(folder: Path, scratch: Path, tables_dir: Path | None) -> Side:
    if (folder / CHECKSUMS).is_file():
        campaign = scratch / "campaign"
        campaign.parent.mkdir(parents=True, exist_ok=True)
        unpack(folder, campaign)
        return _side(campaign, tables_dir or _tables(campaign, scratch))
    if CampaignLayout(folder).description.is_file():
        return _side(folder, tables_dir or _tables(folder, scratch))
    if (folder / "trials.parquet").is_file():
        return _side(None, folder)
    raise SideError(
        f"{folder} is no campaign; give a recorded one (results/recorded/<name>), one with its "
        "records (results/unpacked/<name>, results/live/<name>) or a folder of tables "
        "(results/tables)"
    )


def _tables(campaign: Path, scratch: Path) -> Path:
    verdicts, tables = scratch / "verdicts.jsonl", scratch / "tables"
    judge_campaign(campaign, verdicts)
    build_tables(verdicts, campaign, tables)
    return tables


def _side(campaign: Path | None, tables_dir: Path) -> Side:
    bare = _bare(tables_dir)
    # tables do not say what the campaign was made with; its records do, where they are kept
    places = (folder / bare.name for folder in CAMPAIGNS)
    known = (place for place in places if CampaignLayout(place).description.is_file())
    campaign = campaign or next(known, None)
    if campaign is None:
        return bare
    records = read_description(campaign)["records"]
    return replace(
        bare, facts=environment_of(campaign), clusters=record_clusters(campaign, records)
    )


def _bare(tables_dir: Path) -> Side:
    tables = read_tables(tables_dir)
    name = str(tables["claims"]["campaign"].iloc[0])
    return Side(name, tables["trials"], tables["scenarios"])


def environment_of(campaign: Path) -> dict[str, str]:
    """Return what a campaign was made with: value by name, in the order of the report."""
    description = read_description(campaign)
    records = description["records"]
    commits, dirty = trial_commits(campaign, records)
    facts = campaign_facts(
        description,
        first_complete(campaign, records),
        load_recorded_study(CampaignLayout(campaign).study),
        commits,
        dirty,
    )
    lanes = {str(record["lane"]) for record in records if record.get("lane")}
    return _named(facts, len(lanes))


def _named(facts: Mapping[str, Any], lanes: int) -> dict[str, str]:
    """Write the facts of `campaign_facts` as name and value."""
    run = [facts[moment]["iso"] for moment in ("first", "last") if facts[moment]]
    named = {
        "run": " to ".join(run),
        "study": facts["study"],
        "study file": facts["study_sha256"],
        "seed": facts["seed"],
        **{f"window {key.removesuffix('_s').replace('_', ' ')}, s": value
           for key, value in facts["windows"].items()},
        "window watch of cells with a longer one, s": facts["full_watch_s"],
        "new clients in the watch, s": ", ".join(facts["asked_early_s"]),
        **facts["fixed"],
        "code of the trials": ", ".join(facts["commits"]),
        "uncommitted changes": "yes" if facts["dirty"] else "no",
        "clusters": str(facts["clusters"]),
        "lanes side by side": str(lanes) if lanes else "",
        **{row["what"]: row["value"] for row in (*facts["machine"], *facts["versions"])},
        **{f"node of the {node['role']}": ", ".join(filter(None, (
            node["os"], node["kernel"], node["runtime"]))) for node in facts["nodes"]},
        **{f"image {image['name']}": f"{image['tag']} {image['digest']}".strip()
           for image in facts["images"]},
    }  # fmt: skip
    return {what: str(value) for what, value in named.items() if value}
