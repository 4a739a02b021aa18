# SPDX-License-Identifier: Apache-2.0
"""References from a verdict to places in its record, and problems that prevent a verdict."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from nsm_resilience.record.events import Event


@dataclass(frozen=True, slots=True)
class Evidence:
    """One place in a record, with a text for readers.

    Attributes:
        what: The subject of the evidence: `fault`, `injection`, `steady state`, `interruption`, …
        file: Path inside the record's folder, with forward slashes.
        line: Line of a text file, counted from 1; None for a table of samples.
        first_seq: First echo (column `seq` of `path` and `new`) or first row (counted from 0, other
            tables of samples); None for a text file.
        last_seq: Last echo or row, included.
        text: The finding, for a person.
        record: Folder of another attempt's record inside the campaign; empty: the attempt's own.
    """

    what: str
    file: str
    line: int | None
    first_seq: int | None
    last_seq: int | None
    text: str
    record: str = ""

    def in_record(self, trial: str, attempt: int) -> Evidence:
        """The same place in the record of another attempt."""
        return replace(self, record=f"records/{trial}/{attempt}")


@dataclass(frozen=True, slots=True)
class Problem:
    """Why nothing can be concluded: a clause without capital and full stop, with its evidence.

    `verdict` is the verdict of an attempt that has this problem.
    """

    text: str
    evidence: tuple[Evidence, ...] = ()
    verdict: Literal["unknown", "not_injected", "not_reached"] = "unknown"


def of_event(what: str, event: Event, text: str) -> Evidence:
    """Reference to one line of `events.jsonl` (an event's `seq` counts from 0, lines from 1)."""
    return of_line(what, event.seq + 1, text)


def of_line(what: str, line: int, text: str) -> Evidence:
    """Reference to one line of `events.jsonl`, counted from 1."""
    return Evidence(what, "events.jsonl", line, None, None, text)


def of_samples(what: str, table: str, first: int, last: int, text: str) -> Evidence:
    """Reference to a range of one table of samples."""
    return Evidence(what, f"samples/{table}.parquet", None, first, last, text)


def of_kubernetes(what: str, line: int, text: str) -> Evidence:
    """Reference to one raw Kubernetes event."""
    return Evidence(what, "kubernetes-events.jsonl", line, None, None, text)


def of_snapshot(what: str, name: str, text: str) -> Evidence:
    """Reference to a whole snapshot."""
    return Evidence(what, f"snapshots/{name}.json", None, None, None, text)


def problem_at(event: Event, text: str, what: str) -> Problem:
    """A problem that one event shows; `what` is the subject of its evidence."""
    return Problem(text, (of_event(what, event, text),))


def wrong(event: Event, text: str) -> Problem:
    """The problem of an impossible event."""
    return problem_at(event, text, "not possible")


def wrong_sample(table: str, at: int, text: str, *, name: str = "row") -> Problem:
    """The problem of an impossible row in a table of samples; an `echo` is named by its number."""
    evidence = of_samples("not possible", table, at, at, text)
    return Problem(f"{name} {at} of the table {table} {text}", (evidence,))
