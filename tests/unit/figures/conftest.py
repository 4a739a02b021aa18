# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest

from nsm_resilience.analysis.figures.cells import short_names
from tests.builders.campaigns import Constructed, construct


@pytest.fixture(scope="session")
def mixed(tmp_path_factory: pytest.TempPathFactory) -> Constructed:
    return construct(tmp_path_factory.mktemp("mixed"), "mixed", voids=2)


@pytest.fixture(scope="session")
def untested(tmp_path_factory: pytest.TempPathFactory) -> Constructed:
    return construct(tmp_path_factory.mktemp("untested"), "untested")


@pytest.fixture(scope="session")
def names(mixed: Constructed) -> dict[str, str]:
    return short_names(mixed.study)
