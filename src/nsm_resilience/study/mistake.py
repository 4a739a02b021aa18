# SPDX-License-Identifier: Apache-2.0
"""Contradictions between values of a file that are each valid, with their places."""

from __future__ import annotations

from collections.abc import Hashable, Iterable

from nsm_resilience.study.yaml_file import Location


class Mistake(ValueError):
    """Raised by the check of a model, with all places of the contradiction.

    `at` are locations below that model; those that the file does not hold are ignored.
    """

    def __init__(self, message: str, *at: Location) -> None:
        self.at = at
        super().__init__(message)


def repeated(values: Iterable[Hashable]) -> dict[Hashable, list[int]]:
    """The places, from 0, of each value that occurs more than once, in the order of the first."""
    places: dict[Hashable, list[int]] = {}
    for n, value in enumerate(values):
        places.setdefault(value, []).append(n)
    return {value: found for value, found in places.items() if len(found) > 1}


def check_listed_once(key: str, values: Iterable[Hashable]) -> None:
    """Raise Mistake when the model's list under `key` holds a value twice."""
    twice = repeated(values)
    if twice:
        raise Mistake(
            f"{key}: {', '.join(map(str, twice))} is listed twice; list it once",
            *((key, n) for places in twice.values() for n in places),
        )
