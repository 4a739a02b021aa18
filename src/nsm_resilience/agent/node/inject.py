# SPDX-License-Identifier: Apache-2.0
"""Inject this node's share of a scenario's faults at one instant, prove them, undo them at the end.

Order: {"at_ns", "expires_ns", "prove_s", "faults": [{"id", "kind", "method", …, "delay_ns",
"for_ns"}]}; the class of each kind reads further keys. Lines: armed {"id", "before"}, injected
{"id", "t_begin_ns", "t_done_ns", "error"}, proof {"id", "proved", "checks"}, undone {"id",
"t_begin_ns", "t_ns", "ok", "checks"}, ended. A fault with `for_ns` is undone after that time; every
other one when the script is stopped or expires, even if the runner has died.
"""

from __future__ import annotations

import os
import signal
import threading
import time
from typing import Any, Protocol

import damage
import linkdown
import netcut
import pause
import podkill
import processes
import sockets
import stopped
from lines import Stop, emit, no_more_stops, order, seen, sleep_until, stop_on_term

SIGNALS = {"kill": signal.SIGKILL, "hang": signal.SIGSTOP}
ANSWERS_AGAIN_S = 2.0
"""How long to wait until a socket answers again; seconds. The agent kills this script five seconds
after it has asked it to stop (agent.py)."""


class Process:
    """A fault in a component's process: SIGKILL or SIGSTOP."""

    METHODS = frozenset(SIGNALS)

    def __init__(self, wanted: dict[str, Any]) -> None:
        """Find the process; a note about one to be stopped is written now, to save time later."""
        self.id, self.method, self.program = wanted["id"], wanted["method"], wanted["program"]
        self.before = processes.component(self.program)
        if self.method == "hang" and self.before is not None:
            stopped.keep(self.id, [(self.before["pid"], self.before["start_ticks"])])

    def inject(self) -> None:
        """Send the signal; OSError or LookupError without a process."""
        if self.before is None:
            raise LookupError(f"no process of {self.program} runs in a pod of this node")
        os.kill(self.before["pid"], SIGNALS[self.method])

    def _state(self) -> str | None:
        if self.before is None:
            return None
        return processes.state_of(self.before["pid"], self.before["start_ticks"])

    def prove(self, until_ns: int) -> tuple[bool, list[dict[str, Any]]]:
        """(proved, checks). The old process decides; a new one is only shown."""
        if self.method == "hang":
            while self._state() not in ("T", "t") and time.monotonic_ns() < until_ns:
                time.sleep(0.01)
            ok = self._state() in ("T", "t")
            after = {"state": self._state()}
            return ok, [seen("the process is stopped", ok, self.before, after)]
        while self._state() not in processes.GONE and time.monotonic_ns() < until_ns:
            time.sleep(0.01)
        gone = self._state() in processes.GONE
        gone_ns = time.monotonic_ns()
        checks = [seen("the old process is gone", gone, self.before, {"t_ns": gone_ns})]
        new = processes.component(self.program)
        while new is None and time.monotonic_ns() < until_ns:
            time.sleep(0.1)
            new = processes.component(self.program)
        old = self.before or {}
        another = new is not None and new["start_ticks"] != old.get("start_ticks")
        checks.append(seen("a new process with another start time runs", another, self.before, new))
        return gone, checks

    def undo(self) -> tuple[bool, list[dict[str, Any]]]:
        """Continue a stopped process; Kubernetes restarts a killed one."""
        if self.method != "hang":
            return True, []
        was_stopped = bool(stopped.left(self.id))
        ok = not stopped.resume(self.id)
        if not was_stopped:
            return True, []
        return ok, [seen("the process is not stopped any more", ok, None, {"state": self._state()})]


class Sockets:
    """A fault in socket files: every path that the patterns match, one after the other."""

    METHODS = damage.METHODS

    def __init__(self, wanted: dict[str, Any]) -> None:
        """Find the sockets, and keep the originals, so that the damage itself takes no time.

        `serves`: a socket is undone only when it answers again, because no wipe recreates it.
        """
        self.id, self.method = wanted["id"], wanted["method"]
        self.serves = bool(wanted.get("serves"))
        self.kept: dict[str, str | None] = {}
        self.before = {
            path: {"name": name, **sockets.describe(path), **self._container(path)}
            for name, path in sockets.expand(wanted["sockets"])
            if sockets.describe(path)["kind"] == "socket"
        }
        for path in self.before:
            self.kept[path] = damage.keep(path)
        damage.remember(self.id, self.method, self.kept, self.before)

    def _container(self, path: str) -> dict[str, Any]:
        """The process that identifies the container of a path, if it is in a container."""
        process = sockets.holder(path)
        return {} if process is None else {"process": process}

    def inject(self) -> None:
        """Damage all of them; LookupError when there is none."""
        if not self.before:
            raise LookupError("no such socket exists on this node")
        for path in self.before:
            damage.damage(path, self.method)

    def prove(self, _until_ns: int) -> tuple[bool, list[dict[str, Any]]]:
        """(proved, checks): every path must show its damage."""
        checks: list[dict[str, Any]] = []
        for path, before in self.before.items():
            for check in damage.check(path, self.method, before):
                checks.append({"path": path, **check})
        return bool(checks) and all(c["ok"] for c in checks), checks

    def undo(self) -> tuple[bool, list[dict[str, Any]]]:
        """Put the originals back, unless new sockets have taken their places."""
        mended = all(damage.mend_all(self.id))
        if not self.serves:
            return mended, [
                seen("a socket of the component is in its place", mended, self.before, self._now())
            ]
        until = time.monotonic() + ANSWERS_AGAIN_S
        now = self._now()
        while not self._answer(now) and time.monotonic() < until:
            time.sleep(0.1)
            now = self._now()
        ok = self._answer(now)
        return ok, [seen("a socket that answers is in its place", ok, self.before, now)]

    def _now(self) -> dict[str, Any]:
        return {
            path: {**sockets.describe(path), "answers": sockets.answers(path)}
            for path in self.before
        }

    def _answer(self, now: dict[str, Any]) -> bool:
        return all(one["kind"] == "socket" and one["answers"] for one in now.values())


