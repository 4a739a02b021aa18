# SPDX-License-Identifier: Apache-2.0
"""Facts of a campaign for the report: when, on what, by which rules, how complete."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nsm_resilience.host.environment import joined
from nsm_resilience.record.description import description_of
from nsm_resilience.record.files import object_in, object_or_empty, objects_in
from nsm_resilience.record.layout import CampaignLayout, RecordLayout
from nsm_resilience.record.snapshots import Image, images_of
from nsm_resilience.report.wording import dates, flattened, parse_time
from nsm_resilience.study.load import load_recorded_study
from nsm_resilience.tables.contrasts import ENVIRONMENTS
from nsm_resilience.tables.language import counted

if TYPE_CHECKING:
    import pandas as pd

    from nsm_resilience.study.models import Study

_NODE = ("role", "kernel", "os", "runtime")


def read_description(campaign: Path) -> dict[str, Any]:
    """Read `campaign.json`; DescriptionError if it is not valid or lacks what the report needs."""
    return description_of(campaign, "campaign", "created", "source", "records")


def complete_attempts(
    campaign: Path, records: Sequence[Mapping[str, Any]]
) -> Iterator[tuple[Mapping[str, Any], set[Image]]]:
    """Read `meta.json` of each complete record, by path, and the images of its pods.

    No record stands for another: a campaign that goes on may have other nodes and other builds of
    the same images.
    """
    for path in sorted(str(r["path"]) for r in records if r.get("outcome") == "complete"):
        layout = RecordLayout(campaign / path)
        meta, snapshot = object_or_empty(layout.meta), object_or_empty(layout.snapshot("before"))
        if meta:
            yield meta, set(images_of(objects_in(snapshot, "pods")))


def trial_commits(campaign: Path, records: Sequence[Mapping[str, Any]]) -> tuple[list[str], bool]:
    """Return the commits of the trials, by time, and whether one had uncommitted changes."""
    commits: dict[str, None] = {}
    dirty = False
    for record in sorted(records, key=lambda r: str(r.get("started") or "")):
        meta = object_or_empty(RecordLayout(campaign / str(record["path"])).meta)
        software = object_in(meta, "software")
        if software.get("git_commit"):
            commits[str(software["git_commit"])] = None
        dirty = dirty or bool(software.get("git_dirty"))
    return list(commits), dirty


def record_clusters(campaign: Path, records: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Return the id of each record's cluster, by the record's folder."""
    found = {}
    for record in records:
        path = str(record["path"])
        cluster = object_in(object_or_empty(RecordLayout(campaign / path).meta), "cluster")
        if cluster.get("id"):
            found[path] = str(cluster["id"])
    return found


