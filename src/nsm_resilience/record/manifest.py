# SPDX-License-Identifier: Apache-2.0
"""The manifest of a record: its closing event lists all its files, and the lines before it.

The closing event of a record of format 2 holds the size and the SHA-256 of every file, meta.json
included, and the SHA-256 of all lines of events.jsonl before its own. So every later change,
addition and removal shows. So does a record whose format was changed to 1, as its meta.json does
not match.

Nothing of this is signed. Whoever rewrites the closing event as well makes a consistent record; the
checksums of the recorded campaign, and git, guard against that. Records of format 1 have no
manifest; judge/plausible.py checks them.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from nsm_resilience.record.checksums import checksum, left_behind
from nsm_resilience.record.layout import RecordLayout

SINCE = 2
"""First format of a record that has a manifest."""

FILES, LINES = "files", "lines_sha256"
"""Keys of the closing event: size and SHA-256 by path, and the SHA-256 of the lines before it."""


class ManifestError(ValueError):
    """A record differs from its manifest. `path` names the file."""

    def __init__(self, path: Path, message: str) -> None:
        super().__init__(message)
        self.path = path


def manifest_of(folder: Path, lines_sha256: str) -> dict[str, Any]:
    """The keys of the closing event that list a record's files, and the lines before it."""
    return {
        FILES: {name: [size, digest] for name, (size, digest) in sorted(_files(folder).items())},
        LINES: lines_sha256,
    }


def check_manifest(folder: Path, closing: dict[str, Any], lines: bytes, record_format: int) -> None:
    """Compare a record with its manifest; ManifestError at the first file that differs.

    Args:
        closing: `data` of the closing event.
        lines: All of events.jsonl before the line of the closing event.
        record_format: As meta.json states it.
    """
    events = RecordLayout(folder).events
    listed, digest = closing.get(FILES), closing.get(LINES)
    if listed is None and digest is None:
        if record_format >= SINCE:
            raise ManifestError(events, "was closed without a list of the record's files")
        return
    if digest != hashlib.sha256(lines).hexdigest():
        raise ManifestError(events, "is not as it was when the record was closed")
    if not isinstance(listed, dict):
        raise ManifestError(events, "was closed without a list of the record's files")
    there = _files(folder)
    for name in sorted({*listed, *there}):
        path = folder / name
        if name not in there:
            raise ManifestError(path, "is missing, and was there when the record was closed")
        if name not in listed:
            raise ManifestError(path, "was not there when the record was closed")
        if listed[name] != list(there[name]):
            raise ManifestError(path, "is not as it was when the record was closed")


def _files(folder: Path) -> dict[str, tuple[int, str]]:
    """Size and SHA-256 of every file but events.jsonl, by its path inside the record.

    Anything but a plain file has the size -1. Files that operating systems leave behind are
    skipped: nothing reads them.
    """
    found: dict[str, tuple[int, str]] = {}
    for path in folder.rglob("*"):
        if path == RecordLayout(folder).events or left_behind(path.name):
            continue
        name = path.relative_to(folder).as_posix()
        if path.is_symlink() or not (path.is_file() or path.is_dir()):
            found[name] = (-1, "")
        elif path.is_file():
            found[name] = (path.stat().st_size, checksum(path))
    return found
