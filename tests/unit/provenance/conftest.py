# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import os
from pathlib import Path

import pytest


@pytest.fixture
def no_settings_of_git(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Whatever this user's git is told, and where."""
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
