# SPDX-License-Identifier: Apache-2.0
"""Testbed files, lanes, and what the doctor says of a campaign's length."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from pathlib import Path

import pytest
from api_server import StandIn, serving

from nsm_resilience.agent.deploy import deploy
from nsm_resilience.mesh.manifests import values
from nsm_resilience.study.load import ConfigError, load_study
from nsm_resilience.systems.base import System
from nsm_resilience.systems.known import SYSTEMS
from nsm_resilience.testbed import doctor
from nsm_resilience.testbed.api import ApiUnavailable, Cluster, wait_for
from nsm_resilience.testbed.base import AGENT_NAMESPACE, Lane, TestbedError
from nsm_resilience.testbed.config import ExistingTestbed, Images, KindTestbed, load_testbed
from nsm_resilience.testbed.doctor import estimate, examine, propose_lanes
from nsm_resilience.testbed.existing import Existing
from nsm_resilience.testbed.kind import Kind
from nsm_resilience.testbed.lanes import take_lane

CONFIG = Path(__file__).parents[3] / "config"


@pytest.mark.parametrize("file", sorted(CONFIG.glob("testbed-*.yaml")), ids=lambda p: p.stem)
def test_every_testbed_file_of_the_project_is_valid(file: Path) -> None:
    assert isinstance(load_testbed(file), KindTestbed)


def test_a_wrong_key_in_a_testbed_file_gets_the_right_one(tmp_path: Path) -> None:
    file = tmp_path / "testbed.yaml"
    file.write_text("testbed: {type: kind, lane: 2}\n")
    with pytest.raises(ConfigError, match="did you mean `lanes:`"):
        load_testbed(file)


def test_a_kind_cluster_has_two_workers_of_its_own_for_each_lane() -> None:
    pairs = KindTestbed(name="x", lanes=2).worker_pairs()
    assert pairs == [("x-worker", "x-worker2"), ("x-worker3", "x-worker4")]


def test_somebody_elses_cluster_is_not_touched_without_its_name(tmp_path: Path) -> None:
    config = ExistingTestbed(type="existing", name="x", context="prod", nodes=(("a", "b"),))
    with pytest.raises(TestbedError, match="--allow-context prod"):
        Existing(config, None).up()
    with pytest.raises(TestbedError, match="--allow-context prod"):
        Existing(config, "other").down()


def test_a_context_is_advised_as_a_shell_takes_it() -> None:
    context = "my lab $(touch hacked)"
    config = ExistingTestbed(type="existing", name="lab", context=context)
    with pytest.raises(TestbedError, match=r"context 'my lab \$\(touch hacked\)' \(for"):
        Existing(config, None).check_allowed()


def test_a_lane_is_held_by_one_at_a_time_and_free_again_afterwards(tmp_path: Path) -> None:
    lanes = [Lane(1, "a", "b"), Lane(2, "c", "d")]
    with take_lane(lanes, tmp_path, 60) as first, take_lane(lanes, tmp_path, 60) as second:
        assert {first.number, second.number} == {1, 2}
        with pytest.raises(TestbedError, match="no lane of 2"), take_lane(lanes, tmp_path, 0.1):
            pass
    with take_lane(lanes, tmp_path, 60) as again:
        assert again.number == 1


@pytest.fixture
def kind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Kind, StandIn]]:
    """A kind cluster `x` that its API server calls healthy; kind and Docker are stand-ins."""
    cluster = StandIn("x-worker", "x-worker2")
    cluster.add_node("x-control-plane")
    cluster.put(f"/api/v1/namespaces/{AGENT_NAMESPACE}", {"kind": "Namespace"})
    nodes = "x-control-plane\nx-worker\nx-worker2"
    stand_ins = tmp_path / "bin"
    stand_ins.mkdir()
    for name, condition in {"kind": '[ "$2" = nodes ]', "docker": "true"}.items():
        (stand_ins / name).write_text(f'#!/bin/sh\n{condition} && echo "{nodes}"\n')
        (stand_ins / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{stand_ins}:{os.environ['PATH']}")
    with serving(cluster, tmp_path, "kind-x") as kubeconfig:
        kubeconfig.rename(tmp_path / "x.kubeconfig")
        yield Kind(KindTestbed(name="x"), tmp_path), cluster


def test_a_cluster_whose_nodes_all_run_is_healthy(kind: tuple[Kind, StandIn]) -> None:
    assert kind[0].healthy()


def test_a_node_that_has_ended_is_seen_before_the_api_server_sees_it(
    kind: tuple[Kind, StandIn], tmp_path: Path
) -> None:
    (tmp_path / "bin" / "docker").write_text("#!/bin/sh\necho x-control-plane x-worker\n")
    assert kind[1].objects["/api/v1/nodes/x-worker2"]["status"]["conditions"][0]["status"] == "True"
    assert not kind[0].healthy()


def test_a_cluster_that_was_not_made_to_the_end_is_not_healthy(kind: tuple[Kind, StandIn]) -> None:
    """Kind can go on alone when we are killed, and then no image is ever loaded."""
    assert kind[1].delete(f"/api/v1/namespaces/{AGENT_NAMESPACE}")
    assert not kind[0].healthy()


def test_nothing_is_forgotten_of_a_cluster_that_kind_cannot_see_now(
    kind: tuple[Kind, StandIn], tmp_path: Path
) -> None:
    """Docker may be down: what is known of the cluster is needed when it is back."""
    (tmp_path / "x.kind.yaml").write_text("kind: Cluster\n")
    (tmp_path / "bin" / "kind").write_text("#!/bin/sh\necho no docker >&2\nexit 1\n")
    with pytest.raises(TestbedError, match="no docker"):
        kind[0].down()
    assert kind[0].kubeconfig.exists() and (tmp_path / "x.kind.yaml").exists()


@pytest.mark.parametrize("act", [Kind.up, Kind.down])
def test_a_cluster_of_the_same_name_that_somebody_else_made_is_left_alone(
    kind: tuple[Kind, StandIn], tmp_path: Path, act: Callable[[Kind], None]
) -> None:
    """It answers, and has nothing of ours; or it does not answer, and was not made from here."""
    called = kind_that_knows_x(tmp_path)
    assert kind[1].delete(f"/api/v1/namespaces/{AGENT_NAMESPACE}")
    with pytest.raises(TestbedError, match=r"(?s)name:.*kind delete cluster --name x"):
        act(kind[0])
    assert "delete" not in called.read_text()


def test_a_cluster_of_ours_that_is_damaged_is_removed(
    kind: tuple[Kind, StandIn], tmp_path: Path
) -> None:
    called = kind_that_knows_x(tmp_path)
    assert kind[1].delete(f"/api/v1/namespaces/{AGENT_NAMESPACE}")
    (tmp_path / "x.kind.yaml").write_text("kind: Cluster\n")
    kind[0].down()
    assert "delete cluster --name x" in called.read_text()
    assert not (tmp_path / "x.kind.yaml").exists()


CREATES = """#!/bin/sh
echo "$@" >> {folder}/called.txt
[ "$1" = create ] || exit 0
[ "$(grep -c ^create {folder}/called.txt)" -gt {late} ] && echo made >&2 && exit 0
echo 'ERROR: failed to create cluster: node(s) already exist for a cluster with the name "x"' >&2
exit 1
"""
"""A stand-in for kind that finds nodes at its first calls, though it knows no cluster."""


@pytest.mark.parametrize(("was_begun", "late", "made"), [(True, 2, 3), (True, 3, 3), (False, 1, 1)])
def test_nodes_that_docker_made_late_for_a_killed_kind_are_removed(
    kind: tuple[Kind, StandIn], tmp_path: Path, was_begun: bool, late: int, made: int
) -> None:
    """Issue 5: seen at a kind that was killed while Docker made its nodes. Only those of a cluster
    whose making was begun here are taken for that one's."""
    (tmp_path / "bin" / "kind").write_text(CREATES.format(folder=tmp_path, late=late))
    if was_begun:
        (tmp_path / "x.kind.yaml").write_text("kind: Cluster\n")
    ends_well = late < made
    with nullcontext() if ends_well else pytest.raises(TestbedError, match="already exist"):
        kind[0].up()
    calls = [line.split()[0] for line in (tmp_path / "called.txt").read_text().splitlines()]
    assert calls.count("create") == made
    assert calls.count("delete") == made - 1


