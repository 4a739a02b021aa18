# SPDX-License-Identifier: Apache-2.0
"""The manifests of today's NSM have upstream's probes and limits; a testbed may declare others.

That a system's manifests make what is said of it: `test_systems.py`. Whether an API
server takes them is asked of a real one (tests/cluster).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from nsm_resilience.mesh.manifests import rendered, values
from nsm_resilience.systems.known import SYSTEMS
from nsm_resilience.systems.nsm_v1_18_0 import SYSTEM as TODAY
from nsm_resilience.testbed.base import Lane
from nsm_resilience.testbed.config import Images, Resources, SystemImages


def documents(name: str) -> list[dict[str, Any]]:
    own = values(TODAY, Lane(7, "a", "b"), Images(), "vpp")
    return list(yaml.safe_load_all(TODAY.render(name.format(plane="vpp"), own)))


def containers() -> dict[tuple[str, str], dict[str, Any]]:
    """Every container of what runs of today's NSM, by its pod's label and its name."""
    assert TODAY.shared is not None
    pods = [
        one["spec"]["template"]
        for name in (*TODAY.parts, TODAY.shared.manifest)
        for one in documents(name)
        if one["kind"] in ("DaemonSet", "Deployment", "StatefulSet")
    ]
    return {
        (pod["metadata"]["labels"]["app"], container["name"]): container
        for pod in pods
        for container in pod["spec"]["containers"]
    }


def probes(container: dict[str, Any]) -> Iterator[tuple[str, int, int]]:
    for name in ("startupProbe", "readinessProbe", "livenessProbe"):
        if name in container:
            probe = container[name]
            yield name, probe.get("periodSeconds", 10), probe.get("failureThreshold", 3)


def test_the_parts_of_today_have_upstreams_probes_and_limits() -> None:
    """deployments-k8s v1.18.0, apps/: the blind time of a damaged socket rests on them."""
    there = containers()
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
    there = containers()

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
        for one in documents("spire.yaml")
        if one["kind"] == "ConfigMap" and one["metadata"]["name"] == "spire-agent"
    )
    assert f'socket_path = "{paths["spire-agent"]}"' in config["data"]["agent.conf"]


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
    for system, plane in [(s, plane) for s in SYSTEMS.values() for plane in s.planes]:
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
