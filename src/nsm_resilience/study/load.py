# SPDX-License-Identifier: Apache-2.0
"""Read a study file, or another file with a model; errors say what to write instead."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from nsm_resilience.study.messages import explain
from nsm_resilience.study.models import Study
from nsm_resilience.study.retired import retired_problems, without_retired
from nsm_resilience.study.yaml_file import Document, NotReadable, read_yaml

T = TypeVar("T", bound=BaseModel)


class ConfigError(ValueError):
    """A configuration file is wrong. `path` is the file, `problems` one line for each mistake."""

    def __init__(self, path: Path, problems: Sequence[str]) -> None:
        self.path = path
        self.problems = tuple(problems)
        super().__init__(f"{path}:\n" + "\n".join(f"  - {p}" for p in self.problems))


def load_study(path: Path) -> Study:
    """Load and validate a study file; ConfigError with every mistake found."""
    document = read_document(path)
    problems = retired_problems(document.data)
    if problems:
        raise ConfigError(path, problems)
    return check_model(path, document, Study)


def load_recorded_study(path: Path) -> Study:
    """Load the study of a campaign that has trials; ConfigError with every mistake found."""
    return recorded_study(path, read_document(path))


def recorded_study(path: Path, document: Document) -> Study:
    """The study in a document that was read from `path`; retired keys are ignored (retired.py)."""
    return check_model(path, replace(document, data=without_retired(document.data)), Study)


def load_model(path: Path, model: type[T]) -> T:
    """Load a YAML file into a pydantic model; ConfigError with every mistake found."""
    return check_model(path, read_document(path), model)


def read_document(path: Path) -> Document:
    """The content of a YAML file, with its lines; ConfigError when it cannot be read."""
    try:
        return read_yaml(path)
    except NotReadable as error:
        raise ConfigError(path, error.problems) from error


def check_model(path: Path, document: Document, model: type[T]) -> T:
    """Validate a document that was read from `path`; ConfigError with every mistake found."""
    if not isinstance(document.data, dict):
        key = next(iter(model.model_fields))
        what = "a list" if isinstance(document.data, tuple) else f"`{document.data}`"
        raise ConfigError(
            path, [f"must hold keys with values, as `{key}: …`; at its top level there is {what}"]
        )
    try:
        return model.model_validate(document.data, strict=True)
    except ValidationError as error:
        found = error.errors(include_url=False)
        # pydantic counts a list without its wrong items, and also reports it as too short
        wrong = {e["loc"][:n] for e in found for n in range(len(e["loc"]))}
        problems = [
            explain(e, model, document)
            for e in found
            if not (e["type"] == "too_short" and e["loc"] in wrong)
        ]
        raise ConfigError(path, list(dict.fromkeys(problems))) from error


def sha256_of(model: BaseModel) -> str:
    """Checksum of a model's content, independent of the layout of its YAML."""
    return checksum(model.model_dump(mode="json"))


def checksum(content: dict[str, Any]) -> str:
    """Checksum of plain data, independent of the order of keys."""
    text = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