def campaign_facts(campaign: Path, study: Study) -> dict[str, Any]:
    """Return a campaign's facts as the paper prints them; errors as `read_description`."""
    description = read_description(campaign)
    records = description["records"]
    commits, dirty = trial_commits(campaign, records)
    attempts = list(complete_attempts(campaign, records))
    meta = attempts[0][0] if attempts else {}
    outcomes = Counter(record.get("outcome") for record in records)
    started = sorted(str(r["started"]) for r in records if r.get("started"))
    software = dict(meta.get("software") or {})
    cluster = dict(meta.get("cluster") or {})
    machines = list(description.get("machines") or [])
    nodes = distinct_nodes(found for found, _ in attempts)
    created = str(description["created"] or "")
    return {
        "name": str(description["campaign"]),
        "source": description["source"],
        # a campaign without a record has not begun; the PDF's date is then the epoch
        "created": dates(parse_time(created or "1970-01-01")),
        "begun": bool(created),
        "first": dates(parse_time(started[0])) if started else None,
        "last": dates(parse_time(started[-1])) if started else None,
        "study": study.name,
        "study_sha256": str(description.get("study_sha256") or ""),
        "seed": str(description.get("seed", study.seed)),
        "commits": commits,
        "commits_short": [commit[:10] for commit in commits],
        "dirty": dirty,
        "scheduled": len(description.get("scheduled") or []),
        "attempts": len(records),
        **{word: outcomes[word] for word in ("complete", "void", "cut")},
        "incomplete": incomplete(records),
        "lanes": len({str(r["lane"]) for r in records if r.get("lane")}),
        "clusters": len(description.get("clusters") or [cluster["id"]] if cluster else []),
        "one_kernel": bool(nodes)
        and {n.get("kernel") for n in nodes} <= {m.get("kernel") for m in machines},
        "machine": flattened(joined(machines)),
        "versions": flattened(_versions(description, cluster, software)),
        "nodes": nodes,
        "images": images(ran for _, ran in attempts),
        "windows": {name: f"{value:g}" for name, value in study.windows.model_dump().items()},
        "full_watch_s": f"{study.full.watch_s:g}" if study.full is not None else "",
        "asked_early_s": _asked_early(study),
        "rules": {
            "echo_ms": f"{study.probes.echo_interval_s * 1e3:g}",
            "component_s": f"{study.probes.component_interval_s:g}",
            "loss_run": study.judge.loss_run,
            "loss_run_ms": f"{study.judge.loss_run * study.probes.echo_interval_s * 1e3:g}",
            "loss_percent": f"{100 * study.judge.loss_share:g}",
            "late_s": f"{study.judge.late_reply_s:g}",
            "late_percent": f"{100 * study.judge.late_reply_share:g}",
            "shared_least_ms": f"{study.judge.shared_least_s * 1e3:g}",
            "shared_tolerance_ms": f"{study.judge.shared_tolerance_s * 1e3:g}",
            "attempts": study.attempts,
        },
        "fixed": {
            f"{part} {name}": f"{value:g}"
            for part, model in (("probe", study.probes), ("rule", study.judge))
            for name, value in model.model_dump().items()
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


def distinct_nodes(metas: Iterable[Mapping[str, Any]]) -> list[dict[str, str]]:
    """Return role, kernel, system and runtime of the nodes, each combination once."""
    found = {
        tuple(str(node.get(key) or "") for key in _NODE): None
        for meta in metas
        for node in objects_in(object_in(meta, "cluster"), "nodes")
    }
    return [dict(zip(_NODE, node, strict=True)) for node in found]


def images(attempts: Iterable[Iterable[Image]]) -> list[dict[str, Any]]:
    """Return name, tag, digest and number of attempts of every image that ran, sorted by name.

    The registry is left out: the same image can come from several. An image that was built or
    pulled anew within a campaign has a row for each digest.
    """
    found = Counter(
        image
        for ran in attempts
        for image in {(one.name.rpartition("/")[2], one.tag, one.sha256) for one in ran}
    )
    return [
        {"name": name, "tag": tag, "digest": digest, "attempts": found[name, tag, digest]}
        for name, tag, digest in sorted(found, key=lambda image: (image[0], -found[image], image))
    ]


def _versions(
    description: Mapping[str, Any], cluster: Mapping[str, Any], software: Mapping[str, Any]
) -> dict[str, Any]:
    """Return versions of cluster and software; those of the campaign's description go first."""
    known: dict[str, Any] = {}
    if cluster.get("kubernetes"):
        known["Kubernetes"] = cluster["kubernetes"]
    for name, version in {**software, **dict(description.get("versions") or {})}.items():
        if not name.startswith("git_"):
            known[name] = version
    return known


def _asked_early(study: Study) -> list[str]:
    """Seconds after the fault at which new clients ask while the path is watched."""
    asked = {c.at_s for scenario in study.scenarios for c in scenario.clients if c.at_s is not None}
    return [f"{at_s:g}" for at_s in sorted(asked)]


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
    for role, nodes in _grouped(facts["nodes"], "role"):
        systems = [", ".join(filter(None, (n["os"], n["kernel"], n["runtime"]))) for n in nodes]
        yield f"node of the {role}", "; ".join(systems)
    for name, builds in _grouped(facts["images"], "name"):
        shown = [f"{build['tag']} {build['digest']}".strip() for build in builds]
        if len(builds) > 1:
            shown = [
                f"{one} ({counted(build['attempts'], 'attempt')})"
                for one, build in zip(shown, builds, strict=True)
            ]
        yield f"image {name}", "; ".join(shown)


def _grouped(rows: Sequence[Mapping[str, Any]], key: str) -> Iterator[tuple[str, list[Any]]]:
    """Group rows by one of their values, in the order in which the values come first."""
    for value in dict.fromkeys(str(row[key]) for row in rows):
        yield value, [row for row in rows if row[key] == value]
