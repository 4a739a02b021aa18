# SPDX-License-Identifier: Apache-2.0
"""Write the provenance file of a build, and the copies of sources that it describes."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from nsm_resilience import __version__
from nsm_resilience.host.environment import joined
from nsm_resilience.judge.campaign import read_judgements
from nsm_resilience.provenance.crate.about import add_about
from nsm_resilience.provenance.crate.attempts import Run, read_runs, run_id
from nsm_resilience.provenance.crate.graph import NAME, Graph, ref, refs
from nsm_resilience.provenance.crate.happened import (
    ENGINE,
    RUN,
    add_run,
    add_step_runs,
    add_trials,
    record_of,
    stored_bytes,
)
from nsm_resilience.provenance.crate.plan import add_workflow, input_id, output_id
from nsm_resilience.provenance.crate.steps import (
    RESULTS,
    SOURCE,
    TRIAL,
    Step,
    Workflow,
    crate_path,
    parse_workflow,
)
from nsm_resilience.record.files import write_bytes
from nsm_resilience.report.campaign import read_description

CRATE = "crate"
"""Name of the rule that calls this module; its inputs are the results to describe."""

CONDA = (
    "https://docs.conda.io/projects/conda/en/stable/user-guide/tasks/manage-environments.html"
    "#creating-an-environment-file-manually"
)
"""The format of the environment file."""


def write_crate(
    workflow_json: str,
    campaigns: Sequence[Path],
    numbers_json: Path,
    verdicts: Path,
    citation: Path,
    out: Path,
) -> None:
    """Write the crate; its root is the folder of `out`. All paths are relative to the workflow.

    Args:
        workflow_json: the workflow as `Workflow.to_json` writes it.
        campaigns: folders of the campaigns, the paper's own first.
        verdicts: folder with the judge's verdicts, a file for each campaign.
        out: file to write; sources are copied into `source/` beside it.
    """
    workflow = parse_workflow(workflow_json, [f"{c.as_posix()}/records/" for c in campaigns])
    sources = source_files(workflow, citation)
    copy_sources(sources, out.parent / SOURCE)
    descriptions = {folder: read_description(folder) for folder in campaigns}
    runs = [run for folder, about in descriptions.items() for run in read_runs(folder, about)]
    judged = (verdicts / f"{folder.name}.jsonl" for folder in campaigns)
    reasons = {
        run_id(j.campaign, j.trial, j.attempt): f"{j.verdict}: {j.reason}"
        for file in judged
        for j in read_judgements(file)
    }
    numbers = json.loads(numbers_json.read_text(encoding="utf-8"))
    graph = Graph()
    main = add_workflow(graph, workflow, _software(runs))
    there = add_files(graph, workflow, sources)
    add_trials(graph, _step(workflow, TRIAL), runs, reasons)
    add_records(graph, workflow, runs)
    actions = add_step_runs(graph, workflow, runs, there)
    machine = joined([m for about in descriptions.values() for m in about.get("machines") or []])
    studies = [f"{crate_path(folder.as_posix())}/study.yaml" for folder in campaigns]
    add_run(
        graph,
        workflow,
        runs,
        refs([*studies, *given_files(workflow)]),
        refs(p for p in map(crate_path, _step(workflow, CRATE).input_paths()) if p in there),
        {
            "processors": _several(machine.get("cpus")),
            "memory": _several(machine.get("memory_gib")),
            "storage": stored_bytes(runs) or None,
        },
    )
    mentions = refs([RUN, ENGINE, *actions])
    cited = yaml.safe_load(citation.read_text(encoding="utf-8"))
    add_about(graph, cited, numbers, main, mentions)
    write_bytes(out, graph.to_bytes())


def source_files(workflow: Workflow, citation: Path) -> list[str]:
    """Return the files of the workflow, relative to its folder: code, configuration, texts."""
    made = workflow.makers()
    read = [p for step in workflow.steps for p in step.input_paths() if p not in made]
    own = [workflow.main, workflow.environment, citation.as_posix(), *workflow.configuration]
    files = [*own, *(step.file for step in workflow.steps), *read]
    return sorted({path for path in files if not path.startswith(RESULTS)})


MAIN = "Snakefile"
"""File by which a folder of copied sources is recognized."""


class CrateError(ValueError):
    """A crate cannot be written there."""


def copy_sources(sources: Iterable[str], target: Path) -> None:
    """Copy the sources below `target`, which is replaced as a whole.

    CrateError if `target` holds anything but such copies.
    """
    if target.is_dir() and any(target.iterdir()) and not (target / MAIN).is_file():
        raise CrateError(
            f"{target} holds other things than copies of the sources, and would be replaced as a "
            "whole; give another folder for the file --out"
        )
    shutil.rmtree(target, ignore_errors=True)
    for path in sources:
        copy = target / crate_path(path).removeprefix(SOURCE)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, copy)


def given_files(workflow: Workflow) -> list[str]:
    """Return identifiers of the results that the workflow was given: a recorded campaign."""
    made = workflow.makers()
    read = {p for step in workflow.steps for p in step.input_paths() if p not in made}
    return sorted(crate_path(path) for path in read if path.startswith(RESULTS + "recorded/"))


def add_files(graph: Graph, workflow: Workflow, sources: Iterable[str]) -> set[str]:
    """Add all files but the records; return the identifiers of all that the steps read or make.

    Files that exist when the crate is made get a checksum; the HTML report, made later, gets none.
    """
    before = {*sources, *_step(workflow, CRATE).input_paths()}
    given = {RESULTS + path for path in given_files(workflow)}
    roles = _roles(workflow)
    kept = tuple(path.removesuffix("records/") for path in workflow.records)
    files = {*sources, *given, *before, *(p for p in roles if not p.startswith(kept))}
    there = {*map(crate_path, workflow.records), crate_path(workflow.main), NAME}
    extra = {workflow.environment: {"conformsTo": ref(CONDA)}}
    graph.entity(CONDA, "WebPage", name="Conda environment file")
    for path in sorted(files - {RESULTS + NAME, workflow.main}):
        identifier = crate_path(path)
        there.add(identifier)
        works = refs(roles.get(path, ()))
        if path.endswith("/"):
            graph.folder(identifier, exampleOfWork=works)
        else:
            content = Path(path) if path in before | given else None
            graph.file(identifier, content, exampleOfWork=works, **extra.get(path, {}))
    return there


def add_records(graph: Graph, workflow: Workflow, runs: Sequence[Run]) -> None:
    """Add the folder of all records of each campaign."""
    roles = _roles(workflow)
    for records in workflow.records:
        own = [run for run in runs if f"{run.folder}records/" == records]
        graph.folder(
            crate_path(records),
            hasPart=refs(map(record_of, own)),
            exampleOfWork=refs(roles[records]),
        )


def _several(values: list[Any] | None) -> Any:
    """One value, several as they are, or None."""
    return values[0] if values and len(values) == 1 else values or None


def _roles(workflow: Workflow) -> dict[str, list[str]]:
    """Identifiers of the parameters that each file realizes, by its path."""
    made, found = workflow.makers(), dict[str, list[str]]()
    # a trial reads the study at the begin of its campaign, of which the campaign keeps a copy
    for records in workflow.records:
        study = f"{records.removesuffix('records/')}study.yaml"
        found[study] = ["#workflow/in/study", input_id(_step(workflow, TRIAL), "study")]
    for step in workflow.steps:
        for name, paths in step.inputs.items():
            for path in paths:
                own = [] if path in made else [f"#workflow/in/{step.name}.{name}"]
                found.setdefault(path, []).extend([*own, input_id(step, name)])
        for name, paths in step.outputs.items():
            for path in paths:
                found.setdefault(path, []).append(output_id(step, name))
    return found


def _step(workflow: Workflow, name: str) -> Step:
    return next((step for step in workflow.steps if step.name == name), Step(name, "", "", ""))


def _software(runs: Iterable[Run]) -> dict[str, Mapping[str, str]]:
    found = {run.version: run.packages for run in runs}
    return {version: found[version] for version in sorted(found)} or {__version__: {}}
