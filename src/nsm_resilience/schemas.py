# SPDX-License-Identifier: Apache-2.0
"""Files generated from the models and the judge's rules: schemas, and a section of a document.

Editors read the JSON schemas (the `yaml-language-server` line on top of each file of settings);
the program itself checks with the models. `nsm-resilience schema --check` and a test fail when they
have drifted apart.
"""

from __future__ import annotations

import json
from pathlib import Path

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema

from nsm_resilience.judge.rules_section import with_section
from nsm_resilience.study.models import Study
from nsm_resilience.testbed.config import TestbedFile
from nsm_resilience.workflow import Settings

SCHEMAS: dict[str, type[BaseModel]] = {
    "config": Settings,
    "study": Study,
    "testbed": TestbedFile,
}
"""Model of each kind of file, by the name of its schema."""
RULES = Path("config/README.md")
"""The document with the rules of the judge."""


class _WithoutTitlesOfKeys(GenerateJsonSchema):
    """A key's title would repeat the key, in capitals."""

    def field_title_should_be_set(self, schema: object) -> bool:
        return False


def schema_text(name: str) -> str:
    """The content of a schema's file: JSON, two spaces, a newline at the end."""
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **SCHEMAS[name].model_json_schema(schema_generator=_WithoutTitlesOfKeys),
    }
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def drifted(root: Path = Path()) -> dict[Path, str]:
    """Files of a checkout that are missing or out of date, with their right content."""
    wanted = {Path(f"workflow/schemas/{name}.schema.json"): schema_text(name) for name in SCHEMAS}
    if (root / RULES).exists():
        wanted[RULES] = with_section((root / RULES).read_text(encoding="utf-8"))
    return {
        path: text
        for path, text in wanted.items()
        if not (root / path).exists() or (root / path).read_text(encoding="utf-8") != text
    }
