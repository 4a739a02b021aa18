# SPDX-License-Identifier: Apache-2.0
"""Git repositories with made-up commits that pass for checkouts of this project."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

from nsm_resilience.host.checkout import OURS


def git(folder: Path, *arguments: str, at: str = "") -> str:
    """What git prints; `at`: when a commit is made, as it says."""
    who = ["-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false"]
    dates = {"GIT_COMMITTER_DATE": at, "GIT_AUTHOR_DATE": at} if at else {}
    done = subprocess.run(
        ["git", *who, *arguments],
        cwd=folder,
        env={**os.environ, **dates},
        check=True,
        capture_output=True,
        text=True,
        encoding="utf-8",
    )
    return done.stdout.strip()


class Repository:
    """A repository in a folder; its first commit holds this code's own marker."""

    def __init__(self, folder: Path, at: str = "2026-11-01T00:00:00Z") -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        git(folder, "init", "-q", "-b", "main")
        self.commit("the first", at, {OURS: "1\n"})

    def commit(self, subject: str, at: str, files: Mapping[str, str | None]) -> str:
        """Commit these files (None: deleted) and return the commit's id."""
        for name, content in files.items():
            path = self.folder / name
            if content is None:
                path.unlink()
                continue
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content, encoding="utf-8")
        git(self.folder, "add", "-A", "--", *files)
        git(self.folder, "commit", "-q", "--allow-empty", "-m", subject, at=at)
        return git(self.folder, "rev-parse", "HEAD")

    def shallow_clone(self, folder: Path, depth: int = 1) -> Path:
        """Clone with a history that is cut."""
        source = f"file://{self.folder}"
        git(folder.parent, "clone", "-q", "--depth", str(depth), source, str(folder))
        return folder
