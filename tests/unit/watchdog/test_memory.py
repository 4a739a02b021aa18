# SPDX-License-Identifier: Apache-2.0
"""A watchdog that is restarted keeps to its limits."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from nsm_resilience.mesh.residue import WATCHDOG_MEMORY, residue_order


@pytest.fixture
def memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    import memory

    (tmp_path / "run").mkdir()
    (tmp_path / "boot").write_text("this boot\n")
    monkeypatch.setattr(memory, "HOST_ROOT", str(tmp_path))
    monkeypatch.setattr(memory, "BOOT", str(tmp_path / "boot"))
    return memory


def test_what_was_done_is_known_to_the_next_watchdog(memory: Any) -> None:
    from policy import RULES, Breach, Decision, Finding

    history = memory.load()
    assert history.acts == []
    breach = Breach("socket-lost", "socket /x", "gone", component="nsmd")
    history.begun(Decision(Finding(1, breach, 0.0), "restart"), 10.0)
    memory.save(history)
    again = memory.load()
    assert again == history
    assert again.limit(RULES["socket-lost"], "nsmd", 30.0) == "rate limit: 60 s between two acts"
    assert again.settling(12.0)


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"boot": "this boot", "acts": [1], "restarted_s": null}']
)
def test_what_makes_no_sense_is_forgotten(memory: Any, tmp_path: Path, text: str) -> None:
    (tmp_path / "run" / "nsm-watchdog.json").write_text(text)
    assert memory.load().acts == []


def test_another_boot_has_other_times(memory: Any, tmp_path: Path) -> None:
    kept = {"boot": "another", "acts": [["nsmd", 1.0]], "restarted_s": 1.0}
    (tmp_path / "run" / "nsm-watchdog.json").write_text(json.dumps(kept))
    assert memory.load().acts == []


def test_a_node_is_clean_without_that_memory_only() -> None:
    import memory as script

    assert script.FILE == WATCHDOG_MEMORY
    assert script.FILE in residue_order("inspect")["files"]
