# SPDX-License-Identifier: Apache-2.0
"""What each campaign of a build was made with and by which rules, fact by fact."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nsm_resilience.record.layout import CampaignLayout
from nsm_resilience.report.campaign import campaign_facts
from nsm_resilience.study.load import load_recorded_study
from nsm_resilience.tables.contrasts import ENVIRONMENTS

if TYPE_CHECKING:
    import pandas as pd


def environment_table(campaigns: Sequence[Path]) -> pd.DataFrame:
    """Return table `environments`, typed and checked."""
    facts: dict[str, dict[str, str]] = {}
    for folder in campaigns:
        found = campaign_facts(folder, load_recorded_study(CampaignLayout(folder).study))
        named = dict(_named(found))
        facts[found["name"]] = {what: str(value) for what, value in named.items() if value}
    names = list(dict.fromkeys(what for own in facts.values() for what in own))
    shared = {what: len({own.get(what) for own in facts.values()}) == 1 for what in names}
    return ENVIRONMENTS.frame(
        {"campaign": campaign, "what": what, "value": own[what], "shared": shared[what]}
        for campaign, own in facts.items()
        for what in names
        if what in own
    )


def _named(facts: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    run = [facts[moment]["iso"] for moment in ("first", "last") if facts[moment]]
    yield "run", " to ".join(run)
    yield "study", facts["study"]
    yield "study, SHA-256", facts["study_sha256"]
    yield "seed", facts["seed"]
    yield from ((f"window {key}", value) for key, value in facts["windows"].items())
    yield "window watch_s of cells with a longer one", facts["full_watch_s"]
    yield "new clients in the watch, s", ", ".join(facts["asked_early_s"])
    yield from facts["fixed"].items()
    yield "code of the trials", ", ".join(facts["commits"])
    yield "uncommitted changes", "yes" if facts["dirty"] else "no"
    yield "clusters", str(facts["clusters"])
    yield "lanes", facts["lanes"]
    for row in (*facts["machine"], *facts["versions"]):
        yield row["what"], row["value"]
    for node in facts["nodes"]:
        parts = (node["os"], node["kernel"], node["runtime"])
        yield f"node of the {node['role']}", ", ".join(filter(None, parts))
    for image in facts["images"]:
        yield f"image {image['name']}", f"{image['tag']} {image['digest']}".strip()
