# SPDX-License-Identifier: Apache-2.0
"""What is known of a system under test stands in its folder, and nowhere else."""

from __future__ import annotations

import ast
import re
import shutil
import sys
from collections.abc import Iterable, Iterator
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from nsm_resilience.report.words import meaning_of, words_met
from nsm_resilience.study.factors import FACTORS
from nsm_resilience.systems.base import Component, Plane, System, Workload
from nsm_resilience.systems.consistency import LISTENING, problems, problems_of_all
from nsm_resilience.systems.known import SYSTEMS, instead_of, is_part, kinds_of, meaning_of_plane
from nsm_resilience.systems.nsm_v1_18_0 import SYSTEM as TODAY
from tests.builders.sources import MADE_UP_SYSTEM, ROOT, Sources

SOURCE = ROOT / "src" / "nsm_resilience"
PARTS = TODAY.components["vpp"]
MADE_UP = ROOT / "tests" / "builders" / "made_up_system.py"
WORDS_TOO = {
    "forwarder", "registry", "client", "endpoint", "kernel", "VPP", "app", "application", "bundle",
}  # fmt: skip
"""Names that are words of the field as well: outside they may stand in a sentence."""
MEANT = "ask the system; a name that is a word as well, and not meant here, goes into WORDS_TOO"
WATCHDOG = ("watchdog/node/", "watchdog/watchdog.yaml")
"""The remedy for NSM v0.2.0 (`System.remedy`) speaks that system's own protocol and resources; its
components it is told."""
ABOUT_OTHERS = "analysis/coverage.yaml"
"""Names other people's tests as they do."""


def names_of(system: System) -> Iterator[str]:
    """Everything that a folder names and that could be meant outside."""
    yield from (system.name, system.folder.rpartition(".")[2], system.client_interface)
    yield from (*system.sockets, *system.absent, *system.registry.plurals, system.registry.group)
    yield from (*system.pod_programs, *system.container_names(), *system.residue.state)
    yield from (workload.name for workload in system.workloads)
    yield from (
        image.name for plane in system.planes for image in system.images.needed(plane).values()
    )
    for parts in system.components.values():
        for name, part in parts.items():
            yield from (name, part.app, part.container, part.program)
    yield from (title for plane in system.planes.values() for title in (plane.title,))
    yield from system.planes
    if system.shared is not None:
        yield from (system.shared.namespace, system.shared.pod, system.shared.container)
    if system.device is not None:
        yield system.device.resource


NAMES = sorted({name for s in SYSTEMS.values() for name in names_of(s)} - WORDS_TOO - {"vpp"})
NAMED = re.compile(rf"(?<![\w-])({'|'.join(map(re.escape, NAMES))})(?![\w-])")
ALONE = {"vpp", *(name for name in NAMES if name.isalpha())}
"""Names that are no word of English either: as an identifier they are named as well."""


