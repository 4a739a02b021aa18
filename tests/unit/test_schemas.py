# SPDX-License-Identifier: Apache-2.0
import json
from pathlib import Path

import pytest
import yaml

from nsm_resilience.schemas import SCHEMAS, drifted, schema_text

ROOT = Path(__file__).parents[2]
FILES = sorted((ROOT / "config").glob("*.yaml"))


def kind_of(path: Path) -> str:
    if path.name.startswith("testbed-"):
        return "testbed"
    return "study" if "scenarios:" in path.read_text(encoding="utf-8") else "config"


def test_the_committed_schemas_and_rules_are_what_the_models_say() -> None:
    assert drifted(ROOT) == {}, "write them with `nsm-resilience schema`"


def test_a_schema_that_drifted_is_found(tmp_path: Path) -> None:
    for path, text in drifted(tmp_path).items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text, encoding="utf-8")
    assert drifted(tmp_path) == {}
    folder = tmp_path / "workflow" / "schemas"
    (folder / "study.schema.json").write_text("{}")
    (folder / "config.schema.json").unlink()
    assert [path.name for path in drifted(tmp_path)] == ["config.schema.json", "study.schema.json"]


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
