# SPDX-License-Identifier: Apache-2.0
"""The commit of our own checkout, or none with the reason; never somebody else's."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from nsm_resilience.host.checkout import CHECKOUT, OURS, code_of_another_checkout, of_checkout
from tests.builders.repository import git

pytestmark = [
    pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed"),
    pytest.mark.usefixtures("no_settings_of_git"),
]


def repository(folder: Path, *files: str) -> str:
    """Make a repository with these files and return its commit."""
    for name in files:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("1\n")
    git(folder, "init", "-q")
    git(folder, "add", "--", *files)
    git(folder, "commit", "-q", "-m", "one")
    return git(folder, "rev-parse", "HEAD")


def test_the_commit_of_a_checkout_and_whether_it_was_changed(tmp_path: Path) -> None:
    commit = repository(tmp_path, OURS)
    assert of_checkout(tmp_path).described() == {"git_commit": commit, "git_dirty": False}
    (tmp_path / OURS).write_text("2\n")
    assert of_checkout(tmp_path).dirty is True


def test_a_linked_a_shallow_and_a_second_worktree_have_their_own(tmp_path: Path) -> None:
    first = repository(tmp_path / "main", OURS)
    git(tmp_path / "main", "worktree", "add", "-q", "-b", "other", str(tmp_path / "other ü"))
    (tmp_path / "other ü" / OURS).write_text("2\n")
    git(tmp_path / "other ü", "commit", "-q", "-a", "-m", "two")
    second = git(tmp_path / "other ü", "rev-parse", "HEAD")
    (tmp_path / "link").symlink_to(tmp_path / "other ü")
    git(tmp_path, "clone", "-q", "--depth", "1", f"file://{tmp_path}/main", "shallow")
    assert of_checkout(tmp_path / "main").commit == first != second
    assert of_checkout(tmp_path / "other ü").commit == second
    assert of_checkout(tmp_path / "link").commit == second
    assert of_checkout(tmp_path / "shallow").commit == first


def test_an_archive_inside_somebodys_repository_has_no_commit(tmp_path: Path) -> None:
    repository(tmp_path, "theirs.txt")
    unpacked = tmp_path / "downloads" / "nsm-resilience"
    (unpacked / OURS).parent.mkdir(parents=True)
    (unpacked / OURS).write_text("1\n")
    assert of_checkout(unpacked).commit is None
    assert "inside another repository" in of_checkout(unpacked).described()["git_reason"]
    git(tmp_path, "add", "-A")
    git(tmp_path, "commit", "-q", "-m", "with ours in it")
    assert of_checkout(unpacked).commit is None


def test_an_archive_unpacked_over_somebodys_repository_has_no_commit(tmp_path: Path) -> None:
    repository(tmp_path, "theirs.txt")
    (tmp_path / OURS).parent.mkdir(parents=True)
    (tmp_path / OURS).write_text("1\n")
    assert "does not hold this code" in of_checkout(tmp_path).reason
    git(tmp_path, "add", "-A")  # staged is not committed
    assert of_checkout(tmp_path).commit is None


def test_gits_variables_point_nowhere_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = repository(tmp_path / "own", OURS)
    repository(tmp_path / "theirs", OURS, "more.txt")
    for name, value in {
        "GIT_DIR": tmp_path / "theirs" / ".git",
        "GIT_WORK_TREE": tmp_path / "theirs",
        "GIT_INDEX_FILE": tmp_path / "nowhere",
        "GIT_COMMON_DIR": tmp_path / "theirs" / ".git",
        "GIT_OBJECT_DIRECTORY": tmp_path / "theirs" / ".git" / "objects",
        "GIT_NAMESPACE": "other",
        "GIT_CEILING_DIRECTORIES": tmp_path,
    }.items():
        monkeypatch.setenv(name, str(value))
    assert of_checkout(tmp_path / "own").described() == {"git_commit": own, "git_dirty": False}
    (tmp_path / "plain").mkdir()
    assert of_checkout(tmp_path / "plain").reason == "the code is no git checkout"


def test_code_that_git_does_not_show_as_changed_is_no_commits_either(tmp_path: Path) -> None:
    commit = repository(tmp_path, OURS, "src/nsm_resilience/more.py", "notes.txt", ".gitignore")
    (tmp_path / "results").mkdir()
    (tmp_path / "results" / "new.py").write_text("1\n")  # no code of ours
    assert of_checkout(tmp_path).described() == {"git_commit": commit, "git_dirty": False}
    added = tmp_path / "src" / "nsm_resilience" / "new.py"
    added.write_text("1\n")
    assert of_checkout(tmp_path).dirty is True
    added.unlink()
    for mark in ("assume-unchanged", "skip-worktree"):
        git(tmp_path, "update-index", f"--{mark}", OURS)
        assert of_checkout(tmp_path).dirty is False
        (tmp_path / OURS).write_text("2\n")
        assert of_checkout(tmp_path).dirty is True
        (tmp_path / OURS).write_text("1\n")
        git(tmp_path, "update-index", f"--no-{mark}", OURS)


def test_a_sparse_checkout_has_its_commit(tmp_path: Path) -> None:
    commit = repository(tmp_path, OURS, "more/notes.txt")
    git(tmp_path, "sparse-checkout", "set", "src")
    assert not (tmp_path / "more").exists()
    assert of_checkout(tmp_path).described() == {"git_commit": commit, "git_dirty": False}


def test_a_submodule_has_its_own_commit_and_a_folder_below_a_bare_one_none(tmp_path: Path) -> None:
    own = repository(tmp_path / "ours", OURS)
    repository(tmp_path / "theirs", "a.txt")
    allowed = ("-c", "protocol.file.allow=always")
    git(tmp_path / "theirs", *allowed, "submodule", "add", "-q", str(tmp_path / "ours"), "sub")
    git(tmp_path / "theirs", "commit", "-q", "-m", "with a submodule")
    assert of_checkout(tmp_path / "theirs" / "sub").commit == own
    git(tmp_path, "init", "-q", "--bare", "bare")
    (tmp_path / "bare" / "unpacked").mkdir()
    assert of_checkout(tmp_path / "bare" / "unpacked").reason == (
        "the code lies inside another repository"
    )


def test_settings_of_git_that_a_user_names_hold(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else `git config --global --add safe.directory` would be advised and not help."""
    if os.geteuid() != 0:
        pytest.skip("only root gives files away")
    own = repository(tmp_path / "own", OURS)
    for path in [tmp_path / "own", *(tmp_path / "own").rglob("*")]:
        os.chown(path, 12345, 12345)
    monkeypatch.delenv("SUDO_UID", raising=False)
    assert of_checkout(tmp_path / "own").commit is None
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "settings"))
    git(tmp_path, "config", "--global", "--add", "safe.directory", str(tmp_path / "own"))
    assert of_checkout(tmp_path / "own").commit == own
    monkeypatch.delenv("GIT_CONFIG_GLOBAL")
    monkeypatch.setenv("GIT_CONFIG_COUNT", "2")
    for n, (key, value) in enumerate((("core.worktree", "/"), ("safe.directory", "*"))):
        monkeypatch.setenv(f"GIT_CONFIG_KEY_{n}", key)
        monkeypatch.setenv(f"GIT_CONFIG_VALUE_{n}", value)
    assert of_checkout(tmp_path / "own").commit == own


