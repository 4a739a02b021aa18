# SPDX-License-Identifier: Apache-2.0
"""A kind cluster of our own: made, replaced when it is damaged, removed."""

from __future__ import annotations

import errno
import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import yaml

from nsm_resilience.record.files import write_bytes
from nsm_resilience.testbed.api import NAMESPACES, ApiUnavailable, Cluster, wait_for
from nsm_resilience.testbed.base import AGENT_NAMESPACE, TestbedError
from nsm_resilience.testbed.config import KIND_VERSION, KindTestbed
from nsm_resilience.testbed.finding import answer, in_docker
from nsm_resilience.testbed.image_check import BRING
from nsm_resilience.testbed.users import others, told, way_out

READY_S = 120.0
"""How long workers may take to become Ready after kind has made them; seconds."""
CREATE_S = 1200.0
"""How long kind may take to make a cluster, or to load images into its nodes; seconds."""
ACT_S = 300.0
"""How long any other act of kind may take; seconds."""
MAKE_AGAIN = 3
"""Attempts to make a cluster while Docker still creates nodes for a kind that was killed."""
WAIT_S = 0.5
"""Time between two attempts to get the lock of a cluster; seconds."""
NODES_THERE = "node(s) already exist"
"""Error of kind v0.30.0 when nodes of the new cluster exist already
(pkg/cluster/internal/create/create.go)."""

NOT_PULLED = "failed to pull image"
"""Its error when Docker's engine cannot pull the node image
(pkg/cluster/internal/providers/docker/images.go)."""


