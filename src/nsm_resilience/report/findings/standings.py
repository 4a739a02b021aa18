# SPDX-License-Identifier: Apache-2.0
"""Do seven of nine hold? How each scenario stands on each system and plane, and the sums."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from nsm_resilience.tables.language import counted, each, listed, was
from nsm_resilience.tables.scenarios import agreement, verdict_of

Headline = Mapping[str, Any]
"""What `report.headline.headline` returns."""


@dataclass(frozen=True)
class Standing:
    """One scenario at its defaults, on one plane of one system.

    Attributes:
        scenario: its id.
        title: what fails.
        where: on which nodes.
        claimed: the paper's word for it, or empty.
        k: trials judged supported.
        n: trials judged.
        absent: why it does not apply to this system; empty where it does.
    """

    scenario: str
    title: str
    where: str
    claimed: str
    k: int
    n: int
    absent: str = ""

    @property
    def verdict(self) -> str:
        """The word of the tables: supported, flaky, unsupported, not tested."""
        return verdict_of(self.k, self.n)

    @property
    def agreement(self) -> str:
        """The word of the tables: agrees, differs, or another where there is nothing to compare."""
        return agreement(self.verdict, self.claimed or None)

    @property
    def in_words(self) -> str:
        """What fails, where, and the count."""
        place = f", {self.where}" if self.where else ""
        return f"“{self.title}{place}” ({self.k} of {self.n})"


def standings(headline: Headline, column: int) -> list[Standing]:
    """How the scenarios stand in one column of the headline; without a cell, n is 0."""
    found = []
    for row in headline["rows"]:
        if row["client"] != "monitored":
            continue
        cell = row["cells"][column] or {"k": 0, "n": 0, "absent": ""}
        about = {key: str(row[key] or "") for key in ("scenario", "title", "where", "claimed")}
        found.append(Standing(**about, k=cell["k"], n=cell["n"], absent=cell["absent"]))
    return found


def place(column: Mapping[str, Any]) -> str:
    """System and plane of a column, as a sentence names them.

    >>> place({"name": "NSM v0.2.0 (2019), VPP"})
    'the VPP plane of NSM v0.2.0 (2019)'
    """
    system, plane = system_and_plane(column)
    return f"the {plane} plane of {system}"


def system_and_plane(column: Mapping[str, Any]) -> tuple[str, str]:
    """Both parts of the name of a column of the headline."""
    system, _, plane = str(column["name"]).rpartition(", ")
    return system, plane


@dataclass(frozen=True)
class Sums:
    """What the scenarios in one place add up to, whatever language it is said in.

    Attributes:
        tested: those with a judged trial.
        held: those supported in all of their trials.
        rest: those tested that are not.
        agreeing: of those tested with a claim, the ones with the paper's verdict.
        compared: those tested with a claim.
    """

    tested: list[Standing]
    held: list[Standing]
    rest: list[Standing]
    agreeing: int
    compared: int

    @classmethod
    def of(cls, all_of_them: Sequence[Standing]) -> Sums:
        """Count them."""
        tested = [one for one in all_of_them if one.n]
        compared = [one for one in tested if one.claimed]
        return cls(
            tested,
            [one for one in tested if one.verdict == "supported"],
            [one for one in tested if one.verdict != "supported"],
            sum(one.agreement == "agrees" for one in compared),
            len(compared),
        )

    @property
    def sizes(self) -> list[int]:
        """Judged trials of each that was tested."""
        return [one.n for one in self.tested]


def found(where: str, all_of_them: Sequence[Standing], *, by_id: bool = False) -> str:
    r"""Say what was found in one place.

    Args:
        where: system and plane in words.
        all_of_them: the scenarios there.
        by_id: name scenarios by their ids; else by what fails, as an abstract must.

    >>> ones = [Standing("S1", "a fails", "node", "supported", 2, 2),
    ...         Standing("S2", "b fails", "node", "supported", 0, 2)]
    >>> print(found("VPP", ones).replace("; ", ";\n"))
    On VPP 1 of 2 scenarios was supported in all its trials (2 trials each);
    not so “b fails, node” (0 of 2). Verdicts that agree with the paper: 1 of 2.
    """
    sums = Sums.of(all_of_them)
    if not sums.tested:
        return f"On {where} no scenario has a judged trial."
    held, rest = sums.held, sums.rest
    whose = "its" if len(held) == 1 else "their"
    ids = f": {listed([one.scenario for one in held])}" if by_id and held else ""
    text = (
        f"On {where} {len(held)} of {counted(len(sums.tested), 'scenario')} {was(len(held))} "
        f"supported in all {whose} trials ({each(sums.sizes)}{ids})"
    )
    if rest:
        named = [f"{one.scenario} ({one.k} of {one.n})" if by_id else one.in_words for one in rest]
        text += f"; not so {listed(named)}"
    text += f". Verdicts that agree with the paper: {sums.agreeing} of {sums.compared}."
    absent = [one for one in all_of_them if one.absent]
    missing = [one for one in all_of_them if not one.n and not one.absent]
    for words, some in (("Does not exist there", absent), ("No judged trial", missing)):
        if some:
            names = [one.scenario if by_id else f"“{one.title}, {one.where}”" for one in some]
            text += f" {words}: {listed(names)}."
    return text


CLAIMS = {
    "C0": "Seven of the nine scenarios are supported",
    "C1": "Damaged unix sockets are not noticed and leave NSM inoperable",
    "C2": "NSM cannot tell the client when all its key components have failed",
}
"""The claims in few words, for one sentence each."""

ANSWERS = {"reproduced": "reproduced", "differs": "not reproduced", "not tested": "not tested"}


def by_answer(
    claim: str, columns: Sequence[Mapping[str, Any]], answers: Mapping[str, str]
) -> list[tuple[str, list[Mapping[str, Any]]]]:
    """The columns in which a claim has each of these answers, in their order, none left empty.

    Args:
        claim: `C0`, `C1`, or `C2`.
        columns: those of the headline.
        answers: words to say for each agreement.
    """
    found = [
        (words, [column for column in columns if column["claims"].get(claim) == agreement_word])
        for agreement_word, words in answers.items()
    ]
    return [(words, own) for words, own in found if own]


def answered(claim: str, columns: Sequence[Mapping[str, Any]]) -> str:
    """Say where a claim is reproduced and where it is not.

    >>> print(answered("C1", [{"name": "NSM, VPP", "claims": {"C1": "differs"}}])[-62:])
    e NSM inoperable (C1): not reproduced on the VPP plane of NSM.
    """
    parts = [
        f"{words} on {listed([place(column) for column in own])}"
        for words, own in by_answer(claim, columns, ANSWERS)
    ]
    return f"{CLAIMS[claim]} ({claim}): {'; '.join(parts) or 'not tested'}."


def still_or_changed(claim: str, columns: Sequence[Mapping[str, Any]]) -> list[str]:
    """Say what became of a claim on each system that the paper is not about, and by what trials."""
    return [
        f"{claim} on {place(column)}: {answer['word']}. {answer['why']}"
        for column in columns
        for answer in column["answers"]
        if answer["claim"] == claim
    ]


def sources(headline: Headline) -> str:
    """Say which scenarios the paper's abstract states, and how many are our reconstruction."""
    lines = [row for row in headline["rows"] if row["client"] == "monitored"]
    stated = [f"“{row['title']}”" for row in lines if row["source"] == "stated"]
    inferred = sum(row["source"] == "reconstructed" for row in lines)
    if not stated:
        return f"None of the {counted(len(lines), 'scenario')} is stated in its abstract."
    return (
        f"Stated in its abstract: {listed(stated)}; inferred by us: "
        f"{counted(inferred, 'scenario')}."
    )


