# SPDX-License-Identifier: Apache-2.0
"""Cost of a large campaign: time and peak memory of each step from records to the paper.

    python tools/scale.py results/unpacked/kernel-2026-11 100 1000 --work results/scale

multiplies the campaign's records (marked as synthetic), builds everything from them, and prints one
row of a Markdown table per size and step. Results of an earlier call are removed. Peak memory is
that of the largest process of a step.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path


def measure(command: list[str]) -> str:
    """Run a command to its end; return cells of the table with its cost, children included."""
    begin = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} ended with {process.returncode}")
    wall_s, cpu_s = time.monotonic() - begin, usage.ru_utime + usage.ru_stime
    return f"{wall_s:.0f} | {cpu_s:.0f} | {usage.ru_maxrss / 1024:.0f}"


def steps(source: Path, trials: int, work: Path, jobs: int) -> dict[str, list[str]]:
    """The commands of a build, as the workflow calls them, by name."""
    program = [sys.executable, "-m", "nsm_resilience.cli"]
    results = work / "results"
    campaign, tables = results / "live" / f"synthetic-{trials}", results / "tables"
    verdicts, numbers = results / "verdicts", results / "numbers.json"
    found = {
        "synthesize": [*program, "synthesize", str(source), "--trials", str(trials), "--out",
                       str(campaign)],
        "judge": [*program, "judge", str(campaign), "--jobs", str(jobs), "--out",
                  str(verdicts / f"{campaign.name}.jsonl")],
        "tables": [*program, "tables", str(campaign), "--verdicts", str(verdicts), "--out",
                   str(tables)],
        "contrasts": [*program, "contrasts", str(campaign), "--tables", str(tables)],
        "numbers": [*program, "numbers", str(campaign), "--tables", str(tables), "--out",
                    str(numbers)],
    }  # fmt: skip
    for notebook in sorted(Path("notebooks").glob("[!.]*.py")):
        found[f"notebook {notebook.stem}"] = [
            *program, "notebook", str(notebook), "--out",
            str(results / "notebooks" / f"{notebook.stem}.ipynb"),
            "-p", f"tables={tables}", "-p", f"figures={results / 'figures'}",
        ]  # fmt: skip
    found["notebook explore"] += ["-p", "interactive=false"]
    found["paper"] = [
        *program, "paper", "--numbers", str(numbers), "--out", str(results / "report.pdf"),
    ]  # fmt: skip
    found["supplement"] = [
        *program, "paper", "--main", "paper/supplement.typ", "--numbers", str(numbers),
        "--out", str(results / "supplement.pdf"),
    ]  # fmt: skip
    found["site"] = [
        *program, "site", str(campaign), "--tables", str(tables), "--verdicts", str(verdicts),
        "--out", str(results / "site"),
    ]  # fmt: skip
    return found


def main() -> None:
    """Measure every size, one after the other."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("source", type=Path, help="an unpacked campaign")
    parser.add_argument("sizes", type=int, nargs="+", help="numbers of trials")
    parser.add_argument(
        "--work", type=Path, default=Path("results/scale"),
        help="a folder in the project: the typesetter reads nothing outside of it",
    )  # fmt: skip
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    given = parser.parse_args()
    if not given.work.resolve().is_relative_to(Path.cwd()):
        parser.error(f"--work {given.work} lies outside of {Path.cwd()}; give a folder in it")
    print("| trials | step | time, s | processors, s | peak memory, MiB |")
    print("|---|---|---|---|---|")
    for size in given.sizes:
        work = given.work / str(size)
        shutil.rmtree(work, ignore_errors=True)
        for name, command in steps(given.source, size, work, given.jobs).items():
            print(f"| {size} | {name} | {measure(command)} |", flush=True)


if __name__ == "__main__":
    main()