def test_kind_goes_on_when_we_are_killed(tmp_path: Path) -> None:
    """As docs/live.md, "What survives what", says: a pipe of ours would end it at its next line."""
    (tmp_path / "kind").write_text(
        f"#!/bin/sh\ntouch {tmp_path}/begun\nwhile [ ! -e {tmp_path}/go ]; do sleep 0.05; done\n"
        f"echo one more line\necho and one >&2\ntouch {tmp_path}/made\n"
    )
    (tmp_path / "kind").chmod(0o755)
    ours = subprocess.Popen(
        [sys.executable, "-c", "import sys; from pathlib import Path\n"
         "from nsm_resilience.testbed.config import KindTestbed\n"
         "from nsm_resilience.testbed.kind import Kind\n"
         "Kind(KindTestbed(name='x'), Path(sys.argv[1]))._kind('create')", str(tmp_path)],
        env={**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"},
    )  # fmt: skip
    wait_for("kind at work", (tmp_path / "begun").exists, 60)
    ours.kill()
    ours.wait()
    (tmp_path / "go").touch()
    wait_for("the end of kind", (tmp_path / "made").exists, 60)


def kind_that_knows_x(folder: Path) -> Path:
    """A stand-in for kind that lists cluster `x` and writes down how it is called."""
    called = folder / "called.txt"
    script = f'#!/bin/sh\necho "$@" >> {called}\n[ "$2" = clusters ] && echo x\nexit 0\n'
    (folder / "bin" / "kind").write_text(script)
    return called


def test_lanes_share_no_name_that_nsm_would_confuse() -> None:
    one, two = Lane(1, "a", "b"), Lane(2, "c", "d")
    assert one.namespace != two.namespace
    assert one.service != two.service


@pytest.mark.parametrize(
    ("system", "plane"), [(s, plane) for s in SYSTEMS.values() for plane in s.planes]
)
def test_every_manifest_is_rendered_without_a_rest(system: System, plane: str) -> None:
    known = {**values(system, Lane(1, "a", "b"), Images(), plane), "POD": "p", "NODE": "n"}
    parts = [name.format(plane=plane) for name in system.parts]
    for name in (*parts, "endpoint.yaml", *(f"client-{kind}.yaml" for kind in system.clients())):
        text = system.render(name, known)
        assert "${" not in text
        assert f"{system.images.registry}/" in text
    for name in (system.definitions, system.rights):
        assert "${" not in system.render(name, known)
    with pytest.raises(KeyError):
        system.render(parts[0], {})


def test_a_campaign_on_twice_the_lanes_takes_about_half_the_time() -> None:
    study = load_study(CONFIG / "study.yaml")
    one, two = estimate(study, 1), estimate(study, 2)
    assert one.trials == two.trials == 145
    assert one.least_s < one.most_s
    assert two.most_s / one.most_s == pytest.approx(0.5, abs=0.01)


def test_trials_that_run_alone_take_as_long_on_any_number_of_lanes() -> None:
    study = load_study(CONFIG / "study-lanes.yaml")
    without = study.model_copy(update={"turns": None})
    one, many = estimate(study, 1), estimate(study, 1000)
    # the cluster's own time aside, half of the trials are left
    assert (many.most_s - 90) / (one.most_s - 90) == pytest.approx(0.5, abs=0.01)
    assert estimate(without, 1) == one
    assert estimate(without, 1000).most_s < 90 + (one.most_s - 90) / 999


@pytest.mark.parametrize(("cpus", "memory", "lanes"), [(1, 4, 1), (2, 24, 2), (16, 16, 8)])
def test_lanes_are_proposed_by_processors_and_memory(cpus: int, memory: float, lanes: int) -> None:
    assert propose_lanes(cpus, memory) == lanes


def test_a_kind_that_hangs_is_given_up_with_what_to_do(
    kind: tuple[Kind, StandIn], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "bin" / "kind").write_text("#!/bin/sh\nexec sleep 60\n")
    monkeypatch.setattr("nsm_resilience.testbed.kind.ACT_S", 0.2)
    with pytest.raises(TestbedError, match=r"did not end within 0.2 s"):
        kind[0].exists()


def test_agents_that_do_not_start_say_why(tmp_path: Path) -> None:
    """As on nodes that cannot pull their image."""
    cluster = StandIn("a", "b")
    for node in ("a", "b"):
        cluster.objects[f"/api/v1/nodes/{node}"]["metadata"]["labels"]["nsm-resilience/lane"] = "1"
    made = cluster._run

    def none_starts(path: str) -> None:
        made(path)
        cluster.objects[path]["status"]["numberReady"] = 0
        waiting = {"reason": "ImagePullBackOff", "message": "no such\nhost"}
        for pod in cluster.objects:
            if "/pods/agent-" in pod:
                status = {"containerStatuses": [{"state": {"waiting": waiting}}]}
                cluster.objects[pod]["status"].update(status)

    cluster._run = none_starts  # type: ignore[method-assign]
    with (
        serving(cluster, tmp_path, "c") as kubeconfig,
        pytest.raises(ApiUnavailable, match=r"[ab] says: ImagePullBackOff no such host\. See .*py"),
    ):
        deploy(Cluster(kubeconfig, "c"), "registry.example/py:3", timeout_s=0.5)


def test_the_doctor_asks_for_what_the_systems_that_will_run_need_of_the_kernel(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(doctor, "_output", lambda *command: None)  # no kind, no Docker
    today = load_study(CONFIG / "study-today.yaml")
    usual, other = ({one.what for one in examine(KindTestbed(), s)} for s in (None, today))
    assert "vxlan in the kernel" in usual - other
