# SPDX-License-Identifier: Apache-2.0
"""A small cluster of our own for the tests of this folder: made once, removed at the end."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from nsm_resilience.mesh.manage import bring_up, take_down
from nsm_resilience.record.lock import hold_for_life
from nsm_resilience.record.reader import Record, read_record
from nsm_resilience.testbed.config import KindTestbed, load_testbed
from nsm_resilience.trial.conduct import conduct

STUDY = Path(__file__).parent / "faults.yaml"


@dataclass(frozen=True)
class Laboratory:
    """A campaign's folder with a cluster."""

    testbed: KindTestbed
    campaign: Path

    def run(self, trial: str) -> int:
        """Conduct one trial; the exit code of the command."""
        return conduct(STUDY, self.testbed, self.campaign, trial, print)

    def record(self, trial: str, attempt: int = 1) -> Record:
        """The record of an attempt."""
        return read_record(self.campaign / "records" / trial / str(attempt))


@pytest.fixture(scope="session", autouse=True)
def no_others() -> None:
    """Clusters side by side starve each other: one process makes them, whatever `--dist` says."""
    lock = Path(tempfile.gettempdir(), f"nsm-resilience-cluster-tests-{os.getuid()}.lock")
    owner = hold_for_life(lock)
    if owner:
        pytest.fail(f"cluster tests are being run by {owner}; wait for it, and leave --dist out")


@pytest.fixture(scope="session")
def laboratory(
    testbed_file: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Laboratory]:
    config = load_testbed(testbed_file)
    if not isinstance(config, KindTestbed):
        pytest.skip("these tests make and remove a cluster: name a testbed of type kind")
    own = config.model_copy(update={"name": "nsm-resilience-test", "lanes": 1})
    campaign = tmp_path_factory.mktemp("live") / "proofs"
    try:
        bring_up(own, campaign, None, print)
        yield Laboratory(own, campaign)
    finally:
        take_down(own, campaign, None, print)
