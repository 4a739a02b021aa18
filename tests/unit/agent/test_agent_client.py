# SPDX-License-Identifier: Apache-2.0
"""What the runner makes of an agent's answers."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from nsm_resilience.agent.client import Agent, AgentError, at_once
from nsm_resilience.testbed.api import ApiRefused, ApiUnavailable


class Answers:
    """An API server behind which an agent answers as told, one pull after the other."""

    def __init__(self, *answers: dict[str, Any]) -> None:
        self.left = list(answers)
        self.asked: list[str] = []

    def request(self, method: str, path: str, body: Any, **_: Any) -> Any:
        self.asked.append(path.rpartition("=")[2])
        return self.left.pop(0)


@pytest.mark.parametrize("left", [[[7, "path", {"seq": 7}]], []])
def test_lines_that_the_agent_had_to_drop_are_counted(left: list[Any]) -> None:
    answers: Any = Answers(
        {"items": [[0, "path", {"seq": 0}], [1, "path", {"seq": 1}]], "next": 2, "instance": "i"},
        {"items": left, "next": 7 + len(left), "instance": "i"},
    )
    agent = Agent(answers, "a", "pod", "token")
    assert len(agent.pull()) == 2 and agent.dropped == 0
    assert agent.pull() == [("path", {"seq": 7})][: len(left)]
    assert agent.dropped == 5
    assert answers.asked == ["0", "2"]


def test_lines_that_were_pulled_before_are_not_given_twice() -> None:
    same: dict[str, Any] = {"items": [[0, "path", {"seq": 0}]], "next": 1, "instance": "i"}
    answers: Any = Answers(same, same)
    agent = Agent(answers, "a", "pod", "token")
    assert (len(agent.pull()), len(agent.pull()), agent.dropped) == (1, 0, 0)


def test_an_agent_that_was_restarted_is_not_taken_for_the_one_before() -> None:
    """It counts from 0 again, has nothing that was not pulled, and injects nothing."""
    answers: Any = Answers(
        {"next": 40, "instance": "first"},
        {"items": [[40, "path", {"seq": 0}]], "next": 41, "instance": "first"},
        {"items": [[0, "path", {"seq": 9}]], "next": 1, "instance": "second"},
        {"next": 1, "instance": "second"},
        {"items": [], "next": 1, "instance": "second"},
    )
    agent = Agent(answers, "a", "pod", "token")
    agent.reset()
    assert len(agent.pull()) == 1
    with pytest.raises(AgentError, match="agent on a was restarted"):
        agent.pull()
    assert agent.dropped == 0
    agent.reset()
    assert agent.pull() == []


def test_a_login_that_the_api_server_does_not_take_is_no_fault_of_the_agent() -> None:
    answers: Any = Answers()

    def refuse(*_: Any, **__: Any) -> Any:
        raise ApiRefused("GET pull", 401, b"Unauthorized")

    answers.request = refuse
    with pytest.raises(ApiRefused, match="sign in again"):
        Agent(answers, "a", "pod", "token").pull()


class Waiting:
    """Agents that answer only once all have been asked."""

    def __init__(self, number: int) -> None:
        self.all_asked = threading.Barrier(number, timeout=10)

    def ask(self, agent: Any) -> str:
        self.all_asked.wait()
        if agent == "fails":
            raise AgentError("no")
        return f"of {agent}"


def test_agents_are_asked_at_the_same_time() -> None:
    agents: Any = {"client": "a", "endpoint": "b"}
    answers = at_once(agents, Waiting(2).ask)
    assert list(answers.items()) == [("client", "of a"), ("endpoint", "of b")]
    assert at_once({}, Waiting(1).ask) == {}


def test_an_agent_that_fails_among_several_is_an_error() -> None:
    agents: Any = {"client": "a", "endpoint": "fails"}
    with pytest.raises(AgentError, match="no"):
        at_once(agents, Waiting(2).ask)


def test_all_pages_are_pulled_and_a_page_that_came_is_never_lost() -> None:
    def page(first: int, more: bool) -> dict[str, Any]:
        items = [[first, "path", {"seq": first}]]
        return {"items": items, "next": first + 1, "more": more, "instance": "i"}

    answers: Any = Answers(page(0, True), page(1, False), page(2, True))
    agent = Agent(answers, "a", "pod", "token")
    assert [line["seq"] for _, line in agent.pull()] == [0, 1]
    given = answers.request

    def away_after_one(*args: Any, **more: Any) -> Any:
        if not answers.left:
            raise ApiUnavailable("not now")
        return given(*args, **more)

    answers.request = away_after_one
    assert [line["seq"] for _, line in agent.pull()] == [2]
    with pytest.raises(ApiUnavailable):
        agent.pull()
    assert answers.asked == ["0", "1", "2"]
