# SPDX-License-Identifier: Apache-2.0
"""The shape of `campaign.json`, the description of a campaign, checked once for all its readers.

`nsm-resilience index` writes it (trial/index.py) and the checksums of a recorded campaign cover it.
A file with a wrong value is refused as a whole, with the place, before a table or a page is made of
it. A missing key is no error here: each caller names the keys that it needs. The judge does without
this check: an attempt that is listed wrongly gets the verdict unknown.
"""

from __future__ import annotations

import json
import re
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from nsm_resilience.record.layout import CampaignLayout


def _instant(text: str) -> str:
    if text:
        try:
            datetime.fromisoformat(text)
        except ValueError:
            raise ValueError("should be a time, e.g. 2026-11-28T10:00:00Z") from None
    return text


Instant = Annotated[str, AfterValidator(_instant)]
"""ISO 8601; empty if there was none."""
Objects = list[dict[str, Any]]


class _Strict(BaseModel):
    model_config = ConfigDict(strict=True, extra="allow")


class _Scheduled(_Strict):
    trial: str | None = None


class _Listed(_Strict):
    trial: str
    attempt: int
    path: str | None = None
    outcome: Literal["complete", "void", "cut"] | None = None
    reason: str | None = None
    started: Instant | None = None
    lane: str | None = None

    @model_validator(mode="after")
    def _in_its_place(self) -> _Listed:
        if self.path not in (None, f"records/{self.trial}/{self.attempt}"):
            raise ValueError(f"the record of {self.trial} lies in {self.path}")
        return self


class _Described(_Strict):
    campaign: Annotated[str, Field(min_length=1)] | None = None
    records: list[_Listed]
    source: Literal["recorded", "live", "synthetic"] | None = None
    created: Instant | None = None
    last_started: Instant | None = None
    study: str | None = None
    study_sha256: str | None = None
    seed: int | None = None
    scheduled: list[_Scheduled] | None = None
    clusters: Objects | None = None
    machines: Objects | None = None
    lanes_out_of_use: Objects | None = None
    versions: dict[str, Any] | None = None


class DescriptionError(ValueError):
    """A description is not valid; the text says where and why."""


def description_of(campaign: Path, *needed: str) -> dict[str, Any]:
    """The description of the campaign in a folder.

    Args:
        needed: Keys that the caller needs.

    Raises:
        DescriptionError: It cannot be read, is not valid, or lacks a key; the text names the file
            and what to run.
    """
    path = CampaignLayout(campaign).description
    try:
        found: dict[str, Any] = json.loads(path.read_bytes())
        _Described.model_validate(found)
    except OSError as error:
        raise DescriptionError(
            f"{path}: cannot be read ({error.strerror}). For a recorded campaign run "
            "`nsm-resilience archive unpack`, for a live one `nsm-resilience index` first"
        ) from error
    except (ValueError, RecursionError) as error:
        what = first_mistake(error) if isinstance(error, ValidationError) else str(error)
        what = " ".join(what.split())[:200]
        raise DescriptionError(
            f"{path}: does not describe a campaign: {what}. Restore it; of a live campaign make "
            "it again with `nsm-resilience index`"
        ) from error
    missing = [key for key in needed if found.get(key) is None]
    if missing:
        raise DescriptionError(f"{path}: lacks {', '.join(missing)}")
    return found


def first_mistake(error: ValidationError) -> str:
    """The first mistake that pydantic found in a JSON file, and its place; items count from 1."""
    first = error.errors(include_url=False)[0]
    place = ", ".join(str(p + 1) if isinstance(p, int) else f"`{p}`" for p in first["loc"])
    what = first["msg"].removeprefix("Value error, ").replace("Input should be", "should be")
    what = re.sub(
        r"should be a valid dictionary( or instance of \w+)?", "should be an object", what
    )
    what = "is missing" if first["type"] == "missing" else what
    return f"{place}: {what}" if place else what
