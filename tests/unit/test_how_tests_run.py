# SPDX-License-Identifier: Apache-2.0
"""The tests themselves: which run unasked, and which stay in one process (issues 15.7 and 19)."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from types import SimpleNamespace
from typing import Any, cast

import pytest

from tests.conftest import ROOT, VARIABLE, asked_for_cluster_tests

FEW = """
import pytest
@pytest.mark.parametrize("number", range(6))
def test_one(number): pass
"""
CLUSTER = "import pytest\npytestmark = pytest.mark.cluster\n" + FEW


FILES = {
    "cluster/test_c.py": CLUSTER,
    "pipeline/built/test_d.py": FEW,
    "pipeline/built/test_e.py": FEW,
    "unit/test_a.py": FEW,
    "unit/test_b.py": FEW,
}


@pytest.fixture(scope="module")
def output(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What two processes say of a project with our settings and small files of tests."""
    folder = tmp_path_factory.mktemp("project")
    shutil.copyfile(ROOT / "pyproject.toml", folder / "pyproject.toml")
    for name, text in FILES.items():
        (folder / "tests" / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / "tests" / name).write_text(text)
    shutil.copyfile(ROOT / "tests" / "conftest.py", folder / "tests" / "conftest.py")
    kept = {k: v for k, v in os.environ.items() if k != VARIABLE and not k.startswith("PYTEST_")}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-n", "2", "-v", "-p", "no:cacheprovider"],
        cwd=folder, env=kept, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_tests_that_share_something_stay_in_one_process(output: str) -> None:
    """So it is made once. They had been dealt out one by one, and it was made in each process."""
    where: dict[str, set[str]] = {}
    for worker, file in re.findall(r"\[(gw\d)\].* tests/(\S+)::", output):
        where.setdefault(file, set()).add(worker)
    assert sorted(where) == sorted(FILES)
    assert all(len(workers) == 1 for workers in where.values()), where
    assert where["pipeline/built/test_d.py"] == where["pipeline/built/test_e.py"]


def test_cluster_tests_are_skipped_unasked_and_how_to_run_them_is_said(output: str) -> None:
    assert "24 passed, 6 skipped" in output
    said = [line for line in output.splitlines() if "make test-cluster" in line]
    assert any(line.startswith("cluster tests: SKIPPED") for line in said), "at the beginning"
    assert any(line.startswith("SKIPPED [6]") for line in said), "and at the end"


@pytest.mark.parametrize(
    ("expression", "arguments", "testbed", "asked"),
    [
        ("", ["tests"], "", False),
        ("", ["tests/unit", "tests/pipeline/test_crashes.py"], "", False),
        ("not cluster", ["tests"], "", False),
        ("cluster", ["tests"], "", True),
        ("cluster and not browser", ["tests"], "", True),
        ("", ["tests/cluster"], "", True),
        ("", ["tests/cluster/test_faults_on_a_cluster.py::test_it[a/b]"], "", True),
        ("", ["tests"], "config/testbed-kind-default.yaml", True),
    ],
)
def test_cluster_tests_are_asked_for_by_mark_folder_or_testbed(
    expression: str,
    arguments: list[str],
    testbed: str,
    asked: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(VARIABLE, testbed)
    config = SimpleNamespace(
        getoption=lambda name, default=None: expression if name == "markexpr" else default,
        invocation_params=SimpleNamespace(dir=ROOT),
        args=arguments,
    )
    assert asked_for_cluster_tests(cast(Any, config)) is asked


def test_colours_that_a_machine_forces_do_not_cut_what_tests_look_for() -> None:
    one = "test_cli.py::test_readers_find_their_commands_first_and_help_answers_to_h"
    kept = {k: v for k, v in os.environ.items() if not k.startswith("PYTEST_")}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", f"tests/unit/{one}"],
        cwd=ROOT, capture_output=True, text=True, check=False,
        env={**kept, "GITHUB_ACTIONS": "true"},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
