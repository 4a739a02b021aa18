# SPDX-License-Identifier: Apache-2.0
"""A small real campaign, and a project that builds from it."""

from __future__ import annotations

import os
import signal
import subprocess
import sysconfig
import venv
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from nsm_resilience.record.lock import one_at_a_time
from tests.builders.live_projects import HERE, Live, begin
from tests.builders.projects import ROOT, Project, recorded_project
from tests.builders.small_campaign import Small, cut, recorded_folder


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory) -> Small:
    """Made by the first process that asks, for all that run tests; nobody writes into it."""
    recorded = recorded_folder()
    if not (recorded / "SHA256SUMS").exists():
        pytest.skip(f"there is no recorded campaign {recorded.name} to cut a small one out of")
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "campaign"
    made = Small(folder / "small", folder / "packed")
    folder.mkdir(exist_ok=True)
    with one_at_a_time(folder / "lock", lambda _: None):
        if not made.packed.exists():
            cut(recorded, made.folder, made.packed)
    return made


@pytest.fixture(scope="session")
def project(small: Small, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project whose default campaign is the small one, in a folder with a name to quote."""
    return recorded_project(small, tmp_path_factory.mktemp("a [b] it's $d & é;"))


@pytest.fixture(scope="session")
def stand_in(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Python of an environment whose `nsm-resilience` is the stand-in, over our packages."""
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, with_pip=False)
    python = folder / "bin" / "python"
    site = subprocess.run(
        [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
        capture_output=True, text=True, check=True,
    ).stdout.strip()  # fmt: skip
    libraries = [sysconfig.get_path(which) for which in ("purelib", "platlib")]
    Path(site, "over.pth").write_text("\n".join([str(ROOT / "src"), str(ROOT), *libraries]) + "\n")
    command = folder / "bin" / "nsm-resilience"
    command.write_text(f'#!/bin/sh\nexec "{python}" "{HERE / "stand_in.py"}" "$@"\n')
    command.chmod(0o755)
    return python


@pytest.fixture
def live(small: Small, stand_in: Path, tmp_path: Path) -> Iterator[Live]:
    """A live campaign of two trials."""
    started = begin(small, stand_in, tmp_path / "project")
    yield started
    for pid in started.running():  # whatever a test left running ends here: our own children
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
