# SPDX-License-Identifier: Apache-2.0
"""The findings of a build, for paper, README and supplement: one dictionary of plain data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from nsm_resilience.report.findings import choices, limits, notice, remedies, rules, standings
from nsm_resilience.report.findings.account import account
from nsm_resilience.report.findings.russian import abstract_ru
from nsm_resilience.study.models import Study, carrying


def findings(
    campaigns: Sequence[Mapping[str, Any]],
    studies: Sequence[Study],
    headline: standings.Headline,
    contrasts: Mapping[str, Any],
    commits: Sequence[Mapping[str, Any]],
) -> dict[str, Any]:
    """Return sentences and rows by the question that they answer.

    Campaigns are given as their numbers (`report.numbers.make_numbers`), `commits` are the rows of
    table `campaigns`.
    """
    columns = headline["columns"]
    unnoticed, told = (
        notice.rows_of(campaigns, [carrying(claim, [study]) for study in studies])
        for claim in ("C1", "C2")
    )
    compared = remedies.compared(campaigns)
    written = rules.rows_of(commits)
    return {
        "sources": standings.sources(headline),
        "held": standings.held(headline),
        "asked": notice.ASKED,
        "abstract_ru": abstract_ru(headline, told),
        "again": standings.again(headline),
        "claims": [standings.answered(claim, columns) for claim in standings.CLAIMS],
        "attempts": standings.attempts(campaigns),
        "own": account(campaigns[0]),
        "noticed": {
            "rows": unnoticed,
            "by_damage": notice.by_damage(unnoticed),
            "later": standings.still_or_changed("C1", columns),
        },
        "told": {
            "rows": told,
            "by_client": notice.told_by_client(told, columns),
            "inferred": notice.inferred(told),
            "later": standings.still_or_changed("C2", columns),
        },
        "remedy": {"rows": compared, "untried": remedies.untried(compared)},
        "choices": {
            "longer_watches": choices.longer_watches(campaigns),
            "repeated": choices.repeated(campaigns),
            "company": choices.company(campaigns),
            "lanes": choices.lanes(contrasts["kinds"]),
        },
        "rules": {"rows": written, "answers": rules.answers(written)},
        "limits": {
            "machine": limits.machine(campaigns),
            "setting": limits.setting(campaigns),
            "few": limits.few(campaigns),
            "builds": limits.builds(campaigns),
        },
    }
