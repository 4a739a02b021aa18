# SPDX-License-Identifier: Apache-2.0
"""SHA256SUMS of a recorded campaign, and the check of the folder against it.

Every entry of the folder must be listed, whatever its name. Each problem names the file and what to
do. A file that may be a listed one under another name is to be renamed, never deleted; while the
list itself is damaged, nothing is to be deleted.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from contextlib import suppress
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

_TEXT_SUFFIXES = (".json", ".yaml", ".md")
"""Files in which tools may convert the line ends."""

RENAME, DELETE = "rename it", "delete it"
"""Advice in problems that can be fixed without another copy of the campaign."""

_CONVERTED = (
    "its line ends were converted (CRLF); clone again with `git clone -c core.autocrlf=false …`, "
    "or run `git config core.autocrlf false` and restore the file"
)
_BOM = b"\xef\xbb\xbf"
_HAS_BOM = "an editor has put a byte order mark at its beginning"


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

    OSError when the folder or its list cannot be read at all.
    """
    content = (recorded / CHECKSUMS).read_bytes()
    if b"\r" in content:
        return [f"{CHECKSUMS}: {_CONVERTED}"]
    if content.startswith((_BOM, b"\xff\xfe", b"\xfe\xff")):
        return [f"{CHECKSUMS}: {_HAS_BOM}"]
    found: list[str] = []
    sums: dict[str, str] = {}
    *lines, rest = content.decode("utf-8", "replace").split("\n")
    for number, line in enumerate(lines, start=1):
        match = _LINE.fullmatch(line)
        if match is None:
            found.append(f"{CHECKSUMS}, line {number}: {_why_invalid(line)}")
        elif match["name"] in sums:
            found.append(f"{CHECKSUMS}, line {number}: names {match['name']} a second time")
        elif match["name"] == CHECKSUMS:
            found.append(f"{CHECKSUMS}, line {number}: names itself")
        else:
            sums[match["name"]] = match["sum"]
    if rest:
        found.append(f"{CHECKSUMS}: its last line has no end; the file was cut")
    list_is_whole = not found
    found += [f"{name}: is not listed in {CHECKSUMS}" for name in NEEDED if name not in sums]
    there = {path.name for path in recorded.iterdir()}
    extra = there - {*sums, *NEEDED, CHECKSUMS, README, COMMITS}
    missing = {name: expected for name, expected in sums.items() if name not in there}
    renamed = _renamed(recorded, missing, extra)
    found += _problems_of_listed(recorded, sums, renamed)
    offered = {other for others in renamed.values() for other in others}
    return found + [_problem_of_unlisted(name, list_is_whole) for name in sorted(extra - offered)]


def _why_invalid(line: str) -> str:
    match = _LINE.fullmatch(line[:64].lower() + line[64:])
    if match is not None:
        return "has a checksum in capitals; `sha256sum` writes small letters"
    name = line.partition("  ")[2]
    if "/" in name or "\\" in name or name.startswith("."):
        return f"names a file outside the campaign, or a hidden one: {_printable(name)}"
    return f"is no line of checksums: {_printable(line)}"


def _renamed(recorded: Path, missing: dict[str, str], extra: set[str]) -> dict[str, list[str]]:
    """Candidates for each missing file: same content, or else same name in another case."""
    if not missing:
        return {}
    content: dict[str, list[str]] = {}
    for name in sorted(extra):
        path = recorded / name
        with suppress(OSError):
            if path.is_file() and not path.is_symlink():
                content.setdefault(checksum(path), []).append(name)
    return {
        name: content.get(expected) or sorted(o for o in extra if o.lower() == name.lower())
        for name, expected in missing.items()
    }


def _problems_of_listed(
    recorded: Path, sums: dict[str, str], renamed: dict[str, list[str]]
) -> Iterator[str]:
    """Problems of the listed files; `renamed` has an entry for each missing one."""
    for name, expected in sums.items():
        path = recorded / name
        if name in renamed:
            first = [_printable(other) for other in renamed[name][:1]]
            hints = [f"; there is {other}: {RENAME} to {name}" for other in first]
            yield f"{name}: is missing{''.join(hints)}"
        elif path.is_symlink() or not path.is_file():
            yield f"{name}: is no file (a link, a folder or a device)"
        else:
            try:
                wrong = checksum(path) != expected
            except OSError as error:
                yield f"{name}: cannot be read ({error.strerror})"
                continue
            if wrong:
                yield f"{name}: does not match its checksum{_conversion(path, expected)}"


def _conversion(path: Path, expected: str) -> str:
    """How a tool converted a text file that otherwise matches; empty for any other change."""
    if path.suffix not in _TEXT_SUFFIXES:
        return ""
    content = path.read_bytes()
    plain = content.removeprefix(_BOM).replace(b"\r\n", b"\n")
    if hashlib.sha256(plain).hexdigest() != expected:
        return ""
    return f": {_HAS_BOM if content.startswith(_BOM) else _CONVERTED}"


def _problem_of_unlisted(name: str, list_is_whole: bool) -> str:
    if left_behind(name):
        return f"{_printable(name)}: was left there by an operating system or an editor; {DELETE}"
    advice = (
        f"; {DELETE}, or move it out of the campaign"
        if list_is_whole
        else ", of which lines are damaged"
    )
    return f"{_printable(name)}: is not listed in {CHECKSUMS}{advice}"


def _printable(text: str) -> str:
    """Untrusted text, safe to print: no control characters, at most 80 characters."""
    shown = text.encode("utf-8", "replace").decode("utf-8", "replace")
    shown = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in shown)
    return shown if len(shown) <= 80 else shown[:79] + "…"
