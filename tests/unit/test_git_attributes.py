# SPDX-License-Identifier: Apache-2.0
"""A clone has the bytes that were committed, whatever the user's git converts."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CONVERTING = (("core.autocrlf", "true"), ("core.eol", "crlf"), ("core.safecrlf", "false"))


def git(folder: Path, *arguments: str) -> str:
    given = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}
    who = {f"GIT_{role}_{what}": "a@example.org" for role in ("AUTHOR", "COMMITTER")
           for what in ("NAME", "EMAIL")}  # fmt: skip
    return subprocess.run(
        ["git", *arguments], cwd=folder, env={**given, **who, "GIT_CONFIG_GLOBAL": os.devnull},
        check=True, capture_output=True, text=True,
    ).stdout  # fmt: skip


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository with our attributes and files of every sensitive kind."""
    if shutil.which("git") is None:
        pytest.skip("git is not installed")
    folder = tmp_path / "origin"
    files = {
        "results/recorded/one/SHA256SUMS": b"0  study.yaml\n",
        "results/recorded/one/study.yaml": b"name: one\nseed: 1\n",
        "results/recorded/one/records.tar.xz": b"\xfd7zXZ\n\r\n\x00",
        "results/recorded/one/written-on-windows.txt": b"a\r\nb\r\n",
        "tests/unit/judge/real/one/logs/app.log": b"progress 1\rprogress 2\r\nend\n",
        "src/nsm_resilience/agent/node/agent.py": b"#!/usr/bin/env python3\n",
        "Makefile": b"all:\n\ttrue\n",
        ".ci/run": b"#!/usr/bin/env bash\n",
        "a.parquet": b"PAR1\n\r\n",
    }
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    shutil.copyfile(ROOT / ".gitattributes", folder / ".gitattributes")
    git(folder, "init", "-q")
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", "as it is")
    return folder


def test_a_clone_with_line_ends_of_windows_has_the_committed_bytes(
    repository: Path, tmp_path: Path
) -> None:
    options = [part for key, value in CONVERTING for part in ("-c", f"{key}={value}")]
    git(tmp_path, *options, "clone", "-q", str(repository), "clone")
    clone = tmp_path / "clone"
    for path in sorted(repository.rglob("*")):
        name = path.relative_to(repository)
        if path.is_file() and name.parts[0] != ".git":
            assert (clone / name).read_bytes() == path.read_bytes(), name
    assert git(clone, *options, "status", "--porcelain") == ""


def test_no_committed_file_is_converted() -> None:
    if not (ROOT / ".git").exists() or shutil.which("git") is None:
        pytest.skip("no git checkout")
    for line in git(ROOT, "ls-files", "--eol").splitlines():
        kinds, name = line.split("\t", 1)
        index, _, attributes = (*kinds.split(None, 2), "", "")[:3]
        assert attributes.strip() in ("attr/-text", "attr/text=auto eol=lf"), name
        assert index in ("i/lf", "i/none", "i/-text") or "-text" in attributes, name
