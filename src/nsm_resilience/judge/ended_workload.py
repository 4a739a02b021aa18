# SPDX-License-Identifier: Apache-2.0
"""The rule for a trial whose client, or whose only endpoint, is gone for good.

After the client's pod is deleted, or the endpoint's without a spare, the path has lost one end and
cannot recover: a dead path says nothing about NSM. Two other conditions decide, as in NSM's own
tests of 2019 (TestNSCDies, TestNSEDies: the survivor has no interface of NSM):

- the survivor's interface to the dead is released: none of the interfaces that NSM had given to its
  pod before the fault is there in the snapshot after the watch;
- if the client is gone, a new client gets a working connection, as in every trial. (If the only
  endpoint is gone, a new client cannot, and its answer decides nothing.)

If both hold, the trial is `supported`, else `unsupported`. A workload that is killed in place, and
an endpoint with a spare, are judged like all other trials.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from nsm_resilience.judge.declared import scenario_of
from nsm_resilience.judge.evidence import Evidence, Problem, of_snapshot
from nsm_resilience.record.reader import Record
from nsm_resilience.record.snapshots import nsm_interfaces, read_snapshot
from nsm_resilience.study.fault import Workload
from nsm_resilience.study.models import Factors


@dataclass(frozen=True, slots=True)
class EndedWorkload:
    """The state of the survivor after the watch.

    Attributes:
        who: The workload that is gone.
        released: Whether the survivor holds none of its old interfaces; None when not known.
        text: `released` as a clause, or why it is not known.
    """

    who: Workload
    released: bool | None
    text: str
    evidence: tuple[Evidence, ...] = ()

    @property
    def problem(self) -> Problem | None:
        """Why `released` is not known; None when it is."""
        return Problem(self.text) if self.released is None else None


def find_ended_workload(record: Record) -> EndedWorkload | None:
    """The state of the survivor; None when the trial removes no workload for good."""
    scenario, factors = scenario_of(record), Factors.model_validate(record.meta["factors"])
    gone = {
        fault.workload
        for fault in scenario.faults
        if fault.workload is not None and fault.failure_in(factors.failure) == "delete"
    }
    if scenario.spare_endpoint:
        gone.discard("endpoint")
    if not gone:
        return None
    if len(gone) == 2:
        text = "client and endpoint are gone, and nothing is left to look at"
        return EndedWorkload("client", None, text)
    (ended,) = gone
    survivor: Workload = "endpoint" if ended == "client" else "client"
    names = ("before", "after")
    before, after = (_survivor_interfaces(read_snapshot(record, name), survivor) for name in names)
    evidence = tuple(of_snapshot("survivor", n, f"interfaces of the {survivor}") for n in names)
    if not before or after is None:
        when = "before the fault" if not before else "after the watch"
        text = f"the snapshot {when} does not tell the {survivor}'s interfaces"
        return EndedWorkload(ended, None, text, evidence)
    kept = sorted(name for at, name in after.items() if before.get(at) == name)
    if kept:
        text = f"the {survivor} still holds {', '.join(kept)}, its end of the dead path"
    else:
        text = f"the {survivor} has released its end of the dead path"
    return EndedWorkload(ended, not kept, text, evidence)


def _survivor_interfaces(
    snapshot: dict[str, Any], survivor: Workload
) -> dict[tuple[str, int], str] | None:
    """NSM's interfaces in the survivor's pods, by pod and index; None when no pod reports them."""
    pods = snapshot["nodes"][survivor]["pods"]
    mine = [p for p in pods if p == survivor or p.startswith(f"{survivor}-")]
    found = {pod: nsm_interfaces(pods[pod]) for pod in mine}
    known = {pod: held for pod, held in found.items() if held is not None}
    if not known:
        return None
    return {(pod, i): name for pod, held in known.items() for i, name in held.items()}
