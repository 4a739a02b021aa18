# SPDX-License-Identifier: Apache-2.0
"""Check this machine for the needs of a live run, and estimate the campaign's duration."""

from __future__ import annotations

import os
import platform
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from nsm_resilience.host.checkout import of_checkout
from nsm_resilience.host.environment import memory_gib
from nsm_resilience.record.layout import LIVE
from nsm_resilience.study.duration import longest_s, shortest_s
from nsm_resilience.study.models import Study
from nsm_resilience.study.schedule import make_schedule
from nsm_resilience.systems.known import FIRST, SYSTEMS, USUAL_PLANE
from nsm_resilience.testbed.config import KIND_VERSION, ExistingTestbed, KindTestbed
from nsm_resilience.testbed.engine import endpoint, is_elsewhere
from nsm_resilience.testbed.finding import Finding, answer
from nsm_resilience.testbed.image_check import look_at_images
from nsm_resilience.testbed.proxy import without_password

LANE_PROCESSORS = 1.0
"""Processors per lane: a guess on the safe side of five lanes on two processors (0.4 each), which
changed measures beyond chance in results/recorded/lanes-2026-11. Numbers between one and five were
not compared with one; see config/README.md, "How many lanes?"."""
NODE_GIB = 0.75
"""Memory per kind node with its share of NSM. From the nodes' control groups during trials (memory
in use without the droppable part of the page cache): 0.3 to 0.4 GiB for a worker, 0.7 to 0.9 GiB
for a control plane. Twice a worker's, because a node that reads its images from the disk again and
again is slow."""
MACHINE_GIB = 2.0
"""Memory for everything else, an allowance and no measurement: besides system and engine there are
Snakemake (0.2 GiB), a runner for each lane (0.1 GiB), the difference of a control plane from a
worker (0.5 GiB), and the largest step of a build (0.3 GiB, config/README.md)."""
RECORD_MIB = 4.0
"""Disk space per record of an attempt: twice the 2.1 MiB of one of the 394 in
results/recorded/beyond-2026-11, unpacked."""
BUILD_MIB = 1024.0
"""Disk space for the results of a build."""
TRIED_ON = ("x86_64", "AMD64")
"""Processors that campaigns have been run on, by both of their names."""
CLUSTER_S = 90.0
"""Seconds to make a kind cluster and bring the agents up."""


@dataclass(frozen=True)
class Duration:
    """Bounds of a campaign's duration: all paths recover at once, or none does; seconds."""

    trials: int
    lanes: int
    least_s: float
    most_s: float


def estimate(study: Study, lanes: int) -> Duration:
    """Bounds of the campaign's duration on `lanes`, with the time to make the cluster."""
    least = most = 0.0
    schedule = make_schedule(study)
    for scheduled in schedule:
        scenario = study.scenario(scheduled.cell.scenario)
        beside = 1 if scheduled.alone else lanes
        windows = study.windows_of(scheduled.cell)
        least += shortest_s(windows, scenario) / beside
        most += longest_s(windows, scenario) / beside
    return Duration(len(schedule), lanes, CLUSTER_S + least, CLUSTER_S + most)


def examine(config: KindTestbed | ExistingTestbed, study: Study | None = None) -> Iterator[Finding]:
    """Check everything that a live run of a study on this testbed needs, cheapest first.

    Without a study it checks the usual plane's images, and space for one record.
    """
    cells = study.cells() if study else []
    if platform.system() != "Linux":
        yield Finding("missing", "system", platform.system(), "run live campaigns on Linux")
    if platform.machine() not in TRIED_ON:
        yield Finding(
            "warning", "processor", platform.machine(),
            "live campaigns have been run on x86-64 only; see that there are images for this one",
        )  # fmt: skip
    yield _commit()
    records = _records(sum(trials for _, trials in cells) or 1)
    if isinstance(config, ExistingTestbed):
        yield Finding("ok", "context", f"{config.context}; say --allow-context to use it")
        yield records
        yield from _cluster(config)
        return
    planes = study.planes if study else {FIRST: (USUAL_PLANE,)}
    yield from _kind_and_docker(config, planes)
    needed = {m: why for name in planes for m, why in SYSTEMS[name].kernel_modules.items()}
    yield from (_module(name, why) for name, why in needed.items())
    yield from _machine(config)
    yield records


def _commit() -> Finding:
    checkout = of_checkout()
    return Finding(
        "ok" if checkout.commit else "warning", "commit of the code", str(checkout),
        "the records of this campaign will name the version alone; run it from a clone of the "
        "repository to have the commit in them",
    )  # fmt: skip


