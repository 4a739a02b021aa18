# SPDX-License-Identifier: Apache-2.0
"""A cluster that is somebody else's: a stand-in for its API server, and the testbed on it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from api_server import StandIn, serving

from nsm_resilience.testbed.config import ExistingTestbed


@pytest.fixture
def theirs() -> StandIn:
    return StandIn("w1", "w2")


@pytest.fixture
def kubeconfig(theirs: StandIn, tmp_path: Path) -> Iterator[Path]:
    with serving(theirs, tmp_path) as path:
        yield path


@pytest.fixture
def testbed(kubeconfig: Path) -> ExistingTestbed:
    return ExistingTestbed(
        type="existing", name="lab", context="theirs", kubeconfig=kubeconfig, nodes=(("w1", "w2"),)
    )
