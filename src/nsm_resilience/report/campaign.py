# SPDX-License-Identifier: Apache-2.0
"""What the report says of the campaign itself: when, on what, by which rules, how complete."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nsm_resilience.record.layout import CampaignLayout, RecordLayout
from nsm_resilience.report.wording import dates, flattened, parse_time

if TYPE_CHECKING:
    from nsm_resilience.study.models import Study

SOURCES = ("recorded", "live", "synthetic")


class CampaignError(ValueError):
    """A campaign's description is missing, or lacks what the report needs."""


def read_description(campaign: Path) -> dict[str, Any]:
    """Read `campaign.json`.

    Raises:
        CampaignError: the file is missing, is no JSON, or lacks a key that the report needs.
    """
    path = CampaignLayout(campaign).description
    try:
        description = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise CampaignError(
            f"{path}: cannot be read ({error.strerror}). For a recorded campaign run "
            "`nsm-resilience archive unpack`, for a live one `nsm-resilience index` first"
        ) from error
    except ValueError as error:
        raise CampaignError(f"{path}: is not JSON: {error}") from error
    missing = [k for k in ("campaign", "created", "source", "records") if k not in description]
    if missing:
        raise CampaignError(f"{path}: lacks {', '.join(missing)}")
    if description["source"] not in SOURCES:
        raise CampaignError(
            f"{path}: source is {description['source']!r}; write one of {', '.join(SOURCES)}"
        )
    return dict(description)


def first_complete_meta(campaign: Path, records: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Read the `meta.json` of the first complete record by path; empty where there is none."""
    complete = sorted(str(r["path"]) for r in records if r.get("outcome") == "complete")
    for path in complete:
        meta = RecordLayout(campaign / path).meta
        if meta.is_file():
            return dict(json.loads(meta.read_text(encoding="utf-8")))
    return {}


def campaign_facts(
    description: Mapping[str, Any], meta: Mapping[str, Any], study: Study
) -> dict[str, Any]:
    """Return the campaign's facts as the paper prints them.

    Args:
        description: content of `campaign.json`.
        meta: content of one record's `meta.json`; empty where the campaign holds none.
        study: the study that was run.
    """
    records = description["records"]
    started = sorted(str(r["started"]) for r in records if r.get("started"))
    software = dict(meta.get("software") or {})
    commit = str(software.get("git_commit") or "")
    cluster = dict(meta.get("cluster") or {})
    return {
        "name": str(description["campaign"]),
        "source": description["source"],
        "created": dates(parse_time(str(description["created"]))),
        "first": dates(parse_time(started[0])) if started else None,
        "last": dates(parse_time(started[-1])) if started else None,
        "study": study.name,
        "study_sha256": str(description.get("study_sha256") or ""),
        "seed": str(description.get("seed", study.seed)),
        "commit": commit,
        "commit_short": commit[:10],
        "dirty": bool(software.get("git_dirty")),
        "scheduled": len(description.get("scheduled") or []),
        "attempts": len(records),
        **{word: _outcomes(records, word) for word in ("complete", "void", "cut")},
        "incomplete": incomplete(records),
        "clusters": len({str(r["cluster"]) for r in records if r.get("cluster")}) or 1,
        "on_kind": "kind" in dict(description.get("versions") or {}),
        "machine": flattened(dict(description.get("machine") or {})),
        "versions": flattened(_versions(description, cluster, software)),
        "nodes": [
            {key: str(node.get(key) or "") for key in ("role", "kernel", "os", "runtime")}
            for node in cluster.get("nodes") or []
        ],
        "images": [_image(name, str(ref)) for name, ref in dict(meta.get("images") or {}).items()],
        "windows": {name: f"{value:g}" for name, value in study.windows.model_dump().items()},
        "rules": {
            "echo_ms": f"{study.probes.echo_interval_s * 1e3:g}",
            "component_s": f"{study.probes.component_interval_s:g}",
            "interruption_ms": f"{study.judge.interruption_s * 1e3:g}",
            "attempts": study.attempts,
        },
    }


def incomplete(records: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Count the reasons of void and cut attempts, the most frequent first."""
    counts = Counter(
        (str(r["outcome"]), str(r.get("reason") or "no reason given"))
        for r in records
        if r.get("outcome") in ("void", "cut")
    )
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return [{"outcome": o, "reason": reason, "n": n} for (o, reason), n in ordered]


def _outcomes(records: Sequence[Mapping[str, Any]], outcome: str) -> int:
    return sum(1 for record in records if record.get("outcome") == outcome)


def _versions(
    description: Mapping[str, Any], cluster: Mapping[str, Any], software: Mapping[str, Any]
) -> dict[str, Any]:
    """Merge what the campaign and its first record say; the campaign's own description first."""
    known = dict(description.get("versions") or {})
    if cluster.get("kubernetes"):
        known.setdefault("kubernetes", cluster["kubernetes"])
    for name, version in software.items():
        if not name.startswith("git_"):
            known.setdefault(name, version)
    return known


def _image(name: str, reference: str) -> dict[str, str]:
    """Split `host/path/image:tag@sha256:…`; the registry is where it came from, not what it is."""
    before, _, digest = reference.partition("@")
    tag = re.search(r":([^:/]+)$", before)
    return {
        "name": name,
        "tag": tag.group(1) if tag else "",
        "digest": digest.removeprefix("sha256:"),
    }
