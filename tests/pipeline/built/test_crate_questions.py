# SPDX-License-Identifier: Apache-2.0
"""The provenance file answers the eleven competency questions of the Workflow Run RO-Crate.

The questions are those of https://www.researchobject.org/workflow-run-crate/requirements (CQ1 to
CQ11); the queries are our own. Each answer is compared with the tables, records and files.
"""

from __future__ import annotations

import hashlib
import json
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest
import yaml
from crate_graph import CONTEXT, ask, graph_of, load

from tests.builders.projects import Project

if TYPE_CHECKING:
    from rdflib import Graph

pytestmark = pytest.mark.pipeline

CAMPAIGN = "unpacked/small"
NAME = "ro-crate-metadata.json"


@pytest.fixture(scope="module")
def results(built: Project) -> Path:
    return built.folder / "results"


@pytest.fixture(scope="module")
def graph(results: Path) -> Graph:
    return graph_of(results / NAME)


@pytest.fixture(scope="module")
def trials(results: Path) -> pd.DataFrame:
    return pd.read_parquet(results / "tables" / "trials.parquet")


def meta_of(results: Path, row: Any) -> dict[str, Any]:
    path = results / CAMPAIGN / row.record / "meta.json"
    return dict(json.loads(path.read_text(encoding="utf-8")))


def run_id(row: Any) -> str:
    return f"#trial/{row.campaign}/{row.trial}/{row.attempt}"


