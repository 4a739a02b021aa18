# SPDX-License-Identifier: Apache-2.0
"""One project, built whole, for all tests of this folder. They look at it and change nothing."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.builders.projects import Project, files_of


@pytest.fixture(scope="session")
def built(project: Project) -> Iterator[Project]:
    """The same project, built whole, once for all tests that only look at it."""
    done = project.snakemake()
    assert done.returncode == 0, done.stdout[-5000:]
    made = files_of(project)
    yield project
    assert files_of(project) == made, "a test has changed the project that all share"
