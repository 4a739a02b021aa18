# SPDX-License-Identifier: Apache-2.0
"""The factors of a study in words: their names, and the meanings of their levels.

A new level is a word of its `Literal` (cells.py; of `failure` in fault.py) and an entry here; a new
factor besides a field of `Factors` and of `Arm`. Figures, glossaries and contrasts read them here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from nsm_resilience.study.fault import FAILURES
from nsm_resilience.systems.known import SYSTEMS, every_plane, meaning_of_plane


@dataclass(frozen=True, slots=True)
class LevelWords:
    """A level in words.

    Attributes:
        meaning: For a reader who meets it for the first time.
        name: For labels and sentences; None where it is the level itself, empty to omit it.
    """

    meaning: str
    name: str | None = None


@dataclass(frozen=True, slots=True)
class FactorWords:
    """A factor in words: its name, and its levels in the order of the report, defaults first."""

    name: str
    levels: Mapping[str, LevelWords]


FACTORS: Mapping[str, FactorWords] = {
    "system": FactorWords(
        "system under test",
        {name: LevelWords(system.title, system.title) for name, system in SYSTEMS.items()},
    ),
    "plane": FactorWords(
        "forwarding plane",
        {
            name: LevelWords(meaning_of_plane(name), plane.title)
            for name, plane in every_plane().items()
        },
    ),
    "client": FactorWords(
        "client",
        {
            "monitored": LevelWords(
                "a client with the system's own sidecar in its pod, which watches the connection"
            ),
            "plain": LevelWords(
                "a client without that sidecar: an init container asks for the connection, and "
                "nothing of the system is left in the pod to watch it"
            ),
        },
    ),
    "failure": FactorWords(
        "kind of failure",
        {
            name: LevelWords(said.meaning, "" if name == "none" else None)
            for name, said in FAILURES.items()
        },
    ),
    "outage": FactorWords(
        "number of the outage",
        {
            "first": LevelWords("the fault is the first of its trial", "first outage"),
            "second": LevelWords(
                "the path is broken again after it has healed from a first fault", "second outage"
            ),
        },
    ),
    "watch": FactorWords(
        "length of the watch",
        {
            "usual": LevelWords("the watch of the study, as its windows say", "usual watch"),
            "full": LevelWords(
                "a longer watch, to tell what comes late from what never comes", "longer watch"
            ),
        },
    ),
    "remedy": FactorWords(
        "remedy",
        {
            "none": LevelWords("the system under test alone", "no remedy"),
            "observe": LevelWords(
                "our watchdog looks on and tells what it finds; it does nothing",
                "watchdog observes",
            ),
            "heal": LevelWords(
                "our watchdog also acts: restarts a component, removes an interface, asks again",
                "watchdog heals",
            ),
        },
    ),
}
"""By the factor's name, in the order of the columns of every table."""


def level_name(factor: str, level: str) -> str:
    """A level of a factor in words; an unknown level as it is written."""
    known = FACTORS[factor].levels.get(level) if factor in FACTORS else None
    return level if known is None or known.name is None else known.name
