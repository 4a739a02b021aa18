# SPDX-License-Identifier: Apache-2.0
"""The testbed as it was deployed: pods, containers, sockets and links of a trial's two nodes.

Nothing is drawn that the record does not show: a socket that was missing is not there. Only which
program serves a socket and which calls it is not in a record; that is a fact of NSM v0.2.0, in
its folder in `systems/`. Of another system there is no such map: its pods stand in rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from nsm_resilience.analysis import style
from nsm_resilience.analysis.deployment import Deployment, Link, Node, Pod
from nsm_resilience.analysis.figures.description import Description
from nsm_resilience.analysis.figures.node_plan import CHIPS, NODES, PODS, Plan
from nsm_resilience.analysis.figures.node_rows import draw_parts, draw_path
from nsm_resilience.study.factors import level_name
from nsm_resilience.systems.known import FIRST, is_part

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

NOTEBOOK = "notebooks/testbed.py"

_NODE_MM = 79.0
_PANEL_MM = 83.0
_TITLE_MM = 6.0
_LEGEND_MM = 7.0
_RESOURCE_WORDS = {
    "networkservices": "network services",
    "networkserviceendpoints": "endpoints",
    "networkservicemanagers": "managers",
}


@style.styled
def draw_testbed(deployments: Sequence[Deployment]) -> Figure:
    """Draw one panel per deployment (one per system and forwarding plane).

    Returns:
        A figure two columns wide; without a deployment an empty one. Boxes have the id
        `<role>:<what>:<name>`, links `link:<role>`.
    """
    from matplotlib.figure import Figure

    panel = _PANEL_MM + (_TITLE_MM if len(deployments) > 1 else 0)
    height = panel * max(len(deployments), 1) + _LEGEND_MM
    figure = Figure(figsize=(style.PAGE_MM / 25.4, height / 25.4))
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_xlim(0, style.PAGE_MM)
    axes.set_ylim(0, height)
    axes.set_axis_off()
    several = len({own.system for own in deployments}) > 1
    for number, own in enumerate(deployments):
        title = f"{level_name('plane', own.plane)} forwarding plane"
        title += f" of {level_name('system', own.system)}" if several else ""
        low = height - panel * (number + 1)
        _panel(axes, own, low, title if len(deployments) > 1 else "")
    _legend(axes, bool(deployments))
    return figure


def _panel(axes: Axes, own: Deployment, bottom: float, title: str) -> None:
    if title:
        axes.text(
            style.PAGE_MM / 2,
            bottom + _PANEL_MM + 2.2,
            title,
            ha="center",
            va="center",
            fontsize=7.5,
        )
    plans = {node.role: Plan(axes, node, bottom + 8, own.system) for node in own.nodes}
    for plan in plans.values():
        plan.box(0.5, 0, _NODE_MM, 74, "node", face=style.BAND, edge=style.SOFT, order=NODES)
        about = f"{plan.node.role}\u2019s node: {plan.node.name}, {plan.node.address}"
        plan.text(2, 71.6, about, size=6.8, align="outer")
        if own.system != FIRST:
            draw_parts(plan)
            continue
        _workload(plan, own)
        _newcomers(plan, own)
        _manager(plan)
        _forwarder(plan)
        _node_services(plan, own)
        _registry(plan, own)
    (_data_path if own.system == FIRST else draw_path)(plans)
    counted = [
        f"{_RESOURCE_WORDS.get(kind, kind)}: {number}" for kind, number in own.resources.items()
    ]
    _api(axes, bottom + 1, f"Kubernetes {own.kubernetes}: API server with custom "
         f"resources ({', '.join(counted) or 'none'})")  # fmt: skip


def _workload(plan: Plan, own: Deployment) -> None:
    pod = plan.node.pod(plan.node.role)
    if pod is None:
        return
    plan.box(37, 53.5, 38.5, 16, f"pod:{pod.name}")
    plan.text(38, 67.6, f"pod {pod.name}, {pod.address}", align="outer")
    chips = [*((name, True) for name in pod.init_containers), *((c, False) for c in pod.containers)]
    width = 37.0 / max(len(chips), 1)
    for at, (name, ended) in enumerate(chips):
        wide = min(width - 0.7, 18.0)
        plan.chip(37.9 + at * width, 60.2, wide, name, italic=ended)
    if pod.link is not None:
        plan.text(74.6, 56.7, f"{pod.link.interface} {pod.link.address}", size=5.8, align="inner")
        if plan.node.role == "client":
            plan.text(38, 56.7, f"echo every {own.echo_s * 1e3:g} ms", size=5.8, align="outer",
                      italic=True)  # fmt: skip
    plan.sockets(
        ("workspace-server", "workspace-client"), (42, 53.5), (42, 41.6),
        ((42, 51.2, 43.6, 51.2, "outer"), (42, 48.4, 43.6, 48.4, "outer")),
    )  # fmt: skip


def _newcomers(plan: Plan, own: Deployment) -> None:
    """Pods that come only after the watch: the record of the steady state cannot hold them yet."""
    if plan.node.role in own.newcomers:
        plan.box(2, 56, 15.5, 12, "probe:new client", dashed=True)
        plan.text(9.75, 62, "new client,\nafter\nthe watch", size=5.8)
    if plan.node.role == "client":
        plan.box(19.5, 56, 15.5, 12, "probe:bystander", dashed=True)
        plan.text(27.25, 62, "ordinary pod,\nafter\nthe watch", size=5.8)


def _manager(plan: Plan) -> None:
    pod = plan.node.pod("nsmgr")
    if pod is None:
        return
    plan.box(2, 31.5, 73.5, 13.8, f"pod:{pod.name}")
    plan.text(3, 43.2, f"pod {pod.name}, {pod.address}", align="outer")
    for name, left in (("nsmdp", 4.0), ("nsmd", 34.5), ("nsmd-k8s", 60.5)):
        if name in pod.containers:
            plan.chip(left, 36.0, 13.5, name)
    plan.sockets(("nsm.io.sock",), (17.5, 38.7), (34.5, 38.7), ((26, 38.7, 26, 36.4, "center"),))
    plan.sockets(
        ("plugin-registry", "plugin-k8s"), (48, 38.7), (60.5, 38.7),
        ((52.2, 38.7, 54.2, 42.8, "center"), (56.3, 38.7, 54.2, 36.4, "center")),
    )  # fmt: skip


def _forwarder(plan: Plan) -> None:
    pod = plan.node.pod("forwarder")
    if pod is None:
        return
    processes = [name for name in plan.node.programs if is_part(name)]
    plan.box(24, 5, 39, 16.5, f"pod:{pod.name}")
    network = ", network of the node" if pod.host_network else f", {pod.address}"
    plan.text(25, 19.4, f"pod {pod.name}{network}", size=5.8, align="outer")
    plan.sockets(
        ("forwarder-registrar", "forwarder"), (41, 36), (41, 21.5),
        ((41, 28.6, 42.6, 28.6, "outer"), (41, 25, 42.6, 25, "outer")),
    )  # fmt: skip
    for name in pod.containers:
        if not processes:
            plan.chip(33, 10.4, 20, name)
            continue
        plan.box(25, 6, 37, 11.8, f"container:{name}", edge=style.component_colour("forwarder"))
        ordered = [name for name in _VPP_ORDER if name in processes]
        left = 25.5
        for process in ordered:
            width = _VPP_ORDER[process]
            plan.chip(left, 7.2, width, process)
            left += width + 0.6
        plan.text(43.5, 15.4, f"container {name}, its processes:", size=5.4)


_VPP_ORDER = {"vppagent-forwarder": 17.6, "vpp-agent": 10.0, "vpp": 7.2}
"""Processes of the VPP forwarder from the outside in, and the width of their boxes."""


def _node_services(plan: Plan, own: Deployment) -> None:
    plan.box(4, 17.5, 13.5, 5.4, "kubelet", face=style.BAND, edge=style.SOFT)
    plan.text(10.75, 20.1, "kubelet", size=5.8)
    plan.sockets(("device-plugin",), (10.75, 36), (10.75, 22.9),
                 ((10.75, 27, 12.4, 27, "outer"),))  # fmt: skip
    plan.box(2, 2, 19.5, 12.5, "agent", edge=style.FAULT_COLOUR)
    tasks = ["our agent: faults,", f"samples every {own.component_s:g} s"]
    if plan.node.role == "client":
        tasks.append("and the echoes")
    plan.text(11.75, 8.2, "\n".join(tasks), size=5.6)


def _registry(plan: Plan, own: Deployment) -> None:
    pod = plan.node.pod("nsmgr")
    if pod is not None and "nsmd-k8s" in pod.containers and own.resources:
        plan.line((67.2, 36), (67.2, -2.2))


def _data_path(plans: dict[str, Plan]) -> None:
    """Draw what joins client and endpoint: a tunnel between the pods, or one through VPP."""
    for role, plan in plans.items():
        pod = plan.node.pod(role)
        if pod is None or pod.link is None:
            continue
        low = 56.7 if pod.link.vxlan else 9.0
        if pod.link.vxlan:
            plan.line((75.5, low), (style.PAGE_MM / 2, low), wide=True)
        else:
            plan.line((75.5, 56.7), (77.7, 56.7), (77.7, 12.0), (62, 12.0), wide=True)
            plan.line((62, low), (style.PAGE_MM / 2, low), wide=True)
        plan.box(_NODE_MM - 2.6, low - 1.5, 6.2, 3.0, f"link:{role}", order=CHIPS)
        plan.text(_NODE_MM + 0.5, low - 0.1, "eth0", size=5.4)
        if role == "client":
            plan.axes.text(style.PAGE_MM / 2, plan.bottom + low + 2.2, _tunnel(pod.link),
                           ha="center", va="bottom", fontsize=5.6, linespacing=1.05)  # fmt: skip


def _tunnel(link: Link) -> str:
    return f"VXLAN\n{link.vxlan[0]}" if link.vxlan else "tunnel\nof VPP"


def _api(axes: Axes, low: float, text: str) -> None:
    from matplotlib.patches import Rectangle

    bar = Rectangle((0.5, low), style.PAGE_MM - 1, 4.8, facecolor="white", edgecolor=style.SOFT,
                    linewidth=0.6, zorder=PODS)  # fmt: skip
    bar.set_gid("api")
    axes.add_patch(bar)
    axes.text(style.PAGE_MM / 2, low + 2.3, text, ha="center", va="center", fontsize=6.2, zorder=5)


def _legend(axes: Axes, something: bool) -> None:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    if not something:
        axes.text(style.PAGE_MM / 2, _LEGEND_MM, "No record holds a snapshot of the testbed.",
                  ha="center", color=style.SOFT)  # fmt: skip
        return
    handles = [
        Patch(facecolor="white", edgecolor=style.INK, label="pod"),
        Patch(facecolor=style.shade(style.BLUE, 0.3), edgecolor=style.BLUE,
              label="container or process (slanted: it has ended)"),
        Line2D([], [], color=style.INK, linewidth=0.6, marker="D", markersize=3.2,
               markerfacecolor=style.component_colour("sockets"), markeredgecolor=style.INK,
               markeredgewidth=0.4, label="unix socket"),
        Line2D([], [], color=style.INK, linewidth=1.8, label="data path"),
        Patch(facecolor="white", edgecolor=style.INK, linestyle="--", label="comes later"),
    ]  # fmt: skip
    axes.legend(handles=handles, loc="lower center", ncols=len(handles), fontsize=6.6,
                columnspacing=1.4, handlelength=1.6)  # fmt: skip


def describe_testbed(deployments: Sequence[Deployment]) -> Description:
    """Say in words what was deployed where."""
    said = [
        f"{level_name('plane', own.plane)} plane of {level_name('system', own.system)}: "
        + "; ".join(_said(node) for node in own.nodes)
        for own in deployments
    ]
    alt = f"Deployment of a trial, as its record shows it. {'. '.join(said)}."
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


def _said(node: Node) -> str:
    pods = ", ".join(_pod_said(pod) for pod in node.pods)
    return f"{node.role}\u2019s node: {pods}; sockets {', '.join(node.sockets) or 'none'}"


def _pod_said(pod: Pod) -> str:
    link = "" if pod.link is None else f" with interface {pod.link.interface}"
    return f"pod {pod.app} ({', '.join(pod.containers)}){link}"
