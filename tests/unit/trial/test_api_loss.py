# SPDX-License-Identifier: Apache-2.0
"""An API server that is away is waited for, counted, and makes the attempt void."""

from __future__ import annotations

from typing import Any

import pytest

from nsm_resilience.testbed.api import ApiUnavailable
from nsm_resilience.trial import phases
from nsm_resilience.trial.setting import Setting, TrialVoid


class Away:
    """Cluster and agent in one; what is away does not answer."""

    def __init__(self) -> None:
        self.api = True
        self.agent = True

    def answers(self) -> bool:
        if not self.api:
            raise ApiUnavailable("GET namespace: timed out")
        return True

    def pull(self) -> list[Any]:
        if not (self.api and self.agent):
            raise ApiUnavailable("GET pull: timed out")
        return []


@pytest.fixture
def away() -> Away:
    return Away()


@pytest.fixture
def setting(away: Away) -> Setting:
    given: Any = None
    agents: Any = {"client": away}
    cluster: Any = away
    return Setting(
        study=given, scheduled=given, attempt=1, cluster=cluster, cluster_id="c1", lane=given,
        mesh=given, agents=agents, clocks={}, writer=given, pods=given, say=lambda _: None,
    )  # fmt: skip


def test_the_time_without_an_api_server_is_counted(
    setting: Setting, away: Away, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = iter(n * 10**9 for n in (10, 20, 40))
    monkeypatch.setattr("nsm_resilience.trial.setting.time.monotonic_ns", lambda: next(now))
    away.api = False
    setting.pump()
    setting.pump()
    away.api = True
    setting.pump()
    assert setting.api_away_s == 30
    with pytest.raises(TrialVoid, match="the API server was away for 30 s"):
        phases.check_api(setting)


def test_an_agent_that_is_away_alone_is_no_loss_of_the_api_server(
    setting: Setting, away: Away
) -> None:
    away.agent = False
    setting.pump()
    assert setting.problems and setting.api_away_s == 0
    phases.check_api(setting)
