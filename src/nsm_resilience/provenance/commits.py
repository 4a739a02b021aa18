# SPDX-License-Identifier: Apache-2.0
"""What git shows of the commits of a campaign's attempts (issue 17, point 6).

`shown` is a pure function of records, study and history; only the functions around it read git and
files. A missing answer of git is no error: the result is not known, with the reason.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from nsm_resilience.host.checkout import CHECKOUT, NoAnswerError
from nsm_resilience.host.history import Commit, History
from nsm_resilience.record.archive import unpack
from nsm_resilience.record.commits import (
    CODE,
    STUDY,
    SUFFIX,
    Change,
    Commits,
    Used,
    blob_id,
    digests,
    keep_commits,
    part_of,
)
from nsm_resilience.record.files import object_in, object_or_empty
from nsm_resilience.record.layout import CampaignLayout, RecordLayout

CUT = "the history is cut here (a shallow clone)"

CODE_PATHS = tuple(f":(glob){folder}/**/*{SUFFIX}" for own in CODE.values() for folder in own)

_ID = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")


@dataclass(frozen=True)
class Attempt:
    """The code that ran an attempt, from its record.

    Attributes:
        started: empty if it is not known.
        dirty: whether there were uncommitted changes, or the record does not say.
        reason: why no commit is named.
    """

    started: str
    commit: str | None
    dirty: bool
    reason: str = ""


def keep_commits_of(campaign: Path, root: Path = CHECKOUT) -> Commits:
    """Read git for a campaign with its records, and write `commits.json` into its folder."""
    found = commits_of(campaign, root)
    keep_commits(campaign, found)
    return found


def keep_commits_of_recorded(recorded: Path, root: Path = CHECKOUT) -> Commits:
    """The same for a recorded campaign in archives; ArchiveError if it is damaged."""
    with tempfile.TemporaryDirectory() as folder:
        unpacked = Path(folder) / recorded.name
        unpack(recorded, unpacked)
        found = commits_of(unpacked, root)
    keep_commits(recorded, found)
    return found


def commits_of(campaign: Path, root: Path = CHECKOUT) -> Commits:
    """Read records, study and git."""
    layout = CampaignLayout(campaign)
    listed = object_or_empty(layout.description).get("records") or []
    return with_history(used(attempts_of(campaign, listed)), layout.study.read_bytes(), root)


def with_history(attempts: Sequence[Used], study: bytes, root: Path = CHECKOUT) -> Commits:
    """What git shows of these attempts, or why it gives no answer."""
    try:
        return shown(attempts, study, History(root))
    except NoAnswerError as answer:
        return shown(attempts, study, str(answer))


def attempts_of(campaign: Path, records: Iterable[Mapping[str, Any]]) -> Iterator[Attempt]:
    """The attempts that the description lists, from their records."""
    for record in records:
        meta = object_or_empty(RecordLayout(campaign / str(record["path"])).meta)
        software = object_in(meta, "software")
        started = str(record.get("started") or "")
        commit = software.get("git_commit")
        if isinstance(commit, str) and _ID.fullmatch(commit):
            yield Attempt(started, commit, software.get("git_dirty") is not False)
        else:
            why = str(software.get("git_reason") or "")
            reason = f"the record names no commit{f' ({why})' if why else ''}"
            yield Attempt(started, None, False, reason)


def used(attempts: Iterable[Attempt]) -> list[Used]:
    """Group attempts with the same code; sorted by the first attempt of each group."""
    kinds: dict[tuple[str, bool, str], list[Attempt]] = {}
    for one in attempts:
        kinds.setdefault((one.commit or "", one.dirty, one.reason), []).append(one)
    found = []
    for own in kinds.values():
        times = sorted(one.started for one in own if one.started)
        found.append(
            Used(
                commit=own[0].commit,
                dirty=own[0].dirty,
                unknown=own[0].reason,
                attempts=len(own),
                first=times[0] if times else "",
                last=times[-1] if times else "",
            )
        )
    # a group without a time cannot be first
    return sorted(found, key=lambda one: (not one.first, one.first, one.commit or ""))


def shown(attempts: Sequence[Used], study: bytes, history: History | str) -> Commits:
    """What a history shows of attempts by commit (`used`), or why there is no history."""
    own = [_placed(one, blob_id(study), history) for one in attempts]
    if isinstance(history, str):
        return Commits(used=tuple(own), before_unknown=history, changes_unknown=history)
    before, before_unknown = _before(own, history)
    changes, changes_unknown = _changes(own, history)
    return Commits(
        used=tuple(own),
        before=before,
        before_unknown=before_unknown,
        changes=changes,
        changes_unknown=changes_unknown,
    )


def _placed(one: Used, study: str, history: History | str) -> Used:
    """Add what the history shows of the commit."""
    if one.commit is None:
        return one
    if isinstance(history, str):
        return one.model_copy(update={"unknown": history})
    if not history.holds(one.commit):
        cut = f"; {CUT}" if history.shallow else ""
        reason = f"commit {one.commit[:10]} is not in the history{cut}"
        return one.model_copy(update={"unknown": reason})
    files = history.files(one.commit)
    same = sorted(path for path, blob in files.items() if blob == study)
    written = [path for path in same if path.startswith("config/")]
    return one.model_copy(
        update={
            "unknown": "",
            "committed": history.committed(one.commit),
            "study": tuple(written or same),
            "code": digests(files),
        }
    )


def _before(own: Sequence[Used], history: History) -> tuple[Change | None, str]:
    """The last change of a rule up to the first attempt's commit, or why it is not known."""
    if not own or own[0].commit is None or own[0].unknown:
        return None, own[0].unknown if own else "there is no attempt"
    study = [f":(literal){path}" for path in own[0].study]
    found = history.last_change(own[0].commit, [*study, *CODE_PATHS])
    if found is None or (history.shallow and not found.parents):
        return None, CUT if history.shallow else "no commit changes them"
    return _change(found, own[0].study), ""


def _changes(own: Sequence[Used], history: History) -> tuple[tuple[Change, ...], str]:
    """Changes between commits used one after the other, and why there may be more."""
    known = list(dict.fromkeys(one.commit for one in own if one.commit and not one.unknown))
    unknown = next((one.unknown for one in own if one.unknown), "")
    if history.shallow and len(known) > 1:
        return (), unknown or CUT
    found = {
        commit.id: _change(commit, ())
        for one, other in pairwise(known)
        for commit in history.changes(one, other, CODE_PATHS)
    }
    ordered = sorted(found.values(), key=lambda change: (change.committed, change.commit))
    return tuple(ordered), unknown


def _change(commit: Commit, study: Sequence[str]) -> Change:
    parts = {STUDY if path in study else part_of(path) for path in commit.paths}
    return Change(
        commit=commit.id,
        committed=commit.committed,
        subject=commit.subject,
        parts=tuple(part for part in (STUDY, *CODE) if part in parts),
        paths=commit.paths,
    )
