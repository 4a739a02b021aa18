# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from pathlib import Path

from nsm_resilience.analysis.comparison import Comparison
from nsm_resilience.tables.build import write_table
from nsm_resilience.tables.comparison import COMPARISON, ENVIRONMENT, TIMES


def write_comparison(comparison: Comparison, out_dir: Path) -> list[Path]:
    """Write the three tables as CSV and Parquet; the same comparison gives the same bytes."""
    return [
        *write_table(COMPARISON, comparison.verdicts, out_dir),
        *write_table(TIMES, comparison.times, out_dir),
        *write_table(ENVIRONMENT, comparison.environment, out_dir),
    ]
