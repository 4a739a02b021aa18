# SPDX-License-Identifier: Apache-2.0
"""Being here lets the tests below import `constructed`, the builder of made-up records."""

from __future__ import annotations

import pytest
from constructed_beyond import BeyondCampaign, construct_beyond


@pytest.fixture(scope="session")
def arms(tmp_path_factory: pytest.TempPathFactory) -> BeyondCampaign:
    """A constructed campaign with all arms, two trials a cell."""
    return construct_beyond(tmp_path_factory.mktemp("arms"), n=2)


@pytest.fixture(scope="session")
def part(tmp_path_factory: pytest.TempPathFactory) -> BeyondCampaign:
    """One of which little was run: two of the nine and one scenario of ours, one trial a cell."""
    root = tmp_path_factory.mktemp("part")
    return construct_beyond(root, n=2, trials=1, run=("S1", "S8", "N1"))
