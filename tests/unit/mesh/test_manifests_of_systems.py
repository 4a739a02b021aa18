# SPDX-License-Identifier: Apache-2.0
"""A system's manifests hold what is said of it, and upstream's probes and limits.

Whether an API server takes them is asked of a real one (tests/cluster).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from nsm_resilience.mesh.manifests import ENDPOINT, rendered, values
from nsm_resilience.systems.base import System
from nsm_resilience.systems.known import SYSTEMS
from nsm_resilience.systems.nsm_v1_18_0 import SYSTEM as TODAY
from nsm_resilience.testbed.base import Lane
from nsm_resilience.testbed.config import Images, Resources, SystemImages

PLANES = [(system, plane) for system in SYSTEMS.values() for plane in system.planes]
IDS = [f"{system.name}-{plane}" for system, plane in PLANES]
WORKLOADS = ("client-plain.yaml", "client-monitored.yaml", "endpoint.yaml")


def documents(system: System, plane: str, name: str) -> list[dict[str, Any]]:
    own = {**values(system, Lane(7, "a", "b"), Images(), plane), "POD": "one", "NODE": "a"}
    text = system.render(name.format(plane=plane), own)
    assert "${" not in text
    return list(yaml.safe_load_all(text))


def parts(system: System, plane: str) -> dict[tuple[str, str], dict[str, Any]]:
    """What holds the pods of a system, with those that the cluster shares, by kind and name."""
    names = [*system.parts, *([system.shared.manifest] if system.shared else [])]
    return {
        (one["kind"], one["metadata"]["name"]): one
        for name in names
        for one in documents(system, plane, name)
        if one["kind"] in ("DaemonSet", "Deployment", "StatefulSet")
    }


def containers(system: System, plane: str) -> dict[tuple[str, str], dict[str, Any]]:
    """Every container by its pod's label and its name, with what it is of as `of`."""
    found = {}
    for (kind, name), one in parts(system, plane).items():
        pod = one["spec"]["template"]
        for container in pod["spec"]["containers"]:
            key = (pod["metadata"]["labels"]["app"], container["name"])
            found[key] = {**container, "of": (kind, name), "pod": pod["spec"]}
    return found


@pytest.mark.parametrize(("system", "plane"), PLANES, ids=IDS)
def test_what_is_said_of_a_system_is_in_its_manifests(system: System, plane: str) -> None:
    made = parts(system, plane)
    assert {(w.owner, w.name) for w in system.workloads} <= set(made)
    there = containers(system, plane)
    for name, part in system.components[plane].items():
        container = there[(part.app, part.container)]
        shared = container["of"] not in {(w.owner, w.name) for w in system.workloads}
        assert shared is part.shared, name
        if part.only_on is not None:
            selected = container["pod"]["nodeSelector"]
            assert selected["nsm-resilience/role"] == part.only_on, name


@pytest.mark.parametrize(("system", "plane"), PLANES, ids=IDS)
def test_only_the_images_that_are_declared_are_used(system: System, plane: str) -> None:
    images = Images()
    known = {images.of(system, image) for image in system.images.needed(plane).values()}
    used = {c["image"] for c in containers(system, plane).values()}
    for name in WORKLOADS:
        (pod,) = documents(system, plane, name)
        every = [*pod["spec"]["containers"], *pod["spec"].get("initContainers", ())]
        used |= {container["image"] for container in every}
    assert used == known


@pytest.mark.parametrize(("system", "plane"), PLANES, ids=IDS)
def test_a_monitored_client_has_the_sidecar_and_a_plain_one_has_not(
    system: System, plane: str
) -> None:
    names = {}
    for kind in ("plain", "monitored"):
        (pod,) = documents(system, plane, f"client-{kind}.yaml")
        names[kind] = {container["name"] for container in pod["spec"]["containers"]}
    assert system.sidecar is not None
    assert names["monitored"] - names["plain"] == {system.sidecar.container}


@pytest.mark.parametrize(("system", "plane"), PLANES, ids=IDS)
def test_everything_of_a_lane_is_in_its_namespace_and_on_its_nodes(
    system: System, plane: str
) -> None:
    lane = Lane(7, "a", "b")
    for name in (*system.parts, *WORKLOADS):
        for one in documents(system, plane, name):
            assert one["metadata"]["namespace"] == lane.namespace, (name, one["kind"])
            pod = one["spec"].get("template", {}).get("spec")
            if pod is not None:
                assert pod["nodeSelector"]["nsm-resilience/lane"] == "7", name
    for one in documents(system, plane, system.rights):
        meta = one["metadata"]
        assert meta.get("namespace") == lane.namespace or lane.namespace in meta["name"]


def probes(container: dict[str, Any]) -> Iterator[tuple[str, int, int]]:
    for name in ("startupProbe", "readinessProbe", "livenessProbe"):
        if name in container:
            probe = container[name]
            yield name, probe.get("periodSeconds", 10), probe.get("failureThreshold", 3)


