# SPDX-License-Identifier: Apache-2.0
"""The table `claims`: what the campaign says about the paper's three claims, per forwarding plane.

The trials that decide:

- C0: each of the nine at its defaults (monitored client, default failure, first outage, no remedy).
- C1: the same cell of the scenario that carries C1; other kinds of damage are named, not counted.
- C2: the scenario that carries C2, killed and deleted, with either client, since the claim does not
  say which was meant: every such cell that was run has to show it.

A disagreement is a result. Every sentence is made from the data.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from nsm_resilience.judge.judgement import Judgement
from nsm_resilience.study.factors import level_name
from nsm_resilience.study.models import Cell, Plane, Scenario, Study
from nsm_resilience.study.names import PLANE_NAMES
from nsm_resilience.systems.known import FIRST, SYSTEMS
from nsm_resilience.tables.cell import DEFAULTS, is_usual
from nsm_resilience.tables.columns import Row
from nsm_resilience.tables.language import counted, listed, seconds
from nsm_resilience.tables.rows import counting
from nsm_resilience.tables.scenarios import agreement, all_cells, cell_of, default_cell, verdict_of

SCENARIOS_CLAIMED = 9
SUPPORTED_CLAIMED = 7

C2_FAILURES = ("kill", "delete")
"""Failures of the cells that decide claim C2."""

C2_FACTORS = ("system", "plane", "client", "failure")
"""Factors in which these cells may differ; all others have their usual level."""

TEXTS = {
    "C0": "Seven of the nine scenarios are supported.",
    "C1": (
        "When the unix socket files that the components talk through are damaged, the system "
        "cannot detect it and becomes inoperable."
    ),
    "C2": (
        "When all key components but client and endpoint have failed, the system cannot notify "
        "the client of the crash."
    ),
}
"""The claims in our words."""


@dataclass
class _Cell:
    """A cell with its trials that count in n."""

    cell: Cell
    judged: list[Judgement] = field(default_factory=list)

    @property
    def n(self) -> int:
        return len(self.judged)

    @property
    def k(self) -> int:
        return sum(j.verdict == "supported" for j in self.judged)

    @property
    def verdict(self) -> str:
        return verdict_of(self.k, self.n)


def claim_rows(campaign: str, study: Study, judgements: Sequence[Judgement]) -> list[Row]:
    """Three rows for each forwarding plane of the paper's system, even if it was not run.

    And for each other plane of the study or of a judgement; planes that only systems of other
    studies have are left out.
    """
    rows: list[Row] = []
    run = {plane for planes in study.planes.values() for plane in planes}
    run |= {*SYSTEMS[FIRST].planes, *(judgement.plane for judgement in judgements)}
    for plane in (name for name in PLANE_NAMES if name in run):
        cells = _cells(study, judgements, plane)
        for claim, judge in (("C0", _seven_of_nine), ("C1", _undetected), ("C2", _not_notified)):
            agrees, why, deciding = judge(study, cells, plane)
            rows.append(
                {
                    "campaign": campaign,
                    "claim": claim,
                    "text": TEXTS[claim],
                    "plane": plane,
                    "agreement": agrees,
                    "why": why,
                    "scenarios": ", ".join(c.cell.id for c in deciding),
                }
            )
    return rows


def _system(study: Study, plane: Plane) -> str:
    """The system that runs on a plane; of several the first in the study."""
    return next((name for name, planes in study.planes.items() if plane in planes), FIRST)


def _cells(study: Study, judgements: Sequence[Judgement], plane: Plane) -> dict[str, _Cell]:
    """The cells of `_system` on this plane by id, with their judged trials."""
    place = _system(study, plane), plane
    own = [j for j in judgements if (j.system, j.plane) == place]
    found = {
        cell.id: _Cell(cell)
        for cell in all_cells(study, own)
        if (cell.factors.system, cell.factors.plane) == place
    }
    for judgement in counting(own):
        if judgement.verdict in ("supported", "unsupported"):
            found[cell_of(judgement).id].judged.append(judgement)
    return found


Decision = tuple[str, str, list[_Cell]]


def _seven_of_nine(study: Study, cells: dict[str, _Cell], plane: Plane) -> Decision:
    nine = [s for s in study.scenarios if "C0" in s.claims]
    own = [(s, _trials_of(cells, default_cell(s, plane, _system(study, plane)))) for s in nine]
    run = [(s, c) for s, c in own if c.n]
    compared = [(s, c) for s, c in run if s.claimed is not None]
    tested = [c for _, c in run]
    supported = [s.id for s, c in run if c.verdict == "supported"]
    flaky = [f"{s.id} ({c.k} of {c.n})" for s, c in run if c.verdict == "flaky"]
    apart = [_unlike(s, c) for s, c in compared if agreement(c.verdict, s.claimed) == "differs"]
    unclaimed = [s.id for s in nine if s.claimed is None]
    missing = [s.id for s, c in own if not c.n]
    alike = len(compared) - len(apart)
    agreeing = f"{alike} of {len(compared)} {'agrees' if alike == 1 else 'agree'} with the paper"
    if apart:
        agreeing += f", apart from {listed(apart)}"
    verb = "is" if len(supported) == 1 else "are"
    found = f"{len(supported)} of {len(run)} {verb} supported ({listed(supported)})"
    if flaky:
        found += f" and {listed(flaky)} in some trials only"
    on = f"On the {_place(study, plane)}"
    if len(nine) != SCENARIOS_CLAIMED or missing or unclaimed:
        lacking = []
        if len(nine) < SCENARIOS_CLAIMED:
            lacking.append(f"the study declares {len(nine)} of the nine scenarios only")
        elif len(nine) > SCENARIOS_CLAIMED:
            lacking.append(f"the study declares {len(nine)} scenarios as the nine")
        if missing:
            one = len(missing) == 1
            has, its = ("has", "its default") if one else ("have", "their defaults")
            lacking.append(f"{listed(missing)} {has} no judged trial at {its}")
        if unclaimed:
            lacking.append(f"the study declares no verdict of the paper on {listed(unclaimed)}")
        if not run:
            return "not tested", f"{on} none of the nine has a judged trial at its default.", []
        why = f"{on} {listed(lacking)}; of those judged {found}"
        return "not tested", f"{why}, and {agreeing}." if compared else f"{why}.", tested
    why = f"{on} {found}, where the paper says {SUPPORTED_CLAIMED}; {agreeing}."
    reproduced = len(supported) == SUPPORTED_CLAIMED and not apart
    return ("reproduced" if reproduced else "differs"), why, tested


def _place(study: Study, plane: Plane) -> str:
    """The plane in words, with the system if the study runs several on it."""
    several = sum(plane in planes for planes in study.planes.values()) > 1
    of = f" of {SYSTEMS[_system(study, plane)].title}" if several else ""
    return f"{PLANE_NAMES[plane]} plane{of}"


def _undetected(study: Study, cells: dict[str, _Cell], plane: Plane) -> Decision:
    place = _place(study, plane)
    scenarios = [s for s in study.scenarios if "C1" in s.claims]
    own = [_trials_of(cells, default_cell(s, plane, _system(study, plane))) for s in scenarios]
    run = [c for c in own if c.n]
    lacking = [s for s, c in zip(scenarios, own, strict=True) if not c.n]
    if lacking or not scenarios:
        return "not tested", _untested(lacking, "C1", place), []
    clauses = []
    for cell in run:
        clauses.append(
            f"{cell.cell.scenario} was supported in {cell.k} of {counted(cell.n, 'trial')} "
            f"(path alive in {_count(cell, 'path_verdict', 'alive')}, last new client connected in "
            f"{_count(cell, 'new_connection_answered', True)}{_bystanders(cell)}), and "
            f"{_signs(cell)}"
        )
    why = f"On the {place} {'; '.join(clauses)}"
    blind = sum(j.measures.detected_unknown is not None for c in run for j in c.judged)
    if blind and all(map(_hidden, run)):  # trials in which it is not known confirm nothing
        why = f"Whether anything was shown is not known in {counted(blind, 'trial')} on the "
        return "not tested", f"{why}{place}.", run
    deciding = {c.cell.id for c in run}
    variants = [
        c
        for c in cells.values()
        if c.n
        and c.cell.scenario in {s.id for s in scenarios}
        and c.cell.id not in deciding
        and c.cell.factors.remedy == "none"
    ]
    if variants:
        shown = [f"{_level(c)} ({_shows(c)})" for c in variants]
        why += f"; other levels, which do not decide: {listed(shown)}"
    return ("reproduced" if all(map(_hidden, run)) else "differs"), f"{why}.", run


def _not_notified(study: Study, cells: dict[str, _Cell], plane: Plane) -> Decision:
    place = _place(study, plane)
    scenarios = [s for s in study.scenarios if "C2" in s.claims]
    ids = {s.id for s in scenarios}
    defaults = {s.id: default_cell(s, plane, _system(study, plane)).id for s in scenarios}
    run = [
        c
        for c in cells.values()
        if c.n
        and c.cell.scenario in ids
        and c.cell.factors.failure in C2_FAILURES
        and is_usual(c.cell.factors.levels(), *C2_FACTORS)
    ]
    judged = {c.cell.id for c in run}
    lacking = [s for s in scenarios if defaults[s.id] not in judged]
    if lacking or not scenarios:
        return "not tested", _untested(lacking, "C2", place), run
    blind = sum(map(_unheard, run))
    if blind and all(map(_untold, run)):  # what is not known confirms nothing
        where = f"in {counted(blind, 'trial')} on the {place}"
        unknown = sum(j.measures.notified_unknown is not None for c in run for j in c.judged)
        known = "is not known" if unknown == blind else "is not known, or was not recorded,"
        known = known if unknown else "was not recorded"
        return "not tested", f"Whether the client was told {known} {where}.", run
    shown = [c for c in run if _untold(c) and not _unheard(c)]
    clauses = [
        f"{c.cell.scenario} by {_level(c)} was supported in {c.k} of {counted(c.n, 'trial')} "
        f"and {_told(c)}"
        for c in run
    ]
    why = f"On the {place} {'; '.join(clauses)}"
    if shown and len(shown) < len(run):
        holds = "is known to hold" if blind else "holds"
        why += f"; so the claim {holds} for {listed([_level(c) for c in shown])} only"
    return ("reproduced" if len(shown) == len(run) else "differs"), f"{why}.", run


def _trials_of(cells: dict[str, _Cell], cell: Cell) -> _Cell:
    return cells.get(cell.id) or _Cell(cell)


def _hidden(cell: _Cell) -> bool:
    """Whether no trial was supported, and none showed a sign within its watch."""
    return cell.k == 0 and all(j.measures.detected_s is None for j in cell.judged)


def _untold(cell: _Cell) -> bool:
    """Whether no trial was supported, and the client was told nothing within any watch."""
    return cell.k == 0 and all(j.measures.notified_s is None for j in cell.judged)


def _unheard(cell: _Cell) -> int:
    """In how many trials it is not known, or was not recorded, whether the client was told."""
    return sum(not j.measures.notification_watched for j in cell.judged)


def _unlike(scenario: Scenario, cell: _Cell) -> str:
    return f"{scenario.id} (claimed {scenario.claimed}, supported in {cell.k} of {cell.n})"


def _untested(scenarios: Sequence[Scenario], claim: str, place: str) -> str:
    if not scenarios:
        return f"The study declares no scenario for {claim}."
    names = listed([s.id for s in scenarios])
    lacks = "has no judged trial at its" if len(scenarios) == 1 else "lack a judged trial at their"
    return f"{names} {lacks} defaults on the {place}."


def _signs(cell: _Cell) -> str:
    first = _first([(j.measures.detected_s, j.measures.detected_by) for j in cell.judged])
    unknown = sum(j.measures.detected_unknown is not None for j in cell.judged)
    shown = f"in {first[0] if first else 0} of {cell.n - unknown} something was shown in the watch"
    apart = f" ({unknown} in which it is not known left out)" if unknown else ""
    return f"{shown}{apart}{f' (most often: {first[1]}{first[2]})' if first else ''}"


def _told(cell: _Cell) -> str:
    first = _first([(j.measures.notified_s, j.measures.notified_by) for j in cell.judged])
    unheard = _unheard(cell)
    told = f"the client was told in {first[0] if first else 0} of {cell.n - unheard}"
    apart = f" ({unheard} in which it is not known left out)" if unheard else ""
    return f"{told}{apart}{f' (most often by {first[1]}{first[2]})' if first else ''}"


def _first(found: Sequence[tuple[float | None, str | None]]) -> tuple[int, str, str] | None:
    """How many of the trials have a time, the commonest text, and its earliest time in words."""
    given = [(at_s, text or "unnamed") for at_s, text in found if at_s is not None]
    if not given:
        return None
    counts = Counter(text for _, text in given)
    text = min(counts, key=lambda t: (-counts[t], t))
    earliest = min(at_s for at_s, t in given if t == text)
    return len(given), text, f", {seconds(earliest)} s after the fault at the earliest"


def _shows(cell: _Cell) -> str:
    detected = sum(j.measures.detected_s is not None for j in cell.judged)
    known = sum(j.measures.detected_unknown is None for j in cell.judged)
    return f"supported in {cell.k} of {cell.n}, shown in {detected} of {known}"


def _bystanders(cell: _Cell) -> str:
    tried = sum(j.measures.bystander_started is not None for j in cell.judged)
    if not tried:
        return ""
    started = _count(cell, "bystander_started", True)
    return f", ordinary pod started on the same node in {started} of {tried}"


def _count(cell: _Cell, measure: str, value: object) -> int:
    return sum(getattr(j.measures, measure) == value for j in cell.judged)


def _level(cell: _Cell) -> str:
    """Failure and client of a cell and its other unusual levels, without system and plane."""
    levels = cell.cell.factors.levels()
    unusual = [
        level_name(name, level)
        for name, level in levels.items()
        if name not in C2_FACTORS and level != DEFAULTS[name]
    ]
    client = f"{levels['client']} client"
    return f"{levels['failure']} with {' and '.join([client, *unusual])}"
