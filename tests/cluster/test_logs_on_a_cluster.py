# SPDX-License-Identifier: Apache-2.0
"""Logs on a real node: what a container writes in a burst, across kubelet's rotations, and after
its restart arrives whole and once, or the log probe says what is missing (issue 14.5)."""

from __future__ import annotations

import re
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
import yaml

from nsm_resilience.agent.client import Agent
from nsm_resilience.agent.deploy import agents
from nsm_resilience.testbed.api import NAMESPACES, Cluster, wait_for
from nsm_resilience.testbed.base import Lane
from nsm_resilience.testbed.lanes import find_lanes
from tests.cluster.conftest import Laboratory

pytestmark = pytest.mark.cluster

LINES = 60_000
FILL = 400
"""Letters of a line: all lines together are more than twice what kubelet keeps in one file, 10 MiB
(`containerLogMaxSize`)."""
ROTATED_WITHIN_S = 60
"""Kubelet looks at the sizes every 10 s (`containerLogMonitorInterval`)."""
NAME = "speaker"
SPEAK = f"""
import pathlib, sys, time
n = 0
def say(count, fill):
    global n
    for _ in range(count):
        print(f"line {{n:07d}} " + "x" * fill)
        n += 1
    sys.stdout.flush()
say({LINES}, {FILL})
for _ in range(150):
    say(1, 10)
    time.sleep(0.5)
"""


@dataclass
class Heard:
    """What the log probe's script said of one container."""

    text: str = ""
    gaps: list[dict[str, Any]] = field(default_factory=list)
    ended: bool = False

    def take(self, agent: Agent) -> None:
        for name, line in agent.pull():
            assert name == "follow"
            if line["kind"] == "log" and line["pod"] == NAME:
                self.text += line["data"]
            elif line["kind"] == "gap":
                self.gaps.append(line)
            self.ended = self.ended or line["kind"] == "ended"

    def numbers(self) -> list[int]:
        return [int(n) for n in re.findall(r"line (\d{7}) ", self.text)]


def files_on_the_node(node: str, namespace: str) -> list[str]:
    pods = f"/var/log/pods/{namespace}_{NAME}_*/{NAME}"
    done = subprocess.run(
        ["docker", "exec", node, "sh", "-c", f"ls {pods}"], capture_output=True, text=True
    )
    return done.stdout.split()


@pytest.fixture
def speaking(laboratory: Laboratory) -> Iterator[tuple[Cluster, Lane, Agent]]:
    """A pod that writes, whose node's logs were followed before it was made."""
    cluster = Cluster(
        laboratory.campaign.parent / ".testbeds" / "nsm-resilience-test.kubeconfig",
        "kind-nsm-resilience-test",
    )
    (lane,) = find_lanes(cluster)
    agent = agents(cluster, lane)["client"]
    agent.reset()
    agent.start("follow", "follow", {"namespace": lane.namespace})
    cluster.apply(
        yaml.safe_dump({
            "apiVersion": "v1", "kind": "Pod",
            "metadata": {"name": NAME, "namespace": lane.namespace},
            "spec": {
                "nodeName": lane.client_node, "restartPolicy": "Never",
                "terminationGracePeriodSeconds": 0,
                "containers": [{
                    "name": NAME, "image": laboratory.testbed.images.agent,
                    "imagePullPolicy": "IfNotPresent", "command": ["python3", "-c", SPEAK],
                }],
            },
        })
    )  # fmt: skip
    yield cluster, lane, agent
    agent.reset()
    cluster.delete(f"{NAMESPACES}/{lane.namespace}/pods/{NAME}")


def test_a_burst_across_rotations_arrives_whole_and_once_or_its_loss_is_said(
    speaking: tuple[Cluster, Lane, Agent],
) -> None:
    cluster, lane, agent = speaking
    heard = Heard()
    pod = f"{NAMESPACES}/{lane.namespace}/pods/{NAME}"
    wait_for(
        "the pod that writes runs",
        lambda: cluster.get(pod)["status"]["phase"] in ("Running", "Succeeded"), 60,
    )  # fmt: skip
    rotated: list[str] = []
    end = time.monotonic() + ROTATED_WITHIN_S
    while time.monotonic() < end and not rotated:
        heard.take(agent)
        names = files_on_the_node(lane.client_node, lane.namespace)
        rotated = [name for name in names if name.startswith("0.log.")]
        time.sleep(0.3)
    assert rotated, "kubelet did not rotate the log, so nothing was tried"
    until = time.monotonic() + 5
    while time.monotonic() < until:  # it goes on in the new file
        heard.take(agent)
        time.sleep(0.3)
    agent.stop("follow")
    heard.take(agent)

    numbers = heard.numbers()
    assert heard.ended
    assert len(numbers) == len(set(numbers)), "lines arrived twice"
    missing = sorted(set(range(max(numbers) + 1)) - set(numbers))
    assert max(numbers) > LINES, "nothing came out of the file that was begun after the rotation"
    assert numbers == sorted(numbers)
    assert not missing or heard.gaps, f"{len(missing)} lines are missing and nobody says so"
    assert (missing, heard.gaps) == ([], [])
