# SPDX-License-Identifier: Apache-2.0
"""Samples of times for the tests of statistics."""

from __future__ import annotations

from nsm_resilience.statistics.times import Times


def seen(*seconds: float) -> Times:
    return Times(seconds, (True,) * len(seconds))


def censored(*seconds: float) -> Times:
    return Times(seconds, (False,) * len(seconds))
