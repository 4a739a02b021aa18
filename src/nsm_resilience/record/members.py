# SPDX-License-Identifier: Apache-2.0
"""The archive of a scenario: files of records in a tar of xz, written the same from the same files.

Reading trusts nothing: a member is a plain file below `records/<cell>/<NN>/<attempt>/`, named once
and as it is written by us, and nothing follows the archive's end. What is behind the end of a tar,
or after a header that was damaged, would otherwise be passed over in silence.
"""

from __future__ import annotations

import io
import lzma
import re
import tarfile
import tempfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from nsm_resilience.record.checksums import left_behind

SUFFIX = ".tar.xz"

_PIECE = 1 << 20
_RECORD = re.compile(
    r"(?P<record>records/(?P<trial>[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*/[0-9]{2,})/[1-9][0-9]{0,2})/"
)
_PART = re.compile(r"[^\x00-\x1f\x7f/\\:]+")
"""A part of a path that means the same everywhere: no control characters, no other separators."""


class MemberError(ValueError):
    """An archive is damaged, or holds what no archive of ours does; says what and where."""


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
    """Check every member of an archive; returns the folders of the records that have files in it.

    Args:
        scenario: Whose trials it holds (`S2`).
        into: Where the members are written to; None to look at them only. What was written before
            an error stays there.

    Raises:
        MemberError: With the first thing that is wrong.
    """
    records: set[str] = set()
    names: set[str] = set()
    with _plain(path) as content:
        for member in _members(content):
            record = _record_of(member, scenario, names)
            names.add(member.name)
            records.add(record)
            if into is not None:
                _extract(content, member, into)
    folders = {str(parent) for name in names for parent in Path(name).parents}
    both = sorted(names & folders)
    if both:
        raise MemberError(f"{both[0]} is a file and a folder")
    return records


@contextmanager
def _plain(path: Path) -> Iterator[IO[bytes]]:
    """The tar inside: one whole stream of xz, and nothing after it."""
    unpack = lzma.LZMADecompressor(format=lzma.FORMAT_XZ)
    with tempfile.TemporaryFile() as content, path.open("rb") as packed:
        try:
            while not unpack.eof and (piece := packed.read(_PIECE)):
                content.write(unpack.decompress(piece))
        except lzma.LZMAError as error:
            raise MemberError(f"cannot be unpacked ({error})") from error
        if not unpack.eof:
            raise MemberError("ends in the middle: it was cut")
        if unpack.unused_data or packed.read(1):
            raise MemberError("has something behind its end")
        content.seek(0)
        yield content


def _members(content: IO[bytes]) -> Iterator[tarfile.TarInfo]:
    """Members in their order; MemberError unless the archive ends where nothing more is."""
    try:
        with tarfile.open(fileobj=content, mode="r:", errorlevel=2) as archive:
            while (member := archive.next()) is not None:
                yield member
                archive.members.clear()  # type: ignore[attr-defined]
            end = archive.offset
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
