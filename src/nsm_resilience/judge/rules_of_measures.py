# SPDX-License-Identifier: Apache-2.0
"""Rules of measures that decide no verdict; claims C1 and C2 rest on the first two."""

from __future__ import annotations

from nsm_resilience.judge.rule_text import RuleText

OF_MEASURES: tuple[RuleText, ...] = (
    RuleText(
        "shown",
        "detection",
        (),
        "`detected_s` is the first sign in the watch that somebody who watches the cluster can "
        "see: a restart count that rises, a readiness or another condition of a pod that turns "
        "bad, a Warning event of Kubernetes at its first and its last time, and a finding of the "
        "arm's watchdog, when it says so. A time in whole seconds is taken at the end of its "
        "second, when it had been shown for certain. No sign is a line of a log, what our own "
        "agent alone can see, that a pod was deleted, and what befalls pods that we start: new "
        "clients, ordinary pods, the watchdog's. Samples of the components count where nothing "
        "else tells. Claim C1 is about it. It decides no verdict.",
        "Kubernetes stamps events in whole seconds: a first sign by one may be up to a second "
        "earlier than it says.",
    ),
    RuleText(
        "told",
        "notification",
        (),
        "`notified_s` is the first time in the watch at which the client is told by what it has: a "
        "bad event in the log of the sidecar that watches its connection (a plain client has "
        "none), a bad condition of its pod, a Warning event about it, and what the arm's watchdog "
        "tells it. "
        "What it finds out itself, by an interface that is gone or a ping of its own, is none, "
        "nor is what a stream of ours hears. Where a part of the log is missing that could hold an "
        "earlier one, it is unknown; of a client that is itself broken nothing is asked. Claim C2 "
        "is about it. It decides no verdict.",
    ),
    RuleText(
        "told to one who listens",
        "listener",
        (),
        "`listener_told_s` is when our own stream, opened where the client's sidecar opens its "
        "own, first heard bad news: it broke, a connection is down, or is deleted where that is "
        "news. It says whether there was something to hear, and decides nothing.",
    ),
    RuleText(
        "what a watchdog did",
        "watchdog",
        (),
        "Its first finding and its first act count in the watch. All acts, and those that failed, "
        "are counted until the trial undoes its fault or collects, also those for a new client. "
        "Findings before any fault, in a control all, are false alarms.",
    ),
    RuleText(
        "a component that spins",
        "processor_time",
        ("SPIN_SHARE", "SPIN_S", "TICKS_PER_S"),
        "A component spins while its process uses at least {SPIN_SHARE} of one processor over "
        "{SPIN_S} s, counted in the kernel's {TICKS_PER_S} ticks a second. It decides no verdict.",
        "NSM's parts wait for each other nearly all the time; a start takes seconds at most.",
    ),
)