def docstrings(tree: ast.AST) -> set[int]:
    """Ids of the nodes that only explain: docstrings, also those below an assignment."""
    return {
        id(node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }


def said(node: ast.AST) -> Iterator[str]:
    """What a node of a program says: a text, or the words of an identifier."""
    match node:
        case ast.Constant(value=str(text)):
            yield text
        case ast.Constant(value=bytes(raw)):
            yield raw.decode("latin-1")
        case ast.Name(id=name) | ast.Attribute(attr=name) | ast.arg(arg=name):
            yield from name.lower().split("_")
        case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
            yield from re.findall(r"[a-z0-9]+", re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower())
        case ast.keyword(arg=str(name)):
            yield from name.lower().split("_")


def named(path: Path) -> Iterator[str]:
    """Places of a Python file that name something of a system, in code or in a message."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    explained = docstrings(tree)
    for node in ast.walk(tree):
        if id(node) in explained:
            continue
        whole = isinstance(node, ast.Constant)
        for text in said(node):
            found = NAMED.search(text) if whole else text in ALONE
            # a level by itself, as `== "vpp"`
            if found or (whole and text in SYSTEM_LEVELS):
                yield f"{path.relative_to(SOURCE).as_posix()}:{node.lineno}: {text}"  # type: ignore[attr-defined]


SYSTEM_LEVELS = {plane for system in SYSTEMS.values() for plane in system.planes} - {"kernel"}
"""Planes whose names are no words; a kernel is what a machine has as well."""


def named_in_text(path: Path) -> Iterator[str]:
    """Lines of another file that do, beside its comments."""
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        code = line.split("#")[0] if path.suffix in (".yaml", ".smk") else line
        if NAMED.search(code):
            yield f"{path.relative_to(SOURCE).as_posix()}:{number}: {line.strip()}"


def outside(files: Iterable[Path]) -> list[Path]:
    """Files that no system's folder holds."""
    return [
        path
        for path in sorted(files)
        if path.is_file() and path.relative_to(SOURCE).parts[0] != "systems"
    ]


def test_no_code_outside_names_a_component_or_a_system() -> None:
    files = outside(SOURCE.rglob("*.py"))
    assert len(files) > 200
    places = [place for path in files for place in named(path)]
    assert [place for place in places if not place.startswith(WATCHDOG)] == [], MEANT


def test_no_manifest_template_or_script_outside_does() -> None:
    suffixes = {".yaml", ".j2", ".js", ".css"}
    files = outside(path for path in SOURCE.rglob("*") if path.suffix in suffixes)
    assert len(files) > 10
    places = [place for path in files for place in named_in_text(path)]
    excused = (ABOUT_OTHERS, *WATCHDOG)
    assert [place for place in places if not place.startswith(excused)] == [], MEANT


@pytest.mark.parametrize(
    "code",
    [
        'if name == "nsmgr": pass', 'x = f"the {y} of nsmd"', 'x = {"nsm-v1.18.0": 1}',
        'x = b"/nsm.io.sock"', 'x = "networkserviceendpoints"', 'x = "nsm0"', "nsmgr = 1",
        "def of_nsmgr(): pass", "class NsmgrProbe: pass", "x.nsmd_pod", "f(nsmgr_pod=1)",
        'x = "nsm_v0_2_0"', 'if plane == "vpp": pass', 'x = "spire-agent"',
    ],
)  # fmt: skip
def test_what_names_one_is_found_however_it_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: str
) -> None:
    monkeypatch.setitem(globals(), "SOURCE", tmp_path)
    file = tmp_path / "one.py"
    file.write_text(code, encoding="utf-8")
    assert list(named(file))


def test_every_socket_and_peer_belongs_to_components_that_exist() -> None:
    for system in SYSTEMS.values():
        for parts in system.components.values():
            assert {s.owner for s in system.sockets.values()} <= {*parts, ""}
            assert {p.part_of for p in parts.values()} <= {*parts, ""}
            assert system.api_client in parts
        assert not set(system.absent) & {*system.components_by_name(), *system.sockets}


def test_what_one_system_has_and_another_has_not_says_what_there_is_instead() -> None:
    """A study that names it is refused with that sentence.

    By the folder of the system that lacks it, or by what the part does: a folder says nothing of
    systems that came after it. Where nothing does that, the sentence says so.
    """
    for system in SYSTEMS.values():
        for other in SYSTEMS.values():
            mine = {n for n in other.components_by_name() if not is_part(n)}
            mine |= {n for n, socket in other.sockets.items() if socket.owner}
            for name in mine - {*system.components_by_name(), *system.sockets}:
                known = name in system.absent or instead_of(name, system) or kinds_of(name)
                assert known, (system.name, name)


def test_what_another_system_has_instead_follows_from_what_a_part_does() -> None:
    today, paper = SYSTEMS["nsm-v1.18.0"], SYSTEMS["nsm-v0.2.0"]
    assert instead_of("nsmd", today) == "its part is `nsmgr` there"
    assert instead_of("nsmgr", paper) == "its part is `nsmd` there"
    assert instead_of("workspace-server", today) == "its part is `nsm.io.sock` there"
    assert instead_of("nsmdp", today) == instead_of("spire-agent", paper) == ""


def test_the_glossary_says_of_a_plane_what_is_so_in_each_system_that_has_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for system in SYSTEMS.values():
        for name, plane in system.planes.items():
            assert plane.meaning in meaning_of("plane", name)
    other = replace(TODAY, title="Another", planes={"vpp": Plane("VPP", "nobody knows how")})
    monkeypatch.setitem(SYSTEMS, "another", other)
    assert meaning_of_plane("vpp") == (
        "of NSM v0.2.0 (2019) and NSM v1.18.0 (2026): packets are forwarded by VPP in user space; "
        "of Another: nobody knows how; the paper's claims are about that of NSM v0.2.0 (2019)"
    )


def test_the_glossary_says_of_no_other_level_what_is_so_in_one_system_alone() -> None:
    words = words_met({name: said.levels for name, said in FACTORS.items() if name not in PLACE})
    assert len(words) > 20
    assert [word for word in words if re.search(r"\bNSM\b", word.meaning)] == []


PLACE = ("system", "plane")


