# SPDX-License-Identifier: Apache-2.0
"""Rules other than the study's: what if a threshold were another (issue 14, section 3)?

Two uses. `nsm-resilience judge --set judge.loss_run=8` judges a whole campaign by an altered rule;
every line and every reason says so. And for each record the judge also computes the verdict at each
point of `GRID`, one rule altered at a time: the table `sensitivity`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, fields, replace

from nsm_resilience.judge.rules import Rules
from nsm_resilience.nearest import did_you_mean
from nsm_resilience.record.reader import MOST_ROWS
from nsm_resilience.study.fault import LONGEST_S


class AlterationError(ValueError):
    """The argument of `--set` is no rule, or no value for it; the message says what to write."""


COUNTS = frozenset({"judge.loss_run"})
SHARES = frozenset(
    {
        "judge.loss_share", "judge.late_reply_share", "judge.late_fraction",
        "judge.steady_loss_fraction",
    }
)  # fmt: skip
WINDOWS = frozenset({"steady_s", "settle_s", "watch_s", "new_connection_s"})
FACTS = frozenset({"interval_s", "component_interval_s"})
"""Fields of `Rules` that are no thresholds but facts of the trial: the sampling intervals."""
KEYS = {
    f"{'windows' if one.name in WINDOWS else 'judge'}.{one.name}": one.name
    for one in fields(Rules)
    if one.name not in FACTS
}
"""Keys that can be altered, with the field of `Rules` that each sets: those of a study, and
under `judge.` also the thresholds that no study states (judge/rulebook.md has them all). The
`shared_…` ones apply to the comparison of lanes, before any record is judged. Names in capitals in
the rulebook are bounds of clocks and of the protocol: only the code can change them."""


@dataclass(frozen=True, slots=True)
class Alteration:
    """One rule with another value; `key` as in a study file."""

    key: str
    value: float

    def __str__(self) -> str:
        """The alteration as an argument of the command line."""
        return f"{self.key}={self.value:g}"


GRID: tuple[Alteration, ...] = tuple(
    Alteration(key, value)
    for key, values in (
        ("judge.loss_run", (3, 5, 10, 25, 50)),
        ("judge.loss_share", (0.05, 0.1, 0.2, 0.5)),
        ("judge.late_reply_s", (0.1, 0.25, 0.5, 1.0)),
        ("judge.late_reply_share", (0.05, 0.2, 0.5)),
        ("windows.settle_s", (5, 10, 20)),
    )
    for value in values
)
"""Points of the table `sensitivity`: from a fraction to a multiple of each rule's own value. The
settle time is only shortened: a watch that ended after it shows nothing of a longer one."""


def parse(text: str) -> Alteration:
    """`judge.loss_run=8` as an alteration; AlterationError names the nearest key, or the range."""
    key, equals, given = text.partition("=")
    key = key.strip()
    if key not in KEYS:
        hint = did_you_mean(key, KEYS) or f"there are: {', '.join(KEYS)}"
        raise AlterationError(f"`{key}` is no rule that can be altered; {hint}")
    try:
        value = float(given) if equals else math.nan
    except ValueError:
        value = math.nan
    count = key in COUNTS
    most = MOST_ROWS if count else 1 if key in SHARES else round(LONGEST_S)
    if not 0 < value <= most or (count and not value.is_integer()):
        what = "a whole number from 1 to" if count else "a number above 0 and at most"
        example = f"{key}={value_of(Rules(), key):g}"
        raise AlterationError(f"`{text}`: {key} takes {what} {most:,}; write e.g. `{example}`")
    return Alteration(key, int(value) if count else value)


def altered(rules: Rules, alterations: Iterable[Alteration]) -> Rules:
    """Rules with other values; of two values for one key the later counts."""
    values = {KEYS[one.key]: one.value for one in alterations}
    return replace(rules, **values)  # type: ignore[arg-type]


def value_of(rules: Rules, key: str) -> float:
    """The value of a rule, by its key in a study file."""
    value: float = getattr(rules, KEYS[key])
    return value
