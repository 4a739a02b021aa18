# SPDX-License-Identifier: Apache-2.0
"""SHA256SUMS of a recorded campaign, and the check of the folder against it.

Every entry of the folder must be listed, whatever its name. Each problem names the file.
"""

from __future__ import annotations

import hashlib
import os
import re
from pathlib import Path

CHECKSUMS = "SHA256SUMS"

NEEDED = ("campaign.json", "study.yaml")
"""Files that a campaign must have, whatever its list says."""

README = "README.md"
"""For people; no program reads it. It may be written after packing, and is checked if it is
listed."""

COMMITS = "commits.json"
"""What git shows of the campaign's commits (record/commits.py); made again from git, not listed."""

_LINE = re.compile(r"(?P<sum>[0-9a-f]{64})  (?P<name>[A-Za-z0-9][A-Za-z0-9._-]*)")
"""One line as `sha256sum` writes it. A name that begins with a letter or digit and has no slash is
a file of this folder on every system."""

_LEFTOVER = re.compile(
    r"\._.*|\.DS_Store|\.Spotlight-V100|\.Trash(?:es|-[0-9]+)|\.fseventsd|\.TemporaryItems|Icon\r"
    r"|\.AppleDouble|\.localized|(?:eh)?Thumbs\.db|desktop\.ini|\$RECYCLE\.BIN|.*:Zone\.Identifier"
    r"|System Volume Information|lost\+found|\.directory|\.nfs.*|\.fuse_hidden.*|.*~|~\$.*"
    r"|\..*\.sw[a-p]|#.*#|\.#.*|\.~lock\..*#|.*\.(?:orig|rej|bak)",
    re.IGNORECASE,
)
"""Files that operating systems, file managers and editors leave in folders."""


def checksum(path: Path) -> str:
    """SHA-256 of a file's content, in hexadecimal digits."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def left_behind(name: str) -> bool:
    """Whether operating systems or editors leave files of this name in folders."""
    return _LEFTOVER.fullmatch(name) is not None


def listing(paths: list[Path]) -> bytes:
    """The content of SHA256SUMS for these files."""
    return "".join(f"{checksum(path)}  {path.name}\n" for path in sorted(paths)).encode()


def problems_of(recorded: Path) -> list[str]:
    """Every difference between a folder and its SHA256SUMS, in one line each.

    OSError when the folder, its list or a listed file cannot be read.
    """
    found: list[str] = []
    sums: dict[str, str] = {}
    *lines, rest = (recorded / CHECKSUMS).read_bytes().decode("utf-8", "replace").split("\n")
    for number, line in enumerate(lines, start=1):
        match = _LINE.fullmatch(line)
        if match is None:
            found.append(f"{CHECKSUMS}, line {number}: is no line of checksums: {line[:80]!a}")
        elif match["name"] in sums:
            found.append(f"{CHECKSUMS}, line {number}: names {match['name']} a second time")
        else:
            sums[match["name"]] = match["sum"]
    if rest:
        found.append(f"{CHECKSUMS}: its last line has no end; the file was cut")
    for name, expected in sums.items():
        path = recorded / name
        if not os.path.lexists(path):
            found.append(f"{name}: is missing")
        elif path.is_symlink() or not path.is_file():
            found.append(f"{name}: is no file (a link, a folder or a device)")
        elif checksum(path) != expected:
            found.append(f"{name}: does not match its checksum")
    there = {path.name for path in recorded.iterdir()} | set(NEEDED)
    unlisted = there - {*sums, CHECKSUMS, README, COMMITS}
    return found + [f"{name}: is not listed in {CHECKSUMS}" for name in sorted(unlisted)]