def test_what_is_said_of_each_system_holds_together() -> None:
    assert list(problems_of_all(SYSTEMS.values())) == []


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"name": "A mesh"}, "name `A mesh`: write lower-case"),
        ({"name": "a..b"}, "name `a..b`: write lower-case letters and digits, joined"),
        ({"planes": {}}, "write both for each plane"),
        ({"api_client": "nobody"}, "`api_client` is no component of the vpp plane"),
        ({"addresses": {}}, "`addresses` lacks the network of `endpoint-spare`"),
        ({"parts": ("brain.yaml",)}, "there is no manifests/brain.yaml; there are `client"),
        ({"folder": "json"}, "there is no folder `manifests` beside json"),
        ({"shared": None}, "`spire-agent` is shared, and `shared` does not say"),
        ({"absent": {"nsmgr": "not there"}}, "leave it out of `absent`"),
        ({"images": replace(TODAY.images, of_plane={})}, "asks for ${FORWARDER}: write it as an"),
        ({"claims_on": "kernel"}, "`claims_on` is no plane; write one of: vpp"),
        ({"listening": {"path": "/a"}}, "nobody reads `path`; write one of `socket`, `res"),
        (
            {"components": {"vpp": {"a": Component("a", "a", "a", "brain")}}},  # type: ignore[arg-type]
            "kind `brain`; write one of `manager`",
        ),
        (
            {"workloads": (Workload("StatefulSet", "nsmgr"),)},  # type: ignore[arg-type]
            "`workloads`: `StatefulSet`; write one of `DaemonSet`, `Deployment`",
        ),
        (
            {"pod_programs": ("app", "nsmgr")},
            "`pod_programs`, `nsmgr` on the client's node of the vpp plane are one program",
        ),
        (
            {"components": {"vpp": {"a": Component("a", "a", "a", "manager", only_on="client")}}},
            "no component of the vpp plane is on the endpoint's node: nothing would be sampled",
        ),
        (
            {"components": {"vpp": {n: replace(part, only_on=None) for n, part in PARTS.items()}}},
            "Deployment `registry-k8s` makes `registry-k8s` on one of the two nodes; write `only",
        ),
    ],
)
def test_what_does_not_is_said_with_what_to_write(changed: dict[str, Any], words: str) -> None:
    assert any(words in problem for problem in problems(replace(TODAY, **changed)))


@pytest.fixture
def made_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Path, System]]:
    """The made-up system in a folder of its own, of which manifests can be changed."""
    folder = shutil.copytree(MADE_UP_SYSTEM, tmp_path / "made_up")
    monkeypatch.syspath_prepend(str(tmp_path))
    yield folder / "manifests", import_module("made_up").SYSTEM
    sys.modules.pop("made_up")


def test_a_system_without_a_client_that_watches_needs_no_manifest_of_one(
    made_up: tuple[Path, System],
) -> None:
    manifests, system = made_up
    (manifests / "client-monitored.yaml").unlink()
    assert any("no manifests/client-monitored.yaml" in one for one in problems(system))
    always = {key: image for key, image in system.images.always.items() if key != "WATCH"}
    plain = replace(system, sidecar=None, images=replace(system.images, always=always))
    assert list(problems(plain)) == []
    assert plain.clients() == ["plain"]


