# SPDX-License-Identifier: Apache-2.0
"""A stand-in for the API server of somebody else's cluster: objects in memory, over real HTTP.

It knows what this project asks for: discovery, lists by label, merge patches, server-side apply,
deletion. DaemonSets get a Ready pod on every node of a lane at once; the pods of the agents answer
`clean` with `residue`. Every request is kept, as verb and resource, for tests of rights.
"""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlparse

import yaml

from nsm_resilience.mesh.residue import RESIDUE

KINDS = {
    "": {"Namespace": ("namespaces", False), "Node": ("nodes", False), "Pod": ("pods", True),
         "ConfigMap": ("configmaps", True), "Secret": ("secrets", True),
         "ServiceAccount": ("serviceaccounts", True)},
    "apps": {"DaemonSet": ("daemonsets", True)},
    "apiextensions.k8s.io": {"CustomResourceDefinition": ("customresourcedefinitions", False)},
    "rbac.authorization.k8s.io": {"ClusterRole": ("clusterroles", False),
                                  "ClusterRoleBinding": ("clusterrolebindings", False)},
}  # fmt: skip
VERBS = {"GET": "get", "POST": "create", "PATCH": "patch", "DELETE": "delete"}


class StandIn:
    """The objects by path, the requests so far, and what agents find on their nodes."""

    def __init__(self, *nodes: str) -> None:
        self.objects: dict[str, Any] = {}
        self.asked: set[tuple[str, str, str]] = set()
        self.residue: dict[str, Any] = {name: [] for name in RESIDUE}
        self.residue_on = ""  # the only node that has it; empty: all
        self.acts: list[str] = []
        self.acts_on: dict[str, list[str]] = {}
        self.denied: set[str] = set()  # `<verb> <resource>`: what the user may not do
        self.token = ""  # the only one that is taken; empty: everybody is known
        self.versions: dict[str, int] = {}  # how often each object was written
        self.lock = threading.RLock()
        self.put("/api/v1/namespaces/kube-system", {"kind": "Namespace"})
        for name in nodes:
            self.add_node(name)

    def add_node(self, name: str, *, ready: bool = True, taint: str = "", **labels: str) -> None:
        status = {"conditions": [{"type": "Ready", "status": str(ready)}]}
        taints = [{"key": "x", "effect": taint}] if taint else []
        own = {"kubernetes.io/os": "linux", "kubernetes.io/arch": "amd64", **labels}
        self.put(
            f"/api/v1/nodes/{name}",
            {"kind": "Node", "metadata": {"labels": own}, "spec": {"taints": taints},
             "status": status},
        )  # fmt: skip

    def put(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        with self.lock:
            old = self.objects.get(path, {})
            meta = {**old.get("metadata", {}), **body.get("metadata", {})}
            meta.update(name=path.rpartition("/")[2], uid=f"uid-{path}", generation=1)
            parts = path.split("/")
            if "namespaces" in parts[:-2]:
                meta["namespace"] = parts[parts.index("namespaces") + 1]
            self.objects[path] = {**old, **body, "metadata": meta}
            self.versions[path] = self.versions.get(path, 0) + 1
            if "/daemonsets/" in path:
                self._run(path)
            return self.objects[path]

    def _run(self, path: str) -> None:
        """What a DaemonSet does, at once."""
        made, space = self.objects[path], self.objects[path]["metadata"]["namespace"]
        nodes = [n for n in self.labelled("/api/v1/nodes/", "nsm-resilience/lane")]
        made["status"] = {
            "observedGeneration": 1, "desiredNumberScheduled": len(nodes),
            "updatedNumberScheduled": len(nodes), "numberReady": len(nodes),
            "currentNumberScheduled": len(nodes), "numberMisscheduled": 0,
        }  # fmt: skip
        for node in nodes:
            name = f"agent-{node['metadata']['name']}"
            self.put(
                f"/api/v1/namespaces/{space}/pods/{name}",
                {"kind": "Pod", "metadata": {"labels": {"app": made["metadata"]["name"]}},
                 "spec": {"nodeName": node["metadata"]["name"], "containers": []},
                 "status": {"phase": "Running",
                            "conditions": [{"type": "Ready", "status": "True"}]}},
            )  # fmt: skip

    def labelled(self, prefix: str, selector: str) -> list[dict[str, Any]]:
        key, _, value = selector.partition("=")
        found = [o for p, o in sorted(self.objects.items())
                 if p.startswith(prefix) and "/" not in p.removeprefix(prefix)]  # fmt: skip
        if not selector or " in " in selector:
            return found if not selector else []
        labels = [(o, o["metadata"].get("labels") or {}) for o in found]
        return [o for o, own in labels if key in own and (not value or own[key] == value)]

    def delete(self, path: str) -> bool:
        with self.lock:
            space = path.removeprefix("/api/v1/namespaces/")
            gone = [p for p in self.objects if p == path or f"/namespaces/{space}/" in p]
            for p in gone:
                del self.objects[p]
            return bool(gone)

    def labels(self, node: str) -> dict[str, str]:
        return dict(self.objects[f"/api/v1/nodes/{node}"]["metadata"]["labels"])

    def annotations(self, node: str) -> dict[str, str]:
        return dict(self.objects[f"/api/v1/nodes/{node}"]["metadata"].get("annotations", {}))

    def answer(self, method: str, url: str, body: Any) -> tuple[int, Any]:
        parsed = urlparse(url)
        path, query = parsed.path, parse_qs(parsed.query)
        found = _discovery(path)
        if found is not None:
            return 200, found
        if path.endswith("/selfsubjectaccessreviews"):
            asked = body["spec"]["resourceAttributes"]
            right = f"{asked['verb']} {asked['resource']}"
            return 201, {"status": {"allowed": right not in self.denied}}
        if "/proxy/" in path:
            self._note("create" if method == "POST" else "get", path, "pods/proxy")
            return 200, self._agent(path, body)
        is_list = method == "GET" and _is_list(path)
        self._note("list" if is_list else VERBS[method], path, None)
        if is_list:
            items = self.labelled(f"{path}/", query.get("labelSelector", [""])[0])
            return 200, {"kind": "List", "apiVersion": "v1", "metadata": {}, "items": items}
        if method == "POST":
            plain = body.pop("stringData", {})
            if plain:
                body["data"] = {k: base64.b64encode(v.encode()).decode() for k, v in plain.items()}
            made = f"{path}/{body['metadata']['name']}"
            self.put(made, body)
            return 201, self.shown(made)
        if method == "PATCH":
            if path not in self.objects:
                self._note("create", path, None)  # server-side apply of something new
            for manager in query.get("fieldManager", ()):
                body["metadata"]["managedFields"] = [{"manager": manager}]
            with self.lock:
                seen = body["metadata"].pop("resourceVersion", None)
                if seen not in (None, str(self.versions.get(path, 0))):
                    return 409, {"kind": "Status", "code": 409, "reason": "Conflict"}
                return 200, self._patched(path, body)
        if path not in self.objects:
            return 404, {"kind": "Status", "code": 404, "reason": "NotFound"}
        if method == "DELETE":
            self.delete(path)
            return 200, {"kind": "Status", "status": "Success"}
        return 200, self.shown(path)

    def shown(self, path: str) -> dict[str, Any]:
        version = str(self.versions.get(path, 0))
        found = self.objects[path]
        return {**found, "metadata": {**found["metadata"], "resourceVersion": version}}

    def _patched(self, path: str, body: Any) -> dict[str, Any]:
        old = self.objects.get(path, {"metadata": {}})["metadata"]
        for part in ("labels", "annotations"):
            given = body.get("metadata", {}).get(part)
            if given is not None:
                own = {**old.get(part, {}), **given}
                body["metadata"][part] = {k: v for k, v in own.items() if v is not None}
        patched = self.put(path, body)
        if not patched["metadata"].get("annotations", True):
            del patched["metadata"]["annotations"]
        return patched

    def _agent(self, path: str, body: Any) -> Any:
        if path.endswith("/reset"):
            return {"next": 0, "instance": "i"}
        node = path.partition("/pods/agent-")[2].partition(":")[0]
        self.acts.append(body["order"]["act"])
        self.acts_on.setdefault(node, []).append(body["order"]["act"])
        found = self.residue if self.residue_on in ("", node) else {name: [] for name in RESIDUE}
        return {"lines": [{"kind": "residue", "t_ns": 1, **found}], "error": None}

    def _note(self, verb: str, path: str, resource: str | None) -> None:
        parts = path.strip("/").split("/")
        group = parts[1] if parts[0] == "apis" else ""
        rest = parts[3:] if parts[0] == "apis" else parts[2:]
        if rest[0] == "namespaces" and len(rest) > 2:
            rest = rest[2:]
        self.asked.add((verb, group, resource or rest[0]))


def _is_list(path: str) -> bool:
    rest = path.strip("/").split("/")[3 if path.startswith("/apis") else 2 :]
    return len(rest) in (1, 3)


def _discovery(path: str) -> Any:
    if path == "/version":
        return {"gitVersion": "v1.34.0", "major": "1", "minor": "34"}
    if path == "/api":
        return {"kind": "APIVersions", "versions": ["v1"]}
    if path == "/apis":
        versions = {g: {"groupVersion": f"{g}/v1", "version": "v1"} for g in KINDS if g}
        return {"kind": "APIGroupList", "groups": [
            {"name": g, "versions": [v], "preferredVersion": v} for g, v in versions.items()
        ]}  # fmt: skip
    for group, kinds in KINDS.items():
        if path == (f"/apis/{group}/v1" if group else "/api/v1"):
            return {"kind": "APIResourceList", "groupVersion": f"{group}/v1".strip("/"),
                    "resources": [
                        {"name": plural, "kind": kind, "namespaced": namespaced,
                         "singularName": "", "verbs": ["get", "patch"]}
                        for kind, (plural, namespaced) in kinds.items()
                    ]}  # fmt: skip
    return None


@contextmanager
def serving(cluster: StandIn, folder: Path, context: str = "theirs") -> Iterator[Path]:
    """Serve it; yields a kubeconfig with this context."""

    class Handler(BaseHTTPRequestHandler):
        def _serve(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            raw = self.rfile.read(length)
            who = (self.headers["Authorization"] or "").removeprefix("Bearer ")
            status, content = 401, {"kind": "Status", "message": "Unauthorized"}
            if cluster.token in ("", who):
                body = yaml.safe_load(raw) if raw else None
                status, content = cluster.answer(self.command, self.path, body)
            answer = json.dumps(content).encode() + b"\n"
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        do_GET = do_POST = do_PATCH = do_DELETE = _serve

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    kubeconfig = folder / "kubeconfig"
    address = f"http://127.0.0.1:{server.server_address[1]}"
    kubeconfig.write_text(
        yaml.safe_dump(
            {
                "apiVersion": "v1",
                "kind": "Config",
                "current-context": context,
                "clusters": [{"name": "c", "cluster": {"server": address}}],
                "contexts": [{"name": context, "context": {"cluster": "c", "user": "u"}}],
                "users": [{"name": "u", "user": {}}],
            }
        )
    )
    try:
        yield kubeconfig
    finally:
        server.shutdown()
        server.server_close()


def kubeconfig(path: Path, context: str, server: str, **cluster: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    content = {
        "apiVersion": "v1", "kind": "Config", "current-context": context,
        "clusters": [{"name": context, "cluster": {"server": server, **cluster}}],
        "contexts": [{"name": context, "context": {"cluster": context, "user": context}}],
        "users": [{"name": context, "user": {}}],
    }  # fmt: skip
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
    return path


@contextmanager
def answering(status: int, body: bytes, **headers: str) -> Iterator[str]:
    """A server that says the same to everything."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name.replace("_", "-"), value)
            self.end_headers()
            self.wfile.write(body)

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.do_GET()

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
