# SPDX-License-Identifier: Apache-2.0
"""One fault of a scenario as data: its target, its failure, its time and its duration.

A new kind of fault is a key of `Fault` and of `TARGET_FAILURES` here, a module in `faults/` and,
where the agent injects it, a module beside `agent/node/inject.py`. A new way to fail is a word of
`Failure`, with an entry in `FAILURES`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, Self, get_args

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SerializerFunctionWrapHandler,
    model_serializer,
    model_validator,
)

from nsm_resilience.study.names import Component, Registry, Socket
from nsm_resilience.systems.known import (
    carries,
    component_names,
    may_need_no_node,
    placed_by_itself,
    socket_names,
)

Failure = Literal[
    "none", "kill", "delete", "hang", "unlink", "replace", "orphan", "mode", "wipe", "cut", "pause",
    "down",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class FailureWords:
    """A way to fail in words.

    Attributes:
        meaning: For a reader who meets the word for the first time.
        done: The injection as a verb before its target: `killed`.
        undone: The undo as a verb before its target; empty for a failure that is over at once.
        lasting: Whether it must end before its trial does (`for_s`), so that no node is cut off or
            paused for a whole trial.
        process: What samples show of a component's process after the proof: that it is `gone` or
            `stopped`; empty for a failure after which it may run on.
    """

    meaning: str
    done: str
    undone: str = ""
    lasting: bool = False
    process: Literal["", "gone", "stopped"] = ""


FAILURES: Mapping[Failure, FailureWords] = {
    "none": FailureWords("nothing is broken: a control, in which any alarm is false", "none"),
    "kill": FailureWords("SIGKILL to the process; its pod stays", "killed", process="gone"),
    "delete": FailureWords(
        "the pod is deleted; Kubernetes makes another where something owns it",
        "deleted the pod of",
    ),
    "hang": FailureWords(
        "SIGSTOP: the process is there and does nothing", "stopped", "continued", process="stopped"
    ),
    "replace": FailureWords(
        "an ordinary file lies in the place of a unix socket", "damaged", "mended"
    ),
    "unlink": FailureWords("the file of a unix socket is removed", "damaged", "mended"),
    "orphan": FailureWords(
        "the file of a unix socket is there, and nobody listens on it", "damaged", "mended"
    ),
    "mode": FailureWords(
        "nobody has permission for the file of a unix socket", "damaged", "mended"
    ),
    "wipe": FailureWords("the custom resources of the system's registry are deleted", "deleted"),
    "cut": FailureWords(
        "a node is cut off from the other node, or from the API server", "cut off", "joined again",
        lasting=True,
    ),
    "pause": FailureWords(
        "every process of a node is stopped", "stopped", "continued", lasting=True
    ),
    "down": FailureWords(
        "the client's interface of the connection is set down in its pod", "set down", "set up"
    ),
}  # fmt: skip
"""Every way to fail in the order of the report."""
NodeRole = Literal["client", "endpoint"]
Workload = Literal["client", "endpoint"]
Network = Literal["peer", "api"]
Interface = Literal["client"]
COMPONENT_FAILURES: tuple[Failure, ...] = ("kill", "delete", "hang")
TARGET_FAILURES: dict[str, tuple[Failure, ...]] = {
    "component": COMPONENT_FAILURES,
    "socket": ("replace", "unlink", "orphan", "mode"),
    "workload": ("kill", "delete"),
    "registry": ("wipe",),
    "network": ("cut",),
    "whole_node": ("pause",),
    "interface": ("down",),
}
"""Keys of a fault that name its target, with the ways in which each can fail, the usual first."""
AS_THE_CELL: frozenset[str] = frozenset({"component", "socket", "workload"})
"""Keys whose target fails in the way of its cell. Every other target fails in its usual way where
the study names none of its ways, so that a second way changes no study that was written before."""
BY_ITSELF: frozenset[str] = frozenset({"workload", "registry", "interface"})
"""Keys whose target has only one place, or is on no node: `node` does not go with them."""
UNDOABLE: frozenset[str] = frozenset(name for name, said in FAILURES.items() if said.undone)
"""Failures that can end before the trial does (`for_s`)."""
LASTING: frozenset[str] = frozenset(name for name, said in FAILURES.items() if said.lasting)
"""Failures that must."""
EXAMPLE, EXAMPLE_SOCKET = component_names()[0], socket_names()[0]
"""A component and a socket that messages and schemas name as an example."""
LONGEST_S = 86_400.0
"""Seconds. A window, delay or fault that is longer than a day is a typing error."""
Seconds = Annotated[float, Field(gt=0, le=LONGEST_S, allow_inf_nan=False)]


def _as_path(value: object) -> object:
    return Path(value) if isinstance(value, str) and value.strip() else value


WrittenPath = Annotated[Path, BeforeValidator(_as_path)]
"""A path that a file holds as text: strict models would not accept text as a path."""


class Model(BaseModel):
    """Base of all configuration models: immutable, and an unknown key is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    ADDED_LATER: ClassVar[frozenset[str]] = frozenset()
    """Keys that are newer than recorded campaigns: not written while they have their default, so
    that the checksums in those campaigns stay valid."""

    @model_serializer(mode="wrap")
    def _without_later(self, write: SerializerFunctionWrapHandler) -> dict[str, Any]:
        written: dict[str, Any] = write(self)
        fields = type(self).model_fields
        for name in self.ADDED_LATER:
            if getattr(self, name) == fields[name].default:
                written.pop(name, None)
        return written


def fault_id(number: int) -> str:
    """The id of a scenario's fault, by its place from 1, for orders, events and proofs."""
    return f"fault-{number}"


