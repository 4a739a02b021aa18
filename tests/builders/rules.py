# SPDX-License-Identifier: Apache-2.0
"""Rules of a made-up campaign in a made-up checkout, and what git shows of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from nsm_resilience.provenance.commits import Attempt, used, with_history
from nsm_resilience.record.commits import Commits
from tests.builders.repository import Repository, git

STUDY = "name: mine\n"
FILE = "config/mine.yaml"
JUDGE = "src/nsm_resilience/judge/rules.py"
SCHEDULE = "src/nsm_resilience/study/schedule.py"
FACTS = "src/nsm_resilience/systems/old/facts.py"
RULES = {FILE: STUDY, JUDGE: "LOSS = 5\n", SCHEDULE: "BLOCKS = 10\n", FACTS: "SOCKET = 'a'\n"}

Answers = tuple[str, str, str]


def head(repository: Repository) -> str:
    return git(repository.folder, "rev-parse", "HEAD")


def at(day: int, commit: str | None, *, dirty: bool = False, reason: str = "") -> Attempt:
    return Attempt(f"2026-11-{day:02}T12:00:00.000000Z", commit, dirty, reason)


def shown(root: Path, *attempts: Attempt, study: str = STUDY) -> Commits:
    return with_history(used(attempts), study.encode(), root)


def answers(found: dict[str, Any]) -> Answers:
    return found["rules_before"], found["changed_between"], found["changed_since"]
