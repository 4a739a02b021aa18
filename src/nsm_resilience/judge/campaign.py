# SPDX-License-Identifier: Apache-2.0
"""Judge every attempt of a campaign: one line of JSON each, one record in memory at a time."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nsm_resilience.judge.judgement import Judgement
from nsm_resilience.judge.trial import judge_record, unreadable
from nsm_resilience.record.layout import CampaignLayout
from nsm_resilience.record.reader import RecordError, read_record

Progress = Callable[[int, int, Judgement], None]
"""Called after each record with how many are done, how many there are, and the judgement."""


class CampaignError(ValueError):
    """A folder is no campaign, or its description cannot be read."""


@dataclass(frozen=True, slots=True, order=True)
class Attempt:
    """One attempt that a campaign holds or should hold."""

    trial: str
    number: int


def judge_campaign(folder: Path, out_jsonl: Path, progress: Progress | None = None) -> int:
    """Judge all attempts of a campaign in the order of their ids; return how many there were.

    Attempts are those that the description lists and those whose records are there: a listed record
    that is missing, and a record that nobody listed, both get a line. The same campaign gives the
    same bytes. The file appears only when it is complete.

    Raises:
        CampaignError: If the folder has no readable `campaign.json`.
    """
    name, listed = _description(folder)
    attempts = sorted(listed | set(_found(folder)))
    out_jsonl.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(prefix=f".{out_jsonl.name}.", dir=out_jsonl.parent)
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as stream:
            for done, attempt in enumerate(attempts, start=1):
                judgement = _judge(folder, name, attempt)
                stream.write(to_line(judgement))
                if progress is not None:
                    progress(done, len(attempts), judgement)
        os.chmod(temporary, 0o644)
        os.replace(temporary, out_jsonl)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    return len(attempts)


def to_line(judgement: Judgement) -> str:
    """One line of verdicts.jsonl."""
    line = json.dumps(
        judgement.to_dict(), ensure_ascii=False, separators=(",", ":"), allow_nan=False
    )
    return line + "\n"


def read_judgements(verdicts_jsonl: Path) -> Iterator[Judgement]:
    """The judgements of a file that `judge_campaign` wrote.

    Raises:
        CampaignError: If a line is none, with its number.
    """
    with verdicts_jsonl.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, start=1):
            try:
                yield Judgement.from_dict(json.loads(line))
            except ValueError as error:
                raise CampaignError(f"{verdicts_jsonl}, line {number}: {error}") from error


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


def _judge(folder: Path, campaign: str, attempt: Attempt) -> Judgement:
    path = CampaignLayout(folder).record(attempt.trial, attempt.number)
    try:
        record = read_record(path)
    except RecordError as error:
        where = error.path.name + (f", line {error.line}" if error.line is not None else "")
        why = "there is no record" if not path.exists() else f"{where} cannot be understood"
        return unreadable(_meta_of(attempt), why, campaign=campaign)
    if (record.trial, record.attempt) != (attempt.trial, attempt.number):
        why = f"the record says that it is {record.trial}, attempt {record.attempt}"
        return unreadable(_meta_of(attempt), why, campaign=campaign)
    return judge_record(record)


def _meta_of(attempt: Attempt) -> dict[str, Any]:
    """What is known of a record whose own description cannot be read."""
    return {"trial": attempt.trial, "attempt": attempt.number}
