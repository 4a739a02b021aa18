# SPDX-License-Identifier: Apache-2.0
"""Builds of campaigns of any shape, from judgements alone: no record of them exists.

They are what nobody records on purpose: all attempts void or unknown, a remedy as the only arm, no
control, planes that are missing, a campaign cut in its middle, an id that is another scenario
in another study, names with signs of markup.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from hypothesis import strategies as st

from nsm_resilience.judge.judgement import Judgement, Measures
from nsm_resilience.report.contrasts import write_contrasts
from nsm_resilience.report.numbers import write_numbers
from nsm_resilience.study.models import Cell, Factors
from nsm_resilience.systems.known import FIRST
from nsm_resilience.tables.build import build_tables
from tests.builders.studies import NINE, WINDOWS

TODAY = "nsm-v1.18.0"
MARKUP = "*a* _b_ #c $d$ @e <f> [g] | `h` ~i~ &amp; \\j"

OURS = {
    "id": "K1", "title": MARKUP, "where": "*here*", "source": "ours",
    "faults": [{"component": "nsmd", "node": "client"}],
}  # fmt: skip
BOTH = [scenario for scenario in NINE if scenario["id"] in ("S1", "S4", "S5", "S8")]
"""Scenarios that both systems have."""


def _arm(scenarios: Sequence[dict[str, Any]], system: str) -> dict[str, Any]:
    planes = ["vpp"] if system == TODAY else ["kernel", "vpp"]
    ids = [scenario["id"] for scenario in scenarios]
    return {"scenarios": ids, "trials": 1, "system": system, "plane": planes}


KINDS: dict[str, tuple[list[dict[str, Any]], tuple[str, ...]]] = {
    "nine": (NINE, (FIRST,)),
    "one": ([{**NINE[1], "title": MARKUP}], (FIRST,)),
    "control": ([{**NINE[0], "title": MARKUP}], (FIRST,)),
    "ours": ([OURS], (FIRST,)),
    "another S8": ([NINE[0], {**OURS, "id": "S8"}], (FIRST,)),
    "two systems": (BOTH, (FIRST, TODAY)),
    "today": (BOTH, (TODAY,)),
}
"""Scenarios and systems of a study, by its kind."""


@cache
def study_text(kind: str) -> str:
    """The file of a study."""
    scenarios, systems = KINDS[kind]
    return yaml.safe_dump(
        {
            "name": "altered", "seed": 1, "windows": WINDOWS,
            "full": {"watch_s": 3 * WINDOWS["watch_s"]}, "scenarios": scenarios,
            "campaign": [_arm(scenarios, system) for system in systems],
        },
        sort_keys=False,
    )  # fmt: skip


@dataclass(frozen=True)
class Altered:
    """A campaign: its name, the kind of its study, and its judgements."""

    name: str
    kind: str
    judgements: tuple[Judgement, ...]

    @property
    def scenarios(self) -> dict[str, dict[str, Any]]:
        """What its study declares, by id."""
        return {scenario["id"]: scenario for scenario in KINDS[self.kind][0]}

    def default(self, one: Judgement) -> bool:
        """Whether an attempt has the default of every factor but system and plane."""
        usual = {"S1": "none", "S8": "replace" if self.kind != "another S8" else "kill"}
        return one.failure == usual.get(one.scenario, "kill") and one.client == "monitored" and (
            (one.outage, one.watch, one.remedy) == ("first", "usual", "none")
        )  # fmt: skip

    @property
    def judged(self) -> list[Judgement]:
        """The attempts that count in n, counted again."""
        last: dict[str, Judgement] = {}
        for one in sorted(self.judgements, key=lambda one: one.attempt):
            if one.outcome == "complete":
                last[one.trial] = one
        return [one for one in last.values() if one.verdict in ("supported", "unsupported")]


# --- judgements ------------------------------------------------------------------------------

NOT_JUDGED = ("void", "cut", "unreadable", "unknown", "not_injected", "not_reached")
SEEN = ("yes", "no", "not known")


def measures_of(path: Any, answered: bool, shown: str, told: str, remedy: str) -> Measures:
    """What was measured in a judged trial."""
    outage = {"alive": 0.0, "recovered": 5.0, "dead": 11.0}[path]
    ran = None if remedy == "none" else 0
    return Measures(
        path_verdict=path, outage_s=outage, outage_censored=path == "dead", down_s=outage,
        replies_sent=600, replies_lost=int(outage * 50), watch_s=12.0, injection_proof="proved",
        new_connection_answered=answered, new_connection_s=1.0 if answered else None,
        new_connection_verdict="served" if answered else "refused",
        detected_s=1.5 if shown == "yes" else None,
        detected_by="Kubernetes: restart" if shown == "yes" else None,
        detected_unknown="a log is missing" if shown == "not known" else None,
        notified_s=6.0 if told == "yes" else None,
        notified_by="nsm-monitor: stream broke" if told == "yes" else None,
        notified_unknown="a log is missing" if told == "not known" else None,
        notification_watched=told != "not known",
        watchdog_findings=ran, watchdog_acts=ran, watchdog_acts_failed=ran,
        watchdog_false_alarms=ran,
    )  # fmt: skip


def judgement(
    campaign: str, scenario: str, levels: dict[str, str], number: int, attempt: int, fate: Any
) -> Judgement:
    """One attempt; `fate` is one of `NOT_JUDGED`, or path, new client, and what was seen."""
    factors = Factors.model_validate(levels)
    trial = f"{Cell(scenario=scenario, factors=factors).id}/{number:02d}"
    outcome: Any = "complete"
    verdict: Any = "unknown"
    reason, measures = "for a test", Measures()
    if fate in ("void", "cut", "unreadable"):
        outcome, reason = fate, f"{fate}: {MARKUP}"
    elif isinstance(fate, str):
        verdict = fate
    else:
        measures = measures_of(*fate, levels["remedy"])
        verdict = "supported" if fate[0] != "dead" and fate[1] else "unsupported"
    return Judgement(
        campaign=campaign, trial=trial, attempt=attempt, scenario=scenario, **factors.levels(),
        lane="lane-1", started=f"2026-11-24T10:{number:02d}:{attempt:02d}Z",
        record=f"records/{trial}/{attempt}", outcome=outcome, control=scenario == "S1",
        verdict=verdict, reason=reason, measures=measures, evidence=(),
    )  # fmt: skip


JUDGED = st.tuples(
    st.sampled_from(["alive", "recovered", "dead"]), st.booleans(), st.sampled_from(SEEN),
    st.sampled_from(SEEN),
)  # fmt: skip
MOODS = {
    "any": st.one_of(JUDGED, JUDGED, st.sampled_from(NOT_JUDGED)),
    "judged": JUDGED,
    "void": st.just("void"),
    "unknown": st.just("unknown"),
}
"""Strategies of what becomes of an attempt."""


@st.composite
def altered(draw: st.DrawFn, name: str) -> Altered:
    """A campaign of any kind: some cells, some trials of each, some attempts at each."""
    kind = draw(st.sampled_from([*["nine"] * 4, *KINDS]))
    fates = MOODS[draw(st.sampled_from(["any", "any", "judged", "void", "unknown"]))]
    remedies = draw(st.sampled_from([("none",), ("none", "heal"), ("heal",)]))
    scenarios, systems = KINDS[kind]
    found: dict[str, list[Judgement]] = {}
    for _ in range(draw(st.integers(0, 8))):
        scenario = draw(st.sampled_from(scenarios))
        system = draw(st.sampled_from(systems))
        sockets = any("socket" in fault for fault in scenario["faults"])
        failures = ["replace", "replace", "mode"] if sockets else ["kill", "kill", "delete"]
        levels = {
            "system": system,
            "plane": "vpp" if system == TODAY else draw(st.sampled_from(["kernel", "vpp"])),
            "client": draw(st.sampled_from(["monitored", "monitored", "plain"])),
            "failure": draw(st.sampled_from(failures)) if scenario["faults"] else "none",
            "outage": draw(st.sampled_from(["first", "first", "first", "second"])),
            "watch": draw(st.sampled_from(["usual", "usual", "usual", "full"])),
            "remedy": "none" if system == TODAY else draw(st.sampled_from(remedies)),
        }
        own = [
            judgement(name, scenario["id"], levels, number, attempt, draw(fates))
            for number in range(1, draw(st.integers(1, 3)) + 1)
            for attempt in range(1, draw(st.integers(1, 2)) + 1)
        ]
        found[own[0].trial.partition("/")[0]] = own  # a cell is drawn once
    return Altered(name, kind, tuple(one for own in found.values() for one in own))


# --- builds ----------------------------------------------------------------------------------


def write_campaign(results: Path, one: Altered) -> Path:
    """Write study, description and verdicts of a campaign; return its folder."""
    folder = results / "unpacked" / one.name
    folder.mkdir(parents=True)
    (folder / "study.yaml").write_text(study_text(one.kind), encoding="utf-8")
    records = [
        {
            "trial": j.trial, "attempt": j.attempt, "path": j.record, "reason": j.reason,
            "outcome": "complete" if j.outcome == "unreadable" else j.outcome,
            "started": j.started, "lane": j.lane,
        }
        for j in one.judgements
    ]  # fmt: skip
    described = {
        "format": 1, "campaign": one.name, "source": "recorded", "records": records,
        "created": "2026-11-24T10:00:00Z" if records else "",
    }  # fmt: skip
    (folder / "campaign.json").write_text(json.dumps(described), encoding="utf-8")
    verdicts = results / "verdicts" / f"{one.name}.jsonl"
    verdicts.parent.mkdir(exist_ok=True)
    lines = [json.dumps(j.to_dict()) + "\n" for j in one.judgements]
    verdicts.write_text("".join(lines), encoding="utf-8")
    return folder


def write_build(results: Path, campaigns: Sequence[Altered]) -> dict[str, Any]:
    """Write the tables and numbers of a build of these campaigns; return the numbers."""
    folders = [write_campaign(results, one) for one in campaigns]
    tables = results / "tables"
    build_tables(folders, results / "verdicts", tables)
    write_contrasts(tables, folders)
    return write_numbers(tables, folders, results / "numbers.json")
