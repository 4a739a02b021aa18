# SPDX-License-Identifier: Apache-2.0
"""Write files so that a crash never leaves half of one; read files that may be cut."""

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
    """A file to write piece by piece; it appears at `path` only when the block ends well."""
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
    """Write indented JSON in UTF-8; keys stay in the caller's order."""
    text = json.dumps(data, ensure_ascii=False, indent=1)
    write_bytes(path, (well_formed(text) + "\n").encode())


def well_formed(text: str) -> str:
    """Replace lone surrogates, which UTF-8 cannot hold, by U+FFFD.

    They come from names that are not UTF-8. The agent writes none; one from elsewhere must not cost
    the record.
    """
    return SURROGATE.sub("\N{REPLACEMENT CHARACTER}", text)


def object_or_empty(path: Path) -> dict[str, Any]:
    """Read a JSON object; empty if the file is missing or not whole (a cut record)."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def object_in(data: Mapping[str, Any], key: str) -> dict[str, Any]:
    """The object under a key; empty if there is none, or something else."""
    found = data.get(key)
    return found if isinstance(found, dict) else {}


def objects_in(data: Mapping[str, Any], key: str) -> list[dict[str, Any]]:
    """The objects in the list under a key; empty if it is no list."""
    found = data.get(key)
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []
