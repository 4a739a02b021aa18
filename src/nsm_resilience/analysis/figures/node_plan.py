# SPDX-License-Identifier: Apache-2.0
"""Boxes, lines and names in the plan of one node, as the drawing of the testbed has two."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from nsm_resilience.analysis import style
from nsm_resilience.analysis.deployment import Node
from nsm_resilience.systems.known import FIRST, system_named

if TYPE_CHECKING:
    from matplotlib.axes import Axes

NODES, PODS, LINES, CHIPS = 1.0, 2.0, 3.0, 4.0
"""What lies above what: a line ends behind the boxes that it joins."""


@dataclass(frozen=True)
class Plan:
    """Places in one node in millimetres from its outer lower corner; the endpoint's is mirrored."""

    axes: Axes
    node: Node
    bottom: float
    system: str = FIRST

    def component_of(self, container: str) -> str:
        """Component that a container is, where it has another name; else the name itself."""
        named = (
            name
            for parts in system_named(self.system).components.values()
            for name, part in parts.items()
            if part.container == container and not part.part_of
        )
        return next(named, container)

    @property
    def _mirrored(self) -> bool:
        return self.node.role == "endpoint"

    def x(self, x: float) -> float:
        """A place from the outer edge as one of the page."""
        return style.PAGE_MM - x if self._mirrored else x

    def box(
        self, left: float, low: float, width: float, height: float, name: str, *,
        face: str = "white", edge: str = style.INK, dashed: bool = False,
        order: float = PODS,
    ) -> None:  # fmt: skip
        """A box with an id, `<role>:<name>`."""
        from matplotlib.patches import Rectangle

        patch = Rectangle(
            (self.x(left + width) if self._mirrored else left, self.bottom + low), width, height,
            facecolor=face, edgecolor=edge, linewidth=0.6, linestyle="--" if dashed else "-",
            zorder=order,
        )  # fmt: skip
        patch.set_gid(f"{self.node.role}:{name}")
        self.axes.add_patch(patch)

    def text(
        self, x: float, y: float, text: str, *, size: float = 6.2, align: str = "center",
        italic: bool = False,
    ) -> None:  # fmt: skip
        """A text; `outer` and `inner` are its sides, seen from the middle of the page."""
        sides = {"outer": "right", "inner": "left"} if self._mirrored else {
            "outer": "left", "inner": "right"}  # fmt: skip
        self.axes.text(
            self.x(x), self.bottom + y, text, ha=sides.get(align, align), va="center",
            fontsize=size, color=style.INK, linespacing=1.05, zorder=5,
            fontstyle="italic" if italic else "normal",
        )  # fmt: skip

    def line(self, *points: tuple[float, float], wide: bool = False) -> None:
        """A line through points; a wide one is a data path."""
        self.axes.plot(
            [self.x(x) for x, _ in points], [self.bottom + y for _, y in points],
            color=style.INK,
            linewidth=1.8 if wide else 0.6, solid_joinstyle="miter", zorder=LINES,
        )  # fmt: skip

    def mark(self, x: float, y: float, name: str) -> None:
        """The mark of a unix socket."""
        self.axes.plot(
            [self.x(x)], [self.bottom + y], marker="D", markersize=3.2, zorder=CHIPS,
            markerfacecolor=style.component_colour("sockets"), markeredgecolor=style.INK,
            markeredgewidth=0.4,
        )[0].set_gid(f"{self.node.role}:socket:{name}")  # fmt: skip

    def sockets(
        self, names: Sequence[str], begin: tuple[float, float], end: tuple[float, float],
        places: Sequence[tuple[float, float, float, float, str]],
    ) -> None:  # fmt: skip
        """Draw those of the sockets that are there on the line between server and caller.

        Each place is that of its mark (x, y), of its label (x, y), and the label's alignment.
        """
        there = [name in self.node.sockets for name in names]
        if not any(there):
            return
        self.line(begin, end)
        for name, found, (x, y, label_x, label_y, align) in zip(names, there, places, strict=True):
            if found:
                self.mark(x, y, name)
                self.text(label_x, label_y, name, size=5.6, align=align)

    def chip(
        self, left: float, low: float, width: float, name: str, *, italic: bool = False
    ) -> None:
        """A container or process in the colour of what it does; slanted when it has ended."""
        colour = style.component_colour(self.component_of(name))
        known = colour != style.SOFT
        self.box(
            left, low, width, 5.4, f"container:{name}",
            face=style.shade(colour, 0.3) if known else style.BAND, edge=colour, order=CHIPS,
        )  # fmt: skip
        self.text(left + width / 2, low + 2.6, name, size=5.8, italic=italic)
