# SPDX-License-Identifier: Apache-2.0
"""Right-censored samples: times of judged trials, some of which did not end in the watch.

A censored time has `observed` False and is a lower bound.
"""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Times:
    """Finite seconds of one sample, each with whether its end was seen, or ValueError."""

    seconds: tuple[float, ...]
    observed: tuple[bool, ...]

    def __post_init__(self) -> None:
        if len(self.seconds) != len(self.observed):
            raise ValueError(
                f"times need one flag each, but there are {len(self.seconds)} times and "
                f"{len(self.observed)} flags"
            )
        if not all(math.isfinite(value) for value in self.seconds):
            raise ValueError(
                "times need to be finite; give the end of the watch and observed=False for what "
                "was not seen in it"
            )

    @property
    def n(self) -> int:
        """How many times there are."""
        return len(self.seconds)

    @property
    def censored(self) -> int:
        """How many of them are lower bounds."""
        return self.observed.count(False)

    @property
    def ranked(self) -> tuple[float, ...]:
        """The times for rank methods: a censored one is longer than any observed one."""
        pairs = zip(self.seconds, self.observed, strict=True)
        return tuple(value if seen else math.inf for value, seen in pairs)

    def until(self, seconds: float) -> Times:
        """The same, censored where it is longer than so many seconds.

        >>> Times((5.0, 150.0, 200.0), (True, True, False)).until(120.0)
        Times(seconds=(5.0, 120.0, 120.0), observed=(True, False, False))
        """
        pairs = zip(self.seconds, self.observed, strict=True)
        seen = tuple(ended and value <= seconds for value, ended in pairs)
        return Times(tuple(min(value, seconds) for value in self.seconds), seen)
