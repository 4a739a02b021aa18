# SPDX-License-Identifier: Apache-2.0
"""What does not fit together in a file although each value may stand by itself, and where it is."""

from __future__ import annotations

from collections.abc import Hashable, Iterable

from nsm_resilience.study.yaml_file import Location


class Mistake(ValueError):
    """Raised by the check of a model, with all the places that it is about.

    `at` are locations below that model; those that are not written in the file are passed over.
    """

    def __init__(self, message: str, *at: Location) -> None:
        self.at = at
        super().__init__(message)


def repeated(values: Iterable[Hashable]) -> dict[Hashable, list[int]]:
    """The places, from 0, of each value that is there more than once, in the order of the first."""
    places: dict[Hashable, list[int]] = {}
    for n, value in enumerate(values):
        places.setdefault(value, []).append(n)
    return {value: found for value, found in places.items() if len(found) > 1}


def check_listed_once(key: str, values: Iterable[Hashable]) -> None:
    """Raise Mistake when a value is twice in the list that the model has under `key`."""
    twice = repeated(values)
    if twice:
        raise Mistake(
            f"{key}: {', '.join(map(str, twice))} is listed twice; list it once",
            *((key, n) for places in twice.values() for n in places),
        )