def seconds(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


def test_cq1_which_container_images_were_used(graph: Graph, results: Path) -> None:
    answers = ask(
        graph,
        """SELECT DISTINCT ?name ?registry ?tag ?digest WHERE {
             ?run a s:CreateAction ; s:instrument/a b:ComputationalWorkflow ; r:containerImage ?i .
             ?i a r:ContainerImage ; r:registry ?registry ; s:name ?name ; r:tag ?tag ;
                r:sha256 ?digest }""",
    )
    found = {(a["name"].rpartition("/")[2], a["tag"], a["digest"]) for a in answers}
    numbers = json.loads((results / "numbers.json").read_text(encoding="utf-8"))
    images = {(i["name"], i["tag"], i["digest"]) for i in numbers["campaign"]["images"]}
    assert images
    assert images <= found
    by_trial = ask(graph, "SELECT ?run ?i WHERE { ?run s:result ?r ; r:containerImage ?i }")
    assert {a["run"] for a in by_trial} > {"#run"}


def test_cq2_how_much_memory_processor_and_disk_was_used(graph: Graph, results: Path) -> None:
    answers = ask(
        graph,
        """SELECT ?name ?value WHERE {
             ?run r:resourceUsage ?u . ?u a s:PropertyValue ; s:name ?name ; s:propertyID ?what ;
             s:value ?value }""",
    )
    found = {a["name"]: float(a["value"]) for a in answers}
    machine = json.loads((results / CAMPAIGN / "campaign.json").read_text("utf-8"))["machines"][0]
    records = [p for p in (results / CAMPAIGN / "records").rglob("*") if p.is_file()]
    assert found == {
        "processors": machine["cpus"],
        "memory": machine["memory_gib"],
        "storage": sum(path.stat().st_size for path in records),
    }


def test_cq3_which_configuration_files_were_used(
    graph: Graph, results: Path, trials: pd.DataFrame
) -> None:
    answers = ask(
        graph,
        """SELECT ?run ?file WHERE {
             ?run a ?kind ; s:object ?file . VALUES ?kind { s:CreateAction s:OrganizeAction }
             ?file s:encodingFormat "application/yaml" }""",
    )
    files = {(a["run"], a["file"]) for a in answers}
    assert {(run_id(t), f"{CAMPAIGN}/study.yaml") for t in trials.itertuples()} <= files
    engine = {file for run, file in files if run == "#engine"}
    assert engine == {"source/config/config.yaml", "source/profiles/default/profile.yaml"}
    assert "small" in (results / "source/config/config.yaml").read_text(encoding="utf-8")


def test_cq4_which_environment_file_was_used(graph: Graph, results: Path) -> None:
    (answer,) = ask(
        graph,
        """SELECT ?file ?form WHERE {
             ?w a b:ComputationalWorkflow ; c:buildInstructions ?file .
             ?file a s:MediaObject ; d:conformsTo/s:name ?form }""",
    )
    assert answer["form"] == "Conda environment file"
    assert "dependencies" in yaml.safe_load((results / answer["file"]).read_text(encoding="utf-8"))


TRIAL_TIMES = """SELECT ?run ?start ?end WHERE {
    ?step a s:HowToStep ; s:name "trial" ; s:workExample ?tool .
    ?run a s:CreateAction ; s:instrument ?tool ; s:startTime ?start ; s:endTime ?end }"""


def test_cq5_how_long_each_trial_took(graph: Graph, results: Path, trials: pd.DataFrame) -> None:
    times = {a["run"]: (seconds(a["start"]), seconds(a["end"])) for a in ask(graph, TRIAL_TIMES)}
    phases = pd.read_parquet(results / "tables" / "phases.parquet")
    spent = phases.groupby(["trial", "attempt"])["seconds"].sum()
    assert set(times) == {run_id(t) for t in trials.itertuples()}
    for t in trials.itertuples():
        start, end = times[run_id(t)]
        assert start == pytest.approx(seconds(str(t.started)), abs=0.002)
        # the phases follow each other, from the record's first line almost to its last
        took = float(spent.get((t.trial, t.attempt), 0))
        assert took - 1 <= end - start
        # a phase that was interrupted has no end, and no time
        assert end - start <= took + 30 or "interrupted by" in str(t.reason)


def test_cq6_how_long_the_whole_run_took(graph: Graph, trials: pd.DataFrame) -> None:
    (answer,) = ask(
        graph,
        """SELECT ?start ?end WHERE {
             ?run a s:CreateAction ; s:instrument ?w ; s:startTime ?start ; s:endTime ?end .
             ?w a b:ComputationalWorkflow }""",
    )
    assert seconds(answer["start"]) == pytest.approx(seconds(trials["started"].min()), abs=0.002)
    assert answer["end"] == max(a["end"] for a in ask(graph, TRIAL_TIMES))


def test_cq7_which_runs_succeeded(graph: Graph, trials: pd.DataFrame) -> None:
    answers = ask(
        graph,
        """SELECT ?run ?status ?error WHERE {
             ?run a s:CreateAction ; s:actionStatus ?status . OPTIONAL { ?run s:error ?error } }""",
    )
    status = {a["run"]: a["status"].rpartition("/")[2] for a in answers}
    errors = {a["run"]: a["error"] for a in answers if "error" in a}
    for t in trials.itertuples():
        incomplete = str(t.reason).startswith(("void:", "cut:"))
        assert status[run_id(t)] == f"{'Failed' if incomplete else 'Completed'}ActionStatus"
        assert (run_id(t) in errors) == incomplete
        if incomplete:
            assert errors[run_id(t)] == t.reason
    assert len(errors) >= 1, "the small campaign has a void attempt"
    assert status["#run"] == "CompletedActionStatus"


def test_cq8_what_went_in_and_what_came_out(graph: Graph, results: Path) -> None:
    answers = ask(
        graph,
        """SELECT ?way ?file ?digest WHERE {
             ?run s:instrument/a b:ComputationalWorkflow ; ?way ?file .
             VALUES ?way { s:object s:result }
             ?file a s:MediaObject . OPTIONAL { ?file r:sha256 ?digest } }""",
    )
    given = {a["file"] for a in answers if a["way"].endswith("object")}
    made = {a["file"]: a.get("digest") for a in answers if a["way"].endswith("result")}
    recorded = {f"recorded/small/{p.name}" for p in (results / "recorded/small").iterdir()}
    assert given == {f"{CAMPAIGN}/study.yaml", *recorded}
    wanted = [
        p for folder in ("tables", "figures", "notebooks") for p in (results / folder).iterdir()
    ]
    wanted += [results / name for name in ("report.pdf", "numbers.json", "verdicts/small.jsonl")]
    assert {p.relative_to(results).as_posix() for p in wanted} <= set(made)
    for name, digest in made.items():
        assert digest == hashlib.sha256((results / name).read_bytes()).hexdigest(), name


def test_cq9_which_version_of_each_tool_was_run(
    graph: Graph, results: Path, trials: pd.DataFrame
) -> None:
    answers = ask(
        graph,
        "SELECT ?run ?version WHERE { ?run s:instrument ?t . ?t a s:SoftwareApplication ;"
        " s:softwareVersion ?version }",
    )
    versions = {a["run"]: a["version"] for a in answers}
    for t in trials.itertuples():
        software = meta_of(results, t)["software"]
        assert versions[run_id(t)].startswith(f"{software['nsm_resilience']}+g")
        assert versions[run_id(t)].partition("+g")[2][:12] == software["git_commit"][:12]
    assert versions["#run/judge"] == version("nsm-resilience")


def test_cq10_which_program_each_command_wraps(
    graph: Graph, results: Path, trials: pd.DataFrame
) -> None:
    answers = ask(
        graph,
        """SELECT DISTINCT ?tool ?main ?version WHERE {
             ?run s:instrument ?t . ?t s:name ?tool ; s:softwareRequirements ?p ; s:mainEntity ?p .
             ?p s:name ?main ; s:softwareVersion ?version }""",
    )
    found = {a["tool"]: (a["main"], a["version"]) for a in answers}
    assert found["nsm-resilience paper"] == ("typst", version("typst"))
    assert found["nsm-resilience notebook"] == ("papermill", version("papermill"))
    packages = meta_of(results, next(trials.itertuples()))["software"]["packages"]
    assert found["nsm-resilience trial"] == ("kubernetes", packages["kubernetes"])


def test_cq11_how_parameters_of_the_workflow_reached_the_tools(
    graph: Graph, trials: pd.DataFrame
) -> None:
    answers = ask(
        graph,
        """SELECT DISTINCT ?parameter ?run ?thing WHERE {
             ?w a b:ComputationalWorkflow ; s:step ?step ; bw:input ?source .
             ?source s:name ?parameter . ?step r:connection ?c ; s:workExample ?tool .
             ?c r:sourceParameter ?source ; r:targetParameter ?target . ?tool bw:input ?target .
             ?run s:instrument ?tool ; s:object ?thing . ?thing s:exampleOfWork ?target }""",
    )
    studies = {(a["run"], a["thing"]) for a in answers if a["parameter"] == "study"}
    assert studies == {(run_id(t), f"{CAMPAIGN}/study.yaml") for t in trials.itertuples()}
    notebooks = {a["thing"] for a in answers if a["parameter"] == "outages.notebook"}
    assert notebooks == {"source/notebooks/outages.py"}
    cells = ask(
        graph,
        """SELECT ?run ?cell WHERE {
             ?run a s:CreateAction ; s:object ?v . ?v a s:PropertyValue ; s:value ?cell ;
             s:exampleOfWork/s:name "trial" }""",
    )
    assert {(a["run"], a["cell"]) for a in cells} == {
        (run_id(t), str(t.trial).rpartition("/")[0]) for t in trials.itertuples()
    }


def test_every_record_is_reached_from_a_figure_step_by_step(
    graph: Graph, trials: pd.DataFrame
) -> None:
    """Figure ← notebook ← tables ← verdicts ← records ← trials, each by the run that made it."""
    answers = ask(
        graph,
        """SELECT DISTINCT ?record ?trial WHERE {
             <https://example.org/results/figures/outages.svg>
                 (^s:result/s:object)+/s:hasPart ?record .
             ?trial s:result ?record ; s:instrument/s:name "nsm-resilience trial" }""",
    )
    assert {(a["trial"], a["record"]) for a in answers} == {
        (run_id(t), f"{CAMPAIGN}/{t.record}/") for t in trials.itertuples()
    }


def test_the_root_names_authors_licence_and_study_as_the_citation_file_does(
    graph: Graph, built: Project
) -> None:
    (answer,) = ask(
        graph,
        """SELECT ?name ?author ?licence ?study ?version WHERE {
             <https://example.org/results/> s:name ?name ; s:author/s:name ?author ;
             s:license ?licence ; s:citation ?study ; s:version ?version }""",
    )
    citation = yaml.safe_load((built.folder / "CITATION.cff").read_text(encoding="utf-8"))
    assert answer == {
        "name": citation["title"],
        "author": citation["authors"][0]["name"],
        "licence": f"https://spdx.org/licenses/{citation['license']}",
        "study": f"https://doi.org/{citation['references'][0]['doi']}",
        "version": str(citation["version"]),
    }


def test_what_the_file_names_is_there(results: Path) -> None:
    entities = {e["@id"]: e for e in load(results / NAME)["@graph"]}
    for identifier, entity in entities.items():
        kinds = entity["@type"] if isinstance(entity["@type"], list) else [entity["@type"]]
        if "File" in kinds:
            assert (results / identifier).is_file(), identifier
        elif "Dataset" in kinds:
            assert (results / identifier).is_dir(), identifier
    text = (results / NAME).read_text(encoding="utf-8")
    assert str(results.parent) not in text


def test_every_reference_leads_to_an_entity_or_out_of_the_crate(results: Path) -> None:
    entities = {e["@id"]: e for e in load(results / NAME)["@graph"]}
    for entity in entities.values():
        for name, value in entity.items():
            for item in value if isinstance(value, list) else [value]:
                if isinstance(item, dict):
                    assert item["@id"] in entities or "://" in item["@id"], (entity["@id"], name)


def test_only_terms_of_the_contexts_are_used(results: Path) -> None:
    """A term that no context has would be dropped without a word."""

    from rocrate import vocabs

    run_terms = {t for t, iri in CONTEXT.items() if "workflow-run" in iri or "codemeta" in iri}
    known = set(vocabs.RO_CRATE["@context"]) | run_terms
    used: set[str] = set()
    for entity in load(results / NAME)["@graph"]:
        kinds = entity["@type"] if isinstance(entity["@type"], list) else [entity["@type"]]
        used |= {*kinds, *(name for name in entity if not name.startswith("@"))}
    assert used - known == set()
    assert used - set(CONTEXT) == set(), "the tests' own context lacks these"


def test_the_library_reads_the_crate(results: Path, trials: pd.DataFrame) -> None:
    from rocrate.rocrate import ROCrate

    crate = ROCrate(results)
    assert crate.mainEntity.id == "source/Snakefile"
    runs = [e for e in crate.get_by_type("CreateAction") if e.id.startswith("#trial/")]
    assert len(runs) == len(trials)
