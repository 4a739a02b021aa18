# SPDX-License-Identifier: Apache-2.0
"""Rule by rule how long a build took, out of what Snakemake wrote down of each of its jobs.

Snakemake keeps one file for each output, whose name is the output's path in base64 and whose
content names the rule, the command and the job's begin and end (snakemake/persistence.py). These
times are those of one build on one machine: they stand beside the results and in the HTML report,
never in the paper.
"""

from __future__ import annotations

import base64
import binascii
import csv
import io
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from nsm_resilience.record.files import write_bytes

COLUMNS = ("rule", "jobs", "seconds", "longest_s", "share")


@dataclass(frozen=True)
class Job:
    """One job: its rule, its command (which tells jobs of a rule apart), begin and end, seconds."""

    rule: str
    command: str
    begin_s: float
    end_s: float


def write_run_times(metadata: Path, campaign_folder: Path, out_csv: Path) -> int:
    """Write one row per rule, the longest first; returns how many jobs were counted.

    Args:
        metadata: Snakemake's `.snakemake/metadata`; without it the table is empty.
        campaign_folder: of the other campaigns' folders nothing is counted.
        out_csv: the table: rule, number of jobs, their seconds together, the longest one's, and the
            share of all jobs' seconds.
    """
    jobs = {(job.rule, job.command): job for job in jobs_of(metadata, campaign_folder)}
    total = sum(job.end_s - job.begin_s for job in jobs.values())
    times: dict[str, list[float]] = {}
    for job in jobs.values():
        times.setdefault(job.rule, []).append(job.end_s - job.begin_s)
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(COLUMNS)
    for rule, own in sorted(times.items(), key=lambda item: (-sum(item[1]), item[0])):
        share = sum(own) / total if total else 0.0
        rows.writerow([rule, len(own), f"{sum(own):.1f}", f"{max(own):.1f}", f"{share:.3f}"])
    write_bytes(out_csv, text.getvalue().encode())
    return len(jobs)


def jobs_of(metadata: Path, campaign_folder: Path) -> Iterator[Job]:
    """The job behind each output that belongs to this build; several outputs name one job."""
    campaign = PurePosixPath(campaign_folder.as_posix())
    for file in sorted(metadata.rglob("*")) if metadata.is_dir() else ():
        output = _output_of(file.relative_to(metadata).parts)
        if not file.is_file() or output is None or not _belongs(output, campaign):
            continue
        try:
            found = json.loads(file.read_text(encoding="utf-8"))
            begin, end = float(found["starttime"]), float(found["endtime"])
        except (OSError, ValueError, KeyError, TypeError):
            continue  # a job that has not ended
        yield Job(str(found["rule"]), str(found.get("shellcmd")), begin, end)


def _belongs(output: PurePosixPath, campaign: PurePosixPath) -> bool:
    """Whether an output is of the campaign's folder, or of no campaign's folder."""
    folders = {PurePosixPath("results/live"), PurePosixPath("results/unpacked")}
    return output.is_relative_to(campaign) or not folders & set(output.parents)


def _output_of(parts: Iterable[str]) -> PurePosixPath | None:
    """The output's path; long names are cut into folders that begin with `@`."""
    name = "".join(part.removeprefix("@") for part in parts)
    try:
        return PurePosixPath(base64.b64decode(name, validate=True).decode())
    except (binascii.Error, ValueError):
        return None
