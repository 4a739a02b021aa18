# SPDX-License-Identifier: Apache-2.0
"""All new clients of a trial together: does the service take new clients, and since when again?

The clients on the client's node count (study.md, "One trial", step 5); in a scenario with new
clients only on the endpoint's node, those count. The rulebook defines their joint verdict and the
*blind time* ("new clients together"; issue 14, section 4). A waiting client keeps asking, so it
connects at the instant at which the service takes clients again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from nsm_resilience.judge.declared import scenario_of
from nsm_resilience.judge.newconnection import Asked, NewConnection, find_new_connection
from nsm_resilience.judge.rules import Rules
from nsm_resilience.judge.timeline import Instants
from nsm_resilience.record.reader import Record
from nsm_resilience.study.scenario import NewClient

Service = Literal["served", "recovered", "refused", "unknown"]


@dataclass(frozen=True, slots=True)
class BlindTime:
    """The time during which new clients were not taken; seconds from the fault.

    Attributes:
        seconds: To the first connection afterwards; to the last known refusal when censored.
        at_least: To the last known refusal; equal to `seconds` where a client waited until it
            connected.
        censored: Whether no client connected any more.
    """

    seconds: float
    at_least: float
    censored: bool

    def in_words(self, digits: int) -> str:
        """As a length of time, with `digits` decimals."""
        if self.censored:
            return f"more than {self.seconds:.{digits}f} s"
        if self.at_least < self.seconds:
            return f"{self.at_least:.{digits}f} to {self.seconds:.{digits}f} s"
        return f"{self.seconds:.{digits}f} s"


@dataclass(frozen=True, slots=True)
class NewClients:
    """The results of the new clients.

    Attributes:
        last: The client that decides: of those that count, the last that asked.
        counted: The clients that count, in the order asked; the last is `last`.
        others: The clients on the other node.
        service: Their joint verdict; `unknown` when the probe of one of them failed.
    """

    last: NewConnection
    counted: tuple[NewConnection, ...]
    others: tuple[NewConnection, ...]
    service: Service
    blind: BlindTime | None

    @property
    def shown(self) -> tuple[Asked, ...]:
        """Every client of the trial, those that count first."""
        return tuple(
            Asked(c.client, c.asked_s, c.answered, c.seconds, c.window_s, c.stage)
            for c in (*self.counted, *self.others)
        )


def find_new_clients(record: Record, instants: Instants, rules: Rules) -> NewClients:
    """The results of all new clients of a record."""
    clients = scenario_of(record).clients
    node = deciding_node(clients)
    found = {c.id: find_new_connection(record, c, instants, rules) for c in clients}
    counted = tuple(found[c.id] for c in clients if c.node == node)
    others = tuple(found[c.id] for c in clients if c.node != node)
    early = any(c.node == node and c.at_s is not None for c in clients)
    return NewClients(
        last=counted[-1],
        counted=counted,
        others=others,
        service=service_of(counted, rules.prompt_s, early=early),
        blind=blind_time(counted, rules.prompt_s) if early else None,
    )


def service_of(counted: tuple[NewConnection, ...], prompt_s: float, *, early: bool) -> Service:
    """The joint verdict of new clients, in the order asked; `early`: one asked in the watch.

    A client that asked after the watch, without an earlier one, has nothing to be compared with.
    """
    last = counted[-1]
    if last.answered is False:
        return "refused"
    if any(one.answered is None for one in counted):
        return "unknown"
    prompt = all(_is_prompt(one, prompt_s) for one in counted)
    return "served" if prompt or not early else "recovered"


def blind_time(counted: tuple[NewConnection, ...], prompt_s: float) -> BlindTime | None:
    """The blind time of new clients in the order asked; None when one of them is not known."""
    known: list[tuple[NewConnection, float, float]] = []  # each with begin and end of its waiting
    for one in counted:
        until = one.seconds if one.answered else one.window_s
        if one.answered is None or one.asked_s is None or until is None:
            return None
        known.append((one, one.asked_s, one.asked_s + until))
    waited = [one for one in known if not _is_prompt(one[0], prompt_s)]
    if not waited:
        return BlindTime(0.0, 0.0, censored=False)
    since = waited[0][1]
    taken = [end for one, asked, end in known if one.answered and asked >= since]
    if not taken:
        last = round(max(end for _, _, end in waited), 6)
        return BlindTime(last, last, censored=True)
    first = min(taken)
    # A client that was still waiting was refused until `first`; one that gave up, until its end.
    refused = max(min(end, first) for _, asked, end in waited if asked < first)
    return BlindTime(round(first, 6), round(refused, 6), censored=False)


def _is_prompt(one: NewConnection, prompt_s: float) -> bool:
    return one.answered is True and one.seconds is not None and one.seconds <= prompt_s


def deciding_node(clients: tuple[NewClient, ...]) -> str:
    """The node whose new clients count."""
    return "client" if any(c.node == "client" for c in clients) else clients[0].node
