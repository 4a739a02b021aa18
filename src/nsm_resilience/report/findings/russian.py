# SPDX-License-Identifier: Apache-2.0
"""The sentences of the Russian abstract: lists after colons, which need no agreement of endings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from nsm_resilience.report.findings.standings import (
    Headline,
    Standing,
    Sums,
    by_answer,
    standings,
    system_and_plane,
)
from nsm_resilience.tables.language import listed

PLANES = {"kernel": "плоскость ядра Linux", "vpp": "плоскость VPP"}
"""Forwarding planes by id."""

ANSWERS = {
    "reproduced": "воспроизведено",
    "differs": "не воспроизведено",
    "not tested": "не проверено",
}
"""Words for an agreement; of one claim (утверждение), which is neuter."""


def place_ru(column: Mapping[str, Any]) -> str:
    """System and plane of a column."""
    system, _ = system_and_plane(column)
    return f"{system}, {PLANES.get(str(column['plane']), str(column['plane']))}"


def found_ru(where: str, all_of_them: Sequence[Standing]) -> str:
    """Say what was found in one place.

    >>> found_ru("VPP", [Standing("S1", "a", "b", "supported", 2, 2)]).split("; ")[0]
    'VPP: выдержано во всех испытаниях — 1 из 1 (n = 2)'
    """
    sums = Sums.of(all_of_them)
    if not sums.tested:
        return f"{where}: оценённых испытаний нет."
    rest = [f"{one.scenario} ({one.k} из {one.n})" for one in sums.rest]
    least, most = min(sums.sizes), max(sums.sizes)
    sizes = f"n = {least}" if least == most else f"n = {least}–{most}"
    missing = [one.scenario for one in all_of_them if not one.n]
    return (
        f"{where}: выдержано во всех испытаниях — {len(sums.held)} из {len(sums.tested)} "
        f"({sizes}); не во всех — "
        f"{listed(rest, last='и') if rest else 'нет'}; как в статье — {sums.agreeing} "
        f"из {sums.compared}"
        + (f"; не проверено — {listed(missing, last='и')}" if missing else "")
        + "."
    )


def answered_ru(claim: str, columns: Sequence[Mapping[str, Any]]) -> str:
    """Say where a claim is reproduced and where it is not."""
    parts = [
        f"{words} — {'; '.join(place_ru(column) for column in own)}"
        for words, own in by_answer(claim, columns, ANSWERS)
    ]
    return f"Утверждение {claim}: {'; '.join(parts) or 'не проверено'}."


def abstract_ru(headline: Headline) -> list[str]:
    """All of them, in the order of the abstract."""
    columns = headline["columns"]
    if not columns:
        return ["Оценённых испытаний нет, поэтому вердиктов нет."]
    return [
        *(found_ru(place_ru(c), standings(headline, at)) for at, c in enumerate(columns)),
        *(answered_ru(claim, columns) for claim in ("C1", "C2")),
    ]
