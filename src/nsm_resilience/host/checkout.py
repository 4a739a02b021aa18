# SPDX-License-Identifier: Apache-2.0
"""The checkout of the running code and its commit, or the reason why there is none.

The sources may lie inside somebody else's repository (an unpacked archive, an environment with the
package in it), and git's variables may point at another one. The commit that git names then would
be false provenance.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

CHECKOUT = Path(__file__).resolve().parents[3]
"""The folder that holds `src/nsm_resilience`, if the code runs from a checkout."""
OURS = "src/nsm_resilience/host/checkout.py"
"""This file's path in a commit of ours."""
OWN_SETTINGS = ("GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM", "GIT_CONFIG_NOSYSTEM")
"""Variables with the places of a user's settings of git."""


@dataclass(frozen=True)
class Checkout:
    """A commit, and whether files were changed or code was added since; or none and the reason."""

    commit: str | None
    dirty: bool | None
    reason: str = ""

    def described(self) -> dict[str, Any]:
        """The keys of records; `git_reason` only if there is no commit."""
        found: dict[str, Any] = {"git_commit": self.commit, "git_dirty": self.dirty}
        return found | ({"git_reason": self.reason} if self.commit is None else {})

    def __str__(self) -> str:
        if self.commit is None:
            return f"no commit: {self.reason}"
        return f"commit {self.commit[:12]}{', with uncommitted changes' if self.dirty else ''}"


class NoAnswerError(Exception):
    """Git did not answer; the text says why."""


def of_checkout(root: Path = CHECKOUT) -> Checkout:
    """The commit of a checkout of this project, or why it is not known."""
    try:
        top = Path(git(root, "rev-parse", "--show-toplevel"))
        if not _are_one(top, root):
            return Checkout(None, None, "the code lies inside another repository")
        commit = git(root, "rev-parse", "--verify", "HEAD^{commit}")
        if not git(root, "ls-tree", "--name-only", "HEAD", "--", OURS):
            return Checkout(None, None, "the commit of the repository does not hold this code")
        changed = (
            git(root, "status", "--porcelain", "--untracked-files=no")
            or git(root, "ls-files", "--others", "--exclude-standard", "--", "src/*.py")
            or _hidden_changes(root)
        )
    except NoAnswerError as answer:
        return Checkout(None, None, str(answer))
    return Checkout(commit, bool(changed))


def _are_one(one: Path, other: Path) -> bool:
    """Whether two paths lead to one folder: by links, a second mount, or capitals (macOS)."""
    try:
        return one.resolve() == other.resolve() or one.samefile(other)
    except OSError:
        return False


def _hidden_changes(root: Path) -> list[str]:
    """Files that differ from the commit, but are hidden from `git status`.

    `git update-index --assume-unchanged` and `--skip-worktree` hide them; the latter also marks
    files that a sparse checkout leaves out.
    """
    listed = git(root, "ls-files", "-v", "-z").split("\0")
    marked = [line[2:] for line in listed if line[:1].islower() or line[:1] == "S"]
    here = [name for name in marked if (root / name).is_file()]
    return [
        name
        for name in here
        if git(root, "hash-object", "--", name) != git(root, "rev-parse", f"HEAD:{name}")
    ]


def without_gits_variables(environment: Mapping[str, str]) -> dict[str, str]:
    """The environment without variables that would lead git to another repository.

    The places of a user's own settings and of trusted folders (`safe.directory`) stay, or the
    advice in `_reason` would not help.
    """
    plain = {key: value for key, value in environment.items() if not key.startswith("GIT_")}
    own = {key: environment[key] for key in OWN_SETTINGS if key in environment}
    trusted = [
        environment.get(key.replace("KEY", "VALUE"), "")
        for key, value in environment.items()
        if key.startswith("GIT_CONFIG_KEY_") and value.lower() == "safe.directory"
    ]
    for n, folder in enumerate(trusted):
        own |= {f"GIT_CONFIG_KEY_{n}": "safe.directory", f"GIT_CONFIG_VALUE_{n}": folder}
    return plain | own | ({"GIT_CONFIG_COUNT": str(len(trusted))} if trusted else {})


def git(root: Path, *arguments: str) -> str:
    """The output of a git command in a checkout, without git's variables.

    Raises:
        NoAnswerError: It is not installed, or refuses; the text says why.
    """
    command = ["git", "-C", str(root), "--no-optional-locks", *arguments]
    try:
        done = subprocess.run(
            command,
            env={**without_gits_variables(os.environ), "LC_ALL": "C", "GIT_TERMINAL_PROMPT": "0"},
            capture_output=True,
            text=True,
            encoding="utf-8",
            errors="surrogateescape",
            stdin=subprocess.DEVNULL,
            check=False,
        )
    except OSError:
        raise NoAnswerError("git is not installed") from None
    if done.returncode != 0:
        raise NoAnswerError(_reason(done.stderr))
    return done.stdout.removesuffix("\n")


def _reason(message: str) -> str:
    """Why git did not answer, in a few words, without a path of the machine."""
    if "dubious ownership" in message or "unsafe repository" in message:
        return (
            "the checkout belongs to another user, and git does not look into it; allow it with "
            "`git config --global --add safe.directory FOLDER`"
        )
    if "not a git repository" in message:
        return "the code is no git checkout"
    if "must be run in a work tree" in message:
        return "the code lies inside another repository"
    if "permission denied" in message.lower():
        return "git may not read the repository or its own settings"
    if "needed a single revision" in message.lower():
        return "the repository has no commit"
    return "git cannot read the repository"


def code_of_another_checkout(folder: Path, running: Path = CHECKOUT) -> str | None:
    """The error if `folder` is a checkout of ours and the running code is that of another one.

    This happens in a copy of a checkout with the environment of the original, and with PYTHONPATH.
    None if all is well, or `folder` is no checkout.
    """
    is_checkout = (folder / OURS).is_file() and (folder / "Snakefile").is_file()
    if not is_checkout or _are_one(folder, running):
        return None
    variable = "; unset PYTHONPATH" if os.environ.get("PYTHONPATH") else ""
    return (
        f"{folder} is a checkout of this project, but the code that runs is that of {running}; "
        f"call the programs of this checkout's own environment, which `make environment` or "
        f"`python3 tools/environment.py` makes{variable}"
    )
