# SPDX-License-Identifier: Apache-2.0
"""What a live campaign on a real cluster may suffer, and what is looked at afterwards.

The first line of a harm is its line in docs/live.md, section "What survives what".

A campaign is all processes of one session, which snakemake leads: those it started keep the
session's number when it is killed. Nodes are looked at from outside, past the node agent.
"""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

RESTART_DOCKERD = os.environ.get("CRASH_RESTART_DOCKERD", "")
"""A shell command that starts dockerd again. Without it dockerd is left alone."""
API_AWAY_S = 30
INJECTED = """
grep -ls '^State:.T' /proc/[0-9]*/status
find /var/lib/nsm-resilience -type s
"""
NOT_WIPED = "find /var/lib/networkservicemesh -type s -o -type f"


@dataclass(frozen=True)
class Campaign:
    """A call of snakemake under way, and the kind cluster that it runs on."""

    first: subprocess.Popen[str]
    cluster: str

    def processes(self, *words: str) -> list[psutil.Process]:
        """Those of its session whose command line has all these words."""
        found = []
        for process in psutil.process_iter():
            with suppress(psutil.Error, ProcessLookupError):
                if os.getsid(process.pid) == self.first.pid:
                    line = process.cmdline()
                    if line and all(any(word in part for part in line) for word in words):
                        found.append(process)
        return found

    def trials(self) -> list[psutil.Process]:
        """Trials that are conducted now."""
        return self.processes("nsm-resilience", "trial", "--trial")

    def has_ended(self) -> bool:
        """Whether nothing of it is left, orphans included."""
        return self.first.poll() is not None and not self.processes()

    def kill(self) -> None:
        """All of it, at once."""
        self.signal_all(signal.SIGKILL)

    def signal_all(self, number: int) -> None:
        """A signal for every process, as a terminal or a system that goes down gives it."""
        for process in self.processes():
            with suppress(psutil.Error):
                process.send_signal(number)


def docker(*arguments: str) -> str:
    """Output of the docker command."""
    done = subprocess.run(
        ["docker", *arguments], capture_output=True, text=True, check=True, timeout=300
    )
    return done.stdout


def kill_the_maker(campaign: Campaign) -> None:
    """SIGKILL of snakemake and of `cluster up` while kind makes the cluster."""
    # kind itself goes on without them
    campaign.first.kill()
    for process in campaign.processes("nsm-resilience", "up"):
        process.kill()


def kill_the_trial(campaign: Campaign) -> None:
    """SIGKILL of a trial."""
    for process in campaign.trials():
        process.kill()


def kill_snakemake(campaign: Campaign) -> None:
    """SIGKILL of snakemake."""
    campaign.first.kill()


def kill_everything(campaign: Campaign) -> None:
    """SIGKILL of all of it."""
    campaign.kill()


def press_ctrl_c(campaign: Campaign) -> None:
    """Ctrl-C."""
    campaign.signal_all(signal.SIGINT)


def terminate(campaign: Campaign) -> None:
    """SIGTERM for all of it."""
    campaign.signal_all(signal.SIGTERM)


def close_the_terminal(campaign: Campaign) -> None:
    """A closed terminal (SIGHUP)."""
    campaign.signal_all(signal.SIGHUP)


def terminate_the_trial(campaign: Campaign) -> None:
    """SIGTERM of a trial."""
    for process in campaign.trials():
        process.terminate()


def fill_the_disk(campaign: Campaign) -> None:
    """A full disk."""
    # no file of theirs grows any more, and none can be begun: EFBIG instead of ENOSPC
    for process in campaign.processes():
        with suppress(psutil.Error, ProcessLookupError):
            resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))


def kill_a_worker(campaign: Campaign) -> None:
    """SIGKILL of a worker node's container."""
    docker("kill", f"{campaign.cluster}-worker")


def pause_the_control_plane(campaign: Campaign) -> None:
    """An API server that is away for 30 s."""
    node = f"{campaign.cluster}-control-plane"
    docker("pause", node)
    time.sleep(API_AWAY_S)
    docker("unpause", node)


def kill_dockerd(campaign: Campaign) -> None:
    """SIGKILL of dockerd."""
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if process.name() == "dockerd":
                process.kill()
    time.sleep(2)
    subprocess.run(RESTART_DOCKERD, shell=True, check=True, timeout=120)


Harm = Callable[[Campaign], None]
ENDING: list[Harm] = [
    kill_snakemake, kill_everything, press_ctrl_c, terminate, close_the_terminal, fill_the_disk,
    kill_a_worker, kill_dockerd,
]  # fmt: skip
"""After these the call ends, and another one is needed."""
GOES_ON: list[Harm] = [kill_the_trial, terminate_the_trial, pause_the_control_plane]
"""After these snakemake itself goes on."""
ALL = [kill_the_maker, *ENDING, *GOES_ON]
CLEAN_AT_ONCE: list[Harm] = [press_ctrl_c, terminate, close_the_terminal, fill_the_disk]
"""After these the trial itself undoes its faults before it ends."""
WIPES: list[Harm] = [press_ctrl_c, terminate, close_the_terminal]
"""And wipes its lane."""


def found_on_workers(cluster: str, look: str) -> list[str]:
    """What a shell command prints on the workers that run."""
    found = []
    for name in containers(cluster):
        if name.endswith("-control-plane"):
            continue
        lines = docker("exec", name, "sh", "-c", f"({look}) 2>/dev/null || true").splitlines()
        found += [f"{name}: {line}" for line in lines]
    return found


def left_processes(folder: Path) -> list[psutil.Process]:
    """Processes that work in a folder, or were told of it."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            inside = Path(process.cwd()).is_relative_to(folder)
            if inside or any(str(folder) in part for part in process.cmdline()):
                found.append(process)
    return found


def containers(cluster: str) -> list[str]:
    """Names of a cluster's containers, whatever their state."""
    only = f"label=io.x-k8s.kind.cluster={cluster}"
    return docker("ps", "--all", "--filter", only, "--format", "{{.Names}}").split()


def left_of(cluster: str, folder: Path) -> list[str]:
    """Containers and processes that a campaign has left."""
    return containers(cluster) + [" ".join(p.cmdline()) for p in left_processes(folder)]


def remove_cluster(cluster: str) -> None:
    """Remove what a test that failed has left of its cluster."""
    names = containers(cluster)
    if names:
        docker("rm", "--force", "--volumes", *names)
