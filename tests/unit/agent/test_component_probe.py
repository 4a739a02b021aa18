# SPDX-License-Identifier: Apache-2.0
"""The component probe tells the processor time of each component, so that one that spins shows."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator

import pytest

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")

SPIN = """
import threading
for _ in range(2):
    threading.Thread(target=lambda: [0 for _ in iter(int, 1)]).start()
"""


class Found:
    """Stands for the finder: one program that runs, one that does not."""

    def __init__(self, pid: int) -> None:
        self.pid = pid

    def find(self) -> dict[str, list[tuple[int, str, int]]]:
        return {"spins": [(self.pid, "R", 7)], "gone": []}


@pytest.fixture
def spinning() -> Iterator[int]:
    """A process whose threads, not its first one, use a processor."""
    child = subprocess.Popen([sys.executable, "-c", SPIN])
    yield child.pid
    child.kill()
    child.wait()


def test_the_time_of_all_threads_counts_and_a_component_that_is_gone_has_none(
    spinning: int,
) -> None:
    import watch

    programs = {"nsmd": "spins", "nsmdp": "gone"}

    def seen() -> list[list[object]]:
        return watch.component_rows(Found(spinning), programs)

    first = seen()
    deadline = time.monotonic() + 20
    while (now := seen())[0][4] - first[0][4] < 20:  # type: ignore[operator]
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert now[0][:4] == ["nsmd", spinning, 7, "R"]
    assert now[1] == ["nsmdp", None, None, None, None]


def test_a_process_that_has_ended_has_used_nothing_that_can_be_known(spinning: int) -> None:
    import processes

    assert processes.cpu_ticks(spinning) is not None
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    assert processes.cpu_ticks(child.pid) is None
