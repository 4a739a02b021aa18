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
    def counted(self) -> str:
        """The id and the count."""
        return f"{self.scenario} ({self.k} of {self.n})"


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
        absent: those that do not apply to the system.
        missing: the others without a judged trial.
    """

    tested: list[Standing]
    held: list[Standing]
    rest: list[Standing]
    agreeing: int
    compared: int
    absent: list[Standing]
    missing: list[Standing]

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
            [one for one in all_of_them if one.absent],
            [one for one in all_of_them if not one.n and not one.absent],
        )

    @property
    def sizes(self) -> list[int]:
        """Judged trials of each that was tested."""
        return [one.n for one in self.tested]


def held(in_places: Sequence[tuple[str, Sequence[Standing]]]) -> str:
    """Say in one sentence what was found in all places, without a code, for an abstract.

    Args:
        in_places: of each the system and plane in words, and the scenarios there.

    >>> ones = [Standing("S1", "a fails", "node", "supported", 2, 2),
    ...         Standing("S2", "b fails", "node", "supported", 0, 1)]
    >>> held([("VPP", ones)]).partition(": ")[2].partition(",")[0], held([])
    ('on VPP 1 of 2', 'No scenario of the paper has a judged trial.')
    """
    if not in_places:
        return "No scenario of the paper has a judged trial."
    told = [_held_in(where, Sums.of(own)) for where, own in in_places]
    default = "with its default kind of failure and a client with NSM\u2019s own monitor"
    return f"Scenarios supported in all their trials, each {default}: {'; '.join(told)}."


def _held_in(where: str, sums: Sums) -> str:
    if not sums.tested:
        return f"on {where} none has a judged trial"
    agreeing = f", with the paper\u2019s verdict {sums.agreeing} of {sums.compared}"
    apart = [each(sums.sizes)]
    if sums.absent:
        apart.append(f"{len(sums.absent)} not applicable")
    if sums.missing:
        apart.append(f"{len(sums.missing)} not judged")
    counts = f"on {where} {len(sums.held)} of {len(sums.tested)}"
    return f"{counts}{agreeing if sums.compared else ''} ({', '.join(apart)})"


def found(where: str, all_of_them: Sequence[Standing]) -> str:
    r"""Say what was found in one place, each scenario by its id in one part.

    Args:
        where: system and plane in words.
        all_of_them: the scenarios there.

    >>> ones = [Standing("S1", "a fails", "node", "supported", 2, 2),
    ...         Standing("S2", "b fails", "node", "supported", 0, 2)]
    >>> print(found("VPP", ones).replace("; ", ";\n"))
    On VPP 1 of 2 scenarios was supported in all its trials (2 trials each: S1);
    not so S2 (0 of 2);
    verdicts that agree with the paper: 1 of 2.
    """
    sums = Sums.of(all_of_them)
    if not sums.tested:
        return f"On {where} no scenario has a judged trial."
    ids = f": {listed([one.scenario for one in sums.held])}" if sums.held else ""
    many = len(sums.held)
    parts = [
        f"On {where} {many} of {counted(len(sums.tested), 'scenario')} {was(many)} supported in "
        f"all {'its' if many == 1 else 'their'} trials ({each(sums.sizes)}{ids})"
    ]
    if sums.rest:
        parts.append(f"not so {listed([one.counted for one in sums.rest])}")
    if sums.compared:
        agreeing = f"{sums.agreeing} of {sums.compared}"
        parts.append(f"verdicts that agree with the paper: {agreeing}")
    for words, some in (("does not exist there", sums.absent), ("no judged trial", sums.missing)):
        if some:
            parts.append(f"{words}: {listed([one.scenario for one in some])}")
    return f"{'; '.join(parts)}."


def again(headline: Headline) -> str:
    """Say what other campaigns on the same planes judged of the same lines; empty without any.

    A claim of a plane is answered by the column that leads; that others found the same or not is
    said here, so that nobody has to trust the choice.
    """
    others = [other for other in headline["again"] if other["lines"]]
    if not others:
        return ""
    names = [
        f"“{other['campaign']}” ({other['name']}: {counted(len(other['lines']), 'line')}, "
        f"{each([line['n'] for line in other['lines']])})"
        for other in others
    ]
    apart = [
        f"{line['scenario']}{'' if line['client'] == 'monitored' else ' with a plain client'} in "
        f"“{other['campaign']}” ({line['k']} of {line['n']})"
        for other in others
        for line in other["lines"]
        if line["verdict"] != line["lead"]
    ]
    return (
        f"The same lines in other campaigns: {listed(names)}. "
        f"Verdicts that differ there: {listed(apart)}."
    )


CLAIMS = {
    "C0": "Seven of the nine scenarios are supported",
    "C1": "Damaged unix sockets are not noticed and leave NSM inoperable",
    "C2": "NSM cannot tell the client when all its key components have failed",
}
"""The claims in few words, for one sentence each."""

ANSWERS = {"reproduced": "reproduced", "differs": "not reproduced", "not tested": "not answered"}
"""Words for an agreement. A claim may have trials and no answer: too few, or what was shown is not
known."""


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
    """Say where a claim is reproduced and where it is not, and on how many trials that rests.

    >>> column = {"name": "NSM, VPP", "claims": {"C1": "differs"}, "sizes": {"C1": [3]}}
    >>> print(answered("C1", [column])[-76:])
    e NSM inoperable (C1): not reproduced on the VPP plane of NSM over 3 trials.
    """
    parts = [
        f"{words} on {listed([place(column) + _over(claim, column) for column in own])}"
        for words, own in by_answer(claim, columns, ANSWERS)
    ]
    return f"{CLAIMS[claim]} ({claim}): {'; '.join(parts) or 'not answered'}."


def _over(claim: str, column: Mapping[str, Any]) -> str:
    rests = rests_on(claim, column["sizes"].get(claim, []))
    return f" over {rests}" if rests else ""


def rests_on(claim: str, sizes: Sequence[int]) -> str:
    """Trials behind an answer; of claim C0, which counts scenarios, those of each.

    Args:
        sizes: judged trials of each cell that decided.

    >>> rests_on("C0", [2, 3]), rests_on("C1", [2, 3]), rests_on("C1", [])
    ('2 to 3 trials each', '5 trials', '')
    """
    if not sizes:
        return ""
    return each(sizes) if claim == "C0" else counted(sum(sizes), "trial")


def still_or_changed(claim: str, columns: Sequence[Mapping[str, Any]]) -> list[str]:
    """Say what became of a claim on each system that the paper is not about, and by what trials.

    `still` and `changed` (issue 16, section 7) are against what the paper says, not against what
    was found of the system that it is about.
    """
    return [
        f"{claim} on {place(column)}, against what the paper says: {answer['word']}. "
        f"{answer['why']}"
        for column in columns
        for answer in column["answers"]
        if answer["claim"] == claim
    ]


def sources(headline: Headline) -> str:
    """Say which scenarios the paper's abstract states, and how many are our reconstruction."""
    lines = [row for row in headline["rows"] if row["client"] == "monitored"]
    stated = [f"“{row['title']}”" for row in lines if row["source"] == "stated"]
    ours = sum(row["source"] == "reconstructed" for row in lines)
    named = f"{len(stated)} ({listed(stated)})" if stated else "none"
    return f"Of the scenarios here its abstract states {named}; reconstructed by us: {ours}."


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
    kept = f"; in no verdict: {listed([f'{n:,} {word}' for word, n in apart.items()])}"
    return (
        f"{counted(total, 'attempt')} in {counted(len(campaigns), 'campaign')}: {judged:,} judged "
        f"({supported:,} supported, {unsupported:,} unsupported){kept if apart else ''}."
    )
