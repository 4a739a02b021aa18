# SPDX-License-Identifier: Apache-2.0
"""A judgement is what tables can hold: of the types declared, finite, of 64 bits, whole text."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

from pydantic import TypeAdapter, ValidationError

from nsm_resilience.judge.judgement import Judgement
from nsm_resilience.strict_json import parse_json


def check_sound(judgement: Judgement) -> None:
    """ValueError when a record has brought something into its judgement that is none of it."""
    line = json.dumps(judgement.to_dict(), ensure_ascii=True, allow_nan=False)
    parse_json(line)  # integers of 64 bits, no half characters
    try:
        _adapter().validate_json(line, strict=True)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise ValueError(f"{where}: {first['msg']}") from error


@cache
def _adapter() -> TypeAdapter[Any]:
    return TypeAdapter(Judgement)
