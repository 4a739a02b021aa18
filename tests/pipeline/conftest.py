# SPDX-License-Identifier: Apache-2.0
"""A small real campaign, and a project that builds from it."""

from __future__ import annotations

import pytest
from small_campaign import Small, cut, recorded_folder
from workflow_project import Project, recorded_project


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory) -> Small:
    recorded = recorded_folder()
    if not (recorded / "SHA256SUMS").exists():
        pytest.skip(f"there is no recorded campaign {recorded.name} to cut a small one out of")
    folder = tmp_path_factory.mktemp("campaign")
    trials = cut(recorded, folder / "small", folder / "packed")
    return Small(folder / "small", folder / "packed", tuple(trials))


@pytest.fixture(scope="session")
def project(small: Small, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project whose default campaign is the small one."""
    return recorded_project(small, tmp_path_factory.mktemp("project"))


@pytest.fixture(scope="session")
def built(project: Project) -> Project:
    """The same project, built whole."""
    dry = project.snakemake("--dry-run")
    assert dry.returncode == 0, dry.stdout
    done = project.snakemake()
    assert done.returncode == 0, done.stdout[-5000:]
    return project
