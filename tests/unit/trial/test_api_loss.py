# SPDX-License-Identifier: Apache-2.0
"""An API server that is away is waited for, counted, and makes the attempt void."""

from __future__ import annotations

from typing import Any, cast

import pytest

from nsm_resilience.agent.client import PULL_S, AgentError
from nsm_resilience.testbed.api import ApiRefused, ApiUnavailable, is_signed_out
from nsm_resilience.testbed.base import Lane
from nsm_resilience.trial import newcomers, phases
from nsm_resilience.trial.setting import SLOW_NS, Setting, TrialVoid


class Away:
    """Cluster and agent in one; what is away does not answer. Whoever asks waits `takes_s`."""

    def __init__(self) -> None:
        self.api = True
        self.agent = True
        self.restarted = False
        self.refusal: ApiRefused | None = None
        self.takes_s = {"answers": 0.0, "pull": 0.0}
        self.now_ns = 10**9

    def _wait(self, what: str) -> None:
        self.now_ns += int(self.takes_s[what] * 1e9)

    def identity(self) -> str:
        self._wait("answers")
        if not self.api:
            raise ApiUnavailable("GET namespace: timed out")
        return "uid"

    def pull(self) -> list[Any]:
        self._wait("pull")
        if self.restarted:
            raise AgentError("the agent on a was restarted")
        if self.refusal is not None:
            raise self.refusal
        if not (self.api and self.agent):
            raise ApiUnavailable("GET pull: timed out")
        return []


@pytest.fixture
def away(monkeypatch: pytest.MonkeyPatch) -> Away:
    made = Away()
    monkeypatch.setattr("nsm_resilience.trial.setting.time.monotonic_ns", lambda: made.now_ns)
    return made


@pytest.fixture
def setting(away: Away) -> Setting:
    given: Any = None
    agents: Any = {"client": away}
    cluster: Any = away
    return Setting(
        study=given, scheduled=given, cluster=cluster, cluster_id="c1", lane=given,
        mesh=given, agents=agents, clocks={}, writer=given, pods=given, say=lambda _: None,
    )  # fmt: skip


def test_the_time_without_an_api_server_is_counted_from_the_first_pull_that_failed(
    setting: Setting, away: Away
) -> None:
    away.api, away.takes_s = False, {"answers": 5, "pull": 3}
    setting.pump()
    setting.pump()
    away.api, away.takes_s = True, {"answers": 0, "pull": 0}
    away.now_ns += 4 * 10**9
    setting.pump()
    assert setting.api_away_s == 20
    with pytest.raises(TrialVoid, match="the API server was away for 20 s"):
        phases.check_api(setting)


def test_an_absence_that_ends_while_the_api_server_is_asked_is_counted(
    setting: Setting, away: Away
) -> None:
    away.agent, away.takes_s = False, {"answers": 4, "pull": 3}
    setting.pump()
    assert setting.api_away_s == 7


def test_an_absence_that_is_not_counted_is_no_longer_than_is_allowed() -> None:
    assert SLOW_NS / 1e9 + PULL_S <= phases.API_LOSS_S


def test_one_slow_pull_on_a_busy_machine_is_no_absence(setting: Setting, away: Away) -> None:
    away.agent, away.takes_s = False, {"answers": 1.5, "pull": 3}
    setting.pump()
    assert setting.api_away_s == 0


def test_an_absence_goes_on_through_the_wait_between_two_phases(
    setting: Setting, away: Away
) -> None:
    away.api, away.takes_s = False, {"answers": 1, "pull": 3}
    setting.pump()
    away.api, away.takes_s = True, {"answers": 2, "pull": 0}
    setting.wait_for_api(60)
    assert setting.api_away_s == 6
    setting.pump()
    assert setting.api_away_s == 6


def test_an_agent_that_is_away_alone_is_no_loss_of_the_api_server(
    setting: Setting, away: Away
) -> None:
    away.agent = False
    setting.pump()
    setting.pump()
    assert setting.problems == {"client": (2, "GET pull: timed out")}
    assert setting.api_away_s == 0
    phases.check_api(setting)


def test_the_bystander_does_not_hide_an_absence(
    setting: Setting, away: Away, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The pod is looked for again and again, and the probes are pulled meanwhile."""
    away.takes_s = {"answers": 1, "pull": 3}
    away.api = False
    events: list[dict[str, Any]] = []

    class Mesh:
        lane = Lane(1, "a", "b")

        def start_bystander(self, *_: str) -> None: ...

        def pod(self, _name: str) -> Any:
            away.now_ns += 10**9
            raise ApiUnavailable("GET pod: timed out")

    class Writer:
        def event(self, _kind: str, **rest: Any) -> None:
            events.append(rest["data"])

    mesh, writer = cast(Any, Mesh()), cast(Any, Writer())
    monkeypatch.setattr(newcomers.time, "sleep", lambda _: None)
    newcomers.bystander(mesh, writer, "client", 20, setting.pump)
    away.api = True
    setting.pump()
    assert setting.api_away_s > 10
    assert events[0]["started"] is False


def test_an_agent_that_was_restarted_makes_the_trial_void(setting: Setting, away: Away) -> None:
    away.restarted = True
    with pytest.raises(TrialVoid, match="was restarted"):
        setting.pump()


def test_a_login_that_is_no_longer_taken_makes_the_trial_void(setting: Setting, away: Away) -> None:
    away.refusal = ApiRefused("GET pull", 401, b"Unauthorized")
    with pytest.raises(TrialVoid, match=r"GET pull: 401 Unauthorized .*sign in again") as void:
        setting.pump()
    assert is_signed_out(void.value)
