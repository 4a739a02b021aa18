# SPDX-License-Identifier: Apache-2.0
"""The judge: a record in, a verdict with its evidence out. Pure: reads records and nothing else.

The runner never judges and the judge never writes a record, so that every verdict can be made anew
from what was recorded. Import `nsm_resilience.judge.campaign` for whole campaigns.
"""

from nsm_resilience.judge.evidence import Evidence
from nsm_resilience.judge.judgement import Judgement, Measures
from nsm_resilience.judge.trial import judge_record

__all__ = ["Evidence", "Judgement", "Measures", "judge_record"]
