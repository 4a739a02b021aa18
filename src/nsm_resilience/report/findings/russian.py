# SPDX-License-Identifier: Apache-2.0
"""The sentences of the Russian abstract: lists after colons, which need no agreement of endings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from nsm_resilience.report.findings.notice import leading, told_sums
from nsm_resilience.report.findings.standings import (
    Headline,
    Standing,
    Sums,
    by_answer,
    standings,
    system_and_plane,
)
from nsm_resilience.systems.known import every_plane

CLAIMS = {
    "C1": "Повреждение unix-сокетов не замечается и лишает NSM работоспособности (C1)",
    "C2": "Об отказе всех ключевых компонентов NSM клиент не узнаёт (C2)",
}
"""The claims in few words, as the English abstract has them."""

ANSWERS = {
    "reproduced": "воспроизведено",
    "differs": "не воспроизведено",
    "not tested": "ответа нет",
}
"""Words for an agreement; of one claim (утверждение), which is neuter."""

CLIENTS = {"monitored": "с монитором NSM", "plain": "без монитора"}
"""Clients by level of the factor."""


def place_ru(column: Mapping[str, Any]) -> str:
    """System and plane of a column."""
    system, title = system_and_plane(column)
    plane = every_plane().get(str(column["plane"]))
    return f"{system}, плоскость {plane.in_russian or plane.title if plane else title}"


def found_ru(where: str, all_of_them: Sequence[Standing]) -> str:
    """Say what was found in one place, in counts alone.

    >>> found_ru("VPP", [Standing("S1", "a", "b", "supported", 2, 2)]).split("; ")[0]
    'VPP: выдержано во всех испытаниях — 1 из 1 (n = 2)'
    """
    sums = Sums.of(all_of_them)
    if not sums.tested:
        return f"{where}: оценённых испытаний нет."
    least, most = min(sums.sizes), max(sums.sizes)
    sizes = f"n = {least}" if least == most else f"n = {least}–{most}"
    parts = [
        f"{where}: выдержано во всех испытаниях — {len(sums.held)} из {len(sums.tested)} ({sizes})",
        f"как в статье — {sums.agreeing} из {sums.compared}",
    ]
    if sums.absent:
        parts.append(f"неприменимо к этой версии — {len(sums.absent)}")
    if sums.missing:
        parts.append(f"без оценённых испытаний — {len(sums.missing)}")
    return f"{'; '.join(parts)}."


def answered_ru(claim: str, columns: Sequence[Mapping[str, Any]]) -> str:
    """Say where a claim is reproduced and where it is not."""
    parts = [
        f"{words} — {'; '.join(_counted(claim, column) for column in own)}"
        for words, own in by_answer(claim, columns, ANSWERS)
    ]
    return f"{CLAIMS[claim]}: {'; '.join(parts) or 'ответа нет'}."


def _counted(claim: str, column: Mapping[str, Any]) -> str:
    n = sum(column["sizes"].get(claim, []))
    return place_ru(column) + (f" (n = {n})" if n else "")


def told_ru(rows: Sequence[Mapping[str, Any]], columns: Sequence[Mapping[str, Any]]) -> list[str]:
    """Say, client by client, in how many trials it was told, in the columns of the headline."""
    names = {column["name"]: place_ru(column) for column in columns}
    clients: dict[str, list[str]] = {}
    for (client, place, _), (told, known) in told_sums(leading(rows, columns)).items():
        if known:
            clients.setdefault(client, []).append(f"{told} из {known} ({names[place]})")
    return [
        f"Клиент {CLIENTS.get(client, client)} узнал об отказе: {'; '.join(parts)}."
        for client, parts in clients.items()
    ]


def abstract_ru(headline: Headline, told: Sequence[Mapping[str, Any]]) -> list[str]:
    """All of them, in the order of the abstract.

    Args:
        headline: what `report.headline.headline` returns.
        told: cells in which all components fail (`report.findings.notice.rows_of`).
    """
    columns = headline["columns"]
    if not columns:
        return ["Оценённых испытаний нет, поэтому вердиктов нет."]
    return [
        *(found_ru(place_ru(c), standings(headline, at)) for at, c in enumerate(columns)),
        *(answered_ru(claim, columns) for claim in CLAIMS),
        *told_ru(told, columns),
    ]
