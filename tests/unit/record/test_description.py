# SPDX-License-Identifier: Apache-2.0
"""A campaign's description that makes no sense is refused with the place, by all who read it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from nsm_resilience.record.description import DescriptionError, description_of

RECORD = {
    "trial": "S1-kernel-monitored-none/01", "attempt": 1, "outcome": "complete", "reason": "",
    "path": "records/S1-kernel-monitored-none/01/1", "started": "2026-11-24T09:21:44.546734Z",
    "lane": "lane-2",
}  # fmt: skip
WHOLE: dict[str, Any] = {
    "campaign": "mine", "source": "recorded", "created": "2026-11-24T09:21:44Z", "seed": 1,
    "records": [RECORD], "clusters": [{"id": "a"}], "machines": [{"cpus": 2}], "versions": None,
    "scheduled": [{"order": 0, "block": 1, "trial": RECORD["trial"]}], "lanes_out_of_use": [],
}  # fmt: skip


ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize(
    "path", sorted((ROOT / "results/recorded").glob("*/campaign.json")), ids=str
)
def test_the_recorded_campaigns_are_described_as_they_should(path: Path) -> None:
    assert description_of(path.parent)["records"]


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("clusters", "x"), ("clusters", [None]), ("machines", [5]), ("machines", "x"),
        ("versions", 5), ("scheduled", [5]), ("scheduled", [{"trial": 5}]), ("created", "x"),
        ("created", 5), ("last_started", 5), ("campaign", 5), ("campaign", ""), ("seed", "1"),
        ("source", "x"), ("campaign", "\ud800"), ("lanes_out_of_use", [5]), ("records", None),
        ("records", [5]),
        ("records", [{**RECORD, "started": "soon"}]), ("records", [{**RECORD, "attempt": "1"}]),
        ("records", [{**RECORD, "outcome": "weird"}]), ("records", [{**RECORD, "lane": 5}]),
        ("records", [{**RECORD, "path": "../x"}]), ("records", [{**RECORD, "trial": None}]),
    ],
)  # fmt: skip
def test_one_that_makes_no_sense_is_refused_with_the_place(
    tmp_path: Path, key: str, value: Any
) -> None:
    (tmp_path / "campaign.json").write_text(json.dumps(WHOLE))
    assert description_of(tmp_path) == WHOLE
    (tmp_path / "campaign.json").write_text(json.dumps({**WHOLE, key: value}))
    with pytest.raises(DescriptionError, match=f"does not describe a campaign: `{key}`"):
        description_of(tmp_path)


@pytest.mark.parametrize("found", [None, [], 5, "x", {}])
def test_what_is_no_description_is_refused(tmp_path: Path, found: object) -> None:
    (tmp_path / "campaign.json").write_text(json.dumps(found))
    with pytest.raises(DescriptionError):
        description_of(tmp_path)
