# SPDX-License-Identifier: Apache-2.0
"""Of each campaign, when its rules were written, as git shows it (issue 17, point 6).

What the rules are stands in `record/commits.py`. The study of a campaign is one file for all its
trials; its code could change between them, and since. "yes" and "no" are said of what git shows,
all else is not known. A campaign's trials are its attempts here, those without a verdict too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from nsm_resilience.record.commits import CODE, STUDY, Commits, Used
from nsm_resilience.tables.cell import CAMPAIGN
from nsm_resilience.tables.columns import Rule, Table, count, text

Row = dict[str, Any]

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


def campaign_row(
    campaign: str,
    records: Sequence[Mapping[str, Any]],
    commits: Commits,
    code: Mapping[str, str],
) -> Row:
    """The row of a campaign.

    Args:
        campaign: its name.
        records: attempts, as its description lists them.
        commits: what git showed, as it is kept with the campaign.
        code: digests of the code that judges here (`record.commits.code_here`).
    """
    started = sorted(str(record["started"]) for record in records if record.get("started"))
    named = [one for one in commits.used if one.commit]
    first = _first(commits)
    before, why_before = _before(records, commits)
    between, parts_between, why_between = _between(records, commits)
    since, parts_since, why_since = _since(records, commits, code)
    why = dict.fromkeys(filter(None, (why_before, why_between, why_since)))
    return {
        "campaign": campaign,
        "first_trial": started[0] if started else None,
        "last_trial": started[-1] if started else None,
        "first_commit": first.commit if first else None,
        "last_commit": _last(commits),
        "commits": len({one.commit for one in named}),
        "study_file": (", ".join(first.study) or None) if first else None,
        "rules_committed": commits.before.committed if commits.before else None,
        "rules_before": before,
        "changed_between": between,
        "parts_between": ", ".join(parts_between) or None,
        "changes": None if between == "not known" else len(commits.changes),
        "changed_since": since,
        "parts_since": ", ".join(parts_since) or None,
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
    """Why nothing that is kept can be used; empty where it can."""
    kept = sum(one.attempts for one in commits.used)
    if commits.unknown:
        return commits.unknown
    if kept != len(records):
        return (
            f"commits.json is of {kept} attempts, and the campaign has {len(records)}: write it "
            "again"
        )
    return "" if kept else "no trial was run"


def _first(commits: Commits) -> Used | None:
    return commits.used[0] if commits.used else None


def _last(commits: Commits) -> str | None:
    """The commit of the attempt that began last."""
    return max(commits.used, key=lambda one: one.last).commit if commits.used else None


def _unplaced(one: Used) -> str:
    """Why git does not show what code ran these attempts; empty where it does."""
    if one.unknown:
        return one.unknown
    short = (one.commit or "")[:10]
    return f"there were uncommitted changes beside commit {short}" if one.dirty else ""


def _before(records: Sequence[Mapping[str, Any]], commits: Commits) -> tuple[str, str]:
    """Whether the rules stood in git before the first attempt, and why not."""
    unread, first = _unread(records, commits), _first(commits)
    if unread or first is None:
        return "not known", unread
    if unplaced := _unplaced(first):
        return "not known", unplaced
    short = (first.commit or "")[:10]
    if not first.study:
        return "no", f"no file of commit {short} has the content of its study"
    if not first.first:
        return "not known", "no record says when it began"
    if datetime.fromisoformat(first.committed) > datetime.fromisoformat(first.first):
        return "no", f"commit {short} is dated after the first trial"
    return "yes", ""


def _between(records: Sequence[Mapping[str, Any]], commits: Commits) -> tuple[str, list[str], str]:
    """Whether the code changed between the attempts, which part, and why it is not known."""
    if unread := _unread(records, commits):
        return "not known", [], unread
    known = [one for one in commits.used if not _unplaced(one)]
    changed = {part for change in commits.changes for part in change.parts if part != STUDY}
    changed |= {part for part in CODE if len({one.code.get(part) for one in known}) > 1}
    if changed:
        return "yes", [part for part in CODE if part in changed], ""
    reasons = [commits.changes_unknown, *map(_unplaced, commits.used)]
    unknown = next(filter(None, reasons), "")
    return ("not known", [], unknown) if unknown else ("no", [], "")


def _since(
    records: Sequence[Mapping[str, Any]], commits: Commits, code: Mapping[str, str]
) -> tuple[str, list[str], str]:
    """Whether the code here is another than at the first attempt, and why it is not known."""
    unread, first = _unread(records, commits), _first(commits)
    if unread or first is None:
        return "not known", [], unread
    if unplaced := _unplaced(first):
        return "not known", [], unplaced
    changed = [part for part in CODE if first.code.get(part) != code.get(part)]
    return ("yes", changed, "") if changed else ("no", [], "")
