# SPDX-License-Identifier: Apache-2.0
"""Write files so that a crash never leaves half of one, and read one that may be half."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from nsm_resilience.strict_json import SURROGATE


@contextmanager
def new_file(path: Path) -> Iterator[BinaryIO]:
    """A file to write piece by piece; it is at `path` when the block ends well, and not before."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def write_bytes(path: Path, content: bytes) -> None:
    """Write `content` under a temporary name in the same folder, then move it to `path`."""
    with new_file(path) as stream:
        stream.write(content)


def write_json(path: Path, data: Any) -> None:
    """Write JSON for people and programs alike: sorted only where the caller sorted, UTF-8."""
    text = json.dumps(data, ensure_ascii=False, indent=1)
    write_bytes(path, (well_formed(text) + "\n").encode())


def well_formed(text: str) -> str:
    """The text without lone surrogates, which UTF-8 cannot hold: U+FFFD stands in their places.

    They come from names that are no UTF-8. The agent writes none; whoever else does must not cost
    the record.
    """
    return SURROGATE.sub("\N{REPLACEMENT CHARACTER}", text)


def object_or_empty(path: Path) -> dict[str, Any]:
    """Read a JSON object; a file that is not there or not whole (a cut record) is an empty one."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def object_in(data: Mapping[str, Any], key: str) -> dict[str, Any]:
    """The object under a key of one; an empty one where there is none, or something else."""
    found = data.get(key)
    return found if isinstance(found, dict) else {}


def objects_in(data: Mapping[str, Any], key: str) -> list[dict[str, Any]]:
    """The objects of the list under a key of one; none where there is something else."""
    found = data.get(key)
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []
