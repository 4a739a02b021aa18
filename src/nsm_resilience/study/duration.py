# SPDX-License-Identifier: Apache-2.0
"""Duration of a trial, from the windows of its study; seconds."""

from __future__ import annotations

from nsm_resilience.study.scenario import Scenario
from nsm_resilience.study.windows import Windows

OVERHEAD_S = 37.0
"""Seconds of a trial outside its windows: NSM's own start (its probes wait 10 s), the client's
connection, wiping. Measured on the campaign recorded in results/recorded (table `phases`)."""


def shortest_s(windows: Windows, scenario: Scenario) -> float:
    """Duration if the path recovers (after the last undo) and new clients connect at once."""
    settled = max(scenario.last_act_s + windows.settle_s, scenario.last_asked_s)
    watched = windows.watch_s if scenario.is_control else settled
    return OVERHEAD_S + windows.steady_s + watched


def longest_s(windows: Windows, scenario: Scenario) -> float:
    """Duration if every window is used up."""
    return OVERHEAD_S + windows.steady_s + windows.watch_s + after_s(windows, scenario)


def lasts_s(windows: Windows, scenario: Scenario) -> float:
    """Lifetime of a process that ends by itself, such as a prober: longer than any trial.

    It is twice the planned duration: a second outage has a watch of its own, and a busy machine is
    slow. A prober that ended after a fixed hour made four trials with a watch of an hour `unknown`
    (results/recorded/control-2026-11).
    """
    return 2 * longest_s(windows, scenario)


def after_s(windows: Windows, scenario: Scenario) -> float:
    """Longest time from the end of the watch until the last new pod has been tried.

    New clients after the watch ask one after the other. A client that asked in the watch may still
    wait when the watch ends, with nearly its whole patience left.
    """
    usual_s = windows.new_connection_s
    early = [c.waits_s(usual_s) for c in scenario.clients if c.at_s is not None]
    late = [c.waits_s(usual_s) for c in scenario.clients if c.at_s is None]
    return max([sum(late), *early]) + windows.bystander_s