def _kind_and_docker(
    config: KindTestbed, planes: Mapping[str, tuple[str, ...]]
) -> Iterator[Finding]:
    found = _output("kind", "version")
    remedy = f"install kind {KIND_VERSION}: go install sigs.k8s.io/kind@{KIND_VERSION}"
    if found is None:
        yield Finding("missing", "kind", "not on the PATH", remedy)
    elif KIND_VERSION not in found:
        yield Finding("warning", "kind", found.split("\n")[0], f"tried with {KIND_VERSION}")
    else:
        yield Finding("ok", "kind", KIND_VERSION)
    server = _output("docker", "info", "--format", "{{.ServerVersion}}")
    if not server:  # without an engine, versions before 20.10 print an empty line and succeed
        yield Finding(
            "missing", "Docker", "no engine answers", "start it and make sure `docker info` works"
        )
        return
    yield Finding("ok", "Docker", server)
    address = endpoint()
    if is_elsewhere(address):
        yield Finding(
            "missing", "Docker's machine", f"another one ({without_password(address)})",
            "what kind makes there listens on that machine's own 127.0.0.1: run live campaigns on "
            "it, or choose an engine of this machine (unset DOCKER_HOST, `docker context use`)",
        )  # fmt: skip
    yield from look_at_images(config, planes)


def _machine(config: KindTestbed) -> Iterator[Finding]:
    nodes = 1 + 2 * config.lanes
    memory = memory_gib() or 0.0
    wanted = MACHINE_GIB + NODE_GIB * nodes
    yield Finding(
        "ok" if memory >= wanted else "warning", "memory",
        f"{memory:.0f} GiB" if memory else "the system does not say how much there is",
        f"{nodes} nodes want about {wanted:.0f} GiB: use fewer lanes",
    )  # fmt: skip
    free = _free_gib(_output("docker", "info", "--format", "{{.DockerRootDir}}") or "/")
    yield Finding(
        "ok" if free >= 10 else "missing", "disk for Docker", f"{free:.0f} GiB free",
        "make 10 GiB free where Docker keeps its data",
    )  # fmt: skip
    yield _inotify(nodes)
    cpus = os.cpu_count() or 1
    proposed = propose_lanes(cpus, memory)
    rule = (
        f"{cpus} processors at {LANE_PROCESSORS:g} a lane, {memory:.0f} GiB at "
        f"{2 * NODE_GIB:g} GiB a lane"
    )
    yield Finding(
        "ok" if config.lanes <= proposed else "warning", "lanes",
        f"{config.lanes}; proposed for this machine: {proposed} ({rule})",
        f"write `lanes: {proposed}` or fewer in the testbed's file",
    )  # fmt: skip


def _records(trials: int) -> Finding:
    there = LIVE if LIVE.exists() else Path()
    free = shutil.disk_usage(there).free / 2**20
    wanted = BUILD_MIB + RECORD_MIB * trials
    return Finding(
        "ok" if free >= wanted else "missing", "disk for records", f"{free / 1024:.1f} GiB free",
        f"{trials} records and a build of them want about {wanted / 1024:.1f} GiB in results/",
    )  # fmt: skip


def propose_lanes(cpus: int, memory_gib: float) -> int:
    """Number of lanes for a machine, by its processors and its memory; at least one.

    A lane is two worker nodes; one more node is the control plane.
    """
    by_processors = int(cpus / LANE_PROCESSORS)
    by_memory = int((memory_gib - MACHINE_GIB - NODE_GIB) / (2 * NODE_GIB))
    return max(1, min(by_processors, by_memory))


def _module(name: str, why: str) -> Finding:
    release = platform.release()
    builtin = Path(f"/lib/modules/{release}/modules.builtin")
    loaded = Path(f"/sys/module/{name}").exists()
    inside = builtin.exists() and f"/{name}.ko" in builtin.read_text(errors="replace")
    if loaded or inside or _output("modinfo", name) is not None:
        return Finding("ok", f"{name} in the kernel", "loaded" if loaded else "available")
    return Finding(
        "warning", f"{name} in the kernel", "not seen",
        f"{why}; `modprobe {name}` must work, or it must be built in",
    )  # fmt: skip


def _inotify(nodes: int) -> Finding:
    path = Path("/proc/sys/fs/inotify/max_user_instances")
    found = int(path.read_text()) if path.exists() else 0
    wanted = 64 * nodes
    return Finding(
        "ok" if found >= wanted else "warning", "inotify instances", str(found),
        f"{nodes} kind nodes want about {wanted}: sysctl fs.inotify.max_user_instances={wanted}",
    )  # fmt: skip


def _cluster(config: ExistingTestbed) -> Iterator[Finding]:
    """Rights and nodes of the cluster, or why it does not answer."""
    from nsm_resilience.testbed.api import Cluster
    from nsm_resilience.testbed.connection import KubeconfigError
    from nsm_resilience.testbed.existing import Existing, look_at

    testbed = Existing(config, None)
    try:
        yield from look_at(config, Cluster(testbed.kubeconfig, testbed.context))
    except KubeconfigError as error:
        yield Finding("missing", "kubeconfig", str(error))
    except Exception as error:  # any error becomes the finding
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        yield Finding("missing", "cluster", reason, "see that kubectl reaches it")


def _free_gib(folder: str) -> float:
    """Free space on a folder's disk; of `/` if it is on another machine or not readable."""
    for one in (folder, "/"):
        try:
            return shutil.disk_usage(one).free / 2**30
        except OSError:
            continue
    return 0.0


def _output(*command: str) -> str | None:
    works, said = answer(*command)
    return said if works else None
