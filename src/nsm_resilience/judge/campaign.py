# SPDX-License-Identifier: Apache-2.0
"""Judge every attempt of a campaign: one line of JSON each, one record in memory at a time."""

from __future__ import annotations

import json
import multiprocessing
import pickle
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial
from multiprocessing.pool import Pool
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

from nsm_resilience.judge.altered import Alteration
from nsm_resilience.judge.disturbed import compare_undisturbed
from nsm_resilience.judge.expected import Expectations, Expected, bind
from nsm_resilience.judge.judgement import Judgement, judgement_of
from nsm_resilience.judge.plausible import find_implausible
from nsm_resilience.judge.shared import Across, Key, look_across
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

CHUNK = 8
"""Records that a process takes at a time."""


TRIAL = r"[A-Za-z][A-Za-z0-9-]*(?:\.[A-Za-z0-9-]+)*/[0-9]{2,}"
"""Pattern of a trial's id, which is also a path inside the campaign's folder."""


class CampaignError(ValueError):
    """A folder is no campaign, or its description cannot be read."""


@dataclass(frozen=True, slots=True)
class _FirstLook:
    """Results of the reading of a record; all are None where it cannot be read.

    Attributes:
        alone: The judgement as if there were no other lanes.
    """

    trace: Trace | None = None
    checked: Checked | None = None
    alone: Judgement | None = None


_Inputs = tuple[Expected, Across | None, Checked | None]
"""Inputs of a second judgement: the word of the study, and the results of the first reading."""


def judge_campaign(
    folder: Path,
    out_jsonl: Path,
    progress: Progress | None = None,
    jobs: int = 1,
    alterations: Sequence[Alteration] = (),
) -> int:
    """Judge all attempts of a campaign, or CampaignError; return how many there were.

    Attempts are those in the description and those with a record, in the order of their ids: a
    missing record and an unlisted record both get a line. The same campaign gives the same bytes,
    with any number of `jobs` (processes). Each line is written in its turn and not kept, so that
    memory does not grow with the campaign. The file appears only when it is complete.
    """
    packed = unpack_first(folder)
    if packed:
        raise CampaignError(packed)
    description, listed = _description(folder)
    try:
        expectations = Expectations(folder, description)
    except ConfigError as error:
        raise CampaignError(
            f"the study of the campaign cannot be read, and every verdict depends on it: {error}"
        ) from error
    attempts = [expectations.of(*one) for one in sorted(listed | set(_recorded_attempts(folder)))]
    with new_file(out_jsonl) as stream:
        for line in _lines(folder, attempts, jobs, tuple(alterations), out_jsonl.parent, progress):
            stream.write(line)
    return len(attempts)


