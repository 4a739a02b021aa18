# SPDX-License-Identifier: Apache-2.0
"""What the runner makes of an agent's answers."""

from __future__ import annotations

from typing import Any

import pytest

from nsm_resilience.agent.client import Agent


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
        {"items": [[0, "path", {"seq": 0}], [1, "path", {"seq": 1}]], "next": 2},
        {"items": left, "next": 7 + len(left)},
    )
    agent = Agent(answers, "a", "pod", "token")
    assert len(agent.pull()) == 2 and agent.dropped == 0
    assert agent.pull() == [("path", {"seq": 7})][: len(left)]
    assert agent.dropped == 5
    assert answers.asked == ["0", "2"]


def test_lines_that_were_pulled_before_are_not_given_twice() -> None:
    same: dict[str, Any] = {"items": [[0, "path", {"seq": 0}]], "next": 1}
    answers: Any = Answers(same, same)
    agent = Agent(answers, "a", "pod", "token")
    assert (len(agent.pull()), len(agent.pull()), agent.dropped) == (1, 0, 0)
