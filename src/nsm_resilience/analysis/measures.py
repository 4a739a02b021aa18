# SPDX-License-Identifier: Apache-2.0
"""Registry of the measures that are compared between trials, and how each is read off them.

A new measure is one entry of `MEASURES`. Each trial has a time (which can be censored), a number,
or yes or no, whose share is compared.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from nsm_resilience.judge.rules import Rules
from nsm_resilience.statistics.times import Times
from nsm_resilience.tables.trials import UNKNOWN

if TYPE_CHECKING:
    import pandas as pd

    from nsm_resilience.study.models import Study

Better = Literal["less", "more", ""]
Read = Callable[["pd.DataFrame"], tuple[Times, "pd.DataFrame"]]
"""Takes judged trials (`analysis.trial_units`); returns their values, and the rows they are of."""


@dataclass(frozen=True)
class Sample:
    """Values of one measure in one set of trials.

    Attributes:
        times: the values, in the unit of the measure; 1 and 0 for a share.
        trials: the row of each value, in the same order.
    """

    times: Times
    trials: pd.DataFrame

    def within(self, seconds: float | None) -> Sample:
        """As a watch of so many seconds would have seen it; None: as it is."""
        if seconds is None:
            return self
        return Sample(self.times.until(seconds), self.trials)

    @property
    def successes(self) -> int:
        """How many values of a share are 1."""
        return sum(self.flags)

    @property
    def flags(self) -> list[bool]:
        """Each value of a share as a truth."""
        return [value > 0 for value in self.times.seconds]

    def units(self, name: str) -> list[str]:
        """The block, turn or cluster (`analysis.trial_units`) of each value's trial."""
        return [str(unit) for unit in self.trials[name]]


@dataclass(frozen=True)
class Measure:
    """One thing that is compared.

    Attributes:
        unit: `s`, `ms`, or empty for a share or a count.
        better: which way is better; empty if that is not known.
        share: whether each trial has yes or no.
        margin: the largest difference that changes no reading, from the study's rates and rules;
            None if none was stated. It is for the question whether lanes are biased.
        of_lanes: whether it measures how a trial was run and not the system; it is compared only
            between trials alone and side by side.
        from_fault: whether it is a time from the fault to a first event, of which a shorter watch
            would have seen the same until its end. An outage is none: it lasts to the last return.
    """

    name: str
    words: str
    unit: str
    better: Better
    share: bool
    read: Read
    margin: Callable[[Study], float] | None = None
    of_lanes: bool = False
    from_fault: bool = False

    def sample(self, judged: pd.DataFrame) -> Sample:
        """Values of judged trials."""
        return Sample(*self.read(judged))


def _until(column: str, asked: str = "watch_s", window: str = "watch_s") -> Read:
    """A time until something happens; censored at the end of the window.

    Args:
        asked: Column that is empty if nobody looked.
        window: Column with the length of the window.
    """

    def read(judged: pd.DataFrame) -> tuple[Times, pd.DataFrame]:
        own = judged[judged[asked].notna()]
        if column in UNKNOWN:  # an unknown time is not a censored one
            own = own[own[UNKNOWN[column]].isna()]
        seconds = own[column].astype(float)
        filled = seconds.fillna(own[window].astype(float))
        return Times(tuple(filled.tolist()), tuple(seconds.notna().tolist())), own

    return read


def _censored(column: str, censored: str) -> Read:
    """A time; another column says whether it is a lower bound."""

    def read(judged: pd.DataFrame) -> tuple[Times, pd.DataFrame]:
        own = judged[judged[column].notna()]
        ended = ~own[censored].astype(bool)
        return Times(tuple(own[column].astype(float).tolist()), tuple(ended.tolist())), own

    return read


def _bounded(column: str, least: str, censored: str) -> Read:
    """A time that may be known between two bounds only: then the lower one, as of a censored time.

    So it is longer than all that ended before its lower bound, and undecided against the rest.
    """

    def read(judged: pd.DataFrame) -> tuple[Times, pd.DataFrame]:
        own = judged[judged[column].notna()]
        ended = ~own[censored].astype(bool) & (own[least] == own[column])
        return Times(tuple(own[least].astype(float).tolist()), tuple(ended.tolist())), own

    return read


def _number(column: str) -> Read:
    """A number of each trial; trials that lack it are left out."""
    return lambda judged: _uncensored(judged[column], judged)


def _share_of(part: str, whole: str) -> Read:
    """A number of each trial, as a share of another one."""

    def read(judged: pd.DataFrame) -> tuple[Times, pd.DataFrame]:
        own = judged[judged[part].notna() & (judged[whole] > 0)]
        return _uncensored(own[part].astype(float) / own[whole].astype(float), own)

    return read


def _uncensored(values: pd.Series, judged: pd.DataFrame) -> tuple[Times, pd.DataFrame]:
    known = values.notna()
    found = tuple(values[known].astype(float).tolist())
    return Times(found, (True,) * len(found)), judged[known]


def _component_interval(study: Study) -> float:
    """Signs and messages are seen with the samples of the components."""
    return float(study.probes.component_interval_s)


def _whole_second(_: Study) -> float:
    """Kubernetes looks at containers, and writes what it saw, in whole seconds."""
    return 1.0


MEASURES: tuple[Measure, ...] = (
    Measure(
        "supported", "share of trials supported", "", "more", True,
        lambda judged: _uncensored(judged["verdict"] == "supported", judged),
    ),
    Measure(
        "outage_s", "outage of the established path", "s", "less", False,
        _censored("outage_s", "outage_censored"),
        lambda study: study.judge.late_reply_s,  # it ends with a reply, which may take so long
    ),
    Measure(
        "down_s", "time without reply, summed up", "s", "less", False,
        _censored("down_s", "outage_censored"),
    ),
    Measure(
        # a path that died after one has fewer than one that came back time after time
        "interruptions", "interruptions of the path", "", "", False, _number("interruptions"),
    ),
    Measure(
        "blind_s", "time in which new clients were not taken", "s", "less", False,
        _bounded("blind_s", "blind_at_least_s", "blind_censored"),
    ),
    Measure(
        "new_connection_s", "time until a new client had a reply", "s", "less", False,
        _until("new_connection_s", "new_connection_answered", "new_connection_window_s"),
        _whole_second,
    ),
    Measure(
        "detected_s", "time until something was shown", "s", "less", False, _until("detected_s"),
        _component_interval, from_fault=True,
    ),
    Measure(
        "notified_s", "time until the client was told", "s", "less", False, _until("notified_s"),
        _component_interval, from_fault=True,
    ),
    Measure(
        "bystander_s", "time until an ordinary pod had started", "s", "less", False,
        _until("bystander_s", "bystander_started", "bystander_window_s"), _whole_second,
    ),
    Measure(
        "install_s", "time to install the system", "s", "less", False, _number("install_s"),
        _whole_second, of_lanes=True,
    ),
    Measure(
        "rtt_ms", "round trip of an echo (ms)", "ms", "less", False, _number("rtt_ms"),
        # longer by one interval it bounds an outage as well as before
        lambda study: study.probes.echo_interval_s * 1e3, of_lanes=True,
    ),
    Measure(
        "late_share", "share of echoes sent late", "", "less", False,
        _share_of("late_sends", "replies_sent"),
        # the judge calls a path steady that lost up to this share of its echoes
        lambda _: Rules().steady_loss_fraction, of_lanes=True,
    ),
)  # fmt: skip
"""In the order of the report."""
BY_NAME = {one.name: one for one in MEASURES}
