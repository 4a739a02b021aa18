# SPDX-License-Identifier: Apache-2.0
"""The archive of a scenario: the files of its records as .tar.xz; the same files, the same bytes.

A member must be a plain file below `records/<cell>/<NN>/<attempt>/`, named once and as we write it.
Damage of the archive itself shows by its checksum (checksums.py), before it is read.
"""

from __future__ import annotations

import io
import lzma
import re
import shutil
import tarfile
from collections.abc import Iterable
from pathlib import Path

from nsm_resilience.record.checksums import left_behind

SUFFIX = ".tar.xz"

_MEMBER = re.compile(
    r"(?P<record>records/(?P<trial>[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*/[0-9]{2,})/[1-9][0-9]{0,2})"
    r"(?:/(?!\.{1,2}(?:/|\Z))[^\x00-\x1f\x7f/\\\ud800-\udfff]+)+"
)


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
    try:
        with tarfile.open(path, "r:xz") as archive:
            for member in archive:
                records.add(_record_of(member, scenario, names))
                names.add(member.name)
                if into is not None:
                    _extract(archive, member, into)
    except MemberError:
        raise
    except (tarfile.TarError, lzma.LZMAError, EOFError, ValueError, OverflowError) as error:
        raise MemberError(f"cannot be unpacked ({error})") from error
    return records


def _record_of(member: tarfile.TarInfo, scenario: str, before: set[str]) -> str:
    """The folder of the record that a member belongs to."""
    shown = ascii(member.name)[1:-1][:120]
    if member.type not in (tarfile.REGTYPE, tarfile.AREGTYPE) or member.issparse():
        raise MemberError(f"{shown} is no plain file (a link, a folder or a device)")
    match = _MEMBER.fullmatch(member.name)
    if match is None:
        raise MemberError(f"{shown} lies outside of the records")
    if match["trial"].split("-", 1)[0] != scenario:
        raise MemberError(f"{shown} is of another scenario")
    if member.name in before:
        raise MemberError(f"{shown} is there twice")
    return match["record"]


def _extract(archive: tarfile.TarFile, member: tarfile.TarInfo, into: Path) -> None:
    target = into / member.name
    content = archive.extractfile(member)
    assert content is not None  # it is a plain file
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("xb") as out:
            shutil.copyfileobj(content, out)
    except (FileExistsError, NotADirectoryError) as error:
        raise MemberError(f"{member.name} is there twice, or as a file and a folder") from error
