# SPDX-License-Identifier: Apache-2.0
"""The commands before a live run: can it work, what will be run, how a study is written."""

from __future__ import annotations

from typing import Annotated

import typer

from nsm_resilience.cli.options import (
    BEFORE,
    DEFAULT_STUDY,
    DEFAULT_TESTBED,
    Json,
    Study,
    Testbed,
    say,
    say_json,
)

app = typer.Typer()


@app.command(rich_help_panel=BEFORE)
def doctor(
    study: Study = DEFAULT_STUDY, testbed: Testbed = DEFAULT_TESTBED, as_json: Json = False
) -> None:
    """Say what a live run needs and this machine lacks, and how long the campaign will take.

    The exit code is 1 when something is missing.
    """
    from dataclasses import asdict

    from nsm_resilience.report.paper import check_texts
    from nsm_resilience.study.load import load_study
    from nsm_resilience.testbed.config import load_testbed
    from nsm_resilience.testbed.doctor import estimate, examine

    config, planned = load_testbed(testbed), load_study(study)
    check_texts(planned, study)
    missing = 0
    for finding in examine(config, planned):
        missing += finding.level == "missing"
        if as_json:
            say_json(asdict(finding))
            continue
        say(f"{finding.level:8} {finding.what}: {finding.found}")
        if finding.level != "ok" and finding.remedy:
            say(f"{'':8} → {finding.remedy}")
    lanes = len(config.worker_pairs()) or 1  # none is named yet where `doctor` proposes some
    duration = estimate(planned, lanes)
    if as_json:
        say_json({"what": "duration", **asdict(duration)})
    else:
        say(
            f"{duration.trials} trials on {duration.lanes} lane(s): "
            f"{duration.least_s / 60:.0f} to {duration.most_s / 60:.0f} minutes"
        )
    if missing:
        raise typer.Exit(1)


@app.command(rich_help_panel=BEFORE)
def schedule(
    study: Study = DEFAULT_STUDY,
    testbed: Testbed = DEFAULT_TESTBED,
    injections: Annotated[
        bool,
        typer.Option(
            "--injections", help="Also every fault: target, node, method, delay, what is undone."
        ),
    ] = False,
    as_json: Json = False,
) -> None:
    """Print the trials of a study in the order in which they are run. Touches no cluster."""
    if injections and as_json:
        raise typer.BadParameter(
            "--injections is for people; leave out one of the two", param_hint="--json"
        )
    from nsm_resilience.study.load import load_study
    from nsm_resilience.study.schedule import make_schedule

    if injections:
        from nsm_resilience.faults.preview import preview
        from nsm_resilience.testbed.config import load_testbed

        for line in preview(load_study(study), load_testbed(testbed).worker_pairs()):
            say(line)
        return
    for scheduled in make_schedule(load_study(study)):
        if as_json:
            factors = scheduled.cell.factors.levels()
            say_json(
                {
                    "order": scheduled.order,
                    "block": scheduled.block,
                    "turn": scheduled.turn,
                    "alone": scheduled.alone,
                    "trial": scheduled.trial,
                    "scenario": scheduled.cell.scenario,
                    **factors,
                }
            )
            continue
        alone = "  alone" if scheduled.alone else ""
        say(f"{scheduled.order:4}  block {scheduled.block:2}  {scheduled.trial}{alone}")


@app.command(rich_help_panel=BEFORE)
def pairs(
    minutes: Annotated[
        float,
        typer.Option("--minutes", metavar="N", min=1, max=1e6, help="The budget, on all lanes."),
    ],
    lanes: Annotated[int, typer.Option("--lanes", metavar="N", min=1, help="Side by side.")] = 1,
    plane: Annotated[
        str,
        typer.Option(
            "--plane", metavar="PLANE", help="The forwarding plane; by default the usual."
        ),
    ] = "",
    trials: Annotated[
        int, typer.Option("--trials", metavar="N", min=1, max=99, help="Trials of each pair.")
    ] = 1,
    seed: Annotated[
        int, typer.Option("--seed", metavar="N", min=0, max=2**53 - 1, help="Of the choice.")
    ] = 1,
    study: Study = DEFAULT_STUDY,
) -> None:
    """Print a study of failures in pairs that fits a budget, with windows and system of STUDY."""
    from nsm_resilience.faults.pairs import select, study_of, system_under_test
    from nsm_resilience.study.load import load_study

    base = load_study(study)
    plane = plane or next(iter(system_under_test(base).planes))
    chosen = select(base, plane, minutes, lanes, trials, seed)
    typer.echo(study_of(chosen, base, plane, seed), nl=False)


@app.command(rich_help_panel=BEFORE)
def schema(
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing; fail when a schema is out of date.")
    ] = False,
) -> None:
    """Write the JSON schemas of the configuration files from the models that check them.

    The rules of the judge in config/README.md are written with them, from judge/rulebook.md. Before
    that, the facts about each system under test are checked for consistency.
    """
    from nsm_resilience.record.files import write_bytes
    from nsm_resilience.schemas import drifted
    from nsm_resilience.systems.consistency import problems_of_all
    from nsm_resilience.systems.known import SYSTEMS

    problems = list(problems_of_all(SYSTEMS.values()))
    if not problems:
        for path, text in drifted().items():
            if check:
                problems.append(
                    f"{path} is not what the models say; write it with `nsm-resilience schema`"
                )
            else:
                write_bytes(path, text.encode())
                say(str(path))
    for problem in problems:
        say(problem)
    if problems:
        raise typer.Exit(1)
