# SPDX-License-Identifier: Apache-2.0
"""Inject this node's share of a scenario's faults at one instant, prove them, undo them at the end.

Order: {"at_ns", "expires_ns", "prove_s", "faults": [{"id", "method", "program"} or {"id", "method",
"sockets": {name: path pattern}}], with "delay_ns"}. Methods: kill, hang, unlink, replace, orphan,
mode. Lines: armed {"id", "before"}, injected {"id", "t_begin_ns", "t_done_ns", "error"}, proof
{"id", "proved", "checks"}, undone {"id", "ok"}, ended. The script lives until it is stopped or
expires, whatever happens to the runner: then it undoes what it did.
"""

from __future__ import annotations

import os
import signal
import time
from typing import Any

import damage
import processes
import sockets
from lines import Stop, emit, order, sleep_until, stop_on_term

SIGNALS = {"kill": signal.SIGKILL, "hang": signal.SIGSTOP}


class Process:
    """A fault in a component's process: SIGKILL or SIGSTOP."""

    def __init__(self, wanted: dict[str, Any]) -> None:
        """Find the process."""
        self.id, self.method, self.program = wanted["id"], wanted["method"], wanted["program"]
        self.before = processes.component(self.program)

    def inject(self) -> None:
        """Send the signal; OSError or LookupError when there is nothing to send it to."""
        if self.before is None:
            raise LookupError(f"no process of {self.program} runs in a pod of this node")
        os.kill(self.before["pid"], SIGNALS[self.method])

    def _state(self) -> str | None:
        if self.before is None:
            return None
        stat = processes.stat_of(self.before["pid"])
        if stat is None or stat[1] != self.before["start_ticks"]:
            return None
        return stat[0]

    def prove(self, until_ns: int) -> tuple[bool, list[dict[str, Any]]]:
        """(proved, checks). What decides is the old process; a new one is shown where it came."""
        if self.method == "hang":
            while self._state() not in ("T", "t") and time.monotonic_ns() < until_ns:
                time.sleep(0.01)
            ok = self._state() in ("T", "t")
            after = {"state": self._state()}
            return ok, [_seen("the process is stopped", ok, self.before, after)]
        while self._state() not in (None, "Z", "X") and time.monotonic_ns() < until_ns:
            time.sleep(0.01)
        gone = self._state() in (None, "Z", "X")
        gone_ns = time.monotonic_ns()
        checks = [_seen("the old process is gone", gone, self.before, {"t_ns": gone_ns})]
        new = processes.component(self.program)
        while new is None and time.monotonic_ns() < until_ns:
            time.sleep(0.1)
            new = processes.component(self.program)
        old = self.before or {}
        another = new is not None and new["start_ticks"] != old.get("start_ticks")
        checks.append(
            _seen("a new process with another start time runs", another, self.before, new)
        )
        return gone, checks

    def undo(self) -> bool:
        """Continue a stopped process; a killed one is Kubernetes' to restart."""
        if self.method == "hang" and self.before and self._state() in ("T", "t"):
            os.kill(self.before["pid"], signal.SIGCONT)
            time.sleep(0.05)
            return self._state() not in ("T", "t")
        return True


class Sockets:
    """A fault in socket files: every path that the patterns match, one after the other."""

    def __init__(self, wanted: dict[str, Any]) -> None:
        """Find the sockets."""
        self.id, self.method = wanted["id"], wanted["method"]
        self.kept: dict[str, str | None] = {}
        self.before = {
            path: {"name": name, **sockets.describe(path)}
            for name, path in sockets.expand(wanted["sockets"])
            if sockets.describe(path)["kind"] == "socket"
        }

    def prepare(self) -> None:
        """Keep the originals before the instant, so that the damage itself takes no time."""
        for path in self.before:
            self.kept[path] = damage.keep(path)

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
            for seen in damage.check(path, self.method, before):
                checks.append({"path": path, **seen})
        return bool(checks) and all(c["ok"] for c in checks), checks

    def undo(self) -> bool:
        """Put the originals back where nothing new has taken their place."""
        mended = []
        for path, before in self.before.items():
            try:
                mended.append(damage.mend(path, self.method, self.kept.get(path), before))
            except OSError:
                mended.append(False)
        return all(mended)


def _seen(what: str, ok: bool, before: Any, after: Any) -> dict[str, Any]:
    return {"check": what, "ok": ok, "before": before, "after": after}


def arm(wanted: dict[str, Any]) -> Process | Sockets:
    """Find the target of a fault and report what it is before."""
    fault: Process | Sockets = Sockets(wanted) if "sockets" in wanted else Process(wanted)
    if isinstance(fault, Sockets):
        fault.prepare()
    emit("armed", id=fault.id, t_ns=time.monotonic_ns(), before=fault.before)
    return fault


def inject(fault: Process | Sockets) -> bool:
    """Inject one fault; whether it was tried without an error."""
    begin, error = time.monotonic_ns(), None
    try:
        fault.inject()
    except (OSError, LookupError) as problem:
        error = str(problem)
    emit("injected", id=fault.id, t_begin_ns=begin, t_done_ns=time.monotonic_ns(), error=error)
    return error is None


def prove(fault: Process | Sockets, until_ns: int) -> None:
    """Report whether the fault shows."""
    try:
        proved, checks = fault.prove(until_ns)
    except OSError as problem:
        proved, checks = False, [_seen(f"looking failed: {problem}", False, None, None)]
    emit("proof", id=fault.id, proved=proved, checks=checks, t_ns=time.monotonic_ns())


def undo(fault: Process | Sockets) -> None:
    """Undo one fault and report it."""
    try:
        ok = fault.undo()
    except OSError:
        ok = False
    emit("undone", id=fault.id, ok=ok, t_ns=time.monotonic_ns())


def main() -> None:
    """Arm, inject at the instant, prove, wait, undo."""
    wanted = order()
    stop_on_term()
    armed: list[tuple[int, Process | Sockets]] = []
    injected: list[Process | Sockets] = []
    try:
        for fault in wanted["faults"]:
            armed.append((fault.get("delay_ns", 0), arm(fault)))
        for delay, fault in sorted(armed, key=lambda pair: pair[0]):
            sleep_until(wanted["at_ns"] + delay)
            injected.append(fault)
            if not inject(fault):
                emit("proof", id=fault.id, proved=False, checks=[], t_ns=time.monotonic_ns())
                injected.remove(fault)
        until = time.monotonic_ns() + int(wanted["prove_s"] * 1e9)
        for fault in injected:
            prove(fault, until)
        while time.monotonic_ns() < wanted["expires_ns"]:
            time.sleep(0.2)
    except Stop:
        pass
    for fault in injected:
        undo(fault)
    emit("ended", t_ns=time.monotonic_ns(), because="undone")


if __name__ == "__main__":
    main()
