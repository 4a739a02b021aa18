# SPDX-License-Identifier: Apache-2.0
"""Small clusters of our own for the tests of this folder: one at a time, removed at the end."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from nsm_resilience.mesh.manage import bring_up, take_down
from nsm_resilience.record.layout import CampaignLayout
from nsm_resilience.record.lock import hold_for_life
from nsm_resilience.record.reader import Record, read_record
from nsm_resilience.testbed.config import KindTestbed, load_testbed
from nsm_resilience.trial.conduct import conduct

STUDY = Path(__file__).parent / "faults.yaml"
CONDUCT = (
    "import sys; from pathlib import Path;"
    "from nsm_resilience.testbed.config import KindTestbed;"
    "from nsm_resilience.trial.conduct import conduct;"
    "sys.exit(conduct(Path(sys.argv[1]), KindTestbed.model_validate_json(sys.argv[2]),"
    " Path(sys.argv[3]), sys.argv[4], print))"
)


@dataclass(frozen=True)
class Laboratory:
    """A campaign's folder with a cluster."""

    testbed: KindTestbed
    campaign: Path
    study: Path = STUDY

    def run(self, trial: str) -> int:
        """Conduct one trial; the exit code of the command."""
        return conduct(self.study, self.testbed, self.campaign, trial, print)

    def begin(self, trial: str) -> subprocess.Popen[bytes]:
        """Conduct one trial in a process of its own, whatever the schedule says of it."""
        return subprocess.Popen(
            [sys.executable, "-c", CONDUCT, str(self.study), self.testbed.model_dump_json(),
             str(self.campaign), trial],
            cwd=STUDY.parents[2],
        )  # fmt: skip

    def record(self, trial: str, attempt: int = 1) -> Record:
        """The record of an attempt."""
        return read_record(self.campaign / "records" / trial / str(attempt))


def assert_proved(record: Record) -> None:
    """Every fault of a record is proved and was undone."""
    assert record.outcome == "complete", record.void_reason
    proofs = record.all_of("injection_proof")
    faults = record.meta["scenario"]["faults"]
    assert [e.data["proved"] for e in proofs] == [True] * len(faults)
    assert all(e.data["checks"] for e in proofs)
    assert [e.data["error"] for e in record.all_of("injection")] == [None] * len(faults)
    assert all(e.data["ok"] for e in record.all_of("undo"))


def written(folder: Path, study: Mapping[str, object]) -> Path:
    """A study as a file."""
    path = folder / "study.yaml"
    path.write_text(yaml.safe_dump(study), encoding="utf-8")
    return path


@contextmanager
def a_laboratory(
    testbed_file: Path, folder: Path, name: str, study: Path = STUDY, lanes: int = 1
) -> Iterator[Laboratory]:
    """A cluster for a study's systems, as long as the context lasts."""
    config = load_testbed(testbed_file)
    if not isinstance(config, KindTestbed):
        pytest.skip("these tests make and remove a cluster: name a testbed of type kind")
    own = config.model_copy(update={"name": name, "lanes": lanes})
    campaign = folder / "proofs"
    if study != STUDY:
        campaign.mkdir()
        shutil.copyfile(study, CampaignLayout(campaign).study)
    try:
        bring_up(own, campaign, None, print)
        yield Laboratory(own, campaign, study)
    finally:
        take_down(own, campaign, None, print)


@pytest.fixture(scope="session", autouse=True)
def no_others() -> None:
    """Clusters side by side starve each other: one process makes them, whatever `--dist` says."""
    lock = Path(tempfile.gettempdir(), f"nsm-resilience-cluster-tests-{os.getuid()}.lock")
    owner = hold_for_life(lock)
    if owner:
        pytest.fail(f"cluster tests are being run by {owner}; wait for it, and leave --dist out")


@pytest.fixture(scope="module")
def laboratory(
    testbed_file: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Laboratory]:
    folder = tmp_path_factory.mktemp("live")
    with a_laboratory(testbed_file, folder, "nsm-resilience-test") as made:
        yield made
