# SPDX-License-Identifier: Apache-2.0
"""What git shows of a campaign's rules: `commits.json`, beside `campaign.json`.

It is made from git where the history is at hand (`nsm-resilience index` for a live campaign,
`nsm-resilience archive commits` for a recorded one) and stored, so that a build says the same from
a full clone, a shallow one and a source archive. No checksum covers it: it can be made again from
the records and git, and a test of the project does so for every recorded campaign.

The rules are the study's file, the code that makes a schedule of it, and the judge with its facts
about the systems under test (issue 17, point 6). The code that makes, writes and reads records, and
that counts and compares verdicts, is not among them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from nsm_resilience.record.description import Instant, first_mistake
from nsm_resilience.record.files import write_json
from nsm_resilience.record.layout import CampaignLayout

FORMAT: Final = 1

STUDY = "study"
CODE: dict[str, tuple[str, ...]] = {
    "schedule": ("src/nsm_resilience/study",),
    "judge": ("src/nsm_resilience/judge", "src/nsm_resilience/systems"),
}
"""Folders of the project whose Python files are rules, by part."""

SUFFIX = ".py"

Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
CommitId = Annotated[str, Field(pattern=r"^[0-9a-f]{40}([0-9a-f]{24})?$")]


class CommitsError(ValueError):
    """A `commits.json` is not what it should be; the text says where and what to run."""


class _Kept(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class Change(_Kept):
    """A commit that changed a rule.

    Attributes:
        committed: the commit's date, UTC.
        subject: first line of its message.
        parts: which rules: `study`, or a key of `CODE`.
        paths: the files, from the project's root.
    """

    commit: CommitId
    committed: Instant
    subject: str
    parts: tuple[str, ...]
    paths: tuple[str, ...]


class Used(_Kept):
    """Attempts whose records name the same commit, or none for the same reason.

    Attributes:
        commit: None if the records name none.
        dirty: whether the code had, or may have had, uncommitted changes.
        unknown: why git does not show the commit; empty if it does.
        first: when the first of the attempts began, `last` the last; empty if no record says.
        committed: the commit's date; empty if git does not show it.
        study: files of the commit that have the content of the campaign's study.
        code: digest of the files of each part of `CODE`.
    """

    commit: CommitId | None
    dirty: bool
    unknown: str = ""
    attempts: int
    first: Instant
    last: Instant
    committed: Instant = ""
    study: tuple[str, ...] = ()
    code: dict[str, Digest] = Field(default_factory=dict)


class Commits(_Kept):
    """What git shows of the rules of a campaign.

    Attributes:
        unknown: why git was not read at all; empty if it was.
        used: attempts by commit, in the order of their first attempts.
        before: the last change of a rule in the history of the first attempt's commit.
        before_unknown: why it is not known.
        changes: each change of `CODE` that is in only one of two commits used one after the other;
            the oldest first.
        changes_unknown: why there may be more.
    """

    format: Literal[1] = FORMAT
    unknown: str = ""
    used: tuple[Used, ...] = ()
    before: Change | None = None
    before_unknown: str = ""
    changes: tuple[Change, ...] = ()
    changes_unknown: str = ""


def part_of(path: str) -> str | None:
    """The part of `CODE` that a file of the project belongs to; None if it is no rule.

    >>> part_of("src/nsm_resilience/judge/rules.py"), part_of("src/nsm_resilience/judge/a.md")
    ('judge', None)
    """
    for part, folders in CODE.items():
        if path.endswith(SUFFIX) and any(path.startswith(f"{folder}/") for folder in folders):
            return part
    return None


def digests(blobs: Mapping[str, str]) -> dict[str, str]:
    """The digest of each part of `CODE`, from the ids of the project's blobs by path."""
    lines: dict[str, list[str]] = {part: [] for part in CODE}
    for path in sorted(blobs):
        part = part_of(path)
        if part is not None:
            lines[part].append(f"{blobs[path]} {path}\n")
    return {part: hashlib.sha256("".join(own).encode()).hexdigest() for part, own in lines.items()}


def blob_id(content: bytes) -> str:
    """The id that git gives a file's content (SHA-1).

    >>> blob_id(b"")
    'e69de29bb2d1d6434b8b29ae775ad8c2e48c5391'
    """
    return hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()


def code_here(package: Path) -> dict[str, str]:
    """The digests of the code in the folder `nsm_resilience`, from its files, without git."""
    blobs = {}
    for folder in (folder for folders in CODE.values() for folder in folders):
        own = package / folder.removeprefix("src/nsm_resilience/")
        for path in own.rglob(f"[!.]*{SUFFIX}"):
            blobs[f"{folder}/{path.relative_to(own).as_posix()}"] = blob_id(path.read_bytes())
    return digests(blobs)


def read_commits(campaign: Path) -> Commits:
    """The commits.json of a campaign, or CommitsError; `NOT_READ` if there is none."""
    path = CampaignLayout(campaign).commits
    try:
        return Commits.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        return NOT_READ
    except OSError as error:
        raise CommitsError(f"{path}: cannot be read ({error.strerror})") from error
    except ValidationError as error:
        raise CommitsError(
            f"{path}: {first_mistake(error)}; write it again with `nsm-resilience archive commits "
            "results/recorded/<name>`, of a live campaign with `nsm-resilience index`"
        ) from error


def keep_commits(campaign: Path, commits: Commits) -> None:
    """Write commits.json beside the campaign's description."""
    write_json(CampaignLayout(campaign).commits, commits.model_dump(mode="json"))


NOT_READ = Commits(unknown="git was not asked when the campaign was described or packed")
