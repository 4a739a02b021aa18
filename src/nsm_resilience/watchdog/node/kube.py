# SPDX-License-Identifier: Apache-2.0
"""The Kubernetes API from inside a pod: read pods and NSM's registry, write events and conditions.

Writes run in a thread of their own, so that an API server that is away delays nothing else. A write
that fails for a minute, or is refused, is dropped; the journal still has its content.
"""

from __future__ import annotations

import http.client
import json
import os
import queue
import ssl
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from typing import Any

ACCOUNT = "/var/run/secrets/kubernetes.io/serviceaccount"
GROUP = "/apis/networkservicemesh.io/v1alpha1"
SOURCE = "nsm-watchdog"
TELL_S = 60.0


class ApiAway(Exception):
    """The API server did not answer, or with an error."""


class ApiRefused(ApiAway):
    """The API server refused; a retry would not help."""


class Api:
    """Requests with this pod's account."""

    def __init__(self, namespace: str, node: str) -> None:
        """Read address and certificate from their usual places in a pod."""
        host = os.environ["KUBERNETES_SERVICE_HOST"]
        if ":" in host:
            host = f"[{host}]"
        self.base = f"https://{host}:{os.environ['KUBERNETES_SERVICE_PORT']}"
        self.namespace = namespace
        self.node = node
        self.context = ssl.create_default_context(cafile=f"{ACCOUNT}/ca.crt")

    def call(self, method: str, path: str, body: Any = None, kind: str = "json") -> Any:
        """One request; ApiAway when it fails."""
        try:
            with open(f"{ACCOUNT}/token") as stream:  # it is renewed while the pod lives
                token = stream.read()
        except OSError as error:
            raise ApiAway(f"no token: {error}") from error
        request = urllib.request.Request(
            self.base + path,
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={
                "Authorization": f"Bearer {token}",
                "Content-Type": f"application/{kind}",
            },
        )
        try:
            with urllib.request.urlopen(request, timeout=5, context=self.context) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            refused = 400 <= error.code < 500 and error.code != 429
            kind_of = ApiRefused if refused else ApiAway
            raise kind_of(f"{method} {path}: {error}") from error
        except (OSError, ValueError, http.client.HTTPException) as error:
            raise ApiAway(f"{method} {path}: {error}") from error

    def pods(self) -> list[dict[str, Any]]:
        """Pods of the namespace on this node."""
        path = f"/api/v1/namespaces/{self.namespace}/pods?fieldSelector=spec.nodeName={self.node}"
        return list(self.call("GET", path)["items"])

    def registry(self, plural: str) -> list[dict[str, Any]]:
        """NSM's custom resources of one kind."""
        path = f"{GROUP}/namespaces/{self.namespace}/{plural}"
        return list(self.call("GET", path)["items"])

    def event(self, pod: dict[str, Any], reason: str, text: str) -> None:
        """A Warning event about a pod."""
        now = _now()
        name = f"{pod['metadata']['name']}.{time.time_ns():x}"
        self.call(
            "POST",
            f"/api/v1/namespaces/{self.namespace}/events",
            {
                "apiVersion": "v1",
                "kind": "Event",
                "metadata": {"name": name, "namespace": self.namespace},
                "involvedObject": {
                    "apiVersion": "v1",
                    "kind": "Pod",
                    "namespace": self.namespace,
                    "name": pod["metadata"]["name"],
                    "uid": pod["metadata"]["uid"],
                },
                "type": "Warning",
                "reason": reason,
                "message": text[:1000],
                "source": {"component": SOURCE, "host": self.node},
                "reportingComponent": SOURCE,
                "reportingInstance": self.node,
                "firstTimestamp": now,
                "lastTimestamp": now,
                "count": 1,
            },
        )

    def condition(
        self, pod: dict[str, Any], kind: str, holds: bool, reason: str, text: str
    ) -> None:
        """Set one condition of a pod; others stay unchanged."""
        path = f"/api/v1/namespaces/{self.namespace}/pods/{pod['metadata']['name']}/status"
        condition = {
            "type": kind,
            "status": "True" if holds else "False",
            "reason": reason,
            "message": text[:1000],
            "lastTransitionTime": _now(),
        }
        body = {"status": {"conditions": [condition]}}
        self.call("PATCH", path, body, "strategic-merge-patch+json")


def _now() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


class Teller:
    """Makes calls one after the other, in their order; a failed one is repeated for TELL_S."""

    def __init__(self, report: Callable[[str], None]) -> None:
        """`report` takes the error of a dropped call. The thread ends with the process."""
        self.report = report
        self.waiting: queue.Queue[tuple[float, Any]] = queue.Queue(maxsize=1000)
        threading.Thread(target=self._run, daemon=True).start()

    def tell(self, call: Any) -> None:
        """Queue one call (of no arguments); the oldest is dropped when there are too many."""
        try:
            self.waiting.put_nowait((time.monotonic(), call))
        except queue.Full:
            self.waiting.get_nowait()
            self.waiting.put_nowait((time.monotonic(), call))

    def _run(self) -> None:
        while True:
            since, call = self.waiting.get()
            while True:  # at least once, even if the call is already old
                try:
                    call()
                    break
                except ApiRefused as error:
                    self.report(str(error))
                    break
                except ApiAway as error:
                    if time.monotonic() - since >= TELL_S:
                        self.report(f"given up after {TELL_S:g} s: {error}")
                        break
                    time.sleep(1)
                except Exception as error:  # the next calls must still be made
                    self.report(f"{type(error).__name__}: {error}")
                    break
