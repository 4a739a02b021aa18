# SPDX-License-Identifier: Apache-2.0
"""Who and what the crate is about: authors, licence, the published study, profiles."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nsm_resilience.provenance.crate.graph import NAME, ROOT, Graph, Reference, ref
from nsm_resilience.provenance.crate.happened import OPERATOR

PROFILES = {
    "https://w3id.org/ro/wfrun/process/0.5": ("Process Run Crate", "0.5"),
    "https://w3id.org/ro/wfrun/workflow/0.5": ("Workflow Run Crate", "0.5"),
    "https://w3id.org/ro/wfrun/provenance/0.5": ("Provenance Run Crate", "0.5"),
    "https://w3id.org/workflowhub/workflow-ro-crate/1.0": ("Workflow RO-Crate", "1.0"),
}
RO_CRATE = "https://w3id.org/ro/crate/1.1"

AUTHORS = "#authors"


def add_about(
    graph: Graph,
    citation: Mapping[str, Any],
    numbers: Mapping[str, Any],
    main: str,
    mentions: list[Reference],
) -> None:
    """Describe the crate as a whole; `main` is the workflow, `mentions` all but files."""
    campaign = numbers["campaign"]
    profiles = [
        graph.entity(identifier, "CreativeWork", name=name, version=version)
        for identifier, (name, version) in PROFILES.items()
    ]
    licence = graph.entity(
        f"https://spdx.org/licenses/{citation['license']}",
        "CreativeWork",
        name=citation["license"],
    )
    authors = graph.entity(AUTHORS, "Organization", name=_names(citation["authors"]))
    graph.entity(
        OPERATOR,
        "Person",
        name=f"who ran the campaign {campaign['name']}",
        description="Records hold no names.",
    )
    study = add_study(graph, citation)
    graph.extend(NAME, conformsTo=[ref(RO_CRATE), profiles[-1]])
    graph.extend(
        ROOT,
        name=citation["title"],
        description=f"Results of the campaign {campaign['name']} ({campaign['source']}): records, "
        "verdicts, tables, figures, notebooks and the paper, and the workflow that made them.",
        datePublished=campaign["created"]["iso"],
        license=licence,
        author=authors,
        publisher=authors,
        keywords=", ".join(citation.get("keywords", ())),
        version=str(citation.get("version", "")),
        citation=study,
        conformsTo=profiles,
        mainEntity=ref(main),
        mentions=mentions,
        url=numbers.get("repository"),
    )


def add_study(graph: Graph, citation: Mapping[str, Any]) -> Reference:
    """Add the published study that is reproduced."""
    (article,) = citation["references"]
    doi = f"https://doi.org/{article['doi']}"
    people = [
        graph.entity(
            f"#person/{author['family-names']}",
            "Person",
            name=f"{author['given-names']} {author['family-names']}",
        )
        for author in article["authors"]
    ]
    return graph.entity(
        doi,
        "ScholarlyArticle",
        name=article["title"],
        author=people,
        datePublished=str(article["year"]),
        identifier=doi,
        url=doi,
    )


def _names(authors: list[Mapping[str, str]]) -> str:
    return ", ".join(
        a.get("name") or f"{a.get('given-names', '')} {a.get('family-names', '')}".strip()
        for a in authors
    )
