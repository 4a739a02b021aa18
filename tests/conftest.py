# SPDX-License-Identifier: Apache-2.0
"""Which tests can run here. Tests marked `cluster` need a cluster, those marked `browser` a
Chromium with its driver; without one they say so.

`NSM_RESILIENCE_LAB=<testbed file>` names the testbed to use. Without it, kind, a Docker engine and
all images in it are looked for, as the testbed with local images wants them.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

if TYPE_CHECKING:
    from xdist.remote import Producer
    from xdist.scheduler import LoadGroupScheduling

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


@cache
def browser() -> tuple[tuple[str, str] | None, str]:
    """Chromium and its driver for browser tests, or None and what is missing."""
    if importlib.util.find_spec("selenium") is None:
        return None, "the package selenium is not installed"
    names = ("chromium", "chromium-browser", "google-chrome")
    found = next((path for name in names if (path := shutil.which(name))), None)
    driver = shutil.which("chromedriver")
    if found is None or driver is None:
        missing = "Chromium" if found is None else "chromedriver"
        return None, f"there is no {missing}; on Debian: apt-get install chromium chromium-driver"
    return (found, driver), found


def where_cluster_tests_run() -> str:
    """A line that nobody overlooks."""
    testbed, why = lab()
    if testbed is not None:
        return f"cluster tests: on {testbed.name} ({why})"
    return (
        f"cluster tests: SKIPPED, no cluster can be had ({why}); "
        f"name a testbed file in {VARIABLE} to run them"
    )


def where_browser_tests_run() -> str:
    """Another one."""
    there, why = browser()
    return f"browser tests: {'in ' if there else 'SKIPPED, '}{why}"


def pytest_report_header(config: pytest.Config) -> list[str]:
    """Said at once where other processes collect the tests: what they say is not shown."""
    if not config.getoption("numprocesses", None):
        return []
    return [where_cluster_tests_run(), where_browser_tests_run()]


def pytest_report_collectionfinish(items: list[pytest.Item]) -> list[str]:
    """Said where such tests are among those asked for."""
    lines = []
    if any(item.get_closest_marker("cluster") for item in items):
        lines.append(where_cluster_tests_run())
    if any(item.get_closest_marker("browser") for item in items):
        lines.append(where_browser_tests_run())
    return lines


def pytest_configure(config: pytest.Config) -> None:
    """With `-n`: groups are kept together. Workers take no notice of them by any other `--dist`."""
    if getattr(config.option, "dist", "no") == "load":
        config.option.dist = "loadgroup"


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadGroupScheduling:
    """With `-n`: tests of a group in one process, groups in the order they are collected in.

    So the pipeline's, which take longest, begin first.
    """
    from xdist.scheduler import LoadGroupScheduling

    config.option.loadscopereorder = False
    return LoadGroupScheduling(config, log)


def stay_together(items: list[pytest.Item]) -> None:
    """Make groups of tests that share something that takes long to make.

    That is a file's tests; all that look at the one project that is built whole; and all that need
    a cluster, of which there is one.
    """
    whole = {item.path for item in items if "built" in getattr(item, "fixturenames", ())}
    for item in items:
        group = str(item.path)
        if item.get_closest_marker("cluster"):
            group = "cluster"
        elif item.path in whole:
            group = "built"
        item.add_marker(pytest.mark.xdist_group(group))


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.pluginmanager.hasplugin("xdist"):
        stay_together(items)
    for marker, can, hint in (("cluster", lab, f"; see {VARIABLE}"), ("browser", browser, "")):
        marked = [item for item in items if item.get_closest_marker(marker)]
        if not marked:
            continue
        there, why = can()
        if there is None:
            what = "cluster can be had" if marker == "cluster" else "browser"
            skip = pytest.mark.skip(reason=f"no {what}: {why}{hint}")
            for item in marked:
                item.add_marker(skip)


@pytest.fixture(scope="session")
def chromium() -> tuple[str, str]:
    """Paths of Chromium and of its driver."""
    there, why = browser()
    if there is None:
        pytest.skip(f"no browser: {why}")
    return there


@pytest.fixture(scope="session")
def testbed_file() -> Path:
    """The testbed file that cluster tests use."""
    testbed, why = lab()
    if testbed is None:
        pytest.skip(f"no cluster can be had: {why}")
    return testbed
