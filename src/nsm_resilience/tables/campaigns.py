# SPDX-License-Identifier: Apache-2.0
"""When the rules of each campaign were written, as git shows it (issue 17, point 6).

`record/commits.py` says what the rules are. All trials of a campaign have one study file; the code
could change between them, and since. The answer is yes or no only if git shows it, else not known.
"Trials" means all attempts here, also those without a verdict.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from nsm_resilience.record.commits import CODE, STUDY, Commits, Used
from nsm_resilience.tables.cell import CAMPAIGN
from nsm_resilience.tables.columns import Row, Rule, Table, count, text

ANSWERS = ("yes", "no", "not known")

CAMPAIGNS = Table(
    "campaigns",
    "One row per campaign: what git shows of when its rules were written and changed.",
    (
        CAMPAIGN,
        text("first_trial", "when its first attempt began, UTC", "none was run"),
        text("last_trial", "when its last attempt began, UTC", "none was run"),
        text("first_commit", "commit of the first attempt", "its record names none"),
        text("last_commit", "commit of the last attempt", "its record names none"),
        count("commits", "different commits that its records name"),
        text(
            "study_file",
            "files of the first commit with the content of its study, separated by `, `",
            "there is none, or it is not known",
        ),
        text(
            "rules_committed",
            "when the last change of a rule was committed that the first commit holds, UTC",
            "it is not known",
        ),
        text(
            "rules_before",
            "whether the study's file and the code of the first attempt stood in git as they were, "
            "committed before it began",
            one_of=ANSWERS,
        ),
        text(
            "changed_between",
            "whether a commit changed the code between the first and the last attempt",
            one_of=ANSWERS,
        ),
        text("parts_between", "which, separated by `, `", "none"),
        count("changes", "such commits, see rule_changes", "it is not known"),
        text(
            "changed_since",
            "whether the code that judges in this build is another than at the first attempt",
            one_of=ANSWERS,
        ),
        text("parts_since", "which, separated by `, `", "none"),
        text("why", "the reason of each no in rules_before and each not known", "none"),
    ),
    ("campaign",),
    (
        Rule(
            "what is not known has its reason",
            lambda t: (
                t["why"].notna()
                | ~t[["rules_before", "changed_between", "changed_since"]]
                .eq("not known")
                .any(axis=1)
            ),
        ),
        Rule(
            "parts stand beside each yes and nowhere else",
            lambda t: (
                (t["parts_between"].notna() == t["changed_between"].eq("yes"))
                & (t["parts_since"].notna() == t["changed_since"].eq("yes"))
            ),
        ),
    ),
)

RULE_CHANGES = Table(
    "rule_changes",
    "Every commit that changed the code of the rules between a campaign's attempts.",
    (
        CAMPAIGN,
        text("commit", "its id"),
        text("committed", "when, UTC"),
        text("subject", "first line of its message"),
        text("parts", "schedule or judge, separated by `, `"),
        text("paths", "files, separated by `, `"),
    ),
    ("campaign", "commit"),
)


@dataclass(frozen=True)
class _Answer:
    """One of `ANSWERS`, the changed parts of the code, and the reason of a no or not known."""

    word: str
    parts: Sequence[str] = ()
    why: str = ""


def _not_known(why: str) -> _Answer:
    return _Answer("not known", why=why)


def campaign_row(
    campaign: str,
    records: Sequence[Mapping[str, Any]],
    commits: Commits,
    code: Mapping[str, str],
) -> Row:
    """The row of a campaign.

    Args:
        code: digests of the code that judges here (`record.commits.code_here`).
    """
    started = sorted(str(record["started"]) for record in records if record.get("started"))
    named = [one for one in commits.used if one.commit]
    first = commits.used[0] if commits.used else None
    unread = _unread(records, commits)
    if unread or first is None:
        before = between = since = _not_known(unread)
    else:
        before, between, since = _before(first), _between(commits), _since(first, code)
    why = dict.fromkeys(filter(None, (before.why, between.why, since.why)))
    return {
        "campaign": campaign,
        "first_trial": started[0] if started else None,
        "last_trial": started[-1] if started else None,
        "first_commit": first.commit if first else None,
        "last_commit": max(commits.used, key=lambda one: one.last).commit if first else None,
        "commits": len({one.commit for one in named}),
        "study_file": (", ".join(first.study) or None) if first else None,
        "rules_committed": commits.before.committed if commits.before else None,
        "rules_before": before.word,
        "changed_between": between.word,
        "parts_between": ", ".join(between.parts) or None,
        "changes": None if between.word == "not known" else len(commits.changes),
        "changed_since": since.word,
        "parts_since": ", ".join(since.parts) or None,
        "why": "; ".join(why) or None,
    }


def change_rows(campaign: str, commits: Commits) -> list[Row]:
    """The rows of `rule_changes`, the oldest first."""
    return [
        {
            "campaign": campaign,
            **change.model_dump(),
            "parts": ", ".join(change.parts),
            "paths": ", ".join(change.paths),
        }
        for change in commits.changes
    ]


def _unread(records: Sequence[Mapping[str, Any]], commits: Commits) -> str:
    """Why commits.json cannot be used; empty if it can, and then there is an attempt."""
    kept = sum(one.attempts for one in commits.used)
    if commits.unknown:
        return commits.unknown
    if kept != len(records):
        return (
            f"commits.json is of {kept} attempts, and the campaign has {len(records)}: write it "
            "again"
        )
    return "" if kept else "no trial was run"


def _unplaced(one: Used) -> str:
    """Why git does not show the code of these attempts; empty if it does."""
    if one.unknown:
        return one.unknown
    short = (one.commit or "")[:10]
    return f"there were uncommitted changes beside commit {short}" if one.dirty else ""


def _before(first: Used) -> _Answer:
    """Whether the rules stood in git before the first attempt."""
    short = (first.commit or "")[:10]
    if unplaced := _unplaced(first):
        return _not_known(unplaced)
    if not first.study:
        return _Answer("no", why=f"no file of commit {short} has the content of its study")
    if not first.first:
        return _not_known("no record says when it began")
    if datetime.fromisoformat(first.committed) > datetime.fromisoformat(first.first):
        return _Answer("no", why=f"commit {short} is dated after the first trial")
    return _Answer("yes")


def _between(commits: Commits) -> _Answer:
    """Whether the code changed between the attempts, and which part."""
    known = [one for one in commits.used if not _unplaced(one)]
    changed = {part for change in commits.changes for part in change.parts if part != STUDY}
    changed |= {part for part in CODE if len({one.code.get(part) for one in known}) > 1}
    if changed:
        return _Answer("yes", [part for part in CODE if part in changed])
    reasons = [commits.changes_unknown, *map(_unplaced, commits.used)]
    unknown = next(filter(None, reasons), "")
    return _not_known(unknown) if unknown else _Answer("no")


def _since(first: Used, code: Mapping[str, str]) -> _Answer:
    """Whether the code here differs from that of the first attempt, and in which parts."""
    if unplaced := _unplaced(first):
        return _not_known(unplaced)
    changed = [part for part in CODE if first.code.get(part) != code.get(part)]
    return _Answer("yes" if changed else "no", changed)
