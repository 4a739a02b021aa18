# SPDX-License-Identifier: Apache-2.0
"""The retrospective half: the trials, the runs of the steps, and the run of the workflow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from nsm_resilience import __version__
from nsm_resilience.provenance.crate.attempts import Run
from nsm_resilience.provenance.crate.graph import Graph, Reference, ref, refs
from nsm_resilience.provenance.crate.plan import add_package, input_id, output_id, step_id, tool_id
from nsm_resilience.provenance.crate.steps import TRIAL, Step, Workflow, crate_path
from nsm_resilience.record.snapshots import Image

COMPLETED = "http://schema.org/CompletedActionStatus"
FAILED = "http://schema.org/FailedActionStatus"

OPERATOR = "#operator"
RUN = "#run"
ENGINE = "#engine"

DOCKER_IMAGE = "https://w3id.org/ro/terms/workflow-run#DockerImage"

_USAGE = (
    # name, property of the quantity, unit
    ("processors", "https://schema.org/processorRequirements", None),
    ("memory", "https://schema.org/memoryRequirements", "https://qudt.org/vocab/unit/GibiBYTE"),
    ("storage", "https://schema.org/storageRequirements", "https://qudt.org/vocab/unit/BYTE"),
)


def add_trials(graph: Graph, trial: Step, runs: Sequence[Run], verdicts: Mapping[str, str]) -> None:
    """Add every attempt of every trial: its run, its record, the images that it ran.

    `verdicts` are verdict and reason, by the identifier of a run.
    """
    for image in sorted({image for run in runs for image in run.images}):
        _add_image(graph, image)
    for cell, run in {run.cell: run for run in reversed(runs)}.items():
        graph.entity(
            f"#cell/{cell}",
            "PropertyValue",
            name="trial",
            value=cell,
            description=_in_words(run.scenario),
            exampleOfWork=ref(input_id(trial, "trial")),
        )
    for run in runs:
        complete = run.outcome == "complete"
        graph.entity(
            run.id,
            "CreateAction",
            name=f"trial {run.trial} of {run.campaign}, attempt {run.attempt}",
            description=run.command,
            **_times(run.started, run.ended),
            actionStatus=ref(COMPLETED if complete else FAILED),
            error=None if complete else f"{run.outcome}: {run.reason or 'no reason given'}",
            agent=ref(OPERATOR),
            instrument=ref(tool_id(trial, run.version)),
            object=[ref(f"{crate_path(run.folder)}study.yaml"), ref(f"#cell/{run.cell}")],
            result=ref(record_of(run)),
            containerImage=refs(image.id for image in run.images),
        )
        graph.folder(
            record_of(run),
            name=f"record of trial {run.trial} of {run.campaign}, attempt {run.attempt}",
            description=verdicts.get(run.id),
            exampleOfWork=ref(output_id(trial, "record")),
        )


def record_of(run: Run) -> str:
    """Identifier of a run's record."""
    return f"{crate_path(run.folder)}{run.record}/"


def add_step_runs(
    graph: Graph, workflow: Workflow, runs: Sequence[Run], there: set[str]
) -> list[str]:
    """Add the run of each step, and its control by the engine; return identifiers of all runs.

    The runs of steps have no times: steps are pure functions of the records, and the same records
    give the same file at any time.

    Args:
        there: identifiers of the files and folders that the crate describes.
    """
    actions = {TRIAL: [run.id for run in runs]}
    for step in workflow.steps:
        made = [crate_path(path) for path in step.output_paths() if crate_path(path) in there]
        if step.name == TRIAL:
            continue
        graph.entity(
            f"#run/{step.name}",
            "CreateAction",
            name=f"run of the step {step.name}",
            description=step.title,
            actionStatus=ref(COMPLETED),
            instrument=ref(tool_id(step, __version__)),
            object=refs(p for p in map(crate_path, step.input_paths()) if p in there),
            result=refs(made),
        )
        actions[step.name] = [f"#run/{step.name}"]
    controls = [
        graph.entity(
            f"#control/{step.name}",
            "ControlAction",
            name=f"Snakemake runs the step {step.name}",
            instrument=ref(step_id(step)),
            object=refs(actions[step.name]),
        )
        for step in workflow.steps
        if actions.get(step.name)
    ]
    engine = add_package(graph, "snakemake", version("snakemake"))
    graph.entity(
        ENGINE,
        "OrganizeAction",
        name="run of Snakemake",
        agent=ref(OPERATOR),
        instrument=engine,
        # the profile ("Engine configuration files") wants the engine's configuration among these;
        # roc-validator 0.13 accepts only steps here
        object=[*refs(map(crate_path, workflow.configuration)), *controls],
        result=ref(RUN),
        **span(runs),
    )
    return [identifier for own in actions.values() for identifier in own]