@pytest.mark.parametrize(
    ("file", "old", "new", "words"),
    [
        (
            "brain.yaml", "name: brain, namespace", "name: head, namespace",
            "no manifest of the xdp plane makes `Deployment brain`; there are `Deployment head`, ",
        ),
        (
            "brain.yaml", "name: brain, namespace", "name: head, namespace",
            "Deployment `head` is none of `workloads`: `Deployment brain`, ",
        ),
        (
            "brain.yaml", "metadata: {labels: {app: brain}}", "metadata: {labels: {app: head}}",
            "`brain`: no component of the ebpf plane has its `app: head`",
        ),
        (
            "brain.yaml", "metadata: {labels: {app: brain}}", "metadata: {labels: {app: head}}",
            "with the label `app: brain` has the container `brain`; there are `head/brain`, ",
        ),
        (
            "brain.yaml", "spec:\n  selector", "spec:\n  replicas: 2\n  selector",
            "Deployment `brain` has 2 pods, and a lane has one of it; write `replicas: 1`",
        ),
        (
            "arm-xdp.yaml", "{LANE}\"}", "{LANE}\", nsm-resilience/role: client}",
            "DaemonSet `arm` has a pod on each of the two nodes, and a trial waits for both",
        ),
        (
            "brain.yaml", ", nsm-resilience/role: client", "",
            "write `nsm-resilience/role: client` into its `nodeSelector`",
        ),
        (
            "brain.yaml", 'nsm-resilience/lane: "${LANE}", ', "",
            "Deployment `brain` is on nodes of other lanes, too",
        ),
        (
            "brain.yaml", ', namespace: "${NAMESPACE}"', "",
            "manifests/brain.yaml: Deployment `brain` is in no lane; write `namespace: ",
        ),
        ("brain.yaml", "${BRAIN}", "mesh/brain:v3", "`mesh/brain:v3` is none of `images`"),
        (
            "brain.yaml", "- name: brain\n          image: ${BRAIN}",
            "- image: ${BRAIN}\n          name: brain", "write `- name: brain`, and its `image:`",
        ),
        ("ledger.yaml", "kind: Deployment\n", "", "ledger.yaml is none of Kubernetes: 'kind'"),
        ("client-monitored.yaml", "- name: watch", "- name: eye", "monitored.yaml has `eye`"),
        ("client-plain.yaml", "${POD}", "client", "write `name: ${POD}` and `nodeName: ${NODE}`"),
        ("endpoint.yaml", "${ADDRESSES}", "10.1.0.0/24", "asks for no ${ADDRESSES}"),
        (
            "rights.yaml", ', namespace: "${NAMESPACE}"}\nrules', "}\nrules",
            "Role `mesh` is one for all lanes; write `${NAMESPACE}` into its name",
        ),
        (
            "resources.yaml", "name: meshlinks.mesh.example.io, labels",
            "name: meshlinks.mesh.example.io, notes",
            "CustomResourceDefinition `meshlinks.mesh.example.io` would stay on a cluster; write ",
        ),
    ],
)  # fmt: skip
def test_what_a_manifest_does_not_make_is_said_with_what_to_write(
    made_up: tuple[Path, System], file: str, old: str, new: str, words: str
) -> None:
    manifests, system = made_up
    assert list(problems(system)) == []
    text = (manifests / file).read_text(encoding="utf-8")
    assert text.count(old) == 1
    (manifests / file).write_text(text.replace(old, new), encoding="utf-8")
    found = list(problems(system))
    assert any(words in problem for problem in found), found


def test_a_probe_is_told_what_it_reads() -> None:
    script = (SOURCE / "agent" / "node" / "listen.py").read_text(encoding="utf-8")
    assert all(f'"{key}"' in script for key in LISTENING)


def test_no_name_of_a_system_ends_another() -> None:
    """The id of a cell ends with it, and of a damaged record the system is read off there."""
    told = list(problems_of_all([TODAY, replace(TODAY, name="v1.18.0")]))
    assert told and "that of `nsm-v1.18.0` ends so, too" in told[0]


def test_a_third_system_is_one_folder(tmp_path: Path) -> None:
    """A made-up one goes through study, schedule, manifests, orders of faults, judge and report.

    In a copy of the sources to which is added what CONTRIBUTING says, and nothing else.
    """
    sources = Sources.copy(tmp_path)
    sources.add_system()
    assert sources.python(MADE_UP).stdout.split() == [
        "study", "schedule", "refusals", "manifests", "orders", "pairs", "judge", "report",
        "coverage",
    ]  # fmt: skip


def test_a_folder_that_is_not_whole_is_said_where_the_schemas_are_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The last step of adding one; with all of it the schemas know its name."""
    sources = Sources.copy(tmp_path / "copy")
    empty = sources.path("systems/nothing_yet")
    empty.mkdir()
    (empty / "__init__.py").touch()
    monkeypatch.chdir(tmp_path)
    assert "the folder systems/nothing_yet has no system; write" in sources.command(
        "schema", check=False
    )
    shutil.rmtree(empty)
    part = shutil.copytree(MADE_UP_SYSTEM, tmp_path / MADE_UP_SYSTEM.name)
    (part / "manifests" / "endpoint.yaml").rename(part / "manifests" / "server.yaml")
    sources.add_system(part)
    Path("workflow/schemas").mkdir(parents=True)
    told = sources.command("schema", check=False)
    assert "mesh-v3: there is no manifests/endpoint.yaml; there are `arm-ebpf.yaml`" in told
    assert list(Path("workflow/schemas").iterdir()) == []
    made = sources.path("systems/mesh_v3/manifests")
    (made / "server.yaml").rename(made / "endpoint.yaml")
    sources.command("schema")
    assert '"mesh-v3"' in Path("workflow/schemas/study.schema.json").read_text(encoding="utf-8")