def test_the_parts_of_today_have_upstreams_probes_and_limits() -> None:
    """deployments-k8s v1.18.0, apps/: the blind time of a damaged socket rests on them."""
    there = containers(TODAY, "vpp")
    long = [("startupProbe", 5, 25), ("readinessProbe", 1, 120), ("livenessProbe", 5, 25)]
    for name, limits in (
        ("nsmgr", {"cpu": "400m", "memory": "200Mi"}),
        ("forwarder-vpp", {"cpu": "525m", "memory": "500Mi"}),
    ):
        assert list(probes(there[(name, name)])) == long, name
        assert there[(name, name)]["resources"]["limits"] == limits, name
    registry = there[("registry", "registry")]
    assert list(probes(registry)) == []
    assert registry["resources"]["limits"] == {"cpu": "200m", "memory": "260Mi"}
    agent = dict((n, (p, f)) for n, p, f in probes(there[("spire-agent", "spire-agent")]))
    assert agent["livenessProbe"] == (60, 2)


def test_sockets_of_today_are_where_its_manifests_put_them() -> None:
    there = containers(TODAY, "vpp")

    def told(app: str, name: str) -> str:
        env = {e["name"]: e.get("value", "") for e in there[(app, app)]["env"]}
        return str(env[name])

    paths = {name: socket.pattern for name, socket in TODAY.sockets.items()}
    assert told("nsmgr", "NSM_LISTEN_ON").startswith(f"unix://{paths['nsm.io.sock']},")
    program, _, path = paths["forwarder"].partition(":")
    assert program == TODAY.components["vpp"]["forwarder"].program
    assert told("forwarder-vpp", "NSM_LISTEN_ON") == f"unix://{path}"
    assert told("nsmgr", "SPIFFE_ENDPOINT_SOCKET") == f"unix://{paths['spire-agent']}"
    (config,) = (
        one
        for one in documents(TODAY, "vpp", "spire.yaml")
        if one["kind"] == "ConfigMap" and one["metadata"]["name"] == "spire-agent"
    )
    assert f'socket_path = "{paths["spire-agent"]}"' in config["data"]["agent.conf"]


@pytest.mark.parametrize(("system", "plane"), PLANES, ids=IDS)
def test_an_endpoint_gives_addresses_of_the_network_that_it_is_told(
    system: System, plane: str
) -> None:
    (pod,) = documents(system, plane, "endpoint.yaml")
    (container,) = pod["spec"]["containers"]
    told = {e.get("value") for e in container["env"]}
    assert system.addresses[ENDPOINT] in told


@pytest.mark.parametrize("system", SYSTEMS.values(), ids=SYSTEMS)
def test_every_container_is_known_by_name(system: System) -> None:
    found = set()
    for plane in system.planes:
        found |= {name for _, name in containers(system, plane)}
        pods = [documents(system, plane, name)[0] for name in WORKLOADS]
        inits = [one["spec"]["template"] for one in parts(system, plane).values()]
        for pod in (*pods, *inits):
            every = [*pod["spec"]["containers"], *pod["spec"].get("initContainers", ())]
            found |= {container["name"] for container in every}
    assert found == set(system.container_names())


def test_resources_that_a_testbed_declares_stand_in_place_of_the_manifests() -> None:
    own = Resources(limits={"memory": "700Mi"}, requests={"cpu": "50m"})
    images = Images(systems={TODAY.name: SystemImages(resources={"nsmgr": own, "nsc": own})})
    substitutions = {
        **values(TODAY, Lane(7, "a", "b"), images, "vpp"), "POD": "one", "NODE": "a",
    }  # fmt: skip
    (manager,) = yaml.safe_load_all(rendered(TODAY, "nsmgr.yaml", substitutions, images))
    (container,) = manager["spec"]["template"]["spec"]["containers"]
    assert container["resources"] == {
        "requests": {"cpu": "50m", "memory": "100Mi"},
        "limits": {"cpu": "400m", "memory": "700Mi"},
    }
    (client,) = yaml.safe_load_all(rendered(TODAY, "client-monitored.yaml", substitutions, images))
    by_name = {c["name"]: c.get("resources") for c in client["spec"]["containers"]}
    assert by_name["application"] is None
    assert by_name["nsc"]["limits"] == {"cpu": "200m", "memory": "700Mi"}
    (asks,) = client["spec"]["initContainers"]
    assert asks["resources"]["limits"] == {"cpu": "200m", "memory": "80Mi"}, (
        "not named, not changed"
    )


def test_without_any_a_manifest_is_as_it_is_written() -> None:
    for system, plane in PLANES:
        substitutions = values(system, Lane(7, "a", "b"), Images(), plane)
        for name in (part.format(plane=plane) for part in system.parts):
            text = system.render(name, substitutions)
            assert rendered(system, name, substitutions, Images()) == text


def test_resources_of_a_container_that_is_not_there_are_refused() -> None:
    with pytest.raises(ValueError, match="has no container `nscc`; write `resources` of one of"):
        Images(systems={TODAY.name: SystemImages(resources={"nscc": Resources()})})


def test_what_is_not_there_or_not_given_is_said_with_what_is() -> None:
    with pytest.raises(
        FileNotFoundError, match=r"no manifest brain\.yaml; write it beside: client-m"
    ):
        TODAY.render("brain.yaml", {})
    with pytest.raises(KeyError, match=r"asks for \$\{\w+\}; there are: LANE"):
        TODAY.render("nsmgr.yaml", {"LANE": "1"})
