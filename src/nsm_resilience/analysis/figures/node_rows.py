# SPDX-License-Identifier: Apache-2.0
"""The parts of a node in rows: the plan of a system of which nobody has drawn a map.

A row is a pod: its name, its containers, and the interface that the system put into it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from nsm_resilience.analysis import style
from nsm_resilience.analysis.figures.node_plan import CHIPS, Plan

if TYPE_CHECKING:
    from nsm_resilience.analysis.deployment import Pod

_TOP_MM, _ROW_MM, _HIGH_MM = 68.0, 8.6, 7.4
_SIDES_MM = (3.0, 74.5)
"""Where the names of a row begin and end."""
_PATH_MM = 12.6
_SOCKETS_MM = 8.6
_LETTER_MM = 1.0
"""About the width of a letter of the smallest names."""


def draw_parts(plan: Plan) -> None:
    """Draw every pod of a node, and below them its unix sockets."""
    for pod, low in _rows(plan).items():
        plan.box(2, low, 73.5, _high(plan), f"pod:{pod.name}")
        middle = low + _high(plan) / 2
        link = "" if pod.link is None else f"{pod.link.interface} {pod.link.address}"
        plan.text(_SIDES_MM[0], middle, pod.name, size=5.2, align="outer")
        plan.text(_SIDES_MM[1], middle, link, size=5.2, align="inner")
        begin = _SIDES_MM[0] + _LETTER_MM * (len(pod.name) + 2)
        end = _SIDES_MM[1] - (_LETTER_MM * (len(link) + 2) if link else 0)
        names = [*((n, True) for n in pod.init_containers), *((n, False) for n in pod.containers)]
        width = (end - begin) / max(len(names), 1)
        for at, (name, ended) in enumerate(names):
            plan.chip(begin + at * width, middle - 2.7, width - 0.6, name, italic=ended)
    left, low = 4.0, _SOCKETS_MM
    for name in plan.node.sockets:
        width = 4 + _LETTER_MM * len(name)
        if left + width > 75 and left > 4.0:
            left, low = 4.0, low - 3.2
        plan.mark(left, low, name)
        plan.text(left + 1.8, low, name, size=5.2, align="outer")
        left += width


def draw_path(plans: Mapping[str, Plan]) -> None:
    """Draw what joins client and endpoint, from the pods that have an end of it."""
    for role, plan in plans.items():
        for pod, low in _rows(plan).items():
            if pod.link is None or pod.name.partition("-")[0] != role:
                continue
            middle = low + _high(plan) / 2
            plan.line(
                (75.5, middle), (77.7, middle), (77.7, _PATH_MM), (style.PAGE_MM / 2, _PATH_MM),
                wide=True,
            )  # fmt: skip
            plan.box(76.4, _PATH_MM - 1.5, 6.2, 3.0, f"link:{role}", order=CHIPS)
            plan.text(79.5, _PATH_MM - 0.1, "eth0", size=5.4)
            break


def _rows(plan: Plan) -> dict[Pod, float]:
    """The lower edge of each pod's row, in millimetres."""
    step = min(_ROW_MM, (_TOP_MM - _PATH_MM - 3) / max(len(plan.node.pods), 1))
    return {pod: _TOP_MM - step * (at + 1) for at, pod in enumerate(plan.node.pods)}


def _high(plan: Plan) -> float:
    step = min(_ROW_MM, (_TOP_MM - _PATH_MM - 3) / max(len(plan.node.pods), 1))
    return step * _HIGH_MM / _ROW_MM