def add_run(
    graph: Graph,
    workflow: Workflow,
    runs: Sequence[Run],
    inputs: Sequence[Reference],
    outputs: Sequence[Reference],
    used: Mapping[str, object],
) -> None:
    """Add the run of the whole workflow, from the first trial's begin to the last one's end.

    Args:
        inputs: files that it read but did not make.
        outputs: its target files.
        used: `processors`, `memory` (GiB) of the machine, `storage` (bytes) of the records.
    """
    settings = [
        graph.entity(
            f"#setting/{key}",
            "PropertyValue",
            name=key,
            value=value,
            exampleOfWork=ref(f"#workflow/in/{key}"),
        )
        for key, value in workflow.settings.items()
    ]
    usage = [
        graph.entity(
            f"#usage/{name}",
            "PropertyValue",
            name=name,
            value=str(used[name]),
            propertyID=quantity,
            unitCode=unit,
        )
        for name, quantity, unit in _USAGE
        if used.get(name) is not None
    ]
    failed = not any(run.outcome == "complete" for run in runs)
    graph.entity(
        RUN,
        "CreateAction",
        name="run of the workflow",
        description="From the begin of the first trial to the end of the last one; what was made "
        "of their records later is the same at any time and has no time here.",
        agent=ref(OPERATOR),
        instrument=ref(crate_path(workflow.main)),
        actionStatus=ref(FAILED if failed else COMPLETED),
        error="no trial of any campaign is complete" if failed else None,
        object=[*inputs, *settings],
        result=list(outputs),
        containerImage=refs(image.id for run in runs for image in run.images),
        resourceUsage=usage,
        **span(runs),
    )


def span(runs: Sequence[Run]) -> dict[str, Any]:
    """Return begin of the first and end of the last of some runs, if they are known."""
    return _times(
        min((run.started for run in runs if run.started), default=""),
        max((run.ended for run in runs if run.ended), default=""),
    )


def moment(text: str) -> str:
    """Write a time of a record in UTC with milliseconds, as checkers of crates want it.

    >>> moment("2026-11-23T16:21:25.661759Z")
    '2026-11-23T16:21:25.661+00:00'
    """
    found = datetime.fromisoformat(text)
    return found.astimezone(UTC).isoformat(timespec="milliseconds")


def _times(started: str, ended: str) -> dict[str, Any]:
    return {
        "startTime": moment(started) if started else None,
        "endTime": moment(ended) if ended else None,
    }


def stored_bytes(runs: Sequence[Run]) -> int:
    """Return the size of the records in bytes."""
    folders = (Path(run.folder) / run.record for run in runs)
    files = (path for folder in folders for path in folder.rglob("*") if path.is_file())
    return sum(path.stat().st_size for path in files)


def _add_image(graph: Graph, image: Image) -> None:
    graph.entity(
        image.id,
        "ContainerImage",
        additionalType=ref(DOCKER_IMAGE),
        registry=image.registry,
        name=image.name,
        tag=image.tag,
        sha256=image.sha256,
    )


def _in_words(scenario: Mapping[str, Any]) -> str:
    return ", ".join(str(scenario[key]) for key in ("title", "where") if scenario.get(key))
