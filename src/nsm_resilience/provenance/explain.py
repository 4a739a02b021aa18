# SPDX-License-Identifier: Apache-2.0
"""From claim and figure to verdict, and on to the lines of the record, as text for a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path

from nsm_resilience.judge.campaign import read_judgements
from nsm_resilience.judge.evidence import Evidence
from nsm_resilience.judge.judgement import Judgement
from nsm_resilience.provenance.chain import Built, chain_of
from nsm_resilience.record.layout import CAMPAIGNS
from nsm_resilience.tables.rows import counting

LONGEST_LINE = 300
"""Characters of a record's line that are shown."""


class ExplainError(ValueError):
    """There is nothing to explain: the message says what there is."""


def explain_verdicts(
    what: str, number: int | None, verdicts_jsonl: Path, campaign_folder: Path | None = None
) -> Iterator[str]:
    """Lines for every attempt of a scenario (`S2`), a cell, or a trial (`<cell>/<NN>`).

    Raises:
        ExplainError: If there is no verdict of it, or no verdicts at all.
    """
    if not verdicts_jsonl.exists():
        raise ExplainError(f"{verdicts_jsonl} is missing; run `snakemake` first")
    judgements = list(read_judgements(verdicts_jsonl))
    chosen = [j for j in judgements if _is_meant(j, what, number)]
    if not chosen:
        known = sorted({j.trial.split("/", 1)[0] for j in judgements})
        which = what if number is None else f"{what}, trial {number}"
        raise ExplainError(f"there is no verdict of {which}; judged are: {', '.join(known)}")
    built, counted = Built(verdicts_jsonl.parent), counting(judgements)
    for judgement in chosen:
        folder = campaign_folder or _folder_of(judgement)
        chain = chain_of(built, judgement.trial, judgement.attempt, judgement in counted)
        yield from explain(judgement, folder, chain)


def explain(
    judgement: Judgement, campaign_folder: Path, chain: Iterable[str] = ()
) -> Iterator[str]:
    """Lines for one attempt: verdict and reason, measures, then the way from claim to record.

    The last part is every place in the record that the verdict rests on, with its text.

    Args:
        judgement: what the judge says of it.
        campaign_folder: where its record is.
        chain: lines from claim to table row, where the build is at hand.
    """
    m = judgement.measures
    yield f"{judgement.trial}, attempt {judgement.attempt}: {judgement.verdict}"
    yield f"  because   {judgement.reason}"
    lost = f"{m.replies_lost} of {m.replies_sent} replies lost"
    yield f"  path      {m.path_verdict}{_outage(judgement)}; {lost}"
    yield f"  new path  {_answer(m.new_connection_answered, m.new_connection_s)}"
    yield f"  detected  {_when(m.detected_s, m.detected_by)}"
    yield f"  told      {_when(m.notified_s, m.notified_by)}"
    if m.listener_watched:
        yield f"  listener  {_when(m.listener_told_s, m.listener_told_by)}"
    if m.watchdog_findings is not None:
        found = _when(m.watchdog_found_s, f"rule {m.watchdog_found_rule}")
        yield f"  watchdog  found: {found}; actions: {m.watchdog_acts}"
    yield from chain
    record = campaign_folder / judgement.record
    yield f"  record    {record.as_posix()}"
    for evidence in judgement.evidence:
        yield f"  - {evidence.what}: {evidence.text}"
        yield f"      {place(record, evidence)}"
        line = quoted(record, evidence)
        if line is not None:
            yield f"      {line}"
    yield ""


def place(record: Path, evidence: Evidence) -> str:
    """Where it stands: `file:line`, or a range of echoes or rows of a table of samples."""
    path = (record / evidence.file).as_posix()
    if evidence.line is not None:
        return f"{path}:{evidence.line}"
    if evidence.first_seq is None:
        return path
    return f"{path}, {evidence.first_seq} to {evidence.last_seq}"


def quoted(record: Path, evidence: Evidence, longest: int = LONGEST_LINE) -> str | None:
    """The line of a text file that is referred to; None for a table, or when it is not there.

    A line of more than `longest` characters is cut, which its last character says.
    """
    path = record / evidence.file
    if evidence.line is None or not path.exists():
        return None
    with path.open(encoding="utf-8", errors="replace") as lines:
        line = next(islice(lines, evidence.line - 1, None), None)
    if line is None:
        return None
    line = line.rstrip("\n")
    return line if len(line) <= longest else line[: longest - 1] + "…"


def _is_meant(judgement: Judgement, what: str, number: int | None) -> bool:
    cell, _, own = judgement.trial.partition("/")
    if what not in (judgement.scenario, cell, judgement.trial):
        return False
    return number is None or int(own) == number


def _folder_of(judgement: Judgement) -> Path:
    for folder in CAMPAIGNS:
        if (folder / judgement.campaign / judgement.record).is_dir():
            return folder / judgement.campaign
    return CAMPAIGNS[0] / judgement.campaign


def _outage(judgement: Judgement) -> str:
    m = judgement.measures
    if not m.outage_s:
        return ""
    return f", away for {'more than ' if m.outage_censored else ''}{m.outage_s:.2f} s"


def _answer(answered: bool | None, seconds: float | None) -> str:
    if answered is None:
        return "not measured"
    return "no answer" if not answered or seconds is None else f"answered after {seconds:.2f} s"


def _when(seconds: float | None, by: str | None) -> str:
    return "no" if seconds is None else f"after {seconds:.2f} s by {by}"
