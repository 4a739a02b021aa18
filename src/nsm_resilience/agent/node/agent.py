# SPDX-License-Identifier: Apache-2.0
"""The agent of one node: starts and stops the scripts beside it, and buffers their lines.

It speaks HTTP inside the cluster; the runner reaches it through the API server's pod proxy. Every
request needs the token of AGENT_TOKEN, so that no other pod of the cluster can give orders, and
names its node, which must be AGENT_NODE, so that no order for another node is carried out here.

Nothing is lost while the API server is away: lines wait here until they are pulled, and a pull
acknowledges all lines before its number. If the runner never comes back, up to MOST_WAITING bytes
wait; then the oldest lines are dropped, which their numbers show. Scripts whose input can wait
(PATIENT) are paused long before, so that a burst of logs costs no echo.

The agent undoes the faults of a script that is killed before it has undone them, and of scripts
that run when the agent is asked to end (SIGTERM). At its start it undoes faults that an earlier
agent left. `instance` in answers identifies this agent: the lines of an earlier one are lost.

GET  /clock                            → {"mono_ns", "wall_ns", "boot_id"}
GET  /pull?since=N         → {"items": [[n, name, line], …], "next", "more", "instance"}
POST /start {"name", "script", "order"}    a script that runs on
POST /stop  {"names": […]}                 SIGTERM, and SIGKILL after five seconds
POST /run   {"script", "order", "timeout_s"} → {"lines": […], "error"}   one that ends by itself
POST /reset                            → {"next", "instance"}   stop all, forget all lines
"""

from __future__ import annotations

import hmac
import json
import os
import secrets
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlparse

import foreign
from clean import undo_faults

HERE = os.path.dirname(os.path.abspath(__file__))
INJECTOR = "inject"
SCRIPTS = ("echo", "watch", "follow", "listen", "inject", "snapshot", "clean")
TOKEN = os.environ.get("AGENT_TOKEN", "")
NODE = os.environ.get("AGENT_NODE", "")
MOST_BYTES = 1 << 20
"""The longest body that is read; orders are a few hundred bytes."""
READ_S = 5.0
"""How long to wait for the last lines of an ended script, whose child processes may still run."""
MOST_WAITING = 64 << 20
"""Most bytes of lines that wait to be pulled: some hours of all probes."""
PATIENT = ("follow",)
"""Scripts whose lines are not read while more than PATIENT_BYTES wait: they continue later."""
PATIENT_BYTES = 16 << 20
PAGE_BYTES = 4 << 20
"""Size of one answer; `more` says that there are further lines."""


def command(script: str, wanted: dict[str, Any]) -> list[str]:
    """The command line of a script; ValueError for one that does not exist."""
    if script not in SCRIPTS:
        raise ValueError(f"no script is called {script!r}; SCRIPTS of agent.py lists them")
    return [sys.executable, "-u", os.path.join(HERE, f"{script}.py"), json.dumps(wanted)]


class Agent:
    """The running scripts and the lines that wait to be pulled."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.lines: deque[tuple[int, str, Any, int]] = deque()
        self.waiting = 0
        self.next = 0
        self.instance = secrets.token_hex(8)
        self.running: dict[str, tuple[subprocess.Popen[str], threading.Thread]] = {}

    def add(self, name: str, line: Any, size: int = 0) -> None:
        """Buffer one line of `size` bytes; when too much waits, drop the oldest."""
        with self.lock:
            self.lines.append((self.next, name, line, size))
            self.waiting += size
            self.next += 1
            while self.waiting > MOST_WAITING:
                self._forget_oldest()

    def _forget_oldest(self) -> None:
        self.waiting -= self.lines.popleft()[-1]

    def pull(self, since: int) -> tuple[list[tuple[int, str, Any]], int, bool]:
        """Lines from number `since` on, the number of the next one, and whether there are more.

        Lines before `since` are dropped; about PAGE_BYTES of the rest are returned.
        """
        with self.lock:
            while self.lines and self.lines[0][0] < since:
                self._forget_oldest()
            page: list[tuple[int, str, Any]] = []
            held = 0
            for number, name, line, size in self.lines:
                held += size
                if page and held > PAGE_BYTES:
                    return page, number, True
                page.append((number, name, line))
            return page, self.next, False

    def start(self, name: str, script: str, wanted: dict[str, Any]) -> int:
        """Start a script; ValueError when one runs under its name."""
        with self.lock:
            old = self.running.get(name)
            if old is not None and old[0].poll() is None:
                raise ValueError(f"{name!r} is running already")
            child = subprocess.Popen(
                command(script, wanted),
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                encoding="utf-8",
                errors="replace",
            )
            patient = script in PATIENT
            reader = threading.Thread(target=self._read, args=(name, child, patient), daemon=True)
            self.running[name] = child, reader
            reader.start()
        return child.pid

    def _read(self, name: str, child: subprocess.Popen[str], patient: bool) -> None:
        assert child.stdout is not None and child.stderr is not None
        for text in child.stdout:
            while patient and self.waiting > PATIENT_BYTES and name in self.running:
                time.sleep(0.05)
            try:
                self.add(name, json.loads(text), len(text))
            except ValueError:
                self.add(name, {"kind": "garbled", "text": text[:500]})
        problem = child.stderr.read().strip()
        code = child.wait()
        child.stdout.close()
        child.stderr.close()
        if code != 0 and name == INJECTOR:
            undo_faults()  # the script was killed before it could undo them
        line = {"kind": "exited", "code": code, "error": problem[-2000:]}
        self.add(name, {**line, "t_ns": time.monotonic_ns()})

    def stop(self, names: list[str]) -> None:
        """Stop scripts and wait for their last lines."""
        with self.lock:
            stopped = [self.running.pop(name) for name in names if name in self.running]
        for child, _ in stopped:
            child.terminate()
        for child, _ in stopped:
            try:
                child.wait(timeout=5)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()
        for _, reader in stopped:
            reader.join(timeout=READ_S)

    def reset(self) -> None:
        """Stop everything and drop every line; numbering continues."""
        self.stop(list(self.running))
        with self.lock:
            self.lines.clear()
            self.waiting = 0


def run(script: str, wanted: dict[str, Any], timeout_s: float) -> dict[str, Any]:
    """Run a script to its end."""
    try:
        done = subprocess.run(
            command(script, wanted), capture_output=True, timeout=timeout_s, check=False,
            encoding="utf-8", errors="replace",
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return {"lines": [], "error": f"{script} did not end within {timeout_s} s"}
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    error = done.stderr.strip()[-2000:] if done.returncode else None
    return {"lines": lines, "error": error}


def clock() -> dict[str, Any]:
    """This node's clocks; an equal boot id means that another machine has the same kernel."""
    boot_id = foreign.text_of(foreign.read("/proc/sys/kernel/random/boot_id")).strip()
    return {"mono_ns": time.monotonic_ns(), "wall_ns": time.time_ns(), "boot_id": boot_id}