def lanes(campaigns: Sequence[Mapping[str, Any]]) -> str:
    """Say how many trials ran side by side at most; empty where no record says it.

    >>> lanes([{"campaign": {"lanes": 5}}, {"campaign": {"lanes": 1}}])
    'at most 5 trials side by side'
    """
    most = max((one["campaign"]["lanes"] for one in campaigns), default=0)
    return (
        f"at most {counted(most, 'trial')} side by side"
        if most > 1
        else ("one trial at a time" if most else "")
    )


def attempts(campaigns: Sequence[Mapping[str, Any]]) -> str:
    """Count all attempts of a build, each once, by what became of it.

    Args:
        campaigns: the numbers of each campaign (`report.numbers.make_numbers`).
    """
    counts = [campaign["counts"] for campaign in campaigns]
    total, judged = (sum(c[key] for c in counts) for key in ("attempts", "judged"))
    supported, unsupported = (sum(c[key] for c in counts) for key in ("supported", "unsupported"))
    apart: dict[str, int] = {}
    for c in counts:
        for part in c["apart"]:
            apart[part["word"]] = apart.get(part["word"], 0) + part["n"]
    kept = "".join(f", {n} {word}" for word, n in apart.items())
    return (
        f"{counted(total, 'attempt')} in {counted(len(campaigns), 'campaign')}: {judged} judged "
        f"({supported} supported, {unsupported} unsupported){kept}."
    )
