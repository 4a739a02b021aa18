# SPDX-License-Identifier: Apache-2.0
"""Do seven of nine hold? The counts of the scenarios in each place, and the answers to claims."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from nsm_resilience.tables.language import counted, each, listed
from nsm_resilience.tables.scenarios import agreement

Headline = Mapping[str, Any]
"""What `report.headline.headline` returns."""

Column = Mapping[str, Any]
"""One of its columns: a forwarding plane of a system."""


def place(column: Column) -> str:
    """System and plane of a column, as a sentence names them.

    >>> place({"name": "NSM v0.2.0 (2019), VPP"})
    'the VPP plane of NSM v0.2.0 (2019)'
    """
    system, plane = system_and_plane(column)
    return f"the {plane} plane of {system}"


def system_and_plane(column: Column) -> tuple[str, str]:
    """Both parts of the name of a column."""
    system, _, plane = str(column["name"]).rpartition(", ")
    return system, plane


@dataclass(frozen=True)
class Sums:
    """Counts of the scenarios of one column, for sentences in any language.

    Each scenario counts at its defaults; the line of a plain client does not count.

    Attributes:
        sizes: judged trials of each scenario that has some at its defaults.
        held: number of these scenarios supported in all of their trials.
        compared: number of them with a verdict in the paper.
        agreeing: number of those with the same verdict as in the paper.
        absent: scenarios that do not apply to the system.
        missing: the others without a judged trial at their defaults.
    """

    sizes: tuple[int, ...]
    held: int
    compared: int
    agreeing: int
    absent: int
    missing: int

    @classmethod
    def of(cls, headline: Headline, column: int) -> Sums:
        """Count the lines of a column."""
        lines = [
            (row["claimed"], row["cells"][column] or {"n": 0, "absent": ""})
            for row in headline["rows"]
            if row["client"] == "monitored"
        ]
        tested = [(claimed, cell) for claimed, cell in lines if cell["n"]]
        answers = [agreement(cell["verdict"], claimed) for claimed, cell in tested if claimed]
        absent = sum(bool(cell["absent"]) for _, cell in lines)
        return cls(
            sizes=tuple(cell["n"] for _, cell in tested),
            held=sum(cell["verdict"] == "supported" for _, cell in tested),
            compared=len(answers),
            agreeing=answers.count("agrees"),
            absent=absent,
            missing=len(lines) - len(tested) - absent,
        )


def held(headline: Headline) -> str:
    """Say in one sentence how many scenarios held in each place, without ids."""
    parts = [
        _held_in(place(column), Sums.of(headline, at))
        for at, column in enumerate(headline["columns"])
    ]
    if not parts:
        return NONE_AT_ITS_DEFAULT
    return f"Scenarios supported in all their trials: {'; '.join(parts)}."


NONE_AT_ITS_DEFAULT = "No scenario of the paper has a judged trial at its default."
"""For a headline without a column. Other trials may be judged."""


def _held_in(where: str, sums: Sums) -> str:
    if not sums.sizes:
        return f"none judged at its default on {where}"
    apart = [
        each(sums.sizes),
        *([f"{sums.absent} not applicable"] if sums.absent else []),
        *([f"{sums.missing} not judged at default"] if sums.missing else []),
    ]
    agreeing = f", {sums.agreeing} of {sums.compared} with the paper\u2019s verdict"
    counts = f"{sums.held} of {len(sums.sizes)} on {where}{agreeing if sums.compared else ''}"
    return f"{counts} ({', '.join(apart)})"


def again(headline: Headline) -> str:
    """Report the same lines in other campaigns on the same planes; empty without any.

    The leading column answers the claims of a plane. This sentence says whether others agree, so
    that nobody has to trust the choice.
    """
    others = [other for other in headline["again"] if other["lines"]]
    if not others:
        return ""
    names = [
        f"“{other['campaign']}” ({other['name']}: {counted(len(other['lines']), 'line')}, "
        f"{each([line['n'] for line in other['lines']])}{_watched(other['watch_s'])})"
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


def _watched(watch_s: str) -> str:
    """Say how long a campaign watched; empty if for as long as the one that leads."""
    return f", watched for {watch_s} s" if watch_s else ""


CLAIMS = {
    "C0": "Seven of the nine scenarios are supported",
    "C1": "Damaged unix sockets are not noticed and leave NSM inoperable",
    "C2": "NSM cannot tell the client when all its key components have failed",
}
"""The claims in few words, for one sentence each."""

ANSWERS = {"reproduced": "reproduced", "differs": "not reproduced", "not tested": "not answered"}
"""Words for an agreement. A claim can have trials and no answer: too few, or it is not known
whether anything was shown."""


def by_answer(
    claim: str, columns: Sequence[Column], answers: Mapping[str, str]
) -> list[tuple[str, list[Column]]]:
    """The columns of each answer to a claim, in the order of `answers`; without empty ones.

    Args:
        answers: words for each agreement.
    """
    found = [
        (words, [column for column in columns if column["claims"].get(claim) == agreement_word])
        for agreement_word, words in answers.items()
    ]
    return [(words, own) for words, own in found if own]


def answered(claim: str, columns: Sequence[Column]) -> str:
    """Say where a claim is reproduced and where it is not, and over how many trials.

    >>> column = {"name": "NSM, VPP", "claims": {"C1": "differs"}, "sizes": {"C1": [3]}}
    >>> print(answered("C1", [column])[-76:])
    e NSM inoperable (C1): not reproduced on the VPP plane of NSM over 3 trials.
    """
    parts = [
        f"{words} on {listed([place(column) + _over(claim, column) for column in own])}"
        for words, own in by_answer(claim, columns, ANSWERS)
    ]
    return f"{CLAIMS[claim]} ({claim}): {'; '.join(parts) or 'not answered'}."


def _over(claim: str, column: Column) -> str:
    rests = rests_on(claim, column["sizes"].get(claim, []))
    return f" over {rests}" if rests else ""


def rests_on(claim: str, sizes: Sequence[int]) -> str:
    """The trials of an answer; those of each scenario for claim C0, which counts scenarios.

    >>> rests_on("C0", [2, 3]), rests_on("C1", [2, 3]), rests_on("C1", [])
    ('2 to 3 trials each', '5 trials', '')
    """
    if not sizes:
        return ""
    return each(sizes) if claim == "C0" else counted(sum(sizes), "trial")


def still_or_changed(claim: str, columns: Sequence[Column]) -> list[str]:
    """Give the answer to a claim on each system that the paper is not about, and the reason.

    `still` and `changed` (issue 16, section 7) compare with the paper, not with our findings about
    the paper's system.
    """
    return [
        f"{claim} on {place(column)}, against what the paper says: {answer['word']}. "
        f"{answer['why']}"
        for column in columns
        for answer in column["answers"]
        if answer["claim"] == claim
    ]


def sources(headline: Headline) -> str:
    """Say which scenarios the paper's abstract states, and how many are our reconstruction.

    A scenario without a fault is counted too, and the sentence says so.
    """
    lines = [row for row in headline["rows"] if row["client"] == "monitored"]
    stated, ours = (
        [row for row in lines if row["source"] == source] for source in ("stated", "reconstructed")
    )
    titles = [f"“{row['title']}”" for row in stated]
    calm = _unbroken(stated, "; ")
    named = f"{len(stated)} ({listed(titles)}{calm})" if stated else "none"
    return (
        f"Of its scenarios here the abstract states {named}; "
        f"reconstructed by us: {len(ours)}{_unbroken(ours, ', ')}."
    )


def _unbroken(rows: Sequence[Mapping[str, Any]], before: str) -> str:
    """How many of these have no fault; empty if all have one."""
    controls = sum(row["control"] for row in rows)
    return f"{before}in {controls} of them nothing is broken" if controls else ""


def attempts(campaigns: Sequence[Mapping[str, Any]]) -> str:
    """Count all attempts of a build, each once, by its part."""
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
