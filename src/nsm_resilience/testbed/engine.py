# SPDX-License-Identifier: Apache-2.0
"""The Docker engine: its address, and whether it can pull an image.

The program `docker` itself queries a registry with the proxy and the host names of this machine;
but the engine pulls, with its own. If they differ, only the engine's answer counts.
"""

from __future__ import annotations

import http.client
import json
import socket
from urllib.parse import quote, urlsplit

from nsm_resilience.testbed.finding import Ask, answer
from nsm_resilience.testbed.proxy import is_loopback

ASK_S = 30.0
"""How long an engine or a registry may take to describe an image; seconds."""


def endpoint(ask: Ask = answer) -> str:
    """The address of the engine of `docker`; empty when it is not known."""
    known, host = ask("docker", "context", "inspect", "--format", "{{.Endpoints.docker.Host}}")
    return host.strip() if known else ""


def is_elsewhere(address: str) -> bool:
    """Whether an engine is on another machine: a kind cluster there cannot be reached from here.

    Kind's API server listens on the engine's own 127.0.0.1.
    """
    url = urlsplit(address)
    if url.scheme not in ("tcp", "ssh", "http", "https") or is_loopback(address):
        return False
    try:
        with socket.socket() as own:
            own.bind((url.hostname or "", 0))  # only an address of this machine works
    except OSError:
        return True
    return False


def why_not_pulled(image: str, address: str, timeout_s: float = ASK_S) -> str | None:
    """Why the engine cannot pull an image: empty when it can, None when it is not known.

    It is not known when the registry needs a login, which the caller of a pull provides, and when
    another program answers instead of Docker (podman).
    """
    if not address.startswith("unix://"):
        return None
    engine = _OverSocket(address.removeprefix("unix://"), timeout_s)
    try:
        engine.request("GET", f"/distribution/{quote(image, safe='/:@')}/json")
        said = engine.getresponse()
        text = said.read(10_000)
    except TimeoutError:
        return f"the engine heard nothing of its registry within {timeout_s:g} s"
    except (OSError, http.client.HTTPException):
        return None
    finally:
        engine.close()
    if said.status == 200:
        return ""
    return _message(text) if said.status >= 500 else None


def _message(text: bytes) -> str:
    try:
        return " ".join(str(json.loads(text)["message"]).split())[:200]
    except (ValueError, KeyError, TypeError):
        return "the engine reports an error"


class _OverSocket(http.client.HTTPConnection):
    """HTTP over a unix socket."""

    def __init__(self, path: str, timeout_s: float) -> None:
        super().__init__("localhost", timeout=timeout_s)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)
