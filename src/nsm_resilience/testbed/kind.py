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
"""How long everything else that kind does may take; seconds."""
MAKE_AGAIN = 3
"""How often a cluster is made for which Docker still had nodes of a kind that was killed."""
WAIT_S = 0.5
"""Between two looks whether another process has left a cluster to us; seconds."""
NODES_THERE = "node(s) already exist"
"""What kind v0.30.0 says when it is to make a cluster of which there are nodes
(pkg/cluster/internal/create/create.go)."""

NOT_PULLED = "failed to pull image"
"""What it says where Docker's engine cannot have the node image
(pkg/cluster/internal/providers/docker/images.go)."""


@dataclass(frozen=True)
class Kind:
    """`up` makes it unless it is there and healthy, `down` removes it. Both may be repeated.

    `state` is the folder for the kubeconfig and kind's own file, `campaign` that of the campaign
    which asks, `planes` the planes of each system that it runs.
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
        """Kind's own file, written before the cluster is made: that it is ours."""
        return self.state / f"{self.name}.kind.yaml"

    @property
    def context(self) -> str:
        """The name that kind gives to the context."""
        return f"kind-{self.name}"

    def exists(self) -> bool:
        """Whether kind knows a cluster of this name; TestbedError when it cannot tell."""
        return self.name in self._kind("get", "clusters").split()

    def healthy(self) -> bool:
        """Whether it was made to the end, all its nodes run, and the API server calls them Ready.

        The API server goes on calling a node Ready for some 40 s after its end, so the containers
        are looked at, too. Agents come after the images (`manage`): a cluster without their
        namespace is the work of a kind that went on alone when we were killed.
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
        except Exception:  # whatever keeps it from answering: it is not healthy
            return False

    def _has_our_namespace(self) -> bool:
        """Whether it answers and has what `manage` puts into every cluster of ours."""
        self._export_kubeconfig()
        try:
            cluster = Cluster(self.kubeconfig, self.context)
            cluster.get(f"{NAMESPACES}/{AGENT_NAMESPACE}", timeout_s=5)
        except Exception:  # it is not there, or nothing that could have one answers
            return False
        return True

    def _check_ours(self) -> None:
        """TestbedError when a cluster of this name is there that may be somebody else's.

        Kind's names are chosen by people, and two can choose the same.
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
        """TestbedError when another campaign uses the cluster: it is not what this one needs."""
        users = others(self.kubeconfig, self.context, self.campaign, self.name)
        if users:
            raise TestbedError(
                f"the kind cluster `{self.name}` is used by {told(users)} and is "
                f"not what this testbed asks for ({1 + 2 * self.config.lanes} nodes, all Ready); "
                "wait for the end of that campaign, or write another `name:` in the testbed's file"
                + way_out(users, self.kubeconfig, self.context)
            )

    def connect(self) -> None:
        """Have the kubeconfig of a cluster of this name that is there, whoever made it."""
        if shutil.which("kind") is not None:
            self._export_kubeconfig()

    def up(self) -> None:
        """Make the cluster; one of ours that is there but damaged is removed first."""
        was_begun = self._layout.exists()
        if self.exists():
            if self.healthy():
                self.say(f"cluster {self.name}: is up")
                self._load_images()  # of a system that it did not have so far
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
        """Have kind make it, up to `times` times in all.

        Docker ends what it was told by a kind that has been killed since, so nodes of that one can
        come after it was removed.
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
        """Kind waits for the control plane only; a worker whose kubelet dies never registers."""
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
        """Names of the images that are loaded out of Docker; none where they come otherwise."""
        images = self.config.images
        return [*images.names(self.planes), images.agent] if images.load == "docker" else []

    def _check_images(self) -> None:
        """TestbedError for an image that could not be loaded, before minutes go into a cluster."""
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
        """What kind prints; with `quiet` an empty text instead of TestbedError when it fails."""
        if shutil.which("kind") is None:
            raise TestbedError(
                f"kind is not on the PATH; install {KIND_VERSION}, for example with\n"
                f"  go install sigs.k8s.io/kind@{KIND_VERSION}\n"
                "or from its release page, and make sure that `kind version` answers"
            )
        # It shares the lock of `manage`: killed alone, we leave a kind that still makes a cluster.
        # It writes into files, because a pipe of ours would end with us, and kind with it at its
        # next line, and Docker alone would be left at work, which holds no lock.
        command, timeout_s = ["kind", *arguments], timeout_s or ACT_S
        # with another engine (podman) kind makes what nothing else here would see
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

    Checkouts do not see each other's locks. An abstract socket has a name that the kernel gives to
    one at a time, and takes back however that ends (unix(7)); a kind that we start holds it, too.
    """
    with socket.socket(socket.AF_UNIX) as held:
        held.set_inheritable(True)
        for nth in count():
            try:
                held.bind(f"\0nsm-resilience/kind/{name}")
                break
            except OSError as error:
                if error.errno != errno.EADDRINUSE:  # no Linux: then there are no such names
                    break
            if nth == 0:
                say(f"cluster {name}: another checkout here is at it; waiting for its end")
            time.sleep(WAIT_S)
        yield


def _running(cluster: str) -> set[str]:
    """Names of the cluster's containers that run; none that has ended, or is paused."""
    works, said = answer(
        "docker", "ps", "--filter", f"label=io.x-k8s.kind.cluster={cluster}",
        "--filter", "status=running", "--format", "{{.Names}}",
    )  # fmt: skip
    return set(said.split()) if works else set()
