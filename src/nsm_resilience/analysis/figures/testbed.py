# SPDX-License-Identifier: Apache-2.0
"""The testbed as it was deployed: pods, containers, sockets and links of a trial's two nodes.

Only what the record shows is drawn: a missing socket is left out. A record does not say which
component is in which container and answers on which socket; the folder of the system under test
does.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import TYPE_CHECKING

from nsm_resilience.analysis import style
from nsm_resilience.analysis.deployment import Deployment, Node, Pod
from nsm_resilience.analysis.figures.description import Description
from nsm_resilience.study.factors import level_name
from nsm_resilience.systems.known import SYSTEMS

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

NOTEBOOK = "notebooks/testbed.py"

_NODE_MM = 79.0
_INNER_MM = _NODE_MM - 5.0
"""Width of a pod in a node."""
_TEXT_MM, _CHIP_MM, _SOCKET_MM, _PROBE_MM, _GAP_MM = 3.8, 5.4, 3.4, 9.5, 1.5
"""Heights: of a line of text, a container, a line of sockets, the row of our own pods, a gap."""
_HEAD_MM, _API_MM, _LEGEND_MM = 6.0, 7.5, 7.0
_SOCKETS_A_LINE = 3
_NODES, _PODS, _LINES, _CHIPS = 1.0, 2.0, 3.0, 4.0
"""Layers, the lowest first: a line ends behind the boxes that it joins."""


@dataclass(frozen=True)
class _Box:
    """A drawn pod: its containers or their processes, and the sockets they answer on.

    Attributes:
        chips: name, component (for its colour), and whether it has ended.
        forwards: whether paths go through it.
    """

    pod: Pod | None
    title: str
    chips: tuple[tuple[str, str, bool], ...] = ()
    sockets: tuple[str, ...] = ()
    forwards: bool = False

    @property
    def height(self) -> float:
        lines = -(-len(self.sockets) // _SOCKETS_A_LINE)
        link = self.pod is not None and self.pod.link is not None
        chips = _CHIP_MM + 1 if self.chips else 0.0
        return _TEXT_MM * (1 + link) + chips + _SOCKET_MM * lines + 0.6


def _boxes(node: Node, own: Deployment) -> list[_Box]:
    """The pods of a node, its workload first; last the sockets of no pod of the lane."""
    system = SYSTEMS[own.system]
    parts = system.components[own.plane]
    served: dict[str, list[str]] = {}
    for name in node.sockets:
        owner = parts.get(system.sockets[name].owner) if name in system.sockets else None
        served.setdefault(owner.container if owner else "", []).append(name)
    boxes = []
    for pod in sorted(node.pods, key=lambda pod: (pod.app != node.role, pod.app)):
        chips = [(name, name, True) for name in pod.init_containers]
        sockets = served.pop("", []) if pod.app == node.role else []
        forwards = False
        for container in pod.containers:
            inside = [n for n, part in parts.items() if part.container == container]
            running = [n for n in inside if parts[n].program in node.programs]
            names = running if len(running) > 1 else [container]
            colour = inside[0] if inside else container
            chips += [(name, name if len(names) > 1 else colour, False) for name in names]
            sockets += served.pop(container, [])
            forwards = forwards or any(parts[n].kind == "forwarder" for n in inside)
        where = "network of the node" if pod.host_network else pod.address
        title = f"pod {pod.name}, {where}"
        boxes.append(_Box(pod, title, tuple(chips), tuple(sockets), forwards))
    left = [name for names in served.values() for name in names]
    return [*boxes, _Box(None, "of no pod of the lane", sockets=tuple(left))] if left else boxes


@dataclass(frozen=True)
class _Drawing:
    """The drawing of one node, in millimetres; the endpoint's is at the right."""

    axes: Axes
    node: Node

    @property
    def left(self) -> float:
        return style.PAGE_MM - _NODE_MM - 0.5 if self.node.role == "endpoint" else 0.5

    @property
    def inner(self) -> float:
        """The edge towards the other node."""
        return self.left if self.node.role == "endpoint" else self.left + _NODE_MM

    def box(
        self, left: float, low: float, width: float, height: float, name: str, *,
        face: str = "white", edge: str = style.INK, dashed: bool = False, order: float = _PODS,
    ) -> None:  # fmt: skip
        from matplotlib.patches import Rectangle

        patch = Rectangle(
            (left, low), width, height, facecolor=face, edgecolor=edge, linewidth=0.6,
            linestyle="--" if dashed else "-", zorder=order,
        )  # fmt: skip
        patch.set_gid(f"{self.node.role}:{name}")
        self.axes.add_patch(patch)

    def text(
        self, x: float, y: float, text: str, *, size: float = 5.8, align: str = "left",
        italic: bool = False,
    ) -> None:  # fmt: skip
        self.axes.text(
            x, y, text, ha=align, va="center", fontsize=size, color=style.INK, linespacing=1.05,
            zorder=5, fontstyle="italic" if italic else "normal",
        )  # fmt: skip

    def pod(self, box: _Box, top: float, own: Deployment) -> None:
        left, low = self.left + 2.5, top - box.height
        self.box(left, low, _INNER_MM, box.height, f"pod:{box.pod.name if box.pod else 'none'}")
        self.text(left + 1, top - 2, box.title)
        top -= _TEXT_MM
        width = (_INNER_MM - 1) / max(len(box.chips), 1)
        for at, (name, component, ended) in enumerate(box.chips):
            colour = style.component_colour(component)
            face = style.BAND if colour == style.SOFT else style.shade(colour, 0.3)
            x, wide = left + 0.8 + at * width, min(width - 0.8, 22.0)
            self.box(x, top - _CHIP_MM, wide, _CHIP_MM, f"container:{name}", face=face, edge=colour,
                     order=_CHIPS)  # fmt: skip
            self.text(x + wide / 2, top - 2.8, name, size=5.4, align="center", italic=ended)
        top -= _CHIP_MM + 1 if box.chips else 0.0
        if box.pod is not None and box.pod.link is not None:
            text = f"interface {box.pod.link.interface} {box.pod.link.address}"
            if self.node.role == "client":
                text += f", an echo every {own.echo_s * 1e3:g} ms"
            self.text(left + 1, top - 1.6, text)
            top -= _TEXT_MM
        for at, name in enumerate(box.sockets):
            line, place = divmod(at, _SOCKETS_A_LINE)
            x, y = left + 2 + place * _INNER_MM / _SOCKETS_A_LINE, top - 1.4 - line * _SOCKET_MM
            self.axes.plot(
                [x], [y], marker="D", markersize=3.0, zorder=_CHIPS, markeredgewidth=0.4,
                markerfacecolor=style.component_colour("sockets"), markeredgecolor=style.INK,
            )[0].set_gid(f"{self.node.role}:socket:{name}")  # fmt: skip
            self.text(x + 1.2, y - 0.1, name, size=5.2)

    def ours(self, top: float, own: Deployment) -> None:
        """Draw our agent, and the pods that start only after the watch."""
        client = self.node.role == "client"
        agent = f"our agent: faults,\nsamples every {own.component_s:g} s"
        shown = [("agent", f"{agent},\nand the echoes" if client else agent)]
        if self.node.role in own.newcomers:
            shown.append(("probe:new client", "new client"))
        if client:
            shown.append(("probe:bystander", "ordinary pod"))
        for at, (name, text) in enumerate(shown):
            x, later = self.left + 2.5 + at * 25, name != "agent"
            self.box(x, top - _PROBE_MM, 23.5, _PROBE_MM, name, dashed=later,
                     edge=style.INK if later else style.FAULT_COLOUR)  # fmt: skip
            self.text(x + 11.75, top - _PROBE_MM / 2, text, size=5.4, align="center")


