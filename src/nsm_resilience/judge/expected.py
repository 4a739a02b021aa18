# SPDX-License-Identifier: Apache-2.0
"""Does a record agree with its campaign's study?

A record carries copies of parts of its study: its scenario, the levels of its factors, windows,
probes, thresholds, its place in the schedule. The judge takes all of them from the study's file in
the campaign, and rejects a record that differs (issue 14, section 6). A key that the record lacks
did not exist when it was made; a key that the study does not know belongs to another study.

The same change of a record *and* its study goes unnoticed here; the checksums of the archive, and
git, show it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from nsm_resilience.record.files import objects_in
from nsm_resilience.record.layout import CampaignLayout
from nsm_resilience.record.reader import Record
from nsm_resilience.record.synthesize import SOURCE as SYNTHETIC
from nsm_resilience.study.load import read_document, recorded_study
from nsm_resilience.study.retired import former_content
from nsm_resilience.study.schedule import make_schedule

RULING = ("scenario", "factors", "windows", "probes", "judge")
"""Parts of a record's description that its verdict depends on: the study's are used."""


@dataclass(frozen=True, slots=True)
class Expected:
    """The description of one attempt by its campaign.

    Attributes:
        says: Values from the study, by key of meta.json.
        listed: Values from the campaign's description, by key of meta.json.
        former: Retired keys of studies, by part, with their values (study/retired.py).
        unknown: Why the study does not describe the attempt; empty when it does.
        clusters: Ids of the campaign's clusters; None where it lists none, or not this attempt.
    """

    campaign: str
    trial: str
    attempt: int
    says: Mapping[str, Any]
    listed: Mapping[str, Any]
    former: Mapping[str, Mapping[str, Any]]
    unknown: str = ""
    clusters: frozenset[str] | None = None


class Unbound(ValueError):
    """A record does not match its place in the campaign; the message is a clause."""


def bind(record: Record, expected: Expected) -> Record:
    """The record with its study's values in place of its own copies; Unbound if they differ."""
    meta = record.meta
    place = (meta.get("trial"), meta.get("attempt"))
    if place != (expected.trial, expected.attempt) or isinstance(meta.get("attempt"), bool):
        raise Unbound(f"the record says that it is {_shown(place[0])}, attempt {_shown(place[1])}")
    if expected.unknown:
        raise Unbound(expected.unknown)
    for key, value in expected.says.items():
        if key not in meta and key not in RULING:
            continue
        for where, said, wanted in differences(
            key, meta.get(key, NOTHING), value, expected.former.get(key)
        ):
            if said is NOTHING:
                raise Unbound(f"the record says nothing of {where}, the study {_shown(wanted)}")
            raise Unbound(f"the record says {where} {_shown(said)}, the study {_shown(wanted)}")
    for key, value in expected.listed.items():
        if meta.get(key) != value:
            raise Unbound(
                f"the record says {key} {_shown(meta.get(key))}, the campaign {_shown(value)}"
            )
    if expected.clusters is not None:
        cluster = meta.get("cluster")
        identity = cluster.get("id", NOTHING) if isinstance(cluster, dict) else NOTHING
        if not isinstance(identity, str) or identity not in expected.clusters:
            raise Unbound(
                f"the record says that it ran on the cluster {_shown(identity)}, which its "
                "campaign does not list"
            )
    ruled = {key: expected.says[key] for key in RULING if key in expected.says}
    return replace(record, meta={**meta, **ruled, "campaign": expected.campaign})


NOTHING = object()


def differences(
    where: str, said: object, wanted: object, former: Mapping[str, Any] | None = None
) -> Iterator[tuple[str, object, object]]:
    """Differences between a record and its study: the place and both values.

    A record with a retired key need not have the keys that replaced it.
    """
    if isinstance(said, dict) and isinstance(wanted, dict):
        known = {**(former or {}), **wanted}
        for key, value in said.items():
            yield from differences(f"{where}.{key}", value, known.get(key, NOTHING))
        before = bool(former) and not set(said) <= set(wanted)
        for key in former if former and before else wanted:
            if key not in said:
                yield f"{where}.{key}", NOTHING, known[key]
    elif isinstance(said, list) and isinstance(wanted, list) and len(said) == len(wanted):
        for at, (one, other) in enumerate(zip(said, wanted, strict=True), start=1):
            yield from differences(f"{where}.{at}", one, other)
    elif isinstance(said, bool) != isinstance(wanted, bool) or said != wanted:
        yield where, said, wanted


def _shown(value: object) -> str:
    if value is NOTHING:
        return "nothing of it"
    text = "nothing" if value is None else value if isinstance(value, str) else repr(value)
    return text if len(text) <= 60 else text[:59] + "…"


class Expectations:
    """A campaign's study and description, looked up attempt by attempt."""

    def __init__(self, folder: Path, description: Mapping[str, Any]) -> None:
        """Read the study that the campaign keeps; ConfigError when it cannot be read."""
        self._campaign = str(description.get("campaign") or folder.name)
        # A synthetic campaign was never run (the paper says so) and has trials that its study does
        # not have: its records are bound to their ids only.
        self._synthetic = description.get("source") == SYNTHETIC
        if self._synthetic:
            return
        study = CampaignLayout(folder).study
        document = read_document(study)
        self._study = recorded_study(study, document)
        self._former = former_content(document.data)
        self._cells = {cell.id: cell for cell, _ in self._study.cells()}
        self._places = {s.trial: s for s in make_schedule(self._study)}
        self._listed = {
            (one.get("trial"), one.get("attempt")): {
                key: one[key] for key in ("started", "lane") if one.get(key)
            }
            for one in objects_in(description, "records")
        }
        self._says: dict[str, dict[str, Any]] = {}
        ids = (one.get("id") for one in objects_in(description, "clusters"))
        known = frozenset(one for one in ids if isinstance(one, str))
        self._clusters = known if "clusters" in description else None

    def of(self, trial: str, attempt: int) -> Expected:
        """The campaign's description of one attempt."""
        if self._synthetic:
            return Expected(self._campaign, trial, attempt, {}, {}, {})
        cell_id = trial.split("/", 1)[0]
        place = self._places.get(trial)
        says: dict[str, Any] = {}
        unknown = ""
        if cell_id not in self._cells:
            unknown = f"the study {self._study.name} has no cell {_shown(cell_id)}"
        elif place is None:
            unknown = f"the study {self._study.name} has no trial {_shown(trial)}"
        else:
            numbers = {"number": place.number, "order": place.order, "block": place.block}
            says = {**self._of_cell(cell_id), **numbers}
        listed = self._listed.get((trial, attempt))
        return Expected(
            self._campaign,
            trial,
            attempt,
            says,
            listed or {},
            self._former,
            unknown,
            None if listed is None else self._clusters,
        )

    def _of_cell(self, cell_id: str) -> dict[str, Any]:
        if cell_id not in self._says:
            study, cell = self._study, self._cells[cell_id]
            self._says[cell_id] = {
                "cell": cell_id,
                "seed": study.seed,
                "scenario": study.scenario(cell.scenario).model_dump(mode="json"),
                "factors": cell.factors.model_dump(mode="json"),
                "windows": study.windows_of(cell).model_dump(mode="json"),
                "probes": study.probes.model_dump(mode="json"),
                "judge": study.judge.model_dump(mode="json"),
            }
        return self._says[cell_id]
