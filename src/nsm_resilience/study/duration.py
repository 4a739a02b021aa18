# SPDX-License-Identifier: Apache-2.0
"""How long a trial takes, from the windows of its study; seconds."""

from __future__ import annotations

from nsm_resilience.study.scenario import Scenario
from nsm_resilience.study.windows import Windows

OVERHEAD_S = 37.0
"""Seconds of a trial besides its windows: NSM's own start (its probes wait 10 s), the client's
connection, wiping. Measured on the campaign recorded in results/recorded (table `phases`)."""


def shortest_s(windows: Windows, scenario: Scenario) -> float:
    """When the path is back at once (after what is undone) and the new client connects at once."""
    settled = max(scenario.last_act_s + windows.settle_s, scenario.last_asked_s)
    watched = windows.watch_s if scenario.is_control else settled
    return OVERHEAD_S + windows.steady_s + watched


def longest_s(windows: Windows, scenario: Scenario) -> float:
    """When every window is used up."""
    return OVERHEAD_S + windows.steady_s + windows.watch_s + after_s(windows, scenario)


def lasts_s(windows: Windows, scenario: Scenario) -> float:
    """How long a thing that ends by itself, such as a prober, lives: longer than any trial.

    That is twice as long as one is planned to take: a second outage has a watch of its own, and a
    busy machine is slow. A prober that ended after a fixed hour made four trials with a watch of an
    hour `unknown` (results/recorded/control-2026-11).
    """
    return 2 * longest_s(windows, scenario)


def after_s(windows: Windows, scenario: Scenario) -> float:
    """How long it takes at most from the end of the watch until the last pod was tried.

    Those that ask after the watch ask one after the other. One that asked in the watch may still
    wait when it ends, which is as early as it asked.
    """
    usual_s = windows.new_connection_s
    early = [c.waits_s(usual_s) for c in scenario.clients if c.at_s is not None]
    late = [c.waits_s(usual_s) for c in scenario.clients if c.at_s is None]
    return max([sum(late), *early]) + windows.bystander_s
