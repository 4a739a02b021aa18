# SPDX-License-Identifier: Apache-2.0
"""JSON schemas of the configuration files, generated from the models that check them.

Editors read them (the `yaml-language-server` line on top of each file); the program itself checks
with the models. `nsm-resilience schema --check` and a test tell when they have drifted apart.
"""

from __future__ import annotations

import json
from pathlib import Path

from pydantic import BaseModel

from nsm_resilience.record.files import write_bytes
from nsm_resilience.study.models import Study
from nsm_resilience.testbed.config import TestbedFile
from nsm_resilience.workflow import Settings

SCHEMAS: dict[str, type[BaseModel]] = {
    "config": Settings,
    "study": Study,
    "testbed": TestbedFile,
}
"""Model of each kind of file, by the name of its schema."""


def schema_text(name: str) -> str:
    """The schema as it is written: JSON, two spaces, a newline at the end."""
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **SCHEMAS[name].model_json_schema(),
    }
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def schema_path(folder: Path, name: str) -> Path:
    """Where the schema of this name lives."""
    return folder / f"{name}.schema.json"


def write_schemas(folder: Path) -> list[Path]:
    """Write all schemas; returns the files."""
    paths = [schema_path(folder, name) for name in SCHEMAS]
    for name, path in zip(SCHEMAS, paths, strict=True):
        write_bytes(path, schema_text(name).encode())
    return paths


def drifted_schemas(folder: Path) -> list[Path]:
    """The files that are missing or are not what the models say."""
    drifted = []
    for name in SCHEMAS:
        path = schema_path(folder, name)
        if not path.exists() or path.read_text(encoding="utf-8") != schema_text(name):
            drifted.append(path)
    return drifted
