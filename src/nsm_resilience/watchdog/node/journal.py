# SPDX-License-Identifier: Apache-2.0
"""The journal of the watchdog's findings and acts: kept in memory, printed, and served.

Read-only pages: /journal?since=N, /healthz.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from collections import deque
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlparse

from foreign import printable

STUCK_S = 30.0
"""After this long without a look, the watchdog itself is stuck and must be restarted."""
MOST = 20_000
"""Number of entries in memory; older ones are only in the container's log."""


class Journal:
    """Entries {n, t_ns (CLOCK_MONOTONIC), wall_ns, what, node, …}. Safe for threads."""

    def __init__(self, node: str) -> None:
        """Begin a journal with an id of its own, by which readers recognize a new one."""
        self.id = os.urandom(8).hex()
        self.node = node
        self.lock = threading.Lock()
        self.entries: deque[dict[str, Any]] = deque(maxlen=MOST)
        self.next = 0
        self.last_look_s = time.monotonic()
        self.late = 0

    @property
    def is_looking(self) -> bool:
        """Whether the last look is recent."""
        return time.monotonic() - self.last_look_s < STUCK_S

    def write(self, what: str, subject: str = "", **data: Any) -> None:
        """Add one entry.

        `what` is started, ended, beat, problem, finding, cleared, action, outcome, held or told.
        """
        subject, data = printable(subject), printable(data)
        entry = {
            "t_ns": time.monotonic_ns(), "wall_ns": time.time_ns(), "what": what,
            "node": self.node, "subject": subject, **data,
        }  # fmt: skip
        with self.lock:
            entry["n"] = self.next
            self.next += 1
            self.entries.append(entry)
        sys.stdout.write(json.dumps(entry, separators=(",", ":")) + "\n")
        sys.stdout.flush()

    def since(self, number: int) -> dict[str, Any]:
        """Entries from a number on, with the journal's id and the next number."""
        with self.lock:
            entries = [e for e in self.entries if e["n"] >= number]
            return {"id": self.id, "entries": entries, "next": self.next}


def serve(journal: Journal, port: int) -> ThreadingHTTPServer:
    """Serve in a thread of its own; returns the server."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _answer(self, status: int, kind: str, text: str) -> None:
            body = text.encode()
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_GET(self) -> None:
            """Answer."""
            url = urlparse(self.path)
            if url.path == "/journal":
                asked = parse_qs(url.query).get("since", ["0"])[0]
                found = journal.since(int(asked) if asked.isdigit() else 0)
                self._answer(200, "application/json", json.dumps(found))
            elif url.path == "/healthz":
                status, text = (200, "ok\n") if journal.is_looking else (503, "stuck\n")
                self._answer(status, "text/plain", text)
            else:
                self._answer(404, "text/plain", "journal and healthz are here\n")

        def log_message(self, *_: Any) -> None:
            """Requests are not logged."""

    server = ThreadingHTTPServer(("", port), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server
