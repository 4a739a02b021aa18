# SPDX-License-Identifier: Apache-2.0
"""The watchdog of one node: checks NSM's contracts every second, reports breaches, and may heal.

It is the paper's proposal ("monitoring be used to solve these problems") for NSM v0.2.0, without a
change of NSM itself. WATCHDOG_CONTRACTS holds the contracts (contracts.py), NODE_NAME the node. In
mode `observe` it never acts. It reports by a Warning event about the affected pod; a client whose
path is dead also gets a condition of its pod and a line in its workspace folder.
"""

from __future__ import annotations

import json
import os
import signal
import threading
import time
from dataclasses import asdict, replace
from typing import Any

import acts
import memory
from clients import PATH_ALIVE, Client, wish_of
from contracts import Contracts
from journal import Journal, serve
from kube import Api, ApiAway, Teller
from observe import Node
from policy import RULES, Breach, Change, Decision, Finding, Memory, Rule, decide

LOOK_S = 1.0
"""Time between two looks."""
BEAT_S = 5.0
"""Time between two `beat` entries, which show that it still looks."""
LIST_S = 3.0
"""Time between two lists of this node's pods."""
PORT = 8601


def reason_of(rule: str) -> str:
    """`socket-lost` as the reason of an event: NsmSocketLost."""
    return "Nsm" + "".join(part.capitalize() for part in rule.split("-"))


def described(rule: Rule) -> dict[str, Any]:
    """A rule for the record: its text and its thresholds."""
    values = asdict(rule)
    del values["name"]
    return {"text": values.pop("says"), **values}


