# SPDX-License-Identifier: Apache-2.0
"""The crate's entities, collected with the `rocrate` library and written in a fixed order."""

from __future__ import annotations

import hashlib
import json
import mimetypes
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from rocrate.model import ContextEntity, Dataset, File
from rocrate.rocrate import ROCrate

NAME = "ro-crate-metadata.json"
ROOT = "./"

VERSION = "1.1"
"""Version of RO-Crate that the run profiles 0.5 extend."""

TERMS = "https://w3id.org/ro/terms/workflow-run/context"
"""JSON-LD context of the terms that the run profiles add."""

BUILD_INSTRUCTIONS = "https://codemeta.github.io/terms/buildInstructions"

Reference = dict[str, str]

_TYPES = {
    ".csv": "text/csv",
    ".ipynb": "application/x-ipynb+json",
    ".json": "application/json",
    ".jsonl": "application/jsonl",
    ".parquet": "application/vnd.apache.parquet",
    ".py": "text/x-python",
    ".smk": "text/plain",
    ".typ": "text/plain",
    ".bib": "text/plain",
    ".cff": "application/yaml",
    ".yaml": "application/yaml",
    ".xz": "application/x-xz",
}


def ref(identifier: str) -> Reference:
    """Return a reference to an entity."""
    return {"@id": identifier}


def refs(identifiers: Iterable[str]) -> list[Reference]:
    """Return references to entities, each once, in the order given."""
    return [ref(identifier) for identifier in dict.fromkeys(identifiers)]


class Graph:
    """A crate under construction.

    Properties without a value (None, empty text or list) are left out.
    """

    def __init__(self) -> None:
        self.crate = ROCrate(version=VERSION)
        self.crate.metadata.extra_contexts.append(TERMS)
        self.crate.metadata.extra_terms["buildInstructions"] = BUILD_INSTRUCTIONS

    def entity(self, identifier: str, kind: str | Sequence[str], /, **properties: Any) -> Reference:
        """Add an entity that is no file; its identifier is a URI or starts with `#`."""
        given = {"@type": kind if isinstance(kind, str) else list(kind), **_present(properties)}
        self.crate.add(ContextEntity(self.crate, identifier, properties=given))
        return ref(identifier)

    def file(self, identifier: str, content: Path | None = None, /, **properties: Any) -> None:
        """Add a file; with `content`, also its size and checksum."""
        kind = properties.pop("kind", "File")
        facts: dict[str, Any] = {"name": identifier.rpartition("/")[2]}
        facts["encodingFormat"] = media_type(identifier)
        if content is not None:
            data = content.read_bytes()
            facts["contentSize"] = str(len(data))
            facts["sha256"] = hashlib.sha256(data).hexdigest()
        given = {"@type": kind, **_present({**facts, **properties})}
        self.crate.add(File(self.crate, dest_path=identifier, properties=given))

    def folder(self, identifier: str, /, **properties: Any) -> None:
        """Add a folder; its identifier ends with a slash."""
        given = {"@type": "Dataset", **_present({"name": identifier, **properties})}
        self.crate.add(Dataset(self.crate, dest_path=identifier, properties=given))

    def extend(self, identifier: str, /, **properties: Any) -> None:
        """Add properties to an existing entity, or to the crate (`ROOT`) or this file (`NAME`)."""
        entity = self.crate.get(identifier)
        for name, value in _present(properties).items() if entity is not None else ():
            entity[name] = value

    def to_bytes(self) -> bytes:
        """Return the metadata file: the crate's two own entities first, then by identifier.

        Each entity is one line: small with ten thousand trials, and easy to compare.
        """
        content = self.crate.metadata.generate()
        first = (NAME, ROOT)
        content["@graph"].sort(
            key=lambda e: (first.index(e["@id"]) if e["@id"] in first else len(first), e["@id"])
        )
        lines = ",\n".join(_line(_tidy(entity)) for entity in content["@graph"])
        return f'{{"@context":{_line(content["@context"])},"@graph":[\n{lines}\n]}}\n'.encode()


def media_type(name: str) -> str:
    """Return the media type of a file by its name."""
    suffix = Path(name).suffix
    return _TYPES.get(suffix) or mimetypes.guess_type(name)[0] or "text/plain"


def _present(properties: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in properties.items() if value not in (None, "", [])}


def _line(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def _tidy(entity: dict[str, Any]) -> dict[str, Any]:
    """Replace a list of one by its item, and sort the crate's parts."""
    tidy = {}
    for name, value in entity.items():
        if name in ("hasPart", "mentions") and isinstance(value, list):
            value = sorted(value, key=lambda reference: str(reference["@id"]))
        tidy[name] = value[0] if isinstance(value, list) and len(value) == 1 else value
    return tidy
