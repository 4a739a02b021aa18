# SPDX-License-Identifier: Apache-2.0
"""One scenario: its faults, its new clients, and the paper's claim with its source."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from nsm_resilience.study.fault import (
    EXAMPLE,
    UNDOABLE,
    Failure,
    Fault,
    Model,
    NodeRole,
    Seconds,
    check_failure,
)
from nsm_resilience.study.mistake import Mistake, repeated

Source = Literal["stated", "reconstructed", "ours"]

SCENARIO_ID = r"^[A-Za-z][A-Za-z0-9]*$"
LONGEST_ID = 40
"""Letters of a scenario's id: names of files begin with it, and may have 255."""

NEWCOMER = "newcomer"
"""Prefix of the names of new clients' pods."""
BYSTANDER = "bystander"
"""Name of the ordinary pod."""


class NewClient(Model):
    """A new client that asks for the service at a stated instant and waits for a stated time.

    Each is a pod of its own with a prober of its own. One that asks during the watch shows how long
    new clients are refused, and adds to the load of its node.
    """

    node: NodeRole = "client"
    at_s: Seconds | None = Field(
        default=None,
        description="Seconds after the fault, within the watch; without it: after the watch.",
    )
    patience_s: Seconds | None = Field(
        default=None, description="How long it may take; without it: `new_connection_s`."
    )

    @property
    def id(self) -> str:
        """Name within its trial, e.g. `client-15`, and `client` when it asks after the watch."""
        at = "" if self.at_s is None else f"-{self.at_s:g}".replace(".", "-")
        return f"{self.node}{at}"

    def waits_s(self, usual_s: float) -> float:
        """Seconds that it waits; `usual_s` is the study's `new_connection_s`."""
        return usual_s if self.patience_s is None else self.patience_s

    @property
    def pod(self) -> str:
        """Name of its pod."""
        return f"{NEWCOMER}-{self.id}"


def check_asked_once(clients: tuple[NewClient, ...], key: str) -> None:
    """Raise Mistake when two new clients are the same; `key` is that of their list."""
    twice = repeated(client.id for client in clients)
    if twice:
        raise Mistake(
            f"two new clients are {', '.join(map(str, twice))}; give each its own `node` or `at_s`",
            *((key, n) for places in twice.values() for n in places),
        )


class Scenario(Model):
    """One row of the table: its faults, its new clients, and the paper's claim with its source."""

    ADDED_LATER = frozenset({"spare_endpoint", "new_clients", "alone"})

    id: Annotated[str, StringConstraints(pattern=SCENARIO_ID, max_length=LONGEST_ID)]
    title: Annotated[str, StringConstraints(min_length=3)] = Field(examples=[f"{EXAMPLE} fails"])
    where: str = Field(
        examples=["client's node"],
        description="In words, for the table: `client's node`, `both nodes`.",
    )
    faults: tuple[Fault, ...] = ()
    source: Source = Field(description="`stated` in the abstract, or `reconstructed` by us.")
    claimed: Literal["supported", "unsupported"] | None = Field(
        default=None, description="The paper's verdict; empty where the paper says nothing."
    )
    claims: tuple[Literal["C0", "C1", "C2"], ...] = ()
    new_connection: tuple[NodeRole, ...] = Field(
        default=("client",),
        description="Nodes on which a new client asks after the watch; the short form of "
        "`new_clients`.",
    )
    new_clients: tuple[NewClient, ...] = Field(
        default=(), description="New clients and when each asks; in place of `new_connection`."
    )
    failure: Failure | None = Field(
        default=None,
        description="Default failure; `kill` for components and workloads, `replace` for sockets.",
    )
    spare_endpoint: bool = Field(
        default=False,
        description="A second endpoint of the service is there, on the endpoint's node, registered "
        "before the client asks.",
    )

    alone: bool = Field(
        default=False,
        description="No other trial runs on the cluster beside one of this scenario. Faults that "
        "stop or continue a whole data plane, a node or a network are alone by themselves.",
    )

    def runs_alone(self, failure: str) -> bool:
        """Whether its trials, with this level of the factor `failure`, run alone on the cluster."""
        return self.alone or any(fault.disturbs(failure) for fault in self.faults)

    def lasts(self, failure: str) -> bool:
        """Whether, with this level of the factor `failure`, a fault lasts until it is undone."""
        return any(
            fault.failure_in(failure) in UNDOABLE and fault.for_s is None for fault in self.faults
        )

    @property
    def is_control(self) -> bool:
        """Whether nothing is broken: the whole window is watched and any alarm is false."""
        return not self.faults

    @property
    def default_failure(self) -> Failure:
        """The failure when a cell does not name one (study: kill; S8: replace; no fault: none)."""
        if self.failure is not None:
            return self.failure
        if self.is_control:
            return "none"
        if any(f.socket for f in self.faults):
            return "replace"
        first = self.faults[0].failure or self.faults[0].usual_failure
        as_the_cell = any(f.usual_failure is None for f in self.faults)
        return "kill" if first is None or as_the_cell else first

    @property
    def last_act_s(self) -> float:
        """Seconds from the first fault to the last injection or undo in the watch."""
        return max((f.delay_s + (f.for_s or 0.0) for f in self.faults), default=0.0)

    @property
    def clients(self) -> tuple[NewClient, ...]:
        """The new clients: those that ask in the watch by their instants, then those after it."""
        given = self._given
        early = sorted((c for c in given if c.at_s is not None), key=lambda c: c.at_s or 0.0)
        return (*early, *(c for c in given if c.at_s is None))

    @property
    def _given(self) -> tuple[NewClient, ...]:
        """The new clients as written, from either of the two keys."""
        return self.new_clients or tuple(NewClient(node=node) for node in self.new_connection)

    @property
    def last_asked_s(self) -> float:
        """Seconds from the fault to the last request of a new client in the watch; 0 without."""
        return max((c.at_s for c in self.clients if c.at_s is not None), default=0.0)

    @model_validator(mode="after")
    def _asked_once(self) -> Self:
        if self.new_clients and self.new_connection != ("client",):
            raise Mistake(
                "`new_connection` and `new_clients` say the same twice; write `new_clients` alone, "
                "with `{node: …}` for each that asks after the watch",
                ("new_connection",),
                ("new_clients",),
            )
        check_asked_once(self._given, "new_clients" if self.new_clients else "new_connection")
        return self

    @model_validator(mode="after")
    def _failure_fits(self) -> Self:
        for fault in self.faults:
            check_failure(fault, fault.failure_in(self.default_failure))
        return self
