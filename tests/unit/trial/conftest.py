# SPDX-License-Identifier: Apache-2.0
"""A campaign of one cell, whose attempts end as a test tells them to."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

TRIAL = "S1-kernel-monitored-none/01"
META: dict[str, Any] = {
    "format": 1, "trial": TRIAL, "cell": TRIAL.split("/")[0], "scenario": {}, "factors": {},
    "windows": {}, "probes": {}, "cluster": {"id": "c1"}, "started": "2026-01-01T00:00:00Z",
}  # fmt: skip
"""What all records of the trial say, whatever their attempt and lane."""


@pytest.fixture
def attempts_allowed() -> int:
    """Void attempts after which the trial is given up; a module that needs another says so."""
    return 1


@pytest.fixture
def campaign(tmp_path: Path, attempts_allowed: int) -> Path:
    """Folder of a campaign of two trials, none of them run yet."""
    folder = tmp_path / "small"
    folder.mkdir()
    (folder / "study.yaml").write_text(f"""
name: small
seed: 1
attempts: {attempts_allowed}
scenarios: [{{id: S1, title: nothing fails, where: both nodes, source: stated}}]
campaign: [{{scenarios: S1, trials: 2}}]
""")
    return folder
