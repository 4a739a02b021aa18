# SPDX-License-Identifier: Apache-2.0
"""The provenance file as a graph to ask questions of, without a network.

The file names its JSON-LD contexts by address. Here the terms that it uses are mapped by hand, to
the same identifiers as in the contexts of RO-Crate 1.1 and of the workflow-run terms.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rdflib import Graph


BASE = "https://example.org/results/"

_SCHEMA = "http://schema.org/"
_BIOSCHEMAS = "https://bioschemas.org/"
_RUN = "https://w3id.org/ro/terms/workflow-run#"

PREFIXES = f"""
PREFIX s: <{_SCHEMA}>
PREFIX b: <{_BIOSCHEMAS}>
PREFIX bw: <{_BIOSCHEMAS}ComputationalWorkflow#>
PREFIX r: <{_RUN}>
PREFIX c: <https://codemeta.github.io/terms/>
PREFIX d: <http://purl.org/dc/terms/>
"""

SCHEMA_TERMS = """
    ComputerLanguage ControlAction CreateAction CreativeWork Dataset HowTo HowToStep
    Organization OrganizeAction Person PropertyValue ScholarlyArticle SoftwareApplication
    SoftwareSourceCode WebPage about actionStatus additionalType agent author citation
    contentSize datePublished description encodingFormat endTime error exampleOfWork hasPart
    identifier instrument isPartOf keywords license mainEntity mentions name object
    position programmingLanguage propertyID publisher result softwareRequirements
    softwareVersion startTime step text unitCode url value version workExample
"""
RUN_TERMS = """
    ContainerImage ParameterConnection connection containerImage registry resourceUsage sha256
    sourceParameter tag targetParameter
"""

CONTEXT: dict[str, Any] = {
    **{term: _SCHEMA + term for term in SCHEMA_TERMS.split()},
    **{term: _RUN + term for term in RUN_TERMS.split()},
    "File": _SCHEMA + "MediaObject",
    "ComputationalWorkflow": _BIOSCHEMAS + "ComputationalWorkflow",
    "FormalParameter": _BIOSCHEMAS + "FormalParameter",
    "input": _BIOSCHEMAS + "ComputationalWorkflow#input",
    "output": _BIOSCHEMAS + "ComputationalWorkflow#output",
    "buildInstructions": "https://codemeta.github.io/terms/buildInstructions",
    "conformsTo": "http://purl.org/dc/terms/conformsTo",
}


def load(path: Path) -> dict[str, Any]:
    """The file as it is written."""
    return dict(json.loads(path.read_text(encoding="utf-8")))


def graph_of(path: Path) -> Graph:
    """The file as a graph; identifiers inside the results begin with `BASE`."""

    from rdflib import Graph

    content = {"@context": CONTEXT, "@graph": load(path)["@graph"]}
    return Graph().parse(data=json.dumps(content), format="json-ld", base=BASE)


def ask(graph: Graph, query: str) -> list[dict[str, str]]:
    """Answers to a question as plain text, paths inside the results relative."""
    return [
        {str(name): str(value).removeprefix(BASE) for name, value in row.asdict().items()}
        for row in graph.query(PREFIXES + query)
    ]
