# SPDX-License-Identifier: Apache-2.0
"""The watchdog's scripts are flat files beside some of the node agent's, as in the cluster."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[3] / "src" / "nsm_resilience"
FOLDERS = (PACKAGE / "agent" / "node", PACKAGE / "watchdog" / "node")


@pytest.fixture(autouse=True)
def scripts_are_importable(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for folder in FOLDERS:
        monkeypatch.syspath_prepend(str(folder))
    yield
    for folder in FOLDERS:
        for path in folder.glob("*.py"):
            sys.modules.pop(path.stem, None)
