# SPDX-License-Identifier: Apache-2.0
"""The scenario and the faults that a record's study declares, as models."""

from __future__ import annotations

from nsm_resilience.record.reader import Record
from nsm_resilience.study.fault import Fault, fault_id
from nsm_resilience.study.scenario import Scenario


def scenario_of(record: Record) -> Scenario:
    """The scenario; ValidationError where the record holds no valid one."""
    return Scenario.model_validate(record.meta["scenario"])


def faults_of(record: Record) -> dict[str, Fault]:
    """The faults of the scenario, by the ids that their events have."""
    declared = record.meta["scenario"].get("faults") or []
    return {fault_id(n): Fault.model_validate(one) for n, one in enumerate(declared, start=1)}
