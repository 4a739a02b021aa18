# SPDX-License-Identifier: Apache-2.0
"""The sentences of the Russian abstract: lists after colons, which need no agreement of endings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from nsm_resilience.report.findings.notice import told_sums
from nsm_resilience.report.findings.standings import (
    Column,
    Headline,
    Sums,
    by_answer,
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
"""Words for an agreement, in the neuter gender of a claim (утверждение)."""

CLIENTS = {"monitored": "с монитором NSM", "plain": "без монитора"}
"""Clients by level of the factor."""


def place_ru(column: Column) -> str:
    """System and plane of a column."""
    system, title = system_and_plane(column)
    plane = every_plane().get(str(column["plane"]))
    return f"{system}, плоскость {plane.in_russian or plane.title if plane else title}"


def held_ru(where: str, sums: Sums) -> str:
    """Report the findings of one place, in counts alone.

    >>> held_ru("VPP", Sums((2,), 1, 1, 1, 0, 0))
    'VPP: выдержано во всех испытаниях — 1 из 1 (n = 2); как в статье — 1 из 1.'
    """
    if not sums.sizes:
        return f"{where}: оценённых испытаний в основных условиях нет."
    least, most = min(sums.sizes), max(sums.sizes)
    sizes = f"n = {least}" if least == most else f"n = {least}–{most}"
    parts = [
        f"{where}: выдержано во всех испытаниях — {sums.held} из {len(sums.sizes)} ({sizes})",
        *([f"как в статье — {sums.agreeing} из {sums.compared}"] if sums.compared else []),
        *([f"неприменимо к этой версии — {sums.absent}"] if sums.absent else []),
        *([f"без таких оценённых испытаний — {sums.missing}"] if sums.missing else []),
    ]
    return f"{'; '.join(parts)}."


def answered_ru(claim: str, columns: Sequence[Column]) -> str:
    """Say where a claim is reproduced and where it is not."""
    parts = [
        f"{words} — {'; '.join(_counted(claim, column) for column in own)}"
        for words, own in by_answer(claim, columns, ANSWERS)
    ]
    return f"{CLAIMS[claim]}: {'; '.join(parts) or 'ответа нет'}."


def _counted(claim: str, column: Column) -> str:
    n = sum(column["sizes"].get(claim, []))
    return place_ru(column) + (f" (n = {n})" if n else "")


def told_ru(rows: Sequence[Mapping[str, Any]], columns: Sequence[Column]) -> list[str]:
    """Say, client by client, in how many trials it was told, in the columns of the headline."""
    names = {column["name"]: place_ru(column) for column in columns}
    clients: dict[str, list[str]] = {}
    for (client, place), (told, known) in told_sums(rows, columns).items():
        clients.setdefault(client, []).append(f"{told} из {known} ({names[place]})")
    return [
        f"Клиент {CLIENTS.get(client, client)} узнал об отказе: {'; '.join(parts)}."
        for client, parts in clients.items()
    ]


NONE_AT_ITS_DEFAULT = (
    "Ни у одного сценария статьи нет оценённого испытания в основных условиях, поэтому ответов нет."
)
"""For a headline without a column. Other trials may be judged."""


def abstract_ru(headline: Headline, told: Sequence[Mapping[str, Any]]) -> list[str]:
    """All sentences in the order of the abstract; `told`: cells in which all components fail."""
    columns = headline["columns"]
    if not columns:
        return [NONE_AT_ITS_DEFAULT]
    return [
        *(held_ru(place_ru(c), Sums.of(headline, at)) for at, c in enumerate(columns)),
        *(answered_ru(claim, columns) for claim in CLAIMS),
        *told_ru(told, columns),
    ]
