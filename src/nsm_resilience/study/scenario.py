# SPDX-License-Identifier: Apache-2.0
"""One scenario: its faults, what the paper claims of it, and where that is said."""

from __future__ import annotations

from typing import Annotated, Literal, Self, cast

from pydantic import Field, StringConstraints, model_validator

from nsm_resilience.study.fault import Failure, Fault, Model, NodeRole, check_failure

Source = Literal["stated", "reconstructed", "ours"]

SCENARIO_ID = r"^[A-Za-z][A-Za-z0-9]*$"


class Scenario(Model):
    """One row of the table: its faults, what the paper claims of it, and where that is said."""

    LATER = frozenset({"spare_endpoint"})

    id: Annotated[str, StringConstraints(pattern=SCENARIO_ID)]
    title: Annotated[str, StringConstraints(min_length=3)] = Field(examples=["nsmd fails"])
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
        default=("client",), description="Nodes on which a new client asks after the watch."
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
        free = any(f.only_failure is None for f in self.faults)
        return "kill" if free else cast(Failure, self.faults[0].only_failure)

    @property
    def undone_s(self) -> float:
        """Seconds from the fault until the last one that ends within the watch is undone."""
        return max((f.delay_s + f.for_s for f in self.faults if f.for_s is not None), default=0.0)

    @model_validator(mode="after")
    def _failure_fits(self) -> Self:
        for fault in self.faults:
            check_failure(fault, fault.failure_in(self.default_failure))
        return self