def _lines(
    folder: Path,
    attempts: list[Expected],
    jobs: int,
    alterations: tuple[Alteration, ...],
    scratch: Path,
    progress: Progress | None,
) -> Iterator[bytes]:
    """One line for each attempt, in their order, judged by up to `jobs` processes.

    Each record is read and judged alone; the judgements wait in a file without a name in the folder
    `scratch`. The traces of all are compared then, and a record that another lane disturbed, or
    that could not be read, is read and judged once more.
    """
    jobs = min(jobs, len(attempts) // CHUNK)  # a process that starts takes as long as some records
    with ExitStack() as stack:
        each: Callable[..., Iterator[Any]] = map
        if jobs > 1:
            pool = stack.enter_context(multiprocessing.get_context("spawn").Pool(jobs))
            each = partial(_map_in_batches, pool, jobs * CHUNK * 8)
        alone = stack.enter_context(TemporaryFile(dir=scratch))
        looks: list[_FirstLook] = []
        for found in each(partial(_read_first, folder, alterations), attempts):
            pickle.dump(found.alone, alone)
            looks.append(replace(found, alone=None))
            if progress is not None:
                progress(len(looks), len(attempts))
        across = look_across(found.trace for found in looks if found.trace is not None)
        ours = [across.get((one.trial, one.attempt)) for one in attempts]
        again = {
            at for at, look in enumerate(looks) if look == _FirstLook() or _is_disturbed(ours[at])
        }
        inputs: list[_Inputs] = [
            (attempts[at], ours[at], looks[at].checked) for at in sorted(again)
        ]
        lines = iter(each(partial(_judge_line, folder, alterations), inputs))
        alone.seek(0)
        for at, compared in enumerate(ours):
            judgement: Judgement = pickle.load(alone)
            yield next(lines) if at in again else _line(compare_undisturbed(judgement, compared))


def _is_disturbed(across: Across | None) -> bool:
    return across is not None and bool(across.shared)


def _map_in_batches(
    pool: Pool, most: int, do: Callable[..., Any], given: Sequence[Any]
) -> Iterator[Any]:
    """`map` over a pool, `most` items at a time, so that few results wait in memory."""
    for at in range(0, len(given), most):
        yield from pool.imap(do, given[at : at + most], CHUNK)


def _read_first(
    folder: Path, alterations: tuple[Alteration, ...], expected: Expected
) -> _FirstLook:
    """The reading of a record; an impossible one has no trace to compare with other lanes."""
    try:
        record = read_record(CampaignLayout(folder).record(expected.trial, expected.attempt))
        record = bind(record, expected)
        checked = None
        if record.outcome == "complete":
            checked = Checked(find_implausible(record))
        trace = trace_of(record, alterations) if checked is None or not checked.damage else None
        return _FirstLook(trace, checked, judge_record(record, alterations, checked=checked))
    except Exception:  # `_judge_line` reports it
        return _FirstLook()


def _judge_line(folder: Path, alterations: tuple[Alteration, ...], given: _Inputs) -> bytes:
    """The line of one attempt; it can be read again, whatever is in the record."""
    expected, across, checked = given
    path = CampaignLayout(folder).record(expected.trial, expected.attempt)
    try:
        record = read_record(path)
        found = judge_record(record, alterations, across, expected=expected, checked=checked)
    except RecordError as error:
        where = error.path.name + (f", line {error.line}" if error.line is not None else "")
        why = "there is no record" if not path.exists() else f"{where} {error.clause}"
        found = not_believed(expected, why, alterations)
    except Exception as error:
        why = f"it makes no sense to the judge ({describe_error(error)})"
        found = not_believed(expected, why, alterations)
    return _line(found)


def _line(found: Judgement) -> bytes:
    line = json.dumps(found.to_dict(), ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return f"{well_formed(line)}\n".encode()


def read_judgements(verdicts_jsonl: Path) -> Iterator[Judgement]:
    """The judgements of a file that `judge_campaign` wrote, one in memory at a time.

    CampaignError, with the number of the line, where a line is no judgement.
    """
    for _, judgement in read_lines(verdicts_jsonl):
        yield judgement


def read_lines(verdicts_jsonl: Path) -> Iterator[tuple[int, Judgement]]:
    """The same, each with the offset of its line in the file (bytes)."""
    with verdicts_jsonl.open("rb") as lines:
        offset = 0
        for number, line in enumerate(lines, start=1):
            try:
                yield offset, judgement_of(line)
            except ValueError as error:
                raise CampaignError(
                    f"{verdicts_jsonl}, line {number}: is no verdict of this version ({error}); "
                    "run `snakemake --forcerun judge`"
                ) from error
            offset += len(line)


def _description(folder: Path) -> tuple[dict[str, Any], set[Key]]:
    """The content of campaign.json, and the attempts that it lists."""
    path = CampaignLayout(folder).description
    try:
        found = parse_json(path.read_bytes())
        if not isinstance(found, dict):
            raise ValueError("it is no object")
        for key, kind, what in (("campaign", str, "a text"), ("records", list, "a list")):
            if not isinstance(found.get(key), kind):
                raise ValueError(f"`{key}` is {'not ' + what if key in found else 'missing'}")
        return found, {_attempt_key(one) for one in found["records"]}
    except OSError as error:
        raise CampaignError(
            f"{path} cannot be read ({error.strerror}); give the folder of an unpacked or live "
            "campaign, and make its description with `nsm-resilience index` when it is live"
        ) from error
    except ValueError as error:
        raise CampaignError(
            f"{path} does not describe a campaign ({str(error)[:200]}); of a live campaign, "
            "make it again with `nsm-resilience index`"
        ) from error


def _attempt_key(entry: object) -> Key:
    found = entry if isinstance(entry, dict) else {}
    trial, number = found.get("trial"), found.get("attempt")
    if not isinstance(trial, str) or re.fullmatch(TRIAL, trial) is None:
        raise ValueError(f"a record has the trial {trial!r}")
    if type(number) is not int or not 1 <= number < 1000:
        raise ValueError(f"a record of {trial} has the attempt {number!r}")
    return trial, number


def _recorded_attempts(folder: Path) -> Iterator[Key]:
    for record in (folder / "records").glob("*/*/*"):
        cell, number, attempt = record.parts[-3:]
        if re.fullmatch(r"[1-9][0-9]{0,2}", attempt, re.ASCII) and record.is_dir():
            yield f"{cell}/{number}", int(attempt)
