# SPDX-License-Identifier: Apache-2.0
"""Judge every attempt of a campaign: one line of JSON each, one record in memory at a time."""

from __future__ import annotations

import json
import multiprocessing
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from nsm_resilience.judge.altered import Alteration
from nsm_resilience.judge.expected import Expectations, Expected, bind
from nsm_resilience.judge.judgement import Judgement
from nsm_resilience.judge.plausible import find_implausible
from nsm_resilience.judge.shared import Across, look_across
from nsm_resilience.judge.traces import Trace, trace_of
from nsm_resilience.judge.trial import Checked, describe_error, judge_record, not_believed
from nsm_resilience.record.files import new_file, well_formed
from nsm_resilience.record.layout import CampaignLayout
from nsm_resilience.record.packed import unpack_first
from nsm_resilience.record.reader import RecordError, read_record
from nsm_resilience.strict_json import parse_json
from nsm_resilience.study.load import ConfigError

Progress = Callable[[int, int], None]
"""Called after each record with how many are done and how many there are."""

Given = TypeVar("Given")
Made = TypeVar("Made")

CHUNK = 8
"""Records that a process takes at a time."""


TRIAL = r"[A-Za-z][A-Za-z0-9-]*(?:\.[A-Za-z0-9-]+)*/[0-9]{2,}"
"""What the id of a trial looks like: it is a path inside the campaign's folder as well."""


class CampaignError(ValueError):
    """A folder is no campaign, or its description cannot be read."""


@dataclass(frozen=True, slots=True, order=True)
class Attempt:
    """One attempt that a campaign holds or should hold."""

    trial: str
    number: int


Bound = tuple[Attempt, Expected]
"""An attempt, and what the study says of it."""


