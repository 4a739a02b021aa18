# SPDX-License-Identifier: Apache-2.0
"""The prospective half: the workflow, its steps, their tools, and how files connect them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path

from nsm_resilience import __version__
from nsm_resilience.provenance.crate.graph import Graph, Reference, ref, refs
from nsm_resilience.provenance.crate.steps import TRIAL, Step, Workflow, crate_path

SNAKEMAKE = "https://w3id.org/workflowhub/workflow-ro-crate#snakemake"

BIOSCHEMAS = "https://bioschemas.org/profiles/ComputationalWorkflow/1.0-RELEASE"

OWN = "nsm-resilience"

WRAPPED: Mapping[str, tuple[str, ...]] = {
    "nsm-resilience tables": ("pandas", "pandera", "pyarrow", "statsmodels"),
    "nsm-resilience notebook": ("papermill", "jupytext", "matplotlib", "seaborn", "lifelines"),
    "nsm-resilience numbers": ("pandas", "statsmodels"),
    "nsm-resilience paper": ("typst",),
    "nsm-resilience crate": ("rocrate",),
    "snakemake": ("snakemake",),
}
"""Packages that a command uses, the main one first."""


def add_workflow(
    graph: Graph, workflow: Workflow, trial_software: Mapping[str, Mapping[str, str]]
) -> str:
    """Add the workflow with its steps and tools; return its identifier.

    Args:
        trial_software: packages that trials were run with, by version of this program.
    """
    main = crate_path(workflow.main)
    makers, positions = workflow.makers(), workflow.positions()
    tools: dict[str, list[str]] = {}
    for step in workflow.steps:
        # a trial was run by the version in its record, all else by the version that builds this
        software = trial_software if step.name == TRIAL else {__version__: installed(step.tool)}
        tools[step.name] = [_tool(graph, step, own, found) for own, found in software.items()]
    inputs, outputs = [], []
    for step in workflow.steps:
        connections = []
        if step.name == TRIAL:
            connections = [_connection(graph, "#workflow/in/study", input_id(step, "study"))]
        for name, paths in step.inputs.items():
            sources = {
                output_id(makers[path], out)
                for path in paths
                if path in makers
                for out, made in makers[path].outputs.items()
                if path in made
            }
            if not sources:
                own = f"{step.name}.{name}"
                sources = {f"#workflow/in/{own}"}
                inputs.append(_parameter(graph, f"#workflow/in/{own}", own, paths))
            connections += [_connection(graph, s, input_id(step, name)) for s in sorted(sources)]
        graph.entity(
            step_id(step),
            "HowToStep",
            name=step.name,
            description=step.title,
            position=str(positions[step.name]),
            workExample=refs(tools[step.name]),
            connection=connections,
            isPartOf=ref(crate_path(step.file)),
        )
        outputs += [ref(output_id(step, name)) for name in step.outputs]
    settings = [
        graph.entity(
            f"#workflow/in/{key}",
            "FormalParameter",
            name=key,
            additionalType="Text",
            description="a setting of the workflow, see config/README.md",
        )
        for key in workflow.settings
    ]
    _language(graph)
    graph.entity(BIOSCHEMAS, "CreativeWork", name="ComputationalWorkflow", version="1.0-RELEASE")
    graph.file(
        main,
        Path(workflow.main),
        kind=["File", "SoftwareSourceCode", "ComputationalWorkflow", "HowTo"],
        name="From trials on a cluster to the paper",
        description="The Snakemake workflow that runs the trials and builds everything else.",
        conformsTo=ref(BIOSCHEMAS),
        programmingLanguage=ref(SNAKEMAKE),
        version=__version__,
        buildInstructions=ref(crate_path(workflow.environment)),
        hasPart=refs(identifier for own in tools.values() for identifier in own),
        step=[ref(step_id(step)) for step in workflow.steps],
        input=[*settings, *inputs],
        output=outputs,
    )
    return main


def step_id(step: Step) -> str:
    """Identifier of a step: the rule in its file."""
    return f"{crate_path(step.file)}#{step.name}"


def tool_id(step: Step, version: str) -> str:
    """Identifier of the command of a step, in a version of this program."""
    return f"#tool/{step.name}@{version or 'unknown'}"


def input_id(step: Step, name: str) -> str:
    """Identifier of a parameter of a tool."""
    return f"#{step.name}/in/{name}"


def output_id(step: Step, name: str) -> str:
    """Identifier of an output of a tool."""
    return f"#{step.name}/out/{name}"


def add_package(graph: Graph, name: str, found: str) -> Reference:
    """Add a Python package at a version; its identifier is a package URL."""
    return graph.entity(
        f"pkg:pypi/{name}@{found}", "SoftwareApplication", name=name, softwareVersion=found
    )


def _tool(graph: Graph, step: Step, own: str, packages: Mapping[str, str]) -> str:
    inputs = [_parameter(graph, input_id(step, n), n, p) for n, p in step.inputs.items()]
    outputs = [_parameter(graph, output_id(step, n), n, p) for n, p in step.outputs.items()]
    if step.name == TRIAL:
        inputs = [_value(graph, input_id(step, "study"), "study", "File"),
                  _value(graph, input_id(step, "trial"), "trial", "Text")]  # fmt: skip
        outputs = [_value(graph, output_id(step, "record"), "record", "Dataset")]
    program = graph.entity(
        f"#{OWN}@{own or 'unknown'}", "SoftwareApplication", name=OWN, softwareVersion=own
    )
    wrapped = [add_package(graph, name, found) for name, found in packages.items()]
    identifier = tool_id(step, own)
    graph.entity(
        identifier,
        "SoftwareApplication",
        name=step.tool,
        description=step.command,
        softwareVersion=own,
        identifier=f"source:{step.code}" if step.code else None,
        softwareRequirements=[program, *wrapped],
        mainEntity=wrapped[0] if wrapped else program,
        input=inputs,
        output=outputs,
    )
    return identifier


def installed(tool: str) -> dict[str, str]:
    """Return versions of the packages that a command uses, the main one first."""
    return {name: version(name) for name in WRAPPED.get(tool, ())}


def _parameter(graph: Graph, identifier: str, name: str, paths: Sequence[str]) -> Reference:
    kind = "Collection" if len(paths) > 1 else "Dataset" if paths[0].endswith("/") else "File"
    return _value(graph, identifier, name, kind)


def _value(graph: Graph, identifier: str, name: str, kind: str) -> Reference:
    return graph.entity(identifier, "FormalParameter", name=name, additionalType=kind)


def _connection(graph: Graph, source: str, target: str) -> Reference:
    return graph.entity(
        f"#connection/{source[1:]}--{target[1:]}",
        "ParameterConnection",
        sourceParameter=ref(source),
        targetParameter=ref(target),
    )


def _language(graph: Graph) -> None:
    graph.entity(
        SNAKEMAKE,
        "ComputerLanguage",
        name="Snakemake",
        identifier=ref("https://doi.org/10.12688/f1000research.29032.2"),
        url=ref("https://snakemake.github.io"),
        version=version("snakemake"),
    )
