# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from nsm_resilience.record.archive import pack
from tests.builders.packed_campaign import live_campaign


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A recorded campaign that a module's tests copy."""
    folder = tmp_path_factory.mktemp("whole")
    pack(live_campaign(folder / "live"), folder / "recorded")
    return folder / "recorded"


@pytest.fixture
def recorded(whole: Path, tmp_path: Path) -> Path:
    """A copy of it to damage."""
    return Path(shutil.copytree(whole, tmp_path / "recorded"))
