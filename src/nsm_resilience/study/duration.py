# SPDX-License-Identifier: Apache-2.0
"""How long a trial takes, from the windows of its study; seconds."""

from __future__ import annotations

from nsm_resilience.study.models import Scenario, Windows

OVERHEAD_S = 37.0
"""Seconds of a trial besides its windows: NSM's own start (its probes wait 10 s), the client's
connection, wiping. Measured on the campaign recorded in results/recorded (table `phases`)."""


def shortest_s(windows: Windows, scenario: Scenario) -> float:
    """When the path is back at once (after what is undone) and the new client connects at once."""
    watched = windows.watch_s if scenario.is_control else scenario.undone_s + windows.settle_s
    return OVERHEAD_S + windows.steady_s + watched


def longest_s(windows: Windows, scenario: Scenario) -> float:
    """When every window is used up."""
    asked = windows.new_connection_s * len(scenario.new_connection) + windows.bystander_s
    return OVERHEAD_S + windows.steady_s + windows.watch_s + asked
