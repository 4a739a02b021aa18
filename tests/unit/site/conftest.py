# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest

from tests.builders.sites import Built, construct_site


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    return construct_site(tmp_path_factory.mktemp("site"))
