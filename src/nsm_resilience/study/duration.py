# SPDX-License-Identifier: Apache-2.0
"""How long a trial takes, from the windows of its study; seconds."""

from __future__ import annotations

from nsm_resilience.study.scenario import NewClient, Scenario
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


def patience_s(client: NewClient, windows: Windows) -> float:
    """How long a new client waits."""
    return windows.new_connection_s if client.patience_s is None else client.patience_s


def after_s(windows: Windows, scenario: Scenario) -> float:
    """How long it takes at most from the end of the watch until the last pod was tried.

    Those that ask after the watch ask one after the other. One that asked in the watch may still
    wait when it ends, which is as early as it asked.
    """
    early = [patience_s(c, windows) for c in scenario.clients if c.at_s is not None]
    late = [patience_s(c, windows) for c in scenario.clients if c.at_s is None]
    return max([sum(late), *early]) + windows.bystander_s
