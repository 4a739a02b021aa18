# SPDX-License-Identifier: Apache-2.0
"""The watchdog's rules: pure functions of breaches and their times.

A rule states a duty of a component, how long a breach lasts before it is reported, and how long
before the watchdog acts on it. The times follow from those of NSM and Kubernetes, and no rule knows
a scenario; config/README.md says which scenarios had been seen when the rules were made. The times:

- A process that the kubelet restarts is back within about two seconds and creates its sockets at
  once; three seconds (five for a missing process) are longer.
- NSM gives up a request that is not answered in 15 s (ConnectTimeout in sdk/client/client.go,
  ForwarderTimeout in controlplane/pkg/local/forwarder_service.go): until then NSM should heal a
  dead path, afterwards the watchdog. The silence within a minute counts, so that a path which comes
  and goes has failed as well as one that is gone.
- NSM's parts register with each other within a second or poll every few; a part that is not known
  again after 20 s (HealRequestTimeout in controlplane/pkg/properties) has not noticed.
- A forwarder creates an interface in the node's network and moves it into a pod in the same call;
  an interface that stays longer is left over from a failed call.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

Act = Literal["restart", "remove", "reconnect"]


@dataclass(frozen=True)
class Rule:
    """One rule; `tell_s` and `act_s` count from the first sight of a breach, in seconds."""

    name: str
    says: str
    tell_s: float
    act: Act | None = None
    act_s: float = 0.0
    pause_s: float = 60.0
    """Least time between two acts on the same subject; `doubles`: twice as long after each act."""
    doubles: bool = False
    most: int = 3
    """Most acts on one subject within SPAN_S."""


SPAN_S = 600.0
SETTLE_S = 3.0
"""Pause after a restart, in which the peers connect to the new process."""

RULES: dict[str, Rule] = {
    rule.name: rule
    for rule in (
        Rule(
            "component-gone",
            "every component of NSM runs on every node; the kubelet restarts what ended",
            tell_s=5.0,
        ),
        Rule("component-restarted", "a component lives as long as its pod", tell_s=0.0),
        Rule(
            "socket-lost",
            "a component answers on the sockets that it made at its start",
            tell_s=3.0,
            act="restart",
            act_s=5.0,
        ),
        Rule(
            "component-hung",
            "who serves a socket greets a caller (HTTP/2 settings) within two seconds",
            tell_s=6.0,
            act="restart",
            act_s=10.0,
        ),
        Rule(
            "peer-unaware",
            "components that were restarted are known to their peers again",
            tell_s=20.0,
            act="restart",
            act_s=20.0,
        ),
        Rule(
            "leftover-interface",
            "an interface that the forwarder makes is moved into a pod at once",
            tell_s=5.0,
            act="remove",
            act_s=5.0,
            pause_s=2.0,
            most=30,
        ),
        Rule("path-dead", "the path of a client that was connected answers", tell_s=3.0),
        Rule(
            "path-failed",
            "such a path is silent for less than 15 s in a minute",
            tell_s=0.0,
            act="reconnect",
            pause_s=10.0,
            doubles=True,
            most=6,
        ),
    )
}


@dataclass(frozen=True)
class Breach:
    """A rule that does not hold now. `subject` breaks it; `text` describes the breach.

    `blocks` says why no act is possible at present; empty when one is.
    """

    rule: str
    subject: str
    text: str
    component: str = ""
    """The component whose restart would mend it, for rules that restart."""
    client: str = ""
    """The affected client, as `namespace/pod`; empty when the whole node is affected."""
    blocks: str = ""
    is_event: bool = False
    """Whether it is an event rather than a state: it is over as soon as it is reported."""


@dataclass
class Finding:
    """A breach that was reported."""

    id: int
    breach: Breach
    since_s: float
    """When it was first seen; seconds of the caller's clock."""


@dataclass(frozen=True)
class Change:
    """The begin or the end of a finding."""

    what: Literal["finding", "cleared"]
    finding: Finding
    held_s: float


