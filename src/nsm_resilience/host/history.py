# SPDX-License-Identifier: Apache-2.0
"""The history of our own checkout; a shallow clone has only a part of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from nsm_resilience.host.checkout import CHECKOUT, NoAnswerError, git, of_checkout
from nsm_resilience.record.files import well_formed

_PLAIN = (
    "--no-replace-objects", "-c", "core.quotePath=false", "-c", "log.showSignature=false",
    "-c", "i18n.logOutputEncoding=UTF-8",
)  # fmt: skip
"""Options against a user's settings that would change git's output."""
_LOG = ("log", "--no-follow", "--no-renames", "-c", "--name-only")
_FORMAT = "--format=%x1e%H%x1f%P%x1f%cI%x1f%s%x1f"


@dataclass(frozen=True)
class Commit:
    """A commit, and the paths asked for that it changed.

    Attributes:
        id: its id.
        committed: when, UTC, ISO 8601.
        subject: first line of its message.
        paths: changed paths, sorted.
        parents: ids of its parents; none for the first commit, and at the cut of a shallow history.
    """

    id: str
    committed: str
    subject: str
    paths: tuple[str, ...]
    parents: tuple[str, ...]


class History:
    """The history of a checkout; paths are git's path specifications.

    Every method raises NoAnswerError, with the reason, if git gives no answer.
    """

    def __init__(self, root: Path = CHECKOUT) -> None:
        """The history of a checkout of this project.

        Raises:
            NoAnswerError: it is no such checkout; the text says why.
        """
        checkout = of_checkout(root)
        if checkout.commit is None:
            raise NoAnswerError(checkout.reason)
        self._root = root
        self._head = checkout.commit
        self.shallow = self._git("rev-parse", "--is-shallow-repository") != "false"

    def holds(self, commit: str) -> bool:
        """Whether a commit is in the local history of the commit that is checked out.

        A commit that is only in the repository would be in no clone.
        """
        try:
            self._git("merge-base", "--is-ancestor", commit, self._head)
        except NoAnswerError:  # also if the commit does not exist
            return False
        return True

    def committed(self, commit: str) -> str:
        """When a commit was made, UTC, ISO 8601."""
        return _utc(self._git("log", "-1", "--format=%cI", commit, "--"))

    def files(self, commit: str) -> dict[str, str]:
        """The blob's id of every file of a commit."""
        found = {}
        for line in self._git("ls-tree", "-r", "-z", commit).split("\0"):
            about, _, path = line.partition("\t")
            if path:
                found[path] = about.split()[2]
        return found

    def last_change(self, commit: str, paths: Sequence[str]) -> Commit | None:
        """The last commit up to this one that changed one of the paths.

        A merge that only joins the changes of two sides is skipped.
        """
        found = _commits(self._git(*_LOG, _FORMAT, commit, "--", *paths))
        return found[0] if found else None

    def changes(self, one: str, other: str, paths: Sequence[str]) -> list[Commit]:
        """The commits that changed a path and are in the history of only one of two commits.

        All merged branches are included, also those of which nothing is left.
        """
        between = f"{one}...{other}"
        return _commits(self._git(*_LOG, "--full-history", _FORMAT, between, "--", *paths))

    def _git(self, *arguments: str) -> str:
        return git(self._root, *_PLAIN, *arguments)


def _commits(printed: str) -> list[Commit]:
    found = []
    for entry in printed.split("\x1e")[1:]:
        id_, parents, committed, subject, paths = entry.split("\x1f", 4)
        changed = tuple(sorted(well_formed(path) for path in paths.split("\n") if path))
        if changed:  # a merge that took each file from one side changed none
            found.append(
                Commit(id_, _utc(committed), well_formed(subject), changed, tuple(parents.split()))
            )
    return found


def _utc(time: str) -> str:
    return datetime.fromisoformat(time).astimezone(UTC).isoformat().replace("+00:00", "Z")
