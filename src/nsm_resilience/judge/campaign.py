# SPDX-License-Identifier: Apache-2.0
"""Judge every attempt of a campaign: one line of JSON each, one record in memory at a time."""

from __future__ import annotations

import json
import multiprocessing
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from nsm_resilience.judge.altered import Alteration
from nsm_resilience.judge.judgement import Judgement
from nsm_resilience.judge.shared import Across, look_across
from nsm_resilience.judge.traces import Trace, trace_of
from nsm_resilience.judge.trial import judge_record, labelled, unreadable
from nsm_resilience.record.files import new_file
from nsm_resilience.record.layout import CampaignLayout
from nsm_resilience.record.reader import RecordError, read_record

Progress = Callable[[int, int], None]
"""Called after each record with how many are done and how many there are."""

Given = TypeVar("Given")
Made = TypeVar("Made")

CHUNK = 8
"""Records that a process takes at a time."""


class CampaignError(ValueError):
    """A folder is no campaign, or its description cannot be read."""


@dataclass(frozen=True, slots=True, order=True)
class Attempt:
    """One attempt that a campaign holds or should hold."""

    trial: str
    number: int


def judge_campaign(
    folder: Path,
    out_jsonl: Path,
    progress: Progress | None = None,
    jobs: int = 1,
    alterations: Sequence[Alteration] = (),
) -> int:
    """Judge all attempts of a campaign in the order of their ids; return how many there were.

    Attempts are those that the description lists and those whose records are there: a listed record
    that is missing, and a record that nobody listed, both get a line. The same campaign gives the
    same bytes, with any number of `jobs` (processes). A line is written as soon as its turn comes
    and then forgotten, so that memory does not grow with the campaign. The file appears only when
    it is complete. With `alterations` every attempt is judged by altered rules and says so.

    Raises:
        CampaignError: If the folder has no readable `campaign.json`.
    """
    name, listed = _description(folder)
    attempts = sorted(listed | set(_found(folder)))
    with new_file(out_jsonl) as stream:
        for done, line in enumerate(_lines(folder, name, attempts, jobs, alterations), start=1):
            stream.write(line)
            if progress is not None:
                progress(done, len(attempts))
    return len(attempts)


def _lines(
    folder: Path, name: str, attempts: list[Attempt], jobs: int, alterations: Sequence[Alteration]
) -> Iterator[bytes]:
    """One line for each attempt, in their order, judged by so many processes."""
    one = partial(_line, folder, name, tuple(alterations))
    jobs = min(jobs, len(attempts) // CHUNK)  # a process that starts takes as long as some records
    if jobs < 2:
        yield from _both_passes(folder, attempts, one, _one_by_one)
        return
    with multiprocessing.get_context("spawn").Pool(jobs) as pool:

        def side_by_side(do: Callable[[Given], Made], given: Sequence[Given]) -> Iterator[Made]:
            # A bounded number is handed out at a time: what is made waits for nobody for long.
            for at in range(0, len(given), jobs * CHUNK * 8):
                yield from pool.imap(do, given[at : at + jobs * CHUNK * 8], CHUNK)

        yield from _both_passes(folder, attempts, one, side_by_side)


def _both_passes(
    folder: Path,
    attempts: list[Attempt],
    one: Callable[[tuple[Attempt, Across | None]], bytes],
    each: Callable[..., Iterator[Any]],
) -> Iterator[bytes]:
    """The traces of all, and then the lines of all."""
    traces = (trace for trace in each(partial(_trace, folder), attempts) if trace is not None)
    across = look_across(traces)
    yield from each(one, [(a, across.get((a.trial, a.number))) for a in attempts])


def _one_by_one(do: Callable[[Given], Made], given: Sequence[Given]) -> Iterator[Made]:
    yield from map(do, given)


def _trace(folder: Path, attempt: Attempt) -> Trace | None:
    """What is compared with other lanes; None for a record that cannot be, whatever is in it."""
    try:
        record = read_record(CampaignLayout(folder).record(attempt.trial, attempt.number))
        if (record.trial, record.attempt) != (attempt.trial, attempt.number):
            return None
        return trace_of(record)
    except Exception:  # what is wrong with it is said when it is judged
        return None


def _line(
    folder: Path,
    name: str,
    alterations: tuple[Alteration, ...],
    given: tuple[Attempt, Across | None],
) -> bytes:
    attempt, across = given
    return to_line(_judge(folder, name, attempt, alterations, across)).encode()


def to_line(judgement: Judgement) -> str:
    """One line of verdicts.jsonl."""
    line = json.dumps(
        judgement.to_dict(), ensure_ascii=False, separators=(",", ":"), allow_nan=False
    )
    return line + "\n"


def read_judgements(verdicts_jsonl: Path) -> Iterator[Judgement]:
    """The judgements of a file that `judge_campaign` wrote, one in memory at a time.

    Raises:
        CampaignError: If a line is none, with its number.
    """
    for _, judgement in read_lines(verdicts_jsonl):
        yield judgement


def read_lines(verdicts_jsonl: Path) -> Iterator[tuple[int, Judgement]]:
    """The same, each with the place in the file (bytes) at which its line begins."""
    with verdicts_jsonl.open("rb") as lines:
        offset = 0
        for number, line in enumerate(lines, start=1):
            try:
                yield offset, judgement_of(line)
            except ValueError as error:
                raise CampaignError(f"{verdicts_jsonl}, line {number}: {error}") from error
            offset += len(line)


def judgement_of(line: bytes) -> Judgement:
    """The judgement of one line; ValueError when it is none."""
    return Judgement.from_dict(json.loads(line))


def _description(folder: Path) -> tuple[str, set[Attempt]]:
    path = CampaignLayout(folder).description
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        listed = {Attempt(str(r["trial"]), int(r["attempt"])) for r in data["records"]}
        return str(data["campaign"]), listed
    except OSError as error:
        raise CampaignError(
            f"{path} cannot be read ({error.strerror}); give the folder of an unpacked or live "
            "campaign, and make its description with `nsm-resilience index` when it is live"
        ) from error
    except (ValueError, KeyError, TypeError) as error:
        raise CampaignError(f"{path} does not describe a campaign: {error!r}") from error


def _found(folder: Path) -> Iterator[Attempt]:
    for meta in (folder / "records").glob("*/*/*/meta.json"):
        cell, number, attempt = meta.parent.parts[-3:]
        if attempt.isdigit():
            yield Attempt(f"{cell}/{number}", int(attempt))


def _judge(
    folder: Path,
    campaign: str,
    attempt: Attempt,
    alterations: tuple[Alteration, ...],
    across: Across | None,
) -> Judgement:
    path = CampaignLayout(folder).record(attempt.trial, attempt.number)
    try:
        record = read_record(path)
    except RecordError as error:
        where = error.path.name + (f", line {error.line}" if error.line is not None else "")
        why = "there is no record" if not path.exists() else f"{where} {error.clause}"
        return labelled(unreadable(_meta_of(attempt), why, campaign=campaign), alterations)
    if (record.trial, record.attempt) != (attempt.trial, attempt.number):
        why = f"the record says that it is {record.trial}, attempt {record.attempt}"
        return labelled(unreadable(_meta_of(attempt), why, campaign=campaign), alterations)
    return judge_record(record, alterations, across)


def _meta_of(attempt: Attempt) -> dict[str, Any]:
    """What is known of a record whose own description cannot be read."""
    return {"trial": attempt.trial, "attempt": attempt.number}