@dataclass
class Memory:
    """The breaches that were seen so far."""

    seen: dict[tuple[str, str], float] = field(default_factory=dict)
    open: dict[tuple[str, str], Finding] = field(default_factory=dict)
    number: int = 0

    def take(self, breaches: Iterable[Breach], now_s: float) -> list[Change]:
        """Take in all breaches of one look; returns the changes."""
        changes: list[Change] = []
        current: dict[tuple[str, str], Breach] = {}
        for breach in breaches:
            key = (breach.rule, breach.subject)
            if breach.is_event:
                changes += [self._found(breach, now_s, now_s)]
                changes += [Change("cleared", changes[-1].finding, 0.0)]
                continue
            current[key] = breach
            since = self.seen.setdefault(key, now_s)
            known = self.open.get(key)
            if known is not None:
                known.breach = breach
            elif now_s - since >= RULES[breach.rule].tell_s:
                changes.append(self._found(breach, since, now_s))
                self.open[key] = changes[-1].finding
        for key in [key for key in self.seen if key not in current]:
            since = self.seen.pop(key)
            over = self.open.pop(key, None)
            if over is not None:
                changes.append(Change("cleared", over, now_s - since))
        return changes

    def _found(self, breach: Breach, since_s: float, now_s: float) -> Change:
        self.number += 1
        finding = Finding(self.number, breach, since_s)
        return Change("finding", finding, now_s - since_s)


@dataclass(frozen=True)
class Decision:
    """An act on a finding; `held` says why it is not carried out."""

    finding: Finding
    act: Act
    held: str = ""


ORDER: Mapping[str, int] = {
    "component-hung": 0, "socket-lost": 1, "leftover-interface": 2, "peer-unaware": 3,
    "path-failed": 4,
}  # fmt: skip
"""Sockets and components first: a path can be requested only if they answer."""

CONTROL = ("component-gone", "socket-lost", "component-hung")
"""Rules whose breach on a node makes requests for connections fail there."""


@dataclass
class History:
    """Acts that began: (subject of the limit, time)."""

    acts: list[tuple[str, float]] = field(default_factory=list)
    restarted_s: float | None = None

    def begun(self, decision: Decision, now_s: float) -> None:
        """Record the begin of an act."""
        self.acts.append((limited_subject(decision.finding.breach), now_s))
        if decision.act == "restart":
            self.restarted_s = now_s

    def settling(self, now_s: float) -> bool:
        """Whether a component was restarted less than SETTLE_S ago."""
        return self.restarted_s is not None and now_s - self.restarted_s < SETTLE_S

    def limit(self, rule: Rule, subject: str, now_s: float) -> str:
        """Why the rate limit forbids an act now; empty when it does not."""
        recent = [t for s, t in self.acts if s == subject and now_s - t < SPAN_S]
        if len(recent) >= rule.most:
            return f"rate limit: {rule.most} acts in {SPAN_S:g} s"
        if recent:
            pause = rule.pause_s * (2 ** (len(recent) - 1) if rule.doubles else 1)
            if now_s - recent[-1] < pause:
                return f"rate limit: {pause:g} s between two acts"
        return ""


def limited_subject(breach: Breach) -> str:
    """Subject of the rate limit: a component (for all its rules together), path or interface."""
    return breach.component or f"{breach.rule} {breach.subject}"


def decide(findings: Iterable[Finding], history: History, now_s: float) -> list[Decision]:
    """Decisions in order of urgency, of which at most one is not held.

    Only findings that have lasted for `act_s` are considered. Acts are done one at a time: the next
    one is decided when the first has had its effect.
    """
    due = sorted(
        (
            f
            for f in findings
            if RULES[f.breach.rule].act is not None
            and now_s - f.since_s >= RULES[f.breach.rule].act_s
        ),
        key=lambda f: (ORDER[f.breach.rule], f.id),
    )
    broken = sorted({f.breach.subject for f in findings if f.breach.rule in CONTROL})
    decisions: list[Decision] = []
    for finding in due:
        rule = RULES[finding.breach.rule]
        assert rule.act is not None
        held = finding.breach.blocks or history.limit(rule, limited_subject(finding.breach), now_s)
        if not held and rule.act == "reconnect" and broken:
            held = f"first to be mended: {', '.join(broken)}"
        if not held and rule.act != "remove" and history.settling(now_s):
            held = "a restart on this node is settling"
        decisions.append(Decision(finding, rule.act, held))
        if not held:
            break
    return decisions