@style.styled
def draw_testbed(deployments: Sequence[Deployment]) -> Figure:
    """Draw one panel per deployment (one per system and forwarding plane).

    Returns:
        A figure two columns wide; without a deployment an empty one. Boxes have the id
        `<role>:<what>:<name>`, links `<role>:link:<role>`.
    """
    from matplotlib.figure import Figure

    if not deployments:
        return style.empty_figure(style.PAGE_MM, "No record holds a snapshot of the testbed.")
    panels = [{node: _boxes(node, own) for node in own.nodes} for own in deployments]
    heights = [_HEAD_MM + sum(_rows(panel)) + _PROBE_MM + _GAP_MM for panel in panels]
    beside = _API_MM + 2 * _GAP_MM + (_HEAD_MM if len(panels) > 1 else 0)
    height = sum(high + beside for high in heights) + _LEGEND_MM
    figure = Figure(figsize=(style.PAGE_MM / 25.4, height / 25.4))
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_xlim(0, style.PAGE_MM)
    axes.set_ylim(0, height)
    axes.set_axis_off()
    top = height - 0.5
    for own, panel, high in zip(deployments, panels, heights, strict=True):
        if len(panels) > 1:
            axes.text(style.PAGE_MM / 2, top - 3, _plane(own), ha="center", va="center",
                      fontsize=7.5)  # fmt: skip
            top -= _HEAD_MM
        _panel(axes, own, panel, top, high)
        top -= high + _API_MM + 2 * _GAP_MM
    _legend(axes)
    return figure


def _rows(panel: dict[Node, list[_Box]]) -> list[float]:
    """Heights of the rows of pods; both nodes have the same, so that links are level."""
    rows = zip_longest(*panel.values())
    return [max(box.height for box in row if box is not None) + _GAP_MM for row in rows]


