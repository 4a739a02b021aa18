# SPDX-License-Identifier: Apache-2.0
"""What Snakemake says when it is told something wrong. Nothing is built here."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from nsm_resilience.study.load import load_study
from nsm_resilience.study.schedule import make_schedule
from tests.builders.projects import Project, make_project

pytestmark = pytest.mark.pipeline


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Project:
    return make_project(tmp_path_factory.mktemp("errors"))


def test_an_unknown_setting_is_refused_also_where_the_home_folder_cannot_be_written_to(
    bare: Project,
) -> None:
    variables = {key: value for key, value in os.environ.items() if key != "XDG_CACHE_HOME"}
    done = subprocess.run(
        bare.command("--dry-run", "--config", "campains=x"), cwd=bare.folder,
        capture_output=True, text=True, check=False, env={**variables, "HOME": "/proc/nowhere"},
    )  # fmt: skip
    assert done.returncode == 1
    told = done.stdout + done.stderr
    assert "did you mean `campaigns:`?" in told
    assert "Traceback" not in told


def test_a_snakemake_of_another_environment_is_sent_to_ours(bare: Project, tmp_path: Path) -> None:
    """There was a page of usage, and in its last line that a module is not there."""
    hidden = "import sys; sys.modules['nsm_resilience'] = None\n"
    (tmp_path / "sitecustomize.py").write_text(hidden, encoding="utf-8")
    done = subprocess.run(
        bare.command("--dry-run"), cwd=bare.folder, capture_output=True, text=True, check=False,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
    )  # fmt: skip
    assert done.returncode == 1
    assert "call that of its own environment, .venv/bin/snakemake" in done.stderr
    assert "usage:" not in done.stdout + done.stderr and done.stderr.count("\n") <= 2


def test_settings_that_are_no_utf_8_are_refused_with_how_to_save_them(bare: Project) -> None:
    settings = bare.folder / "config" / "config.yaml"
    as_it_was = settings.read_bytes()
    settings.write_bytes((as_it_was.decode() + "# Zürich\n").encode("latin-1"))
    done = bare.snakemake("--dry-run")
    settings.write_bytes(as_it_was)
    assert done.returncode == 1
    assert "iconv -f" in done.stdout and "config.yaml" in done.stdout
    assert "Traceback" not in done.stdout


def test_a_folder_with_braces_in_its_path_is_to_be_renamed(bare: Project, tmp_path: Path) -> None:
    """Snakemake's own words are of a name that is unknown in a context."""
    done = make_project(tmp_path / "my {new} study").snakemake("--dry-run")
    assert done.returncode == 1
    assert "my {new} study; rename the folder" in done.stdout
    assert "Traceback" not in done.stdout


def test_names_and_paths_reach_the_command_of_every_trial_as_they_are_written(
    bare: Project,
) -> None:
    """The shell sees one word each, whatever is in them; Snakemake makes no number of a name."""
    study, testbed = "config/my $(touch hacked) [x] 'study.yaml", 'config/it\'s "mine".yaml'
    for name, of in ((study, "quick.yaml"), (testbed, "testbed-kind-default.yaml")):
        shutil.copyfile(bare.folder / "config" / of, bare.folder / name)
    context = "a[b] `touch hacked` $(touch hacked) 'x'"
    done = bare.snakemake(
        "--dry-run", "--printshellcmds", "--profile", "profiles/live-local-images", "--config",
        "campaigns=007", f"study={study}", f"testbed={testbed}", f"allow_context={context}",
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
    assert not (bare.folder / "hacked").exists()
    cluster = ["--testbed", testbed, "--campaign-dir", "results/live/007"]
    cluster += ["--allow-context", context]
    lines = [line.removeprefix("Shell command: ").strip() for line in done.stdout.splitlines()]
    commands = [shlex.split(line) for line in lines if line.startswith(("nsm-res", "exec", "cp "))]
    (begin,) = (words for words in commands if words[0] == "cp")
    assert begin[:4] == ["cp", "--", study, "results/live/007/study.yaml"]
    (up,) = (words for words in commands if words[1:3] == ["cluster", "up"])
    assert up[3:9] == cluster
    trials = [words for words in commands if words[0] == "exec"]
    assert all(words[5:11] == cluster for words in trials)
    planned = make_schedule(load_study(bare.folder / study))
    assert sorted(words[12] for words in trials) == sorted(one.trial for one in planned)


def test_lint_finds_nothing_in_the_rules_of_a_live_build_which_are_all(project: Project) -> None:
    done = project.snakemake("--lint", "--configfile", "config/live.yaml")
    assert done.returncode == 0, done.stdout
