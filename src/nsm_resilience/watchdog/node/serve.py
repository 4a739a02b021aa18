# SPDX-License-Identifier: Apache-2.0
"""The watchdog's pages, for reading only: /journal?since=N, /healthz.

Times in the journal are the node's CLOCK_MONOTONIC, which the node agent measures, too.
"""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlparse

from journal import Journal


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
