# SPDX-License-Identifier: Apache-2.0
"""The agent's scripts are flat files of one folder, as they are mounted in the cluster."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

NODE = Path(__file__).parents[3] / "src" / "nsm_resilience" / "agent" / "node"
SCRIPTS = [path.stem for path in NODE.glob("*.py")]


@pytest.fixture(autouse=True)
def scripts_are_importable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.syspath_prepend(str(NODE))
    import damage

    monkeypatch.setattr(damage, "SAFE", f"{tmp_path}/safe")  # nothing of this machine's is touched
    yield
    for name in SCRIPTS:
        sys.modules.pop(name, None)


@pytest.fixture
def node_root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that stands for the root of the node's file system."""
    import damage
    import netns
    import sockets
    import workspace

    for module in (netns, sockets, damage, workspace):
        monkeypatch.setattr(module, "HOST_ROOT", str(tmp_path), raising=True)
    return tmp_path
