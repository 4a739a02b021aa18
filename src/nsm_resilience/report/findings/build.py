# SPDX-License-Identifier: Apache-2.0
"""The findings of a build, for paper, README and supplement: one dictionary of plain data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from nsm_resilience.report.findings import choices, limits, notice, remedies, rules
from nsm_resilience.report.findings.account import account, differences
from nsm_resilience.report.findings.quiet import quiet
from nsm_resilience.report.findings.russian import abstract_ru
from nsm_resilience.report.findings.standings import (
    CLAIMS,
    Headline,
    again,
    answered,
    attempts,
    found,
    held,
    place,
    sources,
    standings,
    still_or_changed,
)
from nsm_resilience.study.models import Study


def findings(
    campaigns: Sequence[Mapping[str, Any]],
    studies: Sequence[Study],
    headline: Headline,
    contrasts: Mapping[str, Any],
    commits: Sequence[Mapping[str, Any]],
    without_fault: Sequence[Mapping[str, Any]] = (),
) -> dict[str, Any]:
    """Return sentences and rows by the question that they answer.

    Args:
        campaigns: the numbers of each campaign (`report.numbers.make_numbers`).
        studies: the study of each.
        headline: what `report.headline.headline` makes of them.
        contrasts: what `report.contrasts.contrast_numbers` makes of all.
        without_fault: what `report.without_fault.without_fault` makes of the table `controls`.
        commits: rows of table `campaigns`.
    """
    columns = headline["columns"]
    by_claim = {
        claim: {s.id for study in studies for s in study.scenarios if claim in s.claims}
        for claim in CLAIMS
    }
    unnoticed = notice.rows_of(campaigns, by_claim["C1"])
    told = notice.rows_of(campaigns, by_claim["C2"])
    compared = remedies.compared(campaigns)
    written = rules.rows_of(commits)
    in_places = [(place(c), standings(headline, at)) for at, c in enumerate(columns)]
    return {
        "sources": sources(headline),
        "held": held(in_places),
        "abstract_ru": abstract_ru(headline, told),
        "places": [found(where, own) for where, own in in_places],
        "again": again(headline),
        "claims": [answered(claim, columns) for claim in CLAIMS],
        "attempts": attempts(campaigns),
        "own": account(campaigns[0]),
        "differences": [
            sentence
            for plane in campaigns[0]["planes"]
            if plane["tested"]
            for sentence in differences(plane["rows"])
        ],
        "noticed": {
            "rows": unnoticed,
            "sentences": notice.unnoticed(unnoticed),
            "by_damage": notice.by_damage(unnoticed),
            "blind": notice.blind_times(unnoticed),
            "later": still_or_changed("C1", columns),
        },
        "told": {
            "rows": told,
            "sentences": notice.told_by_client(told),
            "in_short": notice.told_in_short(told, columns),
            "inferred": notice.inferred(told),
            "later": still_or_changed("C2", columns),
        },
        "remedy": {
            "rows": compared,
            "sentences": remedies.helped(compared),
            "untried": remedies.untried(compared),
            "cost": remedies.cost(campaigns),
        },
        "quiet": quiet(without_fault),
        "choices": {
            "windows": choices.windows(campaigns),
            "longer_watches": choices.longer_watches(campaigns),
            "company": choices.company(campaigns),
            "lanes": choices.lanes(contrasts["kinds"]),
            "planes": choices.planes(contrasts["kinds"]),
        },
        "rules": {
            "rows": written,
            "before": rules.written_before(written),
            "since": rules.changed_since(written),
        },
        "limits": {
            "machine": limits.machine(campaigns),
            "setting": limits.setting(campaigns),
            "few": limits.few(campaigns),
        },
    }