@dataclass(frozen=True, slots=True)
class _First:
    """What the first look at a record found; `checked` is None where it came to no end."""

    trace: Trace | None = None
    checked: Checked | None = None


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

    The judge uses the campaign's study (expected.py); a record that says otherwise is unknown, and
    so is one that cannot be read, whatever is in it.

    Raises:
        CampaignError: If the folder has no readable `campaign.json` or `study.yaml`, or its records
            are in archives.
    """
    packed = unpack_first(folder)
    if packed:
        raise CampaignError(packed)
    description = _description(folder)
    attempts = sorted(description.listed | set(_found(folder)))
    expectations = _expectations(folder, description)
    with new_file(out_jsonl) as stream:
        given = [(one, expectations.of(one.trial, one.number)) for one in attempts]
        for done, line in enumerate(_lines(folder, given, jobs, alterations), start=1):
            stream.write(line)
            if progress is not None:
                progress(done, len(attempts))
    return len(attempts)


def _lines(
    folder: Path, attempts: list[Bound], jobs: int, alterations: Sequence[Alteration]
) -> Iterator[bytes]:
    """One line for each attempt, in their order, judged by so many processes."""
    look = partial(_look, folder, tuple(alterations))
    one = partial(_line, folder, tuple(alterations))
    jobs = min(jobs, len(attempts) // CHUNK)  # a process that starts takes as long as some records
    if jobs < 2:
        yield from _both_passes(attempts, look, one, _one_by_one)
        return
    with multiprocessing.get_context("spawn").Pool(jobs) as pool:

        def side_by_side(do: Callable[[Given], Made], given: Sequence[Given]) -> Iterator[Made]:
            # A bounded number is handed out at a time: what is made waits for nobody for long.
            for at in range(0, len(given), jobs * CHUNK * 8):
                yield from pool.imap(do, given[at : at + jobs * CHUNK * 8], CHUNK)

        yield from _both_passes(attempts, look, one, side_by_side)


def _both_passes(
    attempts: list[Bound],
    look: Callable[[Bound], _First],
    one: Callable[[tuple[Bound, Across | None, Checked | None]], bytes],
    each: Callable[..., Iterator[Any]],
) -> Iterator[bytes]:
    """The traces of all, and then the lines of all."""
    first: list[_First] = list(each(look, attempts))
    across = look_across(found.trace for found in first if found.trace is not None)
    yield from each(
        one,
        [
            (bound, across.get((bound[0].trial, bound[0].number)), found.checked)
            for bound, found in zip(attempts, first, strict=True)
        ],
    )


def _one_by_one(do: Callable[[Given], Made], given: Sequence[Given]) -> Iterator[Made]:
    yield from map(do, given)


def _look(folder: Path, alterations: tuple[Alteration, ...], bound: Bound) -> _First:
    """What is compared with other lanes; nothing of a record that cannot be, whatever is in it.

    One that is not believed says nothing of other lanes either.
    """
    attempt, expected = bound
    try:
        record = read_record(CampaignLayout(folder).record(attempt.trial, attempt.number))
        record = bind(record, expected)
        if record.outcome != "complete":
            return _First(trace_of(record, alterations))
        checked = Checked(find_implausible(record))
        return _First(None if checked.damage else trace_of(record, alterations), checked)
    except Exception:  # what is wrong with it is said when it is judged
        return _First()


def _line(
    folder: Path,
    alterations: tuple[Alteration, ...],
    given: tuple[Bound, Across | None, Checked | None],
) -> bytes:
    """The line of one attempt. No record can keep it from being one that can be read again."""
    (attempt, expected), across, checked = given
    try:
        found = _judge(folder, attempt, expected, alterations, across, checked)
        # known by the campaign that it is in, which may have been renamed since the trial
        line = to_line(replace(found, campaign=expected.campaign)).encode()
        if judgement_of(line).record != f"records/{attempt.trial}/{attempt.number}":
            raise ValueError("it is the judgement on another record")
        return line
    except Exception as error:
        why = f"it makes no sense to the judge ({describe_error(error)})"
        return to_line(not_believed(expected, why, alterations)).encode()


def to_line(judgement: Judgement) -> str:
    """One line of verdicts.jsonl."""
    line = json.dumps(
        judgement.to_dict(), ensure_ascii=False, separators=(",", ":"), allow_nan=False
    )
    return well_formed(line) + "\n"


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
    return Judgement.from_dict(parse_json(line))


@dataclass(frozen=True, slots=True)
class _Description:
    """What campaign.json says: all of it, and the attempts that it lists."""

    content: dict[str, Any]
    listed: set[Attempt]


def _description(folder: Path) -> _Description:
    path = CampaignLayout(folder).description
    try:
        data = parse_json(path.read_bytes())
        if not isinstance(data["campaign"], str):
            raise TypeError("`campaign` is no text")
        return _Description(data, {_listed(one) for one in data["records"]})
    except OSError as error:
        raise CampaignError(
            f"{path} cannot be read ({error.strerror}); give the folder of an unpacked or live "
            "campaign, and make its description with `nsm-resilience index` when it is live"
        ) from error
    except (ValueError, KeyError, TypeError) as error:
        raise CampaignError(
            f"{path} does not describe a campaign ({describe_error(error)}); of a live campaign, "
            "make it again with `nsm-resilience index`"
        ) from error


def _listed(entry: dict[str, Any]) -> Attempt:
    trial, number = entry["trial"], entry["attempt"]
    if not isinstance(trial, str) or re.fullmatch(TRIAL, trial) is None:
        raise ValueError(f"a record has the trial {trial!r}")
    if type(number) is not int or not 1 <= number < 1000:
        raise ValueError(f"a record of {trial} has the attempt {number!r}")
    return Attempt(trial, number)


def _expectations(folder: Path, description: _Description) -> Expectations:
    try:
        return Expectations(folder, description.content)
    except ConfigError as error:
        raise CampaignError(
            f"the study of the campaign cannot be read, and every verdict depends on it: {error}"
        ) from error


def _found(folder: Path) -> Iterator[Attempt]:
    for record in (folder / "records").glob("*/*/*"):
        cell, number, attempt = record.parts[-3:]
        if re.fullmatch(r"[1-9][0-9]{0,2}", attempt, re.ASCII) and record.is_dir():
            yield Attempt(f"{cell}/{number}", int(attempt))


def _judge(
    folder: Path,
    attempt: Attempt,
    expected: Expected,
    alterations: tuple[Alteration, ...],
    across: Across | None,
    checked: Checked | None,
) -> Judgement:
    path = CampaignLayout(folder).record(attempt.trial, attempt.number)
    try:
        record = read_record(path)
    except RecordError as error:
        where = error.path.name + (f", line {error.line}" if error.line is not None else "")
        why = "there is no record" if not path.exists() else f"{where} {error.clause}"
        return not_believed(expected, why, alterations)
    return judge_record(record, alterations, across, expected=expected, checked=checked)
