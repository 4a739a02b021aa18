# SPDX-License-Identifier: Apache-2.0
"""Rule by rule where the time of a build went."""

import base64
import json
from pathlib import Path
from typing import Any

import pandas as pd

from nsm_resilience.report.run_times import write_run_times

CAMPAIGN = Path("results/live/mine")


def note(metadata: Path, output: str, **content: Any) -> None:
    """What Snakemake writes for one output, a long name in folders as it does."""
    name = base64.b64encode(output.encode()).decode()
    parts = [name[at : at + 60] for at in range(0, len(name), 60)]
    path = metadata.joinpath(*(f"@{part}" for part in parts[:-1]), parts[-1])
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content))


def table(folder: Path) -> pd.DataFrame:
    write_run_times(folder / "metadata", CAMPAIGN, folder / "run-times.csv")
    return pd.read_csv(folder / "run-times.csv").set_index("rule")


def test_a_job_with_several_outputs_is_one_job(tmp_path: Path) -> None:
    for name in ("trials", "phases"):
        note(
            tmp_path / "metadata", f"results/tables/{name}.csv",
            rule="tables", shellcmd="tables", starttime=10.0, endtime=14.0,
        )  # fmt: skip
    assert table(tmp_path).loc["tables"].tolist() == [1, 4.0, 4.0, 1.0]


def test_jobs_of_one_rule_are_added_up_and_the_longest_is_named(tmp_path: Path) -> None:
    for number, seconds in enumerate((100, 300)):
        note(
            tmp_path / "metadata", f"{CAMPAIGN}/receipts/S2-kernel-monitored-kill/0{number}.json",
            rule="trial", shellcmd=f"trial {number}", starttime=0, endtime=seconds,
        )  # fmt: skip
    note(
        tmp_path / "metadata", "results/verdicts.jsonl",
        rule="judge", shellcmd="judge", starttime=0, endtime=100,
    )  # fmt: skip
    found = table(tmp_path)
    assert list(found.index) == ["trial", "judge"]
    assert found.loc["trial"].tolist() == [2, 400.0, 300.0, 0.8]


def test_other_campaigns_and_unfinished_jobs_do_not_count(tmp_path: Path) -> None:
    done: dict[str, Any] = {"rule": "trial", "shellcmd": "x", "starttime": 0, "endtime": 1}
    note(tmp_path / "metadata", "results/live/another/receipts/c/01.json", **done)
    note(tmp_path / "metadata", "results/x", **{**done, "endtime": None})
    (tmp_path / "metadata" / "no base64!").write_text("{}")
    assert table(tmp_path).empty


def test_without_a_build_the_table_is_empty(tmp_path: Path) -> None:
    assert table(tmp_path).empty
