# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.builders.repository import Repository
from tests.builders.rules import RULES


@pytest.fixture
def no_settings_of_git(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Whatever this user's git is told, and where."""
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))


@pytest.fixture
def ours(tmp_path: Path) -> Repository:
    """A checkout whose rules were written on the second day."""
    repository = Repository(tmp_path / "ours")
    repository.commit("the rules", "2026-11-02T10:00:00Z", RULES)
    return repository
