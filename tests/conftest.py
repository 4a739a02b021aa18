# SPDX-License-Identifier: Apache-2.0
"""Which tests can run here. Tests marked `cluster` need a cluster; without one they say so.

`NSM_RESILIENCE_LAB=<testbed file>` names the testbed to use. Without it, kind, a Docker engine and
all images in it are looked for, as the testbed with local images wants them.
"""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path

import pytest
from hypothesis import settings

# No time limit for an example: a busy machine is no failure. In CI the same examples every time.
settings.register_profile("project", deadline=None, derandomize="CI" in os.environ)
settings.load_profile("project")

ROOT = Path(__file__).parents[1]
VARIABLE = "NSM_RESILIENCE_LAB"
LOCAL_IMAGES = ROOT / "config" / "testbed-kind-local-images.yaml"


@cache
def lab() -> tuple[Path | None, str]:
    """The testbed for cluster tests, or None and why there is none."""
    from nsm_resilience.testbed.config import load_testbed
    from nsm_resilience.testbed.doctor import examine

    named = os.environ.get(VARIABLE)
    if named:
        path = Path(named) if Path(named).is_absolute() else ROOT / named
        return path, f"{VARIABLE}={named}"
    for finding in examine(load_testbed(LOCAL_IMAGES)):
        if finding.level == "missing":
            return None, f"{finding.what}: {finding.found}"
    return LOCAL_IMAGES, "kind, Docker and all images are here"


def pytest_report_collectionfinish(items: list[pytest.Item]) -> str:
    """One line that nobody overlooks, where cluster tests are among those that were asked for."""
    if not any(item.get_closest_marker("cluster") for item in items):
        return ""
    testbed, why = lab()
    if testbed is None:
        return (
            f"cluster tests: SKIPPED, no cluster can be had ({why}); "
            f"name a testbed file in {VARIABLE} to run them"
        )
    return f"cluster tests: on {testbed.name} ({why})"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    marked = [item for item in items if item.get_closest_marker("cluster")]
    if not marked:
        return
    testbed, why = lab()
    if testbed is None:
        skip = pytest.mark.skip(reason=f"no cluster can be had: {why}; see {VARIABLE}")
        for item in marked:
            item.add_marker(skip)


@pytest.fixture(scope="session")
def testbed_file() -> Path:
    """The testbed file that cluster tests use."""
    testbed, why = lab()
    if testbed is None:
        pytest.skip(f"no cluster can be had: {why}")
    return testbed