def test_a_checkout_of_another_user_has_none_and_says_how_to_allow_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository(tmp_path / "own", OURS)
    if os.geteuid() != 0:
        pytest.skip("only root gives files away")
    for path in [tmp_path / "own", *(tmp_path / "own").rglob("*")]:
        os.chown(path, 12345, 12345)
    monkeypatch.delenv("SUDO_UID", raising=False)
    found = of_checkout(tmp_path / "own")
    assert found.commit is None
    assert "safe.directory" in found.reason


def test_without_git_or_without_a_commit_none_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    git(tmp_path, "init", "-q")
    assert of_checkout(tmp_path).reason == "the repository has no commit"
    monkeypatch.setenv("PATH", str(tmp_path))
    assert of_checkout(tmp_path).reason == "git is not installed"


def test_the_running_code_is_that_of_this_checkout() -> None:
    assert (CHECKOUT / OURS).samefile(Path(__file__).parents[3] / OURS)


def copied(root: Path) -> Path:
    for name in (OURS, "Snakefile"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text("1\n")
    return root


def test_code_of_another_checkout_is_found_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = copied(tmp_path / "first"), copied(tmp_path / "second")
    (tmp_path / "link").symlink_to(first)
    monkeypatch.delenv("PYTHONPATH", raising=False)
    assert code_of_another_checkout(first, first) is None
    assert code_of_another_checkout(tmp_path / "link", first) is None
    assert code_of_another_checkout(tmp_path, first) is None  # no checkout: anywhere else
    told = code_of_another_checkout(second, first)
    assert told is not None
    assert f"that of {first}" in told
    assert "tools/environment.py" in told
    monkeypatch.setenv("PYTHONPATH", "src")
    assert "unset PYTHONPATH" in str(code_of_another_checkout(second, first))


def test_a_second_mount_of_a_checkout_is_no_other_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As of homes on a cluster, and other capitals on macOS. A link stands for it, unresolved."""
    commit = repository(copied(tmp_path / "nsm"), OURS)
    (tmp_path / "mounted").symlink_to(tmp_path / "nsm")
    monkeypatch.setattr(Path, "resolve", lambda path, strict=False: path.absolute())
    assert of_checkout(tmp_path / "mounted").commit == commit
    assert code_of_another_checkout(tmp_path / "mounted", tmp_path / "nsm") is None


def test_a_command_does_not_run_in_another_checkout(tmp_path: Path) -> None:
    copied(tmp_path)
    done = subprocess.run(
        [sys.executable, "-m", "nsm_resilience.cli", "--version"],
        cwd=tmp_path, capture_output=True, text=True,
        env={**os.environ, "PYTHONPATH": str(CHECKOUT / "src")},
    )  # fmt: skip
    assert done.returncode == 1
    assert done.stderr.startswith(f"error: {tmp_path} is a checkout of this project, but")