@dataclass(frozen=True)
class Kind:
    """`up` makes it unless it is there and healthy, `down` removes it. Both may be repeated.

    `state` is the folder for the kubeconfig and kind's own file, `campaign` the folder of the
    campaign, `planes` the planes of each system in it.
    """

    config: KindTestbed
    state: Path
    say: Callable[[str], None] = print
    campaign: Path = Path()
    planes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """Name of the cluster as kind knows it."""
        return self.config.name

    @property
    def kubeconfig(self) -> Path:
        """Kept beside the campaigns, so that the user's own kubeconfig is never touched."""
        return self.state / f"{self.name}.kubeconfig"

    @property
    def _layout(self) -> Path:
        """Kind's own file, written before the cluster is made; it marks the cluster as ours."""
        return self.state / f"{self.name}.kind.yaml"

    @property
    def context(self) -> str:
        """The name that kind gives to the context."""
        return f"kind-{self.name}"

    def exists(self) -> bool:
        """Whether kind knows a cluster of this name; TestbedError when kind fails."""
        return self.name in self._kind("get", "clusters").split()

    def healthy(self) -> bool:
        """Whether it is complete, all its nodes run, and the API server calls them Ready.

        The API server calls a node Ready for some 40 s after its end, so the containers are checked
        as well. Agents are installed after the images (`manage`): a cluster without their namespace
        was made by a kind that went on after this program had been killed.
        """
        nodes = set(self._kind("get", "nodes", "--name", self.name, quiet=True).split())
        wanted = {n for pair in self.config.worker_pairs() for n in pair} | {
            f"{self.name}-control-plane"
        }
        if not nodes == wanted == _running(self.name):
            return False
        try:
            has_agents = self._has_our_namespace()
            return has_agents and Cluster(self.kubeconfig, self.context).ready_nodes() >= wanted
        except Exception:  # a cluster that does not answer is not healthy
            return False

    def _has_our_namespace(self) -> bool:
        """Whether it answers and has the namespace that `manage` creates in every cluster."""
        self._export_kubeconfig()
        try:
            cluster = Cluster(self.kubeconfig, self.context)
            cluster.get(f"{NAMESPACES}/{AGENT_NAMESPACE}", timeout_s=5)
        except Exception:  # there is none, or the cluster does not answer
            return False
        return True

    def _check_ours(self) -> None:
        """TestbedError when an existing cluster of this name may be somebody else's.

        People choose the names of kind clusters, and two may choose the same.
        """
        if self._layout.exists() or self._has_our_namespace():
            return
        self.kubeconfig.unlink(missing_ok=True)
        raise TestbedError(
            f"there is a kind cluster `{self.name}` that was not made from {self.state.parent} "
            "and shows nothing of ours, so it is left alone; choose another `name:` in the "
            "testbed's file, or remove it by hand if nobody needs it:\n"
            f"  kind delete cluster --name {self.name}"
        )

    def _check_unused(self) -> None:
        """TestbedError when another campaign uses the cluster, which this one would replace."""
        users = others(self.kubeconfig, self.context, self.campaign, self.name)
        if users:
            raise TestbedError(
                f"the kind cluster `{self.name}` is used by {told(users)} and is "
                f"not what this testbed asks for ({1 + 2 * self.config.lanes} nodes, all Ready); "
                "wait for the end of that campaign, or write another `name:` in the testbed's file"
                + way_out(users, self.kubeconfig, self.context)
            )

    def connect(self) -> None:
        """Export the kubeconfig of an existing cluster of this name, even if it is not ours."""
        if shutil.which("kind") is not None:
            self._export_kubeconfig()

    def up(self) -> None:
        """Make the cluster; a damaged one of ours is removed first."""
        was_begun = self._layout.exists()
        if self.exists():
            if self.healthy():
                self.say(f"cluster {self.name}: is up")
                self._load_images()  # the cluster may lack those of a new system
                return
            self._check_ours()
            self._check_unused()
            self.say(f"cluster {self.name}: is damaged, making a new one")
            self.down()
        layout = {
            "kind": "Cluster",
            "apiVersion": "kind.x-k8s.io/v1alpha4",
            "nodes": [{"role": "control-plane"}, *({"role": "worker"},) * (2 * self.config.lanes)],
        }
        self._check_images()
        self.state.mkdir(parents=True, exist_ok=True)
        write_bytes(self._layout, yaml.safe_dump(layout, sort_keys=False).encode())
        self.say(f"cluster {self.name}: making it, {1 + 2 * self.config.lanes} nodes")
        self._create(MAKE_AGAIN if was_begun else 1)
        self._load_images()
        self._wait_for_nodes()

    def _create(self, times: int) -> None:
        """Let kind make it, in up to `times` attempts.

        Docker completes the orders of a kind that was killed, so nodes of its cluster may appear
        after that was removed.
        """
        try:
            self._kind(
                "create", "cluster", "--name", self.name, "--image", self.config.node_image,
                "--config", str(self._layout), "--kubeconfig", str(self.kubeconfig),
                "--wait", "180s", timeout_s=CREATE_S,
            )  # fmt: skip
        except TestbedError as error:
            if NOT_PULLED in str(error):
                remedy = BRING.format(image=self.config.node_image)
                raise TestbedError(f"{error}\nThe node image cannot be had: {remedy}") from error
            if times == 1 or NODES_THERE not in str(error):
                raise
            self.say(f"cluster {self.name}: nodes of a kind that was killed came late; again")
            self._delete()
            self._create(times - 1)

    def _delete(self) -> None:
        self._kind("delete", "cluster", "--name", self.name, "--kubeconfig", str(self.kubeconfig))

    def _wait_for_nodes(self) -> None:
        """Wait for the workers. Kind waits only for the control plane, and a kubelet may die."""
        cluster = Cluster(self.kubeconfig, self.context)
        wanted = {node for pair in self.config.worker_pairs() for node in pair}
        try:
            wait_for("all workers Ready", lambda: cluster.ready_nodes() >= wanted, READY_S)
        except ApiUnavailable as error:
            missing = ", ".join(sorted(wanted - cluster.ready_nodes()))
            raise TestbedError(
                f"cluster {self.name}: {missing} did not become Ready ({error}). "
                "The usual cause with many nodes is the limit of inotify instances: "
                "`nsm-resilience doctor` says what to set; "
                "`docker exec <node> journalctl -u kubelet` says more"
            ) from error

    def down(self) -> None:
        """Remove the cluster and its files; TestbedError when it is not ours."""
        if shutil.which("kind") is None and not self.kubeconfig.exists():
            return
        if self.exists():
            self._check_ours()
            self.say(f"cluster {self.name}: removing it")
            self._delete()
        for leftover in (self.kubeconfig, self._layout):
            leftover.unlink(missing_ok=True)

    def _to_load(self) -> list[str]:
        """Names of the images that are loaded from Docker; empty for other ways."""
        images = self.config.images
        return [*images.names(self.planes), images.agent] if images.load == "docker" else []

    def _check_images(self) -> None:
        """TestbedError for an image that could not be loaded, before a cluster is made."""
        absent = [name for name in self._to_load() if not in_docker(name)]
        if absent:
            raise TestbedError(
                f"Docker has no image {', '.join(absent)}; load or build them, or set "
                "`images.load: pull` in the testbed's file"
            )
        images = self.config.images
        lost = [path for path in images.archives if images.load == "archives" and not path.exists()]
        if lost:
            raise TestbedError(
                f"there is no file {', '.join(map(str, lost))}; list those made with `docker save` "
                "under `images.archives` in the testbed's file"
            )

    def _load_images(self) -> None:
        self._check_images()
        images = self.config.images
        if names := self._to_load():
            self.say(f"cluster {self.name}: loading {len(names)} images")
            command = ("load", "docker-image", "--name", self.name, *names)
            self._kind(*command, timeout_s=CREATE_S)
        for archive in images.archives if images.load == "archives" else ():
            self.say(f"cluster {self.name}: loading {archive}")
            command = ("load", "image-archive", "--name", self.name, str(archive))
            self._kind(*command, timeout_s=CREATE_S)

    def _export_kubeconfig(self) -> None:
        self.state.mkdir(parents=True, exist_ok=True)
        self._kind(
            "export", "kubeconfig", "--name", self.name, "--kubeconfig", str(self.kubeconfig),
            quiet=True,
        )  # fmt: skip

    def _kind(self, *arguments: str, quiet: bool = False, timeout_s: float | None = None) -> str:
        """The output of kind; with `quiet`, empty instead of TestbedError when it fails."""
        if shutil.which("kind") is None:
            raise TestbedError(
                f"kind is not on the PATH; install {KIND_VERSION}, for example with\n"
                f"  go install sigs.k8s.io/kind@{KIND_VERSION}\n"
                "or from its release page, and make sure that `kind version` answers"
            )
        # Kind inherits the lock of `manage`, because it goes on if this process is killed. It
        # writes to files: a pipe would end with this process, and kind at its next line, while
        # Docker, which holds no lock, would go on.
        command, timeout_s = ["kind", *arguments], timeout_s or ACT_S
        # the rest of this code would not see a cluster in another engine (podman)
        plain = {k: v for k, v in os.environ.items() if k != "KIND_EXPERIMENTAL_PROVIDER"}
        with tempfile.TemporaryFile("w+") as printed, tempfile.TemporaryFile("w+") as said:
            try:
                done = subprocess.run(
                    command, stdin=subprocess.DEVNULL, stdout=printed, stderr=said, check=False,
                    close_fds=False, timeout=timeout_s, env=plain,
                )  # fmt: skip
            except subprocess.TimeoutExpired as error:
                raise TestbedError(
                    f"`{' '.join(command)}` did not end within {timeout_s:g} s; see whether "
                    "`docker info` answers, then run the same command again"
                ) from error
            for stream in (printed, said):
                stream.seek(0)
            if done.returncode != 0:
                if quiet:
                    return ""
                raise TestbedError(f"`{' '.join(command)}` failed:\n{said.read().strip()[-2000:]}")
            return printed.read()


@contextmanager
def alone_at(name: str, say: Callable[[str], None]) -> Iterator[None]:
    """Be the only process of this machine that makes or removes a kind cluster of a name.

    Checkouts do not see each other's locks. The kernel gives the name of an abstract socket to one
    process at a time, and releases it at its end (unix(7)); a kind that it starts also holds it.
    """
    with socket.socket(socket.AF_UNIX) as held:
        held.set_inheritable(True)
        for nth in count():
            try:
                held.bind(f"\0nsm-resilience/kind/{name}")
                break
            except OSError as error:
                if error.errno != errno.EADDRINUSE:  # only Linux has abstract sockets
                    break
            if nth == 0:
                say(f"cluster {name}: another checkout here is at it; waiting for its end")
            time.sleep(WAIT_S)
        yield


def _running(cluster: str) -> set[str]:
    """Names of the cluster's running containers, without ended or paused ones."""
    works, said = answer(
        "docker", "ps", "--filter", f"label=io.x-k8s.kind.cluster={cluster}",
        "--filter", "status=running", "--format", "{{.Names}}",
    )  # fmt: skip
    return set(said.split()) if works else set()
