# SPDX-License-Identifier: Apache-2.0
"""The watchdog's rules: pure functions of what was seen, when.

A rule says what a component owes, how long a breach lasts before it is told, and how long before
it is acted on. The times follow from NSM's and Kubernetes' own, and no rule knows a scenario; that
some were seen while the rules were made, and which, is said in config/README.md. The times:

- A process that the kubelet restarts is back within about two seconds and makes its sockets at
  once; three seconds (five for a missing process) are past that.
- A request that NSM has not answered in 15 s it has given up itself (ConnectTimeout in
  sdk/client/client.go, ForwarderTimeout in controlplane/pkg/local/forwarder_service.go): until then
  a dead path is NSM's to heal, afterwards the watchdog's. What counts is the silence within a
  minute, so that a path which comes and goes has failed as well as one that is gone.
- NSM's parts register with each other within a second or poll every few; one that is not known
  again after 20 s (HealRequestTimeout in controlplane/pkg/properties) has not noticed.
- A forwarder makes an interface in the node's network and moves it into a pod in the same call;
  one that is there for longer is left over from a call that failed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

Act = Literal["restart", "remove", "reconnect"]


@dataclass(frozen=True)
class Rule:
    """`tell_s` and `act_s` count from when a breach was first seen; seconds."""

    name: str
    says: str
    tell_s: float
    act: Act | None = None
    act_s: float = 0.0
    pause_s: float = 60.0
    """Between two acts on the same subject; doubled from act to act when `doubles`."""
    doubles: bool = False
    most: int = 3
    """Acts on one subject within SPAN_S."""


SPAN_S = 600.0
SETTLE_S = 3.0
"""After a restart nothing else is done on the node for so long: its peers meet the new process."""

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
    """A rule that does not hold now. `subject` is who or what breaks it, `text` how it shows.

    `blocks` says why nothing can be done about it at present; empty when something can.
    """

    rule: str
    subject: str
    text: str
    component: str = ""
    """The component whose restart would mend it, for rules that restart."""
    client: str = ""
    """The client concerned, as `namespace/pod`; empty when it concerns all of the node."""
    blocks: str = ""
    is_event: bool = False
    """Whether it is an event rather than a state: told, and over."""


@dataclass
class Finding:
    """A breach that was told."""

    id: int
    breach: Breach
    since_s: float
    """When it was first seen; seconds of the caller's clock."""


@dataclass(frozen=True)
class Change:
    """A finding that is new, or is over."""

    what: Literal["finding", "cleared"]
    finding: Finding
    held_s: float


@dataclass
class Memory:
    """What was seen so far."""

    seen: dict[tuple[str, str], float] = field(default_factory=dict)
    open: dict[tuple[str, str], Finding] = field(default_factory=dict)
    number: int = 0

    def take(self, breaches: Iterable[Breach], now_s: float) -> list[Change]:
        """Take in one look; returns what changed. Every breach of the look must be in it."""
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
    """What to do about a finding, or why nothing is done (`held`)."""

    finding: Finding
    act: Act
    held: str = ""


ORDER: Mapping[str, int] = {
    "component-hung": 0, "socket-lost": 1, "leftover-interface": 2, "peer-unaware": 3,
    "path-failed": 4,
}  # fmt: skip
"""Sockets and components first: a path cannot be asked for where nobody answers."""

CONTROL = ("component-gone", "socket-lost", "component-hung")
"""Rules whose breach on a node makes a request for a connection there hopeless."""


@dataclass
class History:
    """Acts that were begun: (subject of the limit, time)."""

    acts: list[tuple[str, float]] = field(default_factory=list)
    restarted_s: float | None = None

    def begun(self, decision: Decision, now_s: float) -> None:
        """Remember an act."""
        self.acts.append((limited_subject(decision.finding.breach), now_s))
        if decision.act == "restart":
            self.restarted_s = now_s

    def settling(self, now_s: float) -> bool:
        """Whether something was restarted a moment ago."""
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
    """What the rate limit counts by: a component however it is broken, a path, an interface."""
    return breach.component or f"{breach.rule} {breach.subject}"


def decide(findings: Iterable[Finding], history: History, now_s: float) -> list[Decision]:
    """What to do now: decisions in order of urgency, at most one of them not held.

    Only findings whose time to act has come are decided on. One act at a time: what follows is
    decided when the first has had its effect.
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
