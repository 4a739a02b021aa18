# SPDX-License-Identifier: Apache-2.0
"""SHA256SUMS of a recorded campaign, and whether what lies beside it is what it lists.

What is looked at is what is there: every entry of the folder is listed or is a problem, whatever it
is called, and every line of the list is a plain one. Each problem names the file and what to do.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from pathlib import Path

CHECKSUMS = "SHA256SUMS"

NEEDED = ("campaign.json", "study.yaml")
"""Files without which a folder is no campaign, whatever its list says."""

README = "README.md"
"""Words for people, which no program reads: it may be written after the campaign was packed, and is
checked where it is listed."""

COMMITS = "commits.json"
"""What git shows of the campaign's commits (record/commits.py): made again from records and git."""

_LINE = re.compile(r"(?P<sum>[0-9a-f]{64})  (?P<name>[A-Za-z0-9][A-Za-z0-9._-]*)")
"""One line as `sha256sum` writes it. A name that begins with a letter or digit and has no slash is
a file of this folder on every system."""

_DROPPED = re.compile(
    r"\._.*|\.DS_Store|\.Spotlight-V100|\.Trash(?:es|-[0-9]+)|\.fseventsd|\.TemporaryItems|Icon\r"
    r"|\.AppleDouble|\.localized|(?:eh)?Thumbs\.db|desktop\.ini|\$RECYCLE\.BIN|.*:Zone\.Identifier"
    r"|System Volume Information|lost\+found|\.directory|\.nfs.*|\.fuse_hidden.*|.*~|~\$.*"
    r"|\..*\.sw[a-p]|#.*#|\.#.*|\.~lock\..*#|.*\.(?:orig|rej|bak)",
    re.IGNORECASE,
)
"""Files that operating systems, file managers and editors leave in folders."""

_LINES = (".json", ".yaml", ".md")
"""Text files: tools that convert line ends change them, and nothing else in them."""

_CONVERTED = (
    "its line ends were converted (CRLF); clone again with `git clone -c core.autocrlf=false …`, "
    "or run `git config core.autocrlf false` and restore the file"
)
_MARK = b"\xef\xbb\xbf"
_MARKED = "an editor has put a byte order mark at its beginning"


def checksum(path: Path) -> str:
    """SHA-256 of a file's content, in hexadecimal digits."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def left_behind(name: str) -> bool:
    """Whether a file of this name is one that operating systems or editors leave in folders."""
    return _DROPPED.fullmatch(name) is not None


def listing(paths: list[Path]) -> bytes:
    """The content of SHA256SUMS for these files."""
    return "".join(f"{checksum(path)}  {path.name}\n" for path in sorted(paths)).encode()


def problems_of(recorded: Path) -> list[str]:
    """Everything in which a folder differs from its SHA256SUMS; one line each, and none if nothing.

    OSError when the folder or its list cannot be read at all.
    """
    content = (recorded / CHECKSUMS).read_bytes()
    if b"\r" in content:
        return [f"{CHECKSUMS}: {_CONVERTED}"]
    if content.startswith((_MARK, b"\xff\xfe", b"\xfe\xff")):
        return [f"{CHECKSUMS}: {_MARKED}"]
    found: list[str] = []
    sums: dict[str, str] = {}
    *lines, rest = content.decode("utf-8", "replace").split("\n")
    for number, line in enumerate(lines, start=1):
        match = _LINE.fullmatch(line)
        if match is None:
            found.append(f"{CHECKSUMS}, line {number}: {_why_no_line(line)}")
        elif match["name"] in sums:
            found.append(f"{CHECKSUMS}, line {number}: names {match['name']} a second time")
        elif match["name"] == CHECKSUMS:
            found.append(f"{CHECKSUMS}, line {number}: names itself")
        else:
            sums[match["name"]] = match["sum"]
    if rest:
        found.append(f"{CHECKSUMS}: its last line has no end; the file was cut")
    found += [f"{name}: is not listed in {CHECKSUMS}" for name in NEEDED if name not in sums]
    there = {path.name for path in recorded.iterdir()}
    found += _listed(recorded, sums, there)
    known = {*sums, *NEEDED, CHECKSUMS, README, COMMITS}
    return found + [_extra(name) for name in sorted(there - known)]


def _why_no_line(line: str) -> str:
    match = _LINE.fullmatch(line[:64].lower() + line[64:])
    if match is not None:
        return "has a checksum in capitals; `sha256sum` writes small letters"
    name = line.partition("  ")[2]
    if "/" in name or "\\" in name or name.startswith("."):
        return f"names a file outside the campaign, or a hidden one: {_printable(name)}"
    return f"is no line of checksums: {_printable(line)}"


def _listed(recorded: Path, sums: dict[str, str], there: set[str]) -> Iterator[str]:
    """What is wrong with the files that are listed."""
    for name, expected in sums.items():
        path = recorded / name
        if name not in there:
            near = [one for one in there if one.lower() == name.lower()]
            hint = f"; there is {near[0]}: rename it to {name}" if near else ""
            yield f"{name}: is missing{hint}"
        elif path.is_symlink() or not path.is_file():
            yield f"{name}: is no file (a link, a folder or a device)"
        else:
            try:
                wrong = checksum(path) != expected
            except OSError as error:
                yield f"{name}: cannot be read ({error.strerror})"
                continue
            if wrong:
                yield f"{name}: does not match its checksum{_why_other(path, expected)}"


def _why_other(path: Path, expected: str) -> str:
    if path.suffix not in _LINES:
        return ""
    content = path.read_bytes()
    plain = content.removeprefix(_MARK).replace(b"\r\n", b"\n")
    if hashlib.sha256(plain).hexdigest() != expected:
        return ""
    return f": {_MARKED if content.startswith(_MARK) else _CONVERTED}"


def _extra(name: str) -> str:
    if left_behind(name):
        return f"{_printable(name)}: was left there by an operating system or an editor; delete it"
    return (
        f"{_printable(name)}: is not listed in {CHECKSUMS}; delete it, or move it out of the "
        "campaign"
    )


def _printable(text: str) -> str:
    """Text of a stranger as it can be printed: nothing that steers a terminal, not too long."""
    shown = text.encode("utf-8", "replace").decode("utf-8", "replace")
    shown = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in shown)
    return shown if len(shown) <= 80 else shown[:79] + "…"
