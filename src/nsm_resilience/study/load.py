# SPDX-License-Identifier: Apache-2.0
"""Read a study file, with errors that say what to write instead."""

from __future__ import annotations

import difflib
import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from nsm_resilience.study.models import Study
from nsm_resilience.study.retired import former_content, retired_problems, without_retired

T = TypeVar("T", bound=BaseModel)


class ConfigError(ValueError):
    """A configuration file is wrong. `path` is the file, `problems` one line for each mistake."""

    def __init__(self, path: Path, problems: Sequence[str]) -> None:
        self.path = path
        self.problems = tuple(problems)
        super().__init__(f"{path}:\n" + "\n".join(f"  - {p}" for p in self.problems))


def load_study(path: Path) -> Study:
    """Load and validate a study file; ConfigError with every mistake found."""
    data = read_yaml(path)
    problems = retired_problems(data)
    if problems:
        raise ConfigError(path, problems)
    return check_model(path, data, Study)


def load_recorded_study(path: Path) -> Study:
    """Load the study of a campaign that has trials; ConfigError with every mistake found.

    It may hold keys that studies no longer have; they are not used (retired.py).
    """
    return check_model(path, without_retired(read_yaml(path)), Study)


def recorded_checksums(path: Path) -> frozenset[str]:
    """Checksums by which a campaign may name its study: today's, and that of former versions."""
    data = read_yaml(path)
    content = check_model(path, without_retired(data), Study).model_dump(mode="json")
    return frozenset({_checksum(content), _checksum(former_content(content, data))})


def load_model(path: Path, model: type[T]) -> T:
    """Load a YAML file into a pydantic model; ConfigError with every mistake found."""
    return check_model(path, read_yaml(path), model)


def read_yaml(path: Path) -> object:
    """What a YAML file holds; ConfigError when it cannot be read."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigError(path, [f"cannot be read: {error.strerror}"]) from error
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ConfigError(path, [f"is not YAML: {error}"]) from error


def check_model(path: Path, data: object, model: type[T]) -> T:
    """Validate what was read from `path` against a model; ConfigError with every mistake found."""
    if not isinstance(data, dict):
        raise ConfigError(path, ["must be a mapping of keys to values at its top level"])
    try:
        return model.model_validate(data)
    except ValidationError as error:
        raise ConfigError(path, [_explain(e, model) for e in error.errors()]) from error


def _explain(error: Any, model: type[BaseModel]) -> str:
    where = ".".join(str(part) for part in error["loc"]) or "the file"
    if error["type"] == "extra_forbidden":
        wrong = str(error["loc"][-1])
        known = _known_keys(model, error["loc"][:-1])
        near = difflib.get_close_matches(wrong, known, n=1, cutoff=0.5)
        hint = f"did you mean `{near[0]}:`?" if near else f"known keys: {', '.join(known)}"
        return f"{where}: `{wrong}` is no key here; {hint}"
    if error["type"] == "missing":
        return f"{where}: is missing; write `{error['loc'][-1]}: …`"
    message = str(error["msg"]).removeprefix("Value error, ")
    given = error.get("input")
    shown = "" if isinstance(given, dict | list | BaseModel) else f" (you wrote `{given}`)"
    return f"{where}: {message}{shown}"


def _known_keys(model: type[BaseModel], location: Sequence[int | str]) -> list[str]:
    """Keys of the object at `location`, followed through the model's JSON schema."""
    schema = model.model_json_schema()
    node: dict[str, Any] = schema
    for part in location:
        node = _resolve(schema, node)
        if isinstance(part, int):
            node = node.get("items", {})
        elif "discriminator" in node:  # one of several models, told by the value of one key
            node = {"$ref": node["discriminator"]["mapping"][part]}
        else:
            node = node.get("properties", {}).get(part, {})
    return sorted(_resolve(schema, node).get("properties", {}))


def _resolve(schema: dict[str, Any], node: dict[str, Any]) -> dict[str, Any]:
    while "$ref" in node:
        node = schema["$defs"][node["$ref"].rsplit("/", 1)[1]]
    return node


def sha256_of(model: BaseModel) -> str:
    """Checksum of a model's content, independent of how its YAML was laid out."""
    return _checksum(model.model_dump(mode="json"))


def _checksum(content: dict[str, Any]) -> str:
    text = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
