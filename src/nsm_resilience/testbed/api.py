# SPDX-License-Identifier: Apache-2.0
"""The Kubernetes API for the rest of the code: a thin layer over the official client."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from functools import cached_property, partial
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlencode

import urllib3
import yaml
from kubernetes import client, dynamic
from kubernetes.client.exceptions import ApiException
from kubernetes.watch import watch

from nsm_resilience.testbed.connection import LOGIN_PAUSE_S, KubeconfigError, make_client
from nsm_resilience.testbed.proxy import without_password

FIELD_MANAGER = "nsm-resilience"
NODES = "/api/v1/nodes"
NAMESPACES = "/api/v1/namespaces"
PATIENCE_S = 30.0
"""Default timeout of a call; seconds."""

T = TypeVar("T")


class ApiUnavailable(RuntimeError):
    """The API server, or a service behind it, did not answer in time."""


class ApiRefused(ApiException):
    """The API server refused; the text is one line with the request and what to do.

    `status` and `reason` are those of the answer.
    """

    def __str__(self) -> str:
        return f"{self.asked}: {self.status} {self.reason}{REMEDIES.get(self.status, '')}"

    def __init__(self, asked: str, status: int, said: bytes) -> None:
        super().__init__(status=status, reason=_message(said))
        self.asked = asked


REMEDIES = {
    401: " (the API server does not know who asks: see that `kubectl get nodes` answers with the "
    "same kubeconfig and context; where its token or certificate has expired, sign in again)",
    403: " (an administrator gives the rights, with what `nsm-resilience cluster rights` prints)",
    407: " (a proxy in between wants to know who asks: write user and password into its address, "
    "as in http://user:password@proxy.example:3128)",
}
"""What to do about a refusal, by its status."""

API_FAULTS = (ApiException, ApiUnavailable, urllib3.exceptions.HTTPError)
"""Errors of a call while the API server is away, or when it refuses."""


def is_signed_out(error: BaseException | None) -> bool:
    """Whether an error is caused by a login that is refused or not available."""
    while error is not None:
        refused = isinstance(error, ApiException) and error.status == 401
        if refused or isinstance(error, KubeconfigError):
            return True
        error = error.__cause__
    return False


class _Client(client.ApiClient):
    """The official client with a default timeout."""

    def call_api(self, *arguments: Any, **named: Any) -> Any:
        # Not in the pool, because the client passes `timeout=None` to its pool.
        if named.get("_request_timeout") is None:
            named["_request_timeout"] = PATIENCE_S
        return super().call_api(*arguments, **named)


def _mapping(found: Any) -> dict[str, Any]:
    """An answer; TypeError when it is no JSON object."""
    if not isinstance(found, dict):
        raise TypeError("the answer is no object")
    return found


def _object(found: Any) -> dict[str, Any]:
    """An object of the API; LookupError or TypeError for other answers."""
    _mapping(found["metadata"])
    return _mapping(found)


def _objects(found: Any) -> list[dict[str, Any]]:
    """The objects of a list; LookupError or TypeError for other answers."""
    return [_object(one) for one in found["items"] or []]


class Cluster:
    """Clients for one cluster. `identity` distinguishes it from another one of the same name."""

    def __init__(self, kubeconfig: Path, context: str) -> None:
        """Load the kubeconfig, without a request to the cluster.

        `kubeconfig` may be several files, as in $KUBECONFIG. KubeconfigError when it cannot be
        used.
        """
        self.kubeconfig = kubeconfig
        self.context = context
        self.api = make_client(kubeconfig, context, _Client)
        self._signing_in = threading.Lock()
        self._asked_s: float | None = None

    @cached_property
    def dynamic(self) -> Any:
        """The client that applies any kind of object."""
        make: Any = dynamic.DynamicClient  # untyped in the client
        return make(self.api)

    def _signed_in(self, ask: Callable[[], T]) -> T:
        """An answer; when the API server refuses the login, try once more with a new one."""
        api = self.api
        try:
            return ask()
        except ApiException as error:
            if error.status != 401 or not self._sign_in(api):
                raise
        return ask()

    def _sign_in(self, refused: client.ApiClient) -> bool:
        """Read the kubeconfig again for a new token, also from its plug-in.

        False when that fails, or the last time was less than LOGIN_PAUSE_S ago.
        """
        with self._signing_in:
            if self.api is not refused:  # another thread has done so
                return True
            now_s = time.monotonic()
            if self._asked_s is not None and now_s - self._asked_s < LOGIN_PAUSE_S:
                return False
            self._asked_s = now_s
            try:
                self.api = make_client(self.kubeconfig, self.context, _Client)
            except KubeconfigError:
                return False
            self.__dict__.pop("dynamic", None)
            return True

    def identity(self) -> str:
        """The uid of the namespace kube-system, which a cluster gets when it is created."""
        path = f"{NAMESPACES}/kube-system"
        return self.ask("GET", path, lambda own: str(own["metadata"]["uid"]), timeout_s=5)

    def version(self) -> str:
        """Version of the API server, e.g. `v1.34.4`."""
        return self.ask("GET", "/version", lambda own: str(own["gitVersion"]), timeout_s=5)

    def ready_nodes(self) -> set[str]:
        """Names of the nodes that are Ready."""
        nodes = self.find(NODES, timeout_s=5)
        return {name_of(node) for node in nodes if has_condition(node, "Ready")}

    def apply(self, text: str, *, dry_run: bool = False) -> None:
        """Server-side apply of a YAML stream; unknown fields are refused by the API server.

        With `dry_run` the API server checks everything and saves nothing. ApiRefused for a refusal.
        """
        for document in filter(None, yaml.safe_load_all(text)):
            try:
                self._signed_in(partial(self._apply, document, dry_run=dry_run))
            except ApiException as error:  # its text would hold a traceback and headers
                what = f"apply {document['kind']} {document['metadata']['name']}"
                raise ApiRefused(what, error.status, (error.body or "").encode()) from error

    def _apply(self, document: Any, *, dry_run: bool) -> None:
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

    def get(self, path: str, *, timeout_s: float = PATIENCE_S) -> dict[str, Any]:
        """One object as plain JSON; ApiException with status 404 when it does not exist."""
        return self.ask("GET", path, _object, timeout_s=timeout_s)

    def look(self, path: str, *, timeout_s: float = PATIENCE_S) -> dict[str, Any] | None:
        """As `get`, but None when the object does not exist."""
        try:
            return self.get(path, timeout_s=timeout_s)
        except ApiException as error:
            if error.status != 404:
                raise
            return None

    def find(
        self, path: str, *, selector: str = "", fields: str = "", timeout_s: float = PATIENCE_S
    ) -> list[dict[str, Any]]:
        """All objects of a kind, or those that match a label and a field selector."""
        asked = {"labelSelector": selector, "fieldSelector": fields}
        query = urlencode({key: value for key, value in asked.items() if value})
        whole = f"{path}?{query}" if query else path
        return self.ask("GET", whole, _objects, timeout_s=timeout_s)

    def merge(self, path: str, body: Any, *, timeout_s: float = PATIENCE_S) -> None:
        """Change some fields of an object; a field that is None is removed."""
        kind = {"Content-Type": "application/merge-patch+json"}
        self.request("PATCH", path, body, timeout_s=timeout_s, headers=kind)

    def delete(self, path: str, options: Any = None, *, timeout_s: float = PATIENCE_S) -> bool:
        """Delete an object, with the options of DeleteOptions; False when it was already gone."""
        try:
            self.request("DELETE", path, options, timeout_s=timeout_s)
        except ApiException as error:
            if error.status != 404:
                raise
            return False
        return True

    def request(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        timeout_s: float,
        headers: Mapping[str, str] | None = None,
    ) -> dict[str, Any]:
        """A raw request; returns the parsed JSON, an object.

        The client's own models are not used: loading them takes more than a second of a processor
        per trial, and reading a pod into one takes tens of milliseconds. Raises ApiUnavailable when
        there is no answer, a temporary error, or an answer of another server; ApiRefused for any
        other refusal.
        """
        return self.ask(method, path, _mapping, body, timeout_s=timeout_s, headers=headers)

    def ask(
        self,
        method: str,
        path: str,
        read: Callable[[Any], T],
        body: Any = None,
        *,
        timeout_s: float,
        headers: Mapping[str, str] | None = None,
    ) -> T:
        """As `request`, but returns the result of `read` on the answer.

        An error of `read` means that the answer is not from an API server.
        """
        given = (method, path, body, timeout_s, headers or {})
        answer = self._signed_in(lambda: self._send(*given, preload_content=True))
        try:
            return read(json.loads(answer.data))
        except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
            raise self._not_an_api(f"{method} {path}", answer) from error

    def _not_an_api(self, asked: str, answer: Any) -> ApiUnavailable:
        """The error for a proxy's page, a login form, or another server at the address."""
        kind = answer.headers.get("Content-Type", "no type")
        begin = " ".join((answer.data or b"")[:80].decode("utf-8", "replace").split())
        return ApiUnavailable(
            f"{asked}: what answers at {without_password(self.api.configuration.host)} is no "
            f"Kubernetes API server ({answer.status}, {kind}: {begin!r}); is a proxy or a login "
            "page in between?"
        )

    def follow(self, path: str, *, timeout_s: float) -> Iterator[Any]:
        """Events of a watch, as JSON, as they come; errors as in `request`.

        `timeout_s` limits the silence between two lines. ValueError for a line that is no event.
        """
        answer = self._signed_in(
            lambda: self._send("GET", path, None, timeout_s, {}, preload_content=False)
        )
        lines: Any = watch.iter_resp_lines  # untyped in the client
        try:
            for line in lines(answer):
                event = json.loads(line)
                if not isinstance(event, dict) or not {"type", "object"} <= event.keys():
                    raise ValueError(f"GET {path}: a line is no event of a watch")
                yield event
        except (urllib3.exceptions.HTTPError, RecursionError) as error:
            raise ApiUnavailable(f"GET {path}: {error}") from error
        finally:
            answer.close()
            answer.release_conn()

    def _send(
        self,
        method: str,
        path: str,
        body: Any,
        timeout_s: float,
        headers: Mapping[str, str],
        *,
        preload_content: bool,
    ) -> Any:
        api, sent = self.api, {"Content-Type": "application/json", **headers}
        api.update_params_for_auth(sent, [], ["BearerToken"], path, method, body)
        try:
            answer = api.rest_client.pool_manager.request(
                method,
                f"{api.configuration.host}{path}",
                body=None if body is None else json.dumps(body).encode(),
                headers=sent,
                timeout=urllib3.Timeout(total=timeout_s),
                retries=False,
                preload_content=preload_content,
            )
            said = answer.data if answer.status >= 400 else b""
        except urllib3.exceptions.HTTPError as error:
            raise ApiUnavailable(f"{method} {path}: {error}") from error
        if answer.status in (429, 500, 502, 503, 504):
            raise ApiUnavailable(f"{method} {path}: {answer.status} {said[:300]!r}")
        if answer.status >= 400:
            raise ApiRefused(f"{method} {path}", answer.status, said)
        if answer.status >= 300:  # an API server never redirects
            raise self._not_an_api(f"{method} {path}", answer)
        return answer

    def pods(self, namespace: str, selector: str = "") -> list[dict[str, Any]]:
        """Pods of a namespace."""
        return self.find(f"{NAMESPACES}/{namespace}/pods", selector=selector, timeout_s=10)

    def delete_pods(self, namespace: str, names: Iterable[str], grace_s: int | None) -> None:
        """Delete pods; one that is already gone is no error. `grace_s` None: the pod's own."""
        options = None if grace_s is None else {"gracePeriodSeconds": grace_s}
        for name in names:
            self.delete(f"{NAMESPACES}/{namespace}/pods/{name}", options, timeout_s=10)


