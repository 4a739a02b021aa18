# SPDX-License-Identifier: Apache-2.0
"""What the page of a cell says beside its list of attempts, in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from nsm_resilience.analysis.consequences import Consequences, Noticed
from nsm_resilience.report.words import HEADINGS, meaning_of
from nsm_resilience.site.overview import CellRow, Claim, Overview
from nsm_resilience.tables.cell import CELL
from nsm_resilience.tables.language import seconds


@dataclass(frozen=True, slots=True)
class Fact:
    """Something that is said of a cell; `meaning` explains its words, where they need it."""

    what: str
    value: str
    meaning: str = ""


def conditions(levels: Mapping[str, str], source: str = "") -> list[Fact]:
    """Where a scenario is from, if that is known, and the level of each factor; what they mean."""
    heading = Fact(HEADINGS["source"], source, meaning_of("source", source))
    return [
        *([heading] if source else []),
        *(
            Fact(HEADINGS[name], levels[name], meaning_of(name, levels[name]))
            for name in CELL
            if name in HEADINGS
        ),
    ]


def outcome(cell: CellRow) -> list[Fact]:
    """Verdict of a cell and how it stands to the paper's."""
    apart = [Fact("In no n", cell.apart)] if cell.apart else []
    counts = f"{cell.counts} trials supported" if cell.counts else "no judged trial"
    interval = f", 95 % Wilson interval {cell.interval}" if cell.interval else ""
    return [
        Fact("Verdict", cell.verdict, meaning_of("cell", cell.verdict)),
        Fact("k/n", f"{counts}{interval}"),
        Fact("The paper", cell.claimed, meaning_of("agreement", cell.agreement)),
        *([Fact("Path away, median seconds", cell.median)] if cell.median else []),
        *apart,
    ]


def consequences_in_words(did: Consequences | None) -> list[Fact]:
    """What the fault did in the judged trials: to the path, to new pods, and who noticed."""
    if did is None:
        return []
    path = ", ".join(f"{word} in {n}" for word, n in did.path.items() if n)
    return [
        Fact("Path", path),
        Fact("New client", f"got a connection in {did.new_answered} of {did.new_asked}"),
        Fact("Ordinary pod", f"started in {did.bystander_started} of {did.bystander_asked}"),
        Fact("Something was shown", _noticed(did.shown)),
        Fact("Client told", _noticed(did.told)),
        *([Fact("Listener of ours told", _noticed(did.listener, did.listened))]
          if did.listened else []),
    ]  # fmt: skip


def _noticed(seen: Noticed, of: int | None = None) -> str:
    known = seen.known if of is None else of
    by = f", most often by {seen.by}" if seen.by else ""
    after = f", median {seconds(seen.median_s)} s" if seen.trials else ""
    return f"in {seen.trials} of {known}{by}{after}"


def claims_of(cell: CellRow, campaign: Overview) -> Iterator[Claim]:
    """The claims that a cell takes part in."""
    for plane in campaign.planes:
        yield from (claim for claim in plane.claims if cell.cell in claim.cells)


def words_of(cells: Sequence[CellRow], attempts: Sequence[str] = ()) -> dict[str, set[str]]:
    """The words that tables of these cells hold, by column.

    Args:
        attempts: outcomes of the attempts that are listed beside.
    """
    met: dict[str, set[str]] = {name: set() for name in HEADINGS}
    for cell in cells:
        for name in CELL:
            if name in met:
                met[name].add(cell.levels[name])
        met["source"].add(cell.source)
        met["cell"].add(cell.verdict)
        met["agreement"].add(cell.agreement)
    met["trial"].update(attempts)
    return met
