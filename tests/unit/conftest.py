# SPDX-License-Identifier: Apache-2.0
"""Being here lets the tests below import what stands beside this file."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.builders.sources import Sources


@pytest.fixture
def sources(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Sources:
    """A copy of the sources in a folder to work in, to which what is documented is added."""
    monkeypatch.chdir(tmp_path)
    return Sources.copy(tmp_path / "copy")