def _message(said: bytes) -> str:
    """The text of a refusal in one line: the message of a Status, else the begin of the answer."""
    text = said[:2000].decode("utf-8", "replace")
    with suppress(ValueError, KeyError, TypeError):
        text = str(json.loads(said)["message"])
    return " ".join(text.split())[:300]


def name_of(thing: Mapping[str, Any]) -> str:
    """Name of an object."""
    return str(thing["metadata"]["name"])


def labels_of(thing: Mapping[str, Any]) -> dict[str, str]:
    """Labels of an object."""
    return dict(thing["metadata"].get("labels") or {})


def has_condition(thing: Mapping[str, Any], kind: str) -> bool:
    """Whether a node or a pod has a condition, such as Ready."""
    conditions = thing.get("status", {}).get("conditions") or []
    return any(c["type"] == kind and c["status"] == "True" for c in conditions)


def ready(pod: Mapping[str, Any]) -> bool:
    """Whether a pod is Ready and not being deleted."""
    return not pod["metadata"].get("deletionTimestamp") and has_condition(pod, "Ready")


def wait_for(
    what: str, condition: Callable[[], object], timeout_s: float, interval_s: float = 0.25
) -> None:
    """Wait until a condition holds.

    Errors of the API in between are ignored. Raises ApiUnavailable with `what`.
    """
    start = time.monotonic()
    problem: Exception | None = None
    while time.monotonic() - start < timeout_s:
        try:
            if condition():
                return
            problem = None
        except API_FAULTS as error:
            problem = error
        time.sleep(interval_s)
    told = f" (last problem: {problem})" if problem is not None else ""
    raise ApiUnavailable(f"{what}: not within {timeout_s:g} s{told}") from problem
