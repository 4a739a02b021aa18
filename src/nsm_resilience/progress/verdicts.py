# SPDX-License-Identifier: Apache-2.0
"""Verdicts so far: finished attempts are judged once, and the verdicts are cached.

The cache is in the campaign's folder, with the time of each record's last change, so that later
looks judge nothing again. It is a convenience: the build judges all again.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from nsm_resilience.progress.state import Done
from nsm_resilience.record.files import object_or_empty, write_json
from nsm_resilience.record.layout import CampaignLayout, RecordLayout

if TYPE_CHECKING:
    from nsm_resilience.judge.expected import Expectations, Expected

Tally = dict[str, Counter[str]]
"""Number of trials by verdict, by cell."""


@dataclass
class Verdicts:
    """The verdicts of a campaign's finished attempts. `code` is the checksum of the judge."""

    folder: Path
    code: str
    _known: dict[str, tuple[int, str]] = field(default_factory=dict)
    _expectations: Expectations | None = None

    def __post_init__(self) -> None:
        """Load the cache of the same judge."""
        try:
            kept = json.loads(self._file.read_text(encoding="utf-8"))
            if kept["code"] == self.code:
                self._known = {k: (int(t), str(v)) for k, (t, v) in kept["verdicts"].items()}
        except (OSError, ValueError, KeyError, TypeError):
            self._known = {}

    @property
    def _file(self) -> Path:
        return self.folder / ".progress.json"

    def tally(self, done: Iterable[Done]) -> Tally:
        """Count the verdicts of each trial's last complete attempt, by cell."""
        last = {one.trial: one for one in done if one.outcome == "complete"}
        found: Tally = {}
        new = False
        for one in last.values():
            key = one.record.relative_to(self.folder).as_posix()
            changed = RecordLayout(one.record).events.stat().st_mtime_ns
            known = self._known.get(key)
            if known is None or known[0] != changed:
                known = self._known[key] = (changed, _judge(one.record, self._expected(one)))
                new = True
            found.setdefault(one.trial.split("/")[0], Counter())[known[1]] += 1
        if new:
            self._keep()
        return found

    def _keep(self) -> None:
        try:
            write_json(self._file, {"code": self.code, "verdicts": self._known})
        except OSError:
            return  # a read-only folder: judged again next time

    def _expected(self, one: Done) -> Expected:
        from nsm_resilience.judge.expected import Expectations

        if self._expectations is None:
            description = object_or_empty(CampaignLayout(self.folder).description)
            self._expectations = Expectations(self.folder, description)
        return self._expectations.of(one.trial, int(one.record.name))


def _judge(record: Path, expected: Expected) -> str:
    from nsm_resilience.judge.trial import judge_record
    from nsm_resilience.record.reader import RecordError, read_record

    try:
        return judge_record(read_record(record), expected=expected).verdict
    except RecordError:
        return "unknown"