class Fault(Protocol):
    """A fault that has looked for its target.

    `METHODS` are the ways to fail that it knows, `before` is the state of the target.
    """

    METHODS: frozenset[str]
    id: str
    method: str
    before: Any

    def inject(self) -> None:
        """Inject it; OSError or LookupError when that is impossible."""

    def prove(self, until_ns: int) -> tuple[bool, list[dict[str, Any]]]:
        """(proved, checks), repeated until an instant."""

    def undo(self) -> tuple[bool, list[dict[str, Any]]]:
        """(undone, checks)."""


KINDS: dict[str, type[Any]] = {
    "process": Process,
    "sockets": Sockets,
    "pod": podkill.Pod,
    "network": netcut.Network,
    "node": pause.Node,
    "interface": linkdown.Interface,
}


def arm(wanted: dict[str, Any]) -> Fault:
    """Find the target of a fault and report its state."""
    fault: Fault = KINDS[wanted["kind"]](wanted)
    emit("armed", id=fault.id, t_ns=time.monotonic_ns(), before=fault.before)
    return fault


def inject(fault: Fault) -> bool:
    """Inject one fault; returns whether it raised no error."""
    begin, error = time.monotonic_ns(), None
    try:
        if fault.method not in fault.METHODS:  # else it would be another fault under that name
            raise LookupError(
                f"the agent knows no `{fault.method}` here; write it into METHODS of the class "
                f"`{type(fault).__name__}` in agent/node/"
            )
        fault.inject()
    except (OSError, LookupError) as problem:
        error = str(problem)
    emit("injected", id=fault.id, t_begin_ns=begin, t_done_ns=time.monotonic_ns(), error=error)
    return error is None


def prove(fault: Fault, until_ns: int) -> None:
    """Report the proof of a fault."""
    try:
        proved, checks = fault.prove(until_ns)
    except OSError as problem:
        proved, checks = False, [seen(f"looking failed: {problem}", False, None, None)]
    emit("proof", id=fault.id, proved=proved, checks=checks, t_ns=time.monotonic_ns())


def undo(fault: Fault) -> None:
    """Undo one fault and report it, with the instants of its begin and of its check."""
    begin = time.monotonic_ns()
    try:
        ok, checks = fault.undo()
    except OSError as problem:
        ok, checks = False, [seen(f"undoing failed: {problem}", False, None, None)]
    emit(
        "undone", id=fault.id, ok=ok, checks=checks, t_begin_ns=begin, t_ns=time.monotonic_ns()
    )  # fmt: skip


class Timed:
    """A fault with a duration, in a thread of its own: proved at once, undone after it."""

    def __init__(self, fault: Fault, for_ns: int) -> None:
        """Start the duration: the fault was injected just now."""
        self._fault = fault
        self._end_ns = time.monotonic_ns() + for_ns
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._live, daemon=True)
        self._thread.start()

    def _live(self) -> None:
        prove(self._fault, self._end_ns)
        self._over.wait(max(0.0, (self._end_ns - time.monotonic_ns()) / 1e9))
        undo(self._fault)

    def end(self) -> None:
        """Undo it now, unless it is undone; returns when it is."""
        self._over.set()
        self._thread.join()


def main() -> None:
    """Arm, inject at the instant, prove, wait, undo."""
    wanted = order()
    stop_on_term()
    armed: list[tuple[int, int | None, Fault]] = []
    tried: list[Fault] = []
    timed: list[Timed] = []
    try:
        for one in wanted["faults"]:
            armed.append((one.get("delay_ns", 0), one.get("for_ns"), arm(one)))
        to_prove: list[Fault] = []
        for delay, for_ns, fault in sorted(armed, key=lambda one: one[0]):
            sleep_until(wanted["at_ns"] + delay)
            tried.append(fault)  # before the injection: a failed one may be done in part
            if not inject(fault):
                emit("proof", id=fault.id, proved=False, checks=[], t_ns=time.monotonic_ns())
            elif for_ns is not None:
                timed.append(Timed(tried.pop(), for_ns))
            else:
                to_prove.append(fault)
        until = time.monotonic_ns() + int(wanted["prove_s"] * 1e9)
        for fault in to_prove:
            prove(fault, until)
        while time.monotonic_ns() < wanted["expires_ns"]:
            time.sleep(0.2)
    except Stop:
        pass
    no_more_stops()
    for one_timed in timed:
        one_timed.end()
    for fault in tried:
        undo(fault)
    emit("ended", t_ns=time.monotonic_ns(), because="undone")


if __name__ == "__main__":
    main()
