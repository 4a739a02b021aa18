# SPDX-License-Identifier: Apache-2.0
"""Checks of a system's description, when its folder is added and not in a trial.

`nsm-resilience schema`, the last step of adding a system, prints each problem with what to write.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from string import Template
from typing import get_args

from nsm_resilience.systems.base import Component, Kind, Owner, Role, System
from nsm_resilience.systems.made import listed, problems_of_manifests

MONITORED = "client-monitored.yaml"
WORKLOADS = (MONITORED, "client-plain.yaml", "endpoint.yaml")
"""Manifests that every system has under these names: both kinds of client, unless it has no client
that watches its connection, and the endpoint."""
PODS = ("endpoint", "endpoint-spare")
"""Pods that give addresses, each from a network of its own (`System.addresses`)."""
SUBSTITUTIONS = ("NAMESPACE", "LANE", "SERVICE", "AGENT", "ADDRESSES", "POD", "NODE")
"""Substitutions in manifests besides images: the lane's namespace, number and name of service, the
image of the node agent, the endpoint's network, and the name and node of a workload's pod."""
LISTENING = ("socket", "resource", "identity", "client", "retry_s", "answer_s")
"""Keys of `System.listening` (agent/node/listen.py)."""
_NAME = re.compile(r"[a-z0-9]+([.-][a-z0-9]+)*")


def problems_of_all(systems: Iterable[System]) -> Iterator[str]:
    """Every problem of these systems, each with what to write."""
    known = list(systems)
    names = [system.name for system in known]
    papers = [system.name for system in known if system.claims_on]
    if len(papers) > 1:
        yield f"{listed(papers)}: the paper is about one system; leave `claims_on` out of others"
    for system in known:
        for problem in problems(system):
            yield f"{system.name}: {problem}"
        others = [
            name for name in names if name != system.name and name.endswith(f"-{system.name}")
        ]
        if others:
            yield (
                f"{system.name}: a cell's id ends with the system's name, and that of "
                f"{listed(others)} ends so, too; write another `name`"
            )


def problems(system: System) -> Iterator[str]:
    """Every problem of one system."""
    found = [*_check_names(system), *_check_parts(system), *_check_manifests(system)]
    yield from found or problems_of_manifests(system)


def _check_names(system: System) -> Iterator[str]:
    for what, name in (("name", system.name), *(("plane", plane) for plane in system.planes)):
        if _NAME.fullmatch(name) is None:
            joined = "lower-case letters and digits, joined by single `-` or `.`"
            yield f"{what} `{name}`: write {joined}"
    for plane in system.planes:
        if "-" in plane:
            yield f"plane `{plane}`: `-` parts the levels in a cell's id; leave it out"
    own = {*system.components_by_name(), *system.sockets, *system.registry.plurals}
    for name in sorted(own & set(system.absent)):
        yield f"`{name}` is in `absent`, and the system has it; leave it out of `absent`"
    if system.claims_on and system.claims_on not in system.planes:
        yield f"`claims_on` is no plane; write one of: {', '.join(system.planes)}"


def _check_parts(system: System) -> Iterator[str]:
    if not system.planes or set(system.planes) != set(system.components):
        yield (
            f"`planes` are {listed(system.planes)} and `components` are of "
            f"{listed(system.components)}; write both for each plane"
        )
    for workload in system.workloads:
        if workload.owner not in get_args(Owner):
            yield f"`workloads`: `{workload.owner}`; write one of {listed(get_args(Owner))}"
    if system.registry.endpoints not in system.registry.plurals:
        yield f"`registry.endpoints` is none of its plurals {listed(system.registry.plurals)}"
    for plane, parts in system.components.items():
        for name, part in parts.items():
            if part.kind not in get_args(Kind):
                yield f"`{name}`: kind `{part.kind}`; write one of {listed(get_args(Kind))}"
            if part.part_of and part.part_of not in parts:
                yield f"`{name}` is a part of `{part.part_of}`, which the {plane} plane has not"
            if part.shared and system.shared is None:
                yield f"`{name}` is shared, and `shared` does not say what makes it"
        for role in get_args(Role):
            there = {name: part for name, part in parts.items() if part.only_on in (None, role)}
            if not there:
                yield (
                    f"no component of the {plane} plane is on the {role}'s node: nothing would be "
                    "sampled there, and every trial be `unknown`; name one that runs there"
                )
            for program, names in _same_program(there, system.pod_programs):
                yield (
                    f"{listed(names)} on the {role}'s node of the {plane} plane are one program, "
                    f"`{program}`, by which a process is found; name for each one of its own"
                )
        if system.api_client not in parts:
            yield f"`api_client` is no component of the {plane} plane: {listed(parts)}"
        for name, socket in system.sockets.items():
            if socket.owner and socket.owner not in parts:
                yield f"socket `{name}`: its owner `{socket.owner}` is none of {listed(parts)}"
        for peer in system.peers:
            for one in (peer.component, peer.dialler):
                if one and one not in parts:
                    yield f"`peers`: `{one}` is no component of the {plane} plane"
    for peer in system.peers:
        if peer.socket not in system.sockets:
            yield f"`peers`: there is no socket `{peer.socket}`: {listed(system.sockets)}"
    for key in system.listening:
        if key not in LISTENING:
            yield f"`listening`: nobody reads `{key}`; write one of {listed(LISTENING)}"
    if system.listening and "socket" not in system.listening:
        yield "`listening` lacks `socket`; without a stream to listen to leave all of it empty"
    for pod in PODS:
        if pod not in system.addresses:
            yield f"`addresses` lacks the network of `{pod}`"


def _same_program(
    parts: Mapping[str, Component], of_pods: Iterable[str]
) -> Iterator[tuple[str, list[str]]]:
    """Programs of several components of a node, or of one and of a client or endpoint."""
    found = {program: ["pod_programs"] for program in of_pods}
    for name, part in parts.items():
        found.setdefault(part.program, []).append(name)
    return ((program, names) for program, names in found.items() if len(names) > 1)


def _check_manifests(system: System) -> Iterator[str]:
    try:
        there = system.manifests()
    except (FileNotFoundError, NotADirectoryError, ModuleNotFoundError):
        yield f"there is no folder `manifests` beside {system.folder}; write it (`folder=__name__`)"
        return
    without = () if system.sidecar is not None else (MONITORED,)
    wanted = [system.definitions, system.rights, *(w for w in WORKLOADS if w not in without)]
    wanted += [part.format(plane=plane) for part in system.parts for plane in system.planes]
    wanted += [system.shared.manifest] if system.shared is not None else []
    for name in dict.fromkeys(wanted):
        if name not in there:
            yield f"there is no manifests/{name}; there are {listed(there)}"
    given = {
        *SUBSTITUTIONS,
        *(key for plane in system.planes for key in system.images.needed(plane)),
    }
    for name in there:
        template = Template(system.template(name))
        if not template.is_valid():
            yield f"manifests/{name} has a `$` that begins no `${{NAME}}`; write `$$` for it"
        asks = set(template.get_identifiers())
        if name == WORKLOADS[-1] and "ADDRESSES" not in asks:
            yield f"manifests/{name} asks for no ${{ADDRESSES}}: a spare one would give the same"
        for asked in sorted(asks - given):
            yield (
                f"manifests/{name} asks for ${{{asked}}}: write it as an image, or one of "
                f"{listed(sorted(given))}"
            )
