# SPDX-License-Identifier: Apache-2.0
import json
from pathlib import Path

import pytest
import yaml

from nsm_resilience.schemas import SCHEMAS, drifted_schemas, schema_path, schema_text, write_schemas

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "workflow" / "schemas"
FILES = sorted((ROOT / "config").glob("*.yaml"))


def kind_of(path: Path) -> str:
    if path.name.startswith("testbed-"):
        return "testbed"
    return "study" if "scenarios:" in path.read_text(encoding="utf-8") else "config"


def test_the_committed_schemas_are_what_the_models_say() -> None:
    assert drifted_schemas(FOLDER) == [], "write them with `nsm-resilience schema`"


def test_a_schema_that_drifted_is_found(tmp_path: Path) -> None:
    write_schemas(tmp_path)
    assert drifted_schemas(tmp_path) == []
    schema_path(tmp_path, "study").write_text("{}")
    schema_path(tmp_path, "config").unlink()
    assert drifted_schemas(tmp_path) == [tmp_path / f"{n}.schema.json" for n in ("config", "study")]


@pytest.mark.parametrize("name", SCHEMAS)
def test_no_object_of_a_schema_takes_unknown_keys(name: str) -> None:
    schema = json.loads(schema_text(name))
    objects = [schema, *schema.get("$defs", {}).values()]
    open_ones = [o.get("title") for o in objects if o.get("type") == "object"]
    closed = [o.get("title") for o in objects if o.get("additionalProperties") is False]
    assert open_ones == closed


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_every_configuration_file_fits_the_schema_that_it_names(path: Path) -> None:
    import jsonschema

    schema = json.loads(schema_text(kind_of(path)))
    data = yaml.safe_load(path.read_text(encoding="utf-8"))
    if kind_of(path) == "config":
        data = {"campaigns": ["kernel"], **data}
    jsonschema.validate(data, schema)


def test_every_key_is_documented() -> None:
    text = (ROOT / "config" / "README.md").read_text(encoding="utf-8")
    keys = set()
    for name in SCHEMAS:
        schema = json.loads(schema_text(name))
        for definition in (schema, *schema.get("$defs", {}).values()):
            keys |= set(definition.get("properties", {}))
    assert [key for key in sorted(keys) if f"`{key}" not in text] == []
