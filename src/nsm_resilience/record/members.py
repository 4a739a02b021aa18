# SPDX-License-Identifier: Apache-2.0
"""The archive of a scenario: the files of its records as .tar.xz; the same files, the same bytes.

Reading trusts nothing. A member must be a plain file below `records/<cell>/<NN>/<attempt>/`, named
once and as we write it, and no data may follow the end of the archive. `tarfile` would silently
skip data after the end of a tar, or after a damaged header.
"""

from __future__ import annotations

import io
import lzma
import re
import tarfile
import tempfile
import unicodedata
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, cast

from nsm_resilience.record.checksums import left_behind

SUFFIX = ".tar.xz"

_PIECE = 1 << 20

LARGEST = 8 << 30
"""Most bytes that an archive may unpack to. The largest recorded so far has 0.1 GiB; a small file
can hold any number of equal bytes."""

MEMORY = 512 << 20
"""Most bytes of memory for unpacking; the highest preset of xz takes 65 MiB."""

MOST_MEMBERS = 1_000_000
"""Most files in one archive. The largest recorded so far has some thousand."""

_RECORD = re.compile(
    r"(?P<record>records/(?P<trial>[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*/[0-9]{2,})/[1-9][0-9]{0,2})/"
)
_PART = re.compile(
    r"(?!(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|$))[^\x00-\x1f\x7f/\\:<>\"|?*]+(?<![. ])",
    re.IGNORECASE,
)
"""A part of a path that means the same everywhere: no control characters, no other separators, no
reserved names, no dot or space at the end, which some file systems drop."""


class MemberError(ValueError):
    """An archive is damaged, or holds members that we never write; says what and where."""


def write_members(root: Path, folders: Iterable[str]) -> bytes:
    """The archive of these folders below `root`: sorted, without owners and times."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:xz", preset=9) as archive:
        for folder in folders:
            for path in sorted((root / folder).rglob("*")):
                if not path.is_file() or left_behind(path.name):
                    continue
                info = tarfile.TarInfo(path.relative_to(root).as_posix())
                info.size = path.stat().st_size
                with path.open("rb") as stream:
                    archive.addfile(info, stream)
    return buffer.getvalue()


def read_members(path: Path, scenario: str, into: Path | None) -> set[str]:
    """Read an archive; return the folders of its records. MemberError at the first bad member.

    Args:
        scenario: Scenario whose trials it must hold (`S2`).
        into: Folder to write the members to; None only checks. Members written before an error
            stay there.
    """
    records: set[str] = set()
    names: set[str] = set()
    spellings: dict[str, str] = {}
    with _unpacked(path) as content:
        for member in _members(content):
            if len(names) >= MOST_MEMBERS:
                raise MemberError(f"has more than {MOST_MEMBERS} files")
            record = _record_of(member, scenario, names)
            _check_spelling(member.name, spellings)
            names.add(member.name)
            records.add(record)
            if into is not None:
                _extract(content, member, into)
    folders = {str(parent) for name in names for parent in Path(name).parents}
    both = sorted(names & folders)
    if both:
        raise MemberError(f"{both[0]} is a file and a folder")
    return records


def _check_spelling(name: str, spellings: dict[str, str]) -> None:
    """MemberError if a file or folder was there before in another spelling.

    Some systems ignore case, or how a character is composed.
    """
    for place in (name, *map(str, Path(name).parents)):
        folded = unicodedata.normalize("NFC", place.casefold())
        if (known := spellings.setdefault(folded, place)) != place:
            raise MemberError(f"{ascii(place)[1:-1][:120]} is there as {ascii(known)[1:-1][:120]}")
        if known is not place:
            return  # a known folder: those above it are known, too


@contextmanager
def _unpacked(path: Path) -> Iterator[IO[bytes]]:
    """The tar inside; MemberError unless the file is one whole stream of xz and nothing else."""
    unpack = lzma.LZMADecompressor(format=lzma.FORMAT_XZ, memlimit=MEMORY)
    with tempfile.TemporaryFile() as content, path.open("rb") as packed:
        try:
            piece = b""
            while not unpack.eof and (not unpack.needs_input or (piece := packed.read(_PIECE))):
                content.write(unpack.decompress(piece if unpack.needs_input else b"", _PIECE))
                if content.tell() > LARGEST:
                    raise MemberError(f"is larger than {LARGEST >> 30} GiB when it is unpacked")
        except lzma.LZMAError as error:
            raise MemberError(f"cannot be unpacked ({error})") from error
        if not unpack.eof:
            raise MemberError("ends in the middle: it was cut")
        if unpack.unused_data or packed.read(1):
            raise MemberError("has something behind its end")
        content.seek(0)
        yield content


def _members(content: IO[bytes]) -> Iterator[tarfile.TarInfo]:
    """The members in order; MemberError if data follows the end of the archive, or it is cut."""
    try:
        headers = cast(IO[bytes], _Headers(content))
        with tarfile.open(fileobj=headers, mode="r:", errorlevel=2) as archive:
            while (member := archive.next()) is not None:
                yield member
                archive.members.clear()  # type: ignore[attr-defined]
            end = archive.offset
    except MemberError:
        raise
    except (tarfile.TarError, zlib.error, ValueError, OverflowError, EOFError) as error:
        raise MemberError(f"is no whole tar archive ({error})") from error
    content.seek(end)
    rest = 0
    while piece := content.read(_PIECE):
        if piece.strip(b"\0"):
            raise MemberError("has a damaged header, or something behind its end")
        rest += len(piece)
    if rest < 2 * tarfile.BLOCKSIZE:
        raise MemberError("ends in the middle: it was cut")


class _Headers:
    """The stream from which `tarfile` reads headers; none may be longer than a piece."""

    def __init__(self, content: IO[bytes]) -> None:
        self._content = content
        self.seek, self.tell = content.seek, content.tell

    def read(self, size: int) -> bytes:
        """Read `size` bytes; MemberError for more than a piece."""
        if not 0 <= size <= _PIECE:
            raise MemberError(f"has a header of {size} bytes")
        return self._content.read(size)


def _record_of(member: tarfile.TarInfo, scenario: str, before: set[str]) -> str:
    """The folder of the record that a member belongs to."""
    name = member.name
    shown = ascii(name)[1:-1][:120]
    if member.type not in (tarfile.REGTYPE, tarfile.AREGTYPE) or member.issparse():
        raise MemberError(f"{shown} is no plain file (a link, a folder or a device)")
    match = _RECORD.match(name)
    parts = name.split("/")
    if match is None or not all(_PART.fullmatch(p) and p not in (".", "..") for p in parts):
        raise MemberError(f"{shown} lies outside of the records")
    try:
        name.encode()
    except UnicodeEncodeError as error:
        raise MemberError(f"{shown} has a name that is no UTF-8") from error
    if match["trial"].split("-", 1)[0] != scenario:
        raise MemberError(f"{shown} is of another scenario")
    if member.size < 0:
        raise MemberError(f"{shown} has a size below nothing")
    if name in before:
        raise MemberError(f"{shown} is there twice")
    return match["record"]


def _extract(content: IO[bytes], member: tarfile.TarInfo, into: Path) -> None:
    target = into / member.name
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("xb") as out:
            content.seek(member.offset_data)
            left = member.size
            while left:
                piece = content.read(min(left, _PIECE))
                if not piece:
                    raise MemberError(f"{member.name} ends in the middle: the archive was cut")
                out.write(piece)
                left -= len(piece)
    except (FileExistsError, NotADirectoryError) as error:
        raise MemberError(f"{member.name} is there twice, or as a file and a folder") from error
