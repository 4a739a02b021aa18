# SPDX-License-Identifier: Apache-2.0
"""What is told, what is done about it, and what the limits forbid."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st


@pytest.fixture
def policy() -> Any:
    import policy

    return policy


def lost(policy: Any, owner: str = "nsmd", path: str = "/x.sock", **more: Any) -> Any:
    return policy.Breach("socket-lost", f"socket {path}", "gone", component=owner, **more)


def dead(policy: Any, **more: Any) -> Any:
    return policy.Breach("path-failed", "client a/b", "no reply", client="a/b", **more)


def kinds(changes: list[Any]) -> list[str]:
    return [change.what for change in changes]


def test_a_breach_is_told_when_it_has_held_for_the_rules_time_and_only_once(policy: Any) -> None:
    memory, breach = policy.Memory(), lost(policy)
    told = [kinds(memory.take([breach], float(second))) for second in range(6)]
    assert told == [[], [], [], ["finding"], [], []]
    assert memory.open[("socket-lost", "socket /x.sock")].since_s == 0.0


def test_a_breach_that_ends_before_is_never_told_and_begins_anew(policy: Any) -> None:
    memory, breach = policy.Memory(), lost(policy)
    for second in range(12):
        assert memory.take([breach] if second % 3 else [], float(second)) == []


def test_what_was_told_is_told_to_be_over(policy: Any) -> None:
    memory, breach = policy.Memory(), dead(policy)
    memory.take([breach], 0.0)
    memory.take([breach], 4.0)
    (over,) = memory.take([], 9.0)
    assert (over.what, over.held_s, over.finding.breach) == ("cleared", 9.0, breach)
    assert not memory.open


def test_an_event_is_told_and_over_at_once(policy: Any) -> None:
    memory = policy.Memory()
    event = policy.Breach("component-restarted", "nsmd", "another process", is_event=True)
    assert kinds(memory.take([event], 5.0)) == ["finding", "cleared"]
    assert kinds(memory.take([], 6.0)) == []


def findings(policy: Any, *breaches: Any, since_s: float = 0.0) -> list[Any]:
    return [policy.Finding(n, breach, since_s) for n, breach in enumerate(breaches, start=1)]


def test_nothing_is_done_before_the_rules_time(policy: Any) -> None:
    found = findings(policy, lost(policy))
    assert policy.decide(found, policy.History(), 4.9) == []
    (decision,) = policy.decide(found, policy.History(), 5.0)
    assert (decision.act, decision.held) == ("restart", "")


def test_a_path_waits_until_the_sockets_it_needs_are_mended(policy: Any) -> None:
    found = findings(policy, dead(policy), lost(policy, owner="", blocks="a workload serves it"))
    decisions = policy.decide(found, policy.History(), 100.0)
    assert [(d.act, d.held) for d in decisions] == [
        ("restart", "a workload serves it"),
        ("reconnect", "first to be mended: socket /x.sock"),
    ]


def test_one_act_at_a_time_and_the_most_urgent_first(policy: Any) -> None:
    found = findings(
        policy,
        dead(policy),
        policy.Breach("leftover-interface", "nsm0", "there"),
        lost(policy),
        policy.Breach("component-hung", "forwarder", "silent", component="forwarder"),
    )
    decisions = policy.decide(found, policy.History(), 100.0)
    assert [d.finding.breach.rule for d in decisions] == ["component-hung"]


def test_two_sockets_of_one_component_are_one_restart(policy: Any) -> None:
    history = policy.History()
    found = findings(policy, lost(policy, path="/a"), lost(policy, path="/b"))
    (first,) = policy.decide(found, history, 10.0)
    history.begun(first, 10.0)
    after = policy.decide(found, history, 20.0)
    assert {d.held for d in after} == {"rate limit: 60 s between two acts"}


def test_after_a_restart_its_peers_get_a_moment(policy: Any) -> None:
    history = policy.History()
    (first,) = policy.decide(findings(policy, lost(policy)), history, 10.0)
    history.begun(first, 10.0)
    found = findings(policy, lost(policy, owner="forwarder", path="/f"))
    assert policy.decide(found, history, 12.0)[0].held == "a restart on this node is settling"
    assert policy.decide(found, history, 13.0)[0].held == ""


def test_a_subject_is_acted_on_a_few_times_only(policy: Any) -> None:
    history, found, acts = policy.History(), findings(policy, lost(policy)), []
    for second in range(600):
        (decision,) = policy.decide(found, history, float(second)) or [None]
        if decision is not None and not decision.held:
            history.begun(decision, float(second))
            acts.append(second)
    assert acts == [5, 65, 125]
    assert policy.decide(found, history, 600.0)[0].held == "rate limit: 3 acts in 600 s"
    assert not policy.decide(found, history, 605.5)[0].held


def test_a_path_is_asked_for_with_longer_and_longer_pauses(policy: Any) -> None:
    history, found, acts = policy.History(), findings(policy, dead(policy)), []
    for second in range(400):
        for decision in policy.decide(found, history, float(second)):
            if not decision.held:
                history.begun(decision, float(second))
                acts.append(second)
    assert acts == [0, 10, 30, 70, 150, 310]


def test_what_is_blocked_is_never_done(policy: Any) -> None:
    found = findings(policy, dead(policy, blocks="no endpoint is registered"))
    assert [d.held for d in policy.decide(found, policy.History(), 1e6)] == [
        "no endpoint is registered"
    ]


@given(data=st.data())
def test_whatever_happens_the_limits_hold(data: st.DataObject) -> None:
    import policy

    pool = [
        lost(policy), lost(policy, path="/y"), lost(policy, owner="forwarder", path="/f"),
        policy.Breach("component-hung", "nsmd", "silent", component="nsmd"), dead(policy),
        policy.Breach("leftover-interface", "nsm0", "there"),
    ]  # fmt: skip
    memory, history = policy.Memory(), policy.History()
    acts: list[tuple[str, float]] = []
    for second in range(data.draw(st.integers(1, 60))):
        now = float(second * 7)
        memory.take(data.draw(st.lists(st.sampled_from(pool), unique=True)), now)
        decisions = policy.decide(list(memory.open.values()), history, now)
        free = [d for d in decisions if not d.held]
        assert len(free) <= 1
        for decision in free:
            assert memory.open  # nothing is done about what was not told
            history.begun(decision, now)
            acts.append((policy.limited_subject(decision.finding.breach), now))
    for subject in {s for s, _ in acts}:
        times = [t for s, t in acts if s == subject]
        if subject in ("nsmd", "forwarder"):
            assert all(b - a >= 60 for a, b in itertools.pairwise(times))
            assert all(c - a >= 600 for a, c in zip(times, times[3:], strict=False))


def test_every_rule_that_acts_has_its_place_in_the_order(policy: Any) -> None:
    acting = {name for name, rule in policy.RULES.items() if rule.act is not None}
    assert acting == set(policy.ORDER)
    for rule in policy.RULES.values():
        assert rule.act is None or rule.act_s >= rule.tell_s, "nothing is done untold"