def _panel(
    axes: Axes, own: Deployment, panel: dict[Node, list[_Box]], top: float, high: float
) -> None:
    for node, boxes in panel.items():
        drawing = _Drawing(axes, node)
        drawing.box(drawing.left, top - high, _NODE_MM, high, "node", face=style.BAND,
                    edge=style.SOFT, order=_NODES)  # fmt: skip
        head = f"{node.role}\u2019s node: {node.name}, {node.address}"
        drawing.text(drawing.left + 2, top - 3, head, size=6.8)
        y = top - _HEAD_MM
        middles = {}
        for box, row in zip(boxes, _rows(panel), strict=False):
            drawing.pod(box, y, own)
            middles[box] = y - (row - _GAP_MM) / 2
            y -= row
        drawing.ours(top - high + _GAP_MM + _PROBE_MM, own)
        _link(drawing, middles)
    counted = ", ".join(f"{kind}: {number}" for kind, number in own.resources.items())
    bar = _Drawing(axes, own.nodes[0])
    bar.box(0.5, top - high - _API_MM + 1, style.PAGE_MM - 1, _API_MM - 2.5, "api", edge=style.SOFT)
    server = f"API server with the system\u2019s custom resources ({counted or 'none'})"
    text = f"Kubernetes {own.kubernetes}: {server}"
    bar.text(style.PAGE_MM / 2, top - high - _API_MM / 2 - 0.3, text, align="center")


def _link(drawing: _Drawing, middles: dict[_Box, float]) -> None:
    """Draw the data path between client and endpoint: a tunnel of the pods or the forwarders."""
    role = drawing.node.role
    pod = drawing.node.pod(role)
    if pod is None or pod.link is None:
        return
    ends = {box.pod: y for box, y in middles.items() if box.pod == pod or box.forwards}
    begin = ends[pod]
    low = begin if pod.link.vxlan else min(ends.values())
    out = drawing.inner + (1.5 if role == "endpoint" else -1.5)
    edge = drawing.inner + (2.5 if role == "endpoint" else -2.5)
    points = [(edge, begin), (out, begin), (out, low), (style.PAGE_MM / 2, low)]
    drawing.axes.plot(
        [x for x, _ in points], [y for _, y in points], color=style.INK, linewidth=1.8,
        solid_joinstyle="miter", zorder=_LINES,
    )  # fmt: skip
    drawing.box(drawing.inner - 2.6, low - 1.5, 5.2, 3.0, f"link:{role}", order=_CHIPS)
    drawing.text(drawing.inner, low - 0.1, "eth0", size=5.2, align="center")
    if role == "client":
        words = f"VXLAN\n{pod.link.vxlan[0]}" if pod.link.vxlan else "tunnel"
        drawing.text(style.PAGE_MM / 2, low + 3, words, size=5.4, align="center")


def _legend(axes: Axes) -> None:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    handles = [
        Patch(facecolor="white", edgecolor=style.INK, label="pod"),
        Patch(facecolor=style.shade(style.BLUE, 0.3), edgecolor=style.BLUE,
              label="container or process (slanted: it has ended)"),
        Line2D([], [], color=style.INK, linestyle="none", marker="D", markersize=3.0,
               markerfacecolor=style.component_colour("sockets"), markeredgecolor=style.INK,
               markeredgewidth=0.4, label="unix socket"),
        Line2D([], [], color=style.INK, linewidth=1.8, label="data path"),
        Patch(facecolor="white", edgecolor=style.INK, linestyle="--", label="after the watch"),
    ]  # fmt: skip
    axes.legend(handles=handles, loc="lower center", ncols=len(handles), fontsize=6.6,
                columnspacing=1.4, handlelength=1.6)  # fmt: skip


def describe_testbed(deployments: Sequence[Deployment]) -> Description:
    """Say in words what was deployed where."""
    panels = [f"{_plane(own)}: " + "; ".join(map(_node_text, own.nodes)) for own in deployments]
    alt = f"Deployment of a trial, as its record shows it. {'. '.join(panels)}."
    if not deployments:
        alt = "No figure: no complete record holds a snapshot of the testbed."
    return Description(
        name="testbed",
        title="The testbed as deployed",
        alt=alt,
        notebook=NOTEBOOK,
        tables=("trials",),
        trials=tuple(own.trial for own in deployments),
        drawn=bool(deployments),
    )


def _plane(own: Deployment) -> str:
    return f"{level_name('plane', own.plane)} plane of {level_name('system', own.system)}"


def _node_text(node: Node) -> str:
    pods = ", ".join(map(_pod_text, node.pods))
    return f"{node.role}\u2019s node: {pods}; sockets {', '.join(node.sockets) or 'none'}"


def _pod_text(pod: Pod) -> str:
    link = "" if pod.link is None else f" with interface {pod.link.interface}"
    return f"pod {pod.app} ({', '.join(pod.containers)}){link}"
