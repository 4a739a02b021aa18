# SPDX-License-Identifier: Apache-2.0
"""Which tests run here, and which of them together.

Tests marked `cluster` make clusters and take many minutes, so they run when they are asked for:
`make test-cluster`, `pytest -m cluster`, a path in `tests/cluster`, or
`NSM_RESILIENCE_LAB=<testbed file>`, which also names the testbed to use. Without that name, kind, a
Docker engine and all images in it are looked for, as the testbed with local images wants them.
Tests marked `browser` need a Chromium with its driver. Those that are skipped say so, and why.
"""

from __future__ import annotations

import gc
import importlib.util
import os
import re
import shutil
from collections.abc import Generator
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

if TYPE_CHECKING:
    from xdist.remote import Producer
    from xdist.scheduler import LoadScopeScheduling

# No time limit for an example: a busy machine is no failure. In CI the same examples every time.
settings.register_profile("project", deadline=None, derandomize="CI" in os.environ)
settings.load_profile("project")

# With the first three typer draws for a terminal, and colours would cut what tests look for; the
# last is a profile for everything that this user builds.
for theirs in ("FORCE_COLOR", "PY_COLORS", "GITHUB_ACTIONS", "SNAKEMAKE_PROFILE"):
    os.environ.pop(theirs, None)

ROOT = Path(__file__).parents[1]
VARIABLE = "NSM_RESILIENCE_LAB"
LOCAL_IMAGES = ROOT / "config" / "testbed-kind-local-images.yaml"
HOW_TO_RUN = f"run them with `make test-cluster`, `pytest -m cluster` or {VARIABLE}=<testbed file>"


def asked_for_cluster_tests(config: pytest.Config) -> bool:
    """Whether somebody named the tests that make clusters: by their mark, folder or testbed."""
    if os.environ.get(VARIABLE):
        return True
    if re.search(r"(?<!not )\bcluster\b", str(config.getoption("markexpr", ""))):
        return True
    named = (Path(config.invocation_params.dir, arg.split("::")[0]) for arg in config.args)
    return any(path.resolve().is_relative_to(ROOT / "tests" / "cluster") for path in named)


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


def where_cluster_tests_run(config: pytest.Config) -> str:
    """A line that nobody overlooks."""
    if not asked_for_cluster_tests(config):
        return f"cluster tests: SKIPPED, nobody asked for them; {HOW_TO_RUN}"
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


def pytest_configure() -> None:
    """Refuse to test another checkout's code, as the environment of a copied checkout would."""
    from nsm_resilience.host.checkout import code_of_another_checkout

    foreign = code_of_another_checkout(ROOT)
    if foreign:
        raise pytest.UsageError(foreign)


def pytest_report_header(config: pytest.Config) -> list[str]:
    """Said at once where other processes collect the tests: what they say is not shown."""
    if not config.getoption("numprocesses", None):
        return []
    return [where_cluster_tests_run(config), where_browser_tests_run()]


def pytest_report_collectionfinish(config: pytest.Config, items: list[pytest.Item]) -> list[str]:
    """Said where such tests are among those asked for."""
    lines = []
    if any(item.get_closest_marker("cluster") for item in items):
        lines.append(where_cluster_tests_run(config))
    if any(item.get_closest_marker("browser") for item in items):
        lines.append(where_browser_tests_run())
    return lines


TOGETHER = (
    "tests/cluster/", "tests/pipeline/built/", "tests/unit/figures/", "tests/unit/report/",
    "tests/unit/site/",
)  # fmt: skip
"""Folders whose tests share one cluster, one project that is built whole, or campaigns."""
LONG = ("tests/pipeline/", *TOGETHER)
"""Folders with the groups that take longest: they begin first, so that none is left for the end."""


def group_of(test: str) -> str:
    """The group of a test, by its id: its file, or its folder where all tests share something."""
    folder = next((folder for folder in TOGETHER if test.startswith(folder)), None)
    return folder or test.split("::", 1)[0]


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """With `-n logical`: one process more than processors; tests of live campaigns often wait."""
    available = getattr(os, "sched_getaffinity", None)
    return (len(available(0)) if available else os.cpu_count() or 1) + 1


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadScopeScheduling | None:
    """With `-n`: tests of a group in one process, groups in the order of the tests.

    So what a group shares is made once, and those that take longest begin first. Groups by mark, as
    of `--dist loadgroup`, are none with pytest 9.2 (pytest-xdist, issue 1386).
    """
    if config.getoption("dist") != "load":
        return None  # somebody wants it otherwise
    from xdist.scheduler import LoadScopeScheduling

    class ByGroup(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return group_of(nodeid)

    config.option.loadscopereorder = False
    return ByGroup(config, log)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """What collecting makes stays to the end: Python does not look through it again and again."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: not item.nodeid.startswith(LONG))
    clusters = [item for item in items if item.get_closest_marker("cluster")]
    if clusters and not asked_for_cluster_tests(config):
        skip(clusters, f"nobody asked for cluster tests; {HOW_TO_RUN}")
    elif clusters and lab()[0] is None:
        skip(clusters, f"no cluster can be had: {lab()[1]}; see {VARIABLE}")
    browsers = [item for item in items if item.get_closest_marker("browser")]
    if browsers and browser()[0] is None:
        skip(browsers, f"no browser: {browser()[1]}")


def skip(items: list[pytest.Item], reason: str) -> None:
    """Skip these tests, with a line that says why."""
    for item in items:
        item.add_marker(pytest.mark.skip(reason=reason))


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