class Watchdog:
    """Combines looks, rules, reports and acts."""

    def __init__(self, contracts: Contracts, journal: Journal, api: Api) -> None:
        self.contracts = contracts
        self.journal = journal
        self.api = api
        self.teller = Teller(lambda text: journal.write("problem", "telling", text=text[:500]))
        self.node = Node(contracts)
        self.memory = Memory()
        self.history = memory.load()
        self.pods: list[dict[str, Any]] = []
        self.clients: dict[str, Client] = {}
        self.remote: str = ""
        """Why the other side could not fulfil a request for a connection; empty if it could."""
        self.listed_s: float | None = None
        """When the API server's lists were last read completely; None before the first time."""
        self.acting: threading.Thread | None = None
        self.held: dict[int, str] = {}
        threading.Thread(target=self._list, daemon=True).start()

    def look(self, now_s: float) -> None:
        """Look once, report the changes, and begin at most one act."""
        breaches = self.node.look()
        for client in list(self.clients.values()):
            breaches += client.breaches(now_s)
        for change in self.memory.take(breaches, now_s):
            self._tell(change)
        if self.contracts.mode == "heal" and (self.acting is None or not self.acting.is_alive()):
            self._decide(now_s)

    def _decide(self, now_s: float) -> None:
        findings = list(self.memory.open.values())
        for finding in findings:
            if finding.breach.client and self.remote:
                finding.breach = replace(finding.breach, blocks=self.remote)
        for decision in decide(findings, self.history, now_s):
            if decision.held:
                self._hold(decision)
                continue
            self.held.pop(decision.finding.id, None)
            self.acting = threading.Thread(target=self._act, args=(decision,), daemon=True)
            self.acting.start()

    def _hold(self, decision: Decision) -> None:
        finding = decision.finding
        if self.held.get(finding.id) == decision.held:
            return
        self.held[finding.id] = decision.held
        self._write("held", finding, why=decision.held)

    def _act(self, decision: Decision) -> None:
        finding = decision.finding
        self.history.begun(decision, time.monotonic())
        memory.save(self.history)
        self._write("action", finding, act=decision.act, text=finding.breach.text)
        ok, text = acts.do(decision, self.contracts, self.clients)
        self._write("outcome", finding, act=decision.act, ok=ok, text=text)

    def _write(self, what: str, finding: Finding, **data: Any) -> None:
        breach = finding.breach
        self.journal.write(what, breach.subject, id=finding.id, rule=breach.rule, **data)

    def _tell(self, change: Change) -> None:
        finding, breach = change.finding, change.finding.breach
        held = {"since_s" if change.what == "finding" else "lasted_s": round(change.held_s, 3)}
        self._write(change.what, finding, text=breach.text, **held)
        client = self.clients.get(breach.client)
        if client is not None and breach.rule == "path-dead":
            self._tell_client(change, client)
        if change.what == "finding":
            pod = client.pod if client is not None else self._pod_of(breach)
            if pod is not None:
                reason, text = reason_of(breach.rule), f"{breach.subject}: {breach.text}"
                self.teller.tell(lambda: self.api.event(pod, reason, text))

    def _tell_client(self, change: Change, client: Client) -> None:
        finding, breach = change.finding, change.finding.breach
        alive = change.what == "cleared"
        text = "the path answers again" if alive else breach.text
        reason = "PathAnswers" if alive else "PathDead"
        line = {"wall_ns": time.time_ns(), "alive": alive, "text": text}
        if client.write(line):
            self._write("told", finding, to="client", by="workspace file", text=text, alive=alive)

        def condition() -> None:
            self.api.condition(client.pod, PATH_ALIVE, alive, reason, text)
            self._write("told", finding, to="client", by="condition", text=text, alive=alive)

        self.teller.tell(condition)

    def _pod_of(self, breach: Breach) -> dict[str, Any] | None:
        """The pod for an event: the component's, or without a component that of the first one."""
        name = breach.component or breach.subject
        first = next(iter(self.contracts.components.values()))
        app = self.contracts.components.get(name, first).app
        for pod in self.pods:
            if pod["metadata"].get("labels", {}).get("app") == app:
                return pod
        return None

    def _list(self) -> None:
        """Keep the lists of pods and clients, and the state of the other side, up to date."""
        while True:
            try:
                self.pods = self.api.pods()
                self._follow_clients()
                self.remote = self._other_side()
                self.listed_s = time.monotonic()
            except ApiAway as error:
                self.remote = f"the API server does not answer ({error})"[:200]
            except Exception as error:  # without this thread, new clients would go unnoticed
                self.remote = f"the lists cannot be read ({type(error).__name__}: {error})"[:200]
                self.journal.write("problem", "lists", text=self.remote)
            time.sleep(LIST_S)

    def _follow_clients(self) -> None:
        there = {
            p["metadata"]["uid"]: p
            for p in self.pods
            if wish_of(p) is not None and not p["metadata"].get("deletionTimestamp")
        }
        for name, client in list(self.clients.items()):
            if client.uid not in there:
                client.stopped.set()
                del self.clients[name]
        for pod in there.values():
            name = f"{pod['metadata']['namespace']}/{pod['metadata']['name']}"
            if name not in self.clients:
                told = self.contracts
                self.clients[name] = Client(pod, told.interface, told.device, told.workspace)
            self.clients[name].update(pod, time.monotonic())

    def _other_side(self) -> str:
        """Why a requested service has no endpoint whose manager greets a caller; else empty."""
        wishes = {w[0] for c in self.clients.values() if (w := wish_of(c.pod)) is not None}
        if not wishes:
            return ""
        urls = {
            m["metadata"]["name"]: m.get("spec", {}).get("url", "")
            for m in self.api.registry("networkservicemanagers")
        }
        endpoints = [e.get("spec", {}) for e in self.api.registry("networkserviceendpoints")]
        for service in sorted(wishes):
            managers = {
                e.get("nsmname", "") for e in endpoints if e.get("networkservicename") == service
            }
            if not managers:
                return f"no endpoint is registered for {service}"
            if not any(acts.answers(urls.get(name, "")) for name in managers):
                return f"the service manager of {', '.join(sorted(managers))} does not greet"
        return ""


def main() -> None:
    """Look until ended."""
    contracts = Contracts.of(json.loads(os.environ["WATCHDOG_CONTRACTS"]), os.environ["NODE_NAME"])
    journal = Journal(contracts.node)
    ended = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: ended.set())
    serve(journal, PORT)
    rules = {rule.name: described(rule) for rule in RULES.values()}
    journal.write("started", mode=contracts.mode, rules=rules, beat_s=BEAT_S)
    dog = Watchdog(contracts, journal, Api(contracts.namespace, contracts.node))
    due = time.monotonic()
    beat_due = due
    while not ended.wait(max(0.0, due - time.monotonic())):
        begin = time.monotonic()
        if begin - due > LOOK_S:
            # The machine was too busy to look: this look would show that, and not NSM.
            journal.late += 1
            due = begin + LOOK_S
            continue
        try:
            dog.look(begin)
        except Exception as error:  # no beat is written, and the next look may succeed
            journal.write("problem", "look", text=f"{type(error).__name__}: {error}"[:500])
        else:
            journal.last_look_s = time.monotonic()
            if begin >= beat_due:
                listed_s = None if dog.listed_s is None else round(begin - dog.listed_s, 3)
                journal.write("beat", late=journal.late, listed_s=listed_s)
                beat_due = begin + BEAT_S
        due = max(due + LOOK_S, time.monotonic())
    journal.write("ended")


if __name__ == "__main__":
    main()
