# SPDX-License-Identifier: Apache-2.0
"""What the judge says of constructed records."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from nsm_resilience.judge.campaign import judge_campaign, read_judgements
from nsm_resilience.judge.judgement import Judgement
from nsm_resilience.judge.trial import judge_record
from tests.builders.records import describe, record


def judge(campaign: Path, scenario: str = "S2", **given: Any) -> Judgement:
    """Build a record (`tests.builders.records.build`) and judge it."""
    return judge_record(record(campaign, scenario, **given))


def judged(campaign: Path) -> Judgement:
    """Describe a campaign of one record and judge it, as the command does."""
    describe(campaign)
    judge_campaign(campaign, campaign / "verdicts.jsonl")
    (found,) = read_judgements(campaign / "verdicts.jsonl")
    return found