AGENT = Agent()


class Handler(BaseHTTPRequestHandler):
    """One request. Errors are answered as {"error": …} with status 400."""

    protocol_version = "HTTP/1.1"

    def _answer(self, status: int, content: Any) -> None:
        body = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _allowed(self) -> bool:
        """Whether this request is allowed; if not, it is refused and its connection closed."""
        given = self.headers.get("X-Agent-Token", "")
        meant = self.headers.get("X-Agent-Node", "")
        length = self.headers.get("Content-Length") or "0"
        if not TOKEN or not hmac.compare_digest(given.encode(), TOKEN.encode()):
            status, why = 403, "wrong token"
        elif not NODE or meant != NODE:
            status, why = 403, f"this is the agent of {NODE!r}, the request is for {meant!r}"
        elif not (length.isascii() and length.isdecimal()) or int(length) > MOST_BYTES:
            status, why = 413, f"a body has at most {MOST_BYTES} bytes"
        else:
            return True
        self.close_connection = True  # the body was not read
        self._answer(status, {"error": why})
        return False

    def _serve(self, body: Any) -> None:
        url = urlparse(self.path)
        try:
            self._answer(200, self._do(url.path, parse_qs(url.query), body))
        except (ValueError, KeyError, TypeError, OSError) as problem:
            self._answer(400, {"error": f"{type(problem).__name__}: {problem}"})

    def _do(self, path: str, query: dict[str, list[str]], body: Any) -> Any:
        if path == "/clock":
            return clock()
        if path == "/pull":
            items, following, more = AGENT.pull(int(query["since"][0]))
            return {"items": items, "next": following, "more": more, "instance": AGENT.instance}
        if path == "/start":
            return {"pid": AGENT.start(body["name"], body["script"], body["order"])}
        if path == "/stop":
            AGENT.stop(body["names"])
            return {}
        if path == "/run":
            return run(body["script"], body["order"], body.get("timeout_s", 20))
        if path == "/reset":
            AGENT.reset()
            return {"next": AGENT.next, "instance": AGENT.instance}
        raise ValueError(f"no such path: {path}")

    def do_GET(self) -> None:
        """Read."""
        if self._allowed():
            self._serve(None)

    def do_POST(self) -> None:
        """Act."""
        if self._allowed():
            length = int(self.headers.get("Content-Length") or 0)
            self._serve(json.loads(self.rfile.read(length) or b"{}"))

    def log_message(self, *_: Any) -> None:
        """Requests are not logged: there is one every second."""


def main() -> None:
    """Serve until SIGTERM; undo all faults on this node before and afterwards."""

    def end(_signal: int, _frame: Any) -> None:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)  # once is enough
        raise SystemExit(0)

    undo_faults()  # of an earlier agent
    signal.signal(signal.SIGTERM, end)
    try:
        port = int(os.environ.get("AGENT_PORT", "8600"))
        ThreadingHTTPServer(("", port), Handler).serve_forever()
    finally:
        AGENT.reset()
        undo_faults()


if __name__ == "__main__":
    main()
