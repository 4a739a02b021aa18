# SPDX-License-Identifier: Apache-2.0
"""The Kubernetes API as the rest of the code uses it: a thin layer over the official client."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import urllib3
import yaml
from kubernetes import client, config, dynamic
from kubernetes.client.exceptions import ApiException

FIELD_MANAGER = "nsm-resilience"
PATIENCE_S = 30.0
"""How long a call that names no timeout of its own waits for an answer; seconds."""


class ApiUnavailable(RuntimeError):
    """The API server, or what is behind it, did not answer in time."""


API_FAULTS = (ApiException, ApiUnavailable, urllib3.exceptions.HTTPError)
"""What a call raises while the API server is away or does not do what it was asked."""


class _Client(client.ApiClient):
    """The official client, except that no call waits for ever."""

    def call_api(self, *arguments: Any, **named: Any) -> Any:
        # Here, and not in the pool: the client tells its pool `timeout=None` when it knows none.
        if named.get("_request_timeout") is None:
            named["_request_timeout"] = PATIENCE_S
        return super().call_api(*arguments, **named)


def _load(kubeconfig: Path, context: str) -> client.ApiClient:
    """A client that says at once that the API server is away: urllib3 would try thrice more."""
    settings = client.Configuration()
    load: Any = config.load_kube_config  # untyped in the client
    load(str(kubeconfig), context, settings)
    settings.retries = False
    return _Client(settings)


class Cluster:
    """Clients for one cluster. `identity` tells it from another one of the same name."""

    def __init__(self, kubeconfig: Path, context: str) -> None:
        """Load the kubeconfig; nothing is asked of the cluster yet."""
        self.kubeconfig = kubeconfig
        self.context = context
        self.api = _load(kubeconfig, context)
        # Any: the generated models declare every field optional, down to metadata.name.
        self.core: Any = client.CoreV1Api(self.api)
        self.apps: Any = client.AppsV1Api(self.api)
        self._dynamic: Any = None

    @property
    def dynamic(self) -> Any:
        """The client that applies any kind of object."""
        if self._dynamic is None:
            make: Any = dynamic.DynamicClient  # untyped in the client
            self._dynamic = make(self.api)
        return self._dynamic

    def identity(self) -> str:
        """The uid of the namespace kube-system: given once when a cluster is made."""
        return str(self.core.read_namespace("kube-system", _request_timeout=5).metadata.uid)

    def answers(self) -> bool:
        """Ask for the cluster's id; always true, and an error of the API while it is away."""
        return bool(self.identity())

    def version(self) -> str:
        """Version of the API server, e.g. `v1.34.4`."""
        return str(client.VersionApi(self.api).get_code(_request_timeout=5).git_version)

    def ready_nodes(self) -> set[str]:
        """Names of the nodes that are Ready."""
        nodes = self.core.list_node(_request_timeout=5).items
        return {
            node.metadata.name
            for node in nodes
            if any(c.type == "Ready" and c.status == "True" for c in node.status.conditions or [])
        }

    def apply(self, text: str, *, dry_run: bool = False) -> None:
        """Server-side apply of a YAML stream; unknown fields are refused by the API server.

        With `dry_run` the API server checks everything and keeps nothing.
        """
        for document in yaml.safe_load_all(text):
            if document is None:
                continue
            resource = self.dynamic.resources.get(
                api_version=document["apiVersion"], kind=document["kind"]
            )
            self.dynamic.server_side_apply(
                resource,
                body=document,
                name=document["metadata"]["name"],
                namespace=document["metadata"].get("namespace"),
                field_manager=FIELD_MANAGER,
                force_conflicts=True,
                field_validation="Strict",
                **({"dry_run": "All"} if dry_run else {}),
            )

    def request(
        self, method: str, path: str, body: Any = None, *, timeout_s: float, headers: dict[str, str]
    ) -> Any:
        """A raw request through the API server (for the pod proxy); returns the parsed JSON."""
        sent = dict(headers)
        self.api.update_params_for_auth(sent, [], ["BearerToken"], path, method, body)
        try:
            answer = self.api.rest_client.pool_manager.request(
                method,
                f"{self.api.configuration.host}{path}",
                body=None if body is None else json.dumps(body).encode(),
                headers={"Content-Type": "application/json", **sent},
                timeout=urllib3.Timeout(total=timeout_s),
                retries=False,
            )
        except urllib3.exceptions.HTTPError as error:
            raise ApiUnavailable(f"{method} {path}: {error}") from error
        if answer.status in (429, 500, 502, 503, 504):
            raise ApiUnavailable(f"{method} {path}: {answer.status} {answer.data[:300]!r}")
        if answer.status >= 400:
            raise ApiException(
                status=answer.status, reason=answer.data[:500].decode("utf-8", "replace")
            )
        return json.loads(answer.data)

    def plain(self, thing: Any) -> Any:
        """A model of the client as plain JSON data."""
        convert: Any = self.api.sanitize_for_serialization
        return convert(thing)

    def pods(self, namespace: str, selector: str = "") -> list[Any]:
        """Pods of a namespace."""
        answer = self.core.list_namespaced_pod(
            namespace, label_selector=selector, _request_timeout=10
        )
        return list(answer.items)

    def delete_pods(self, namespace: str, names: Iterable[str], grace_s: int | None) -> None:
        """Delete pods; one that is gone already is no error. `grace_s` None: the pod's own."""
        for name in names:
            try:
                self.core.delete_namespaced_pod(
                    name, namespace, grace_period_seconds=grace_s, _request_timeout=10
                )
            except ApiException as error:
                if error.status != 404:
                    raise


def ready(pod: Any) -> bool:
    """Whether a pod is Ready and not being deleted."""
    if pod.metadata.deletion_timestamp is not None:
        return False
    return any(c.type == "Ready" and c.status == "True" for c in pod.status.conditions or [])


def wait_for(
    what: str, condition: Callable[[], bool], timeout_s: float, interval_s: float = 0.25
) -> float:
    """Wait until a condition holds; returns the seconds it took.

    A fault of the API on the way is waited through. Raises ApiUnavailable naming `what`.
    """
    start = time.monotonic()
    problem = ""
    while time.monotonic() - start < timeout_s:
        try:
            if condition():
                return time.monotonic() - start
            problem = ""
        except API_FAULTS as error:
            problem = f" (last problem: {error})"
        time.sleep(interval_s)
    raise ApiUnavailable(f"{what}: not within {timeout_s:g} s{problem}")