class Fault(Model):
    """One fault, on one of the trial's two nodes or in the system's registry.

    Exactly one key of `TARGET_FAILURES` is given. `failure` defaults to the cell's factor; what is
    not among `AS_THE_CELL` fails in its usual way where the cell names none of its ways. Faults of
    one scenario are injected at one instant unless `delay_s` says otherwise.
    """

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"component": EXAMPLE, "node": "client"}]}
    )
    ADDED_LATER = frozenset({"for_s", *TARGET_FAILURES}) - {"component", "socket"}

    component: Component | None = None
    socket: Socket | None = None
    workload: Workload | None = Field(
        default=None, description="The client's pod, or that of the endpoint that serves it."
    )
    registry: Registry | None = Field(
        default=None, description="The system's custom resources of the lane, all or of one kind."
    )
    network: Network | None = Field(
        default=None,
        description="What the node is cut off from: `peer`, the lane's other node, or `api`, the "
        "API server.",
    )
    whole_node: Literal[True] | None = Field(
        default=None, description="Every process of the node: kubelet, runtime, all containers."
    )
    interface: Interface | None = Field(
        default=None,
        description="Whose interface of the connection is set down: the client's, in its own pod.",
    )
    node: NodeRole | None = Field(
        default=None,
        description="Not given with `workload`, `registry` and `interface`, and with a component "
        "that runs once in a lane.",
    )
    failure: Failure | None = Field(default=None, description="Overrides the cell's failure.")
    delay_s: Annotated[float, Field(ge=0, le=LONGEST_S)] = Field(
        default=0.0, description="Seconds after the first injection of the scenario."
    )
    for_s: Seconds | None = Field(
        default=None,
        description="Seconds until it is undone; the watch goes on then. Without it: at the end.",
    )

    @model_validator(mode="after")
    def _one_target(self) -> Self:
        named = [key for key in TARGET_FAILURES if getattr(self, key) is not None]
        if len(named) != 1:
            raise ValueError(
                f"a fault names exactly one of {', '.join(TARGET_FAILURES)}; write for example\n"
                f"  - {{component: {EXAMPLE}, node: client}}\nor\n"
                f"  - {{socket: {EXAMPLE_SOCKET}, node: client}}"
            )
        by_itself = self.component is not None and placed_by_itself(self.component) is not None
        placed = self.kind not in BY_ITSELF and not by_itself
        somewhere_alone = self.component is not None and may_need_no_node(self.component)
        if placed and self.node is None and not somewhere_alone:
            raise ValueError(f"`node` is missing; write `node: client` beside `{self.kind}`")
        if not placed and self.node is not None:
            what = f"{self.kind}: {self.component}" if by_itself else self.kind
            raise ValueError(
                f"`node` does not go with `{what}`, which is where it is; leave it out"
            )
        failure = self.failure or self.usual_failure
        if failure is not None:
            check_failure(self, failure)
        return self

    @property
    def kind(self) -> str:
        """The key that names the target: one of `TARGET_FAILURES`."""
        return next(key for key in TARGET_FAILURES if getattr(self, key) is not None)

    @property
    def usual_failure(self) -> Failure | None:
        """Its failure where neither it nor its cell names one of its ways.

        None for a target that fails in the way of its cell.
        """
        return None if self.kind in AS_THE_CELL else TARGET_FAILURES[self.kind][0]

    @property
    def ways(self) -> tuple[Failure, ...]:
        """The ways in which it can fail: its own if it names one, else those of its target."""
        return TARGET_FAILURES[self.kind] if self.failure is None else (self.failure,)

    def failure_in(self, of_cell: str) -> str:
        """Its failure in a cell with this level of the factor `failure`."""
        if self.failure is not None:
            return self.failure
        usual = self.usual_failure
        return of_cell if usual is None or of_cell in self.ways else usual

    @property
    def target(self) -> str:
        """Name of the target, e.g. `nsmd@client`, `socket:all@client` or `endpoint`."""
        named = getattr(self, self.kind)
        name = {"component": named, "workload": named, "whole_node": "node"}.get(
            self.kind, f"{self.kind}:{named}"
        )
        return f"{name}@{self.node}" if self.node is not None else f"{name}"

    def disturbs(self, of_cell: str) -> bool:
        """Whether it stops or continues a whole data plane, node or network (issue 14, section 1).

        When it continues, it processes the queued work at once, on bridges, processors and kernels
        that other lanes share: measured in the docstring of faults/process.py.
        """
        failure = self.failure_in(of_cell)
        if failure in LASTING:
            return True
        return failure == "hang" and self.component is not None and carries(self.component)

    @property
    def role(self) -> NodeRole | None:
        """Role of its node according to the study; None where the study does not name one."""
        named = getattr(self, self.kind) if self.kind in BY_ITSELF else None
        return self.node or (named if named in get_args(NodeRole) else None)


def check_failure(fault: Fault, failure: str) -> None:
    """Raise ValueError unless `failure` is possible for the fault's target and its `for_s`."""
    ways = TARGET_FAILURES[fault.kind]
    if failure not in ways:
        what = {"whole_node": "a whole node"}.get(
            fault.kind, f"the {fault.kind} `{getattr(fault, fault.kind)}`"
        )
        raise ValueError(
            f"failure `{failure}` does not fit {what}; write one of: {', '.join(sorted(ways))}"
        )
    if fault.for_s is not None and failure not in UNDOABLE:
        raise ValueError(f"`for_s`: the failure `{failure}` is over at once; leave it out")
    if fault.for_s is None and failure in LASTING:
        raise ValueError(
            f"`for_s` is missing: say for how long, e.g. `for_s: 30` ({failure} is undone then)"
        )
