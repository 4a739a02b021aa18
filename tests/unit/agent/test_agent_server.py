# SPDX-License-Identifier: Apache-2.0
"""The agent keeps what scripts write until it is pulled, and obeys its token only."""

import json
import os
import signal
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

Ask = Callable[..., Any]


@pytest.fixture
def ask(monkeypatch: pytest.MonkeyPatch) -> Iterator[Ask]:
    import agent

    monkeypatch.setattr(agent, "TOKEN", "secret")
    monkeypatch.setattr(agent, "NODE", "ours")
    monkeypatch.setattr(agent, "AGENT", agent.Agent())
    server = ThreadingHTTPServer(("127.0.0.1", 0), agent.Handler)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    base = f"http://127.0.0.1:{server.server_address[1]}"

    def request(path: str, body: Any = None, token: str = "secret", node: str = "ours") -> Any:
        data = None if body is None else json.dumps(body).encode()
        headers = {"X-Agent-Token": token, "X-Agent-Node": node}
        sent = urllib.request.Request(base + path, data, headers)
        with urllib.request.urlopen(sent, timeout=20) as answer:
            return json.load(answer)

    yield request
    agent.AGENT.reset()
    server.shutdown()
    server.server_close()


def wait_until_it_handles_sigterm(pid: int) -> None:
    """A script that is stopped before that, on a busy machine, has no time for its last line."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
        caught = int(status.split("SigCgt:", 1)[1].split()[0], 16)
        if caught >> (signal.SIGTERM - 1) & 1:
            return
        time.sleep(0.05)
    raise AssertionError("the script does not come up")


def test_a_request_without_the_token_is_refused(ask: Ask) -> None:
    with pytest.raises(urllib.error.HTTPError, match="403"):
        ask("/pull?since=0", token="guess")


def test_an_order_for_another_node_is_refused(ask: Ask) -> None:
    """The agent runs where the label of a lane is; what is meant for elsewhere is not done here."""
    with pytest.raises(urllib.error.HTTPError) as refused:
        ask("/run", {"script": "inject", "order": {}}, node="somebody-elses")
    assert refused.value.code == 403
    assert "somebody-elses" in json.load(refused.value)["error"]


def test_an_agent_that_was_told_no_node_does_nothing(
    ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    import agent

    monkeypatch.setattr(agent, "NODE", "")
    with pytest.raises(urllib.error.HTTPError, match="403"):
        ask("/clock", node="")


def test_the_body_of_a_stranger_is_not_even_read(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    import agent

    monkeypatch.setattr(agent.json, "loads", lambda _: pytest.fail("it was read"))
    with pytest.raises(urllib.error.HTTPError, match="403"):
        ask("/start", {"name": "x"}, token="guess")
    monkeypatch.setattr(agent, "MOST_BYTES", 10)
    with pytest.raises(urllib.error.HTTPError, match="413"):
        ask("/start", {"name": "longer than ten bytes"})


def test_lines_wait_until_they_are_acknowledged(ask: Ask) -> None:
    pid = ask("/start", {"name": "logs", "script": "follow", "order": {"namespace": "none"}})["pid"]
    wait_until_it_handles_sigterm(pid)
    ask("/stop", {"names": ["logs"]})
    answer = ask("/pull?since=0")  # who has waited for the stop has waited for the last lines
    items: list[Any] = answer["items"]
    assert [line["kind"] for _, _, line in items][-2:] == ["ended", "exited"]
    assert {name for _, name, _ in items} == {"logs"}
    assert ask("/pull?since=0")["items"] == items  # not acknowledged yet
    assert ask(f"/pull?since={answer['next']}")["items"] == []


def test_lines_that_nobody_pulls_do_not_fill_the_node(
    ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    import agent

    monkeypatch.setattr(agent, "MOST_WAITING", 1000)
    for number in range(20):
        agent.AGENT.add("path", {"seq": number}, 100)
    answer = ask("/pull?since=0")
    assert [line["seq"] for _, _, line in answer["items"]] == list(range(10, 20))
    assert [number for number, _, _ in answer["items"]] == list(range(10, 20))  # the hole shows
    assert ask(f"/pull?since={answer['next']}")["items"] == []
    for number in range(10):
        agent.AGENT.add("path", {"seq": number}, 100)
    left = ask(f"/pull?since={answer['next']}")["items"]
    assert len(left) == 10  # what was pulled does not count


def test_a_script_that_fails_says_so_in_the_stream(ask: Ask) -> None:
    ask("/start", {"name": "bad", "script": "watch", "order": {}})
    deadline = time.monotonic() + 10
    items: list[Any] = []
    while not items and time.monotonic() < deadline:
        items = ask("/pull?since=0")["items"]
        time.sleep(0.05)
    assert items[-1][2]["code"] == 1 and "KeyError" in items[-1][2]["error"]


@pytest.mark.parametrize("body", [{"name": "x", "script": "rm", "order": {}}, {"name": "x"}])
def test_only_the_agents_own_scripts_are_run(ask: Ask, body: dict[str, Any]) -> None:
    with pytest.raises(urllib.error.HTTPError, match="400"):
        ask("/start", body)


def test_the_clock_names_the_kernel_it_belongs_to(ask: Ask) -> None:
    clock = ask("/clock")
    assert set(clock) == {"mono_ns", "wall_ns", "boot_id"}
    assert ask("/clock")["mono_ns"] > clock["mono_ns"]


def test_a_stop_waits_for_lines_that_are_still_being_read(
    ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The script's end is no proof that its last lines are here."""
    import agent

    add = agent.Agent.add

    def late(self: Any, *given: Any) -> None:
        time.sleep(0.3)
        add(self, *given)

    monkeypatch.setattr(agent.Agent, "add", late)
    pid = ask("/start", {"name": "logs", "script": "follow", "order": {"namespace": "none"}})["pid"]
    wait_until_it_handles_sigterm(pid)
    ask("/stop", {"names": ["logs"]})
    items = ask("/pull?since=0")["items"]
    assert [line["kind"] for _, _, line in items][-2:] == ["ended", "exited"]


def test_every_agent_has_a_name_of_its_own_in_its_answers(
    ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    import agent

    first = ask("/reset", {})["instance"]
    assert ask("/pull?since=0")["instance"] == first
    monkeypatch.setattr(agent, "AGENT", agent.Agent())  # the container was restarted
    assert ask("/pull?since=0")["instance"] != first


def test_an_agent_that_is_asked_to_end_stops_all_and_undoes_what_is_left(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Its pod is deleted: kubelet sends SIGTERM."""
    import agent

    done: list[str] = []

    class Server:
        def __init__(self, *_: Any) -> None: ...

        def serve_forever(self) -> None:
            os.kill(os.getpid(), signal.SIGTERM)
            time.sleep(20)

    monkeypatch.setattr(agent, "ThreadingHTTPServer", Server)
    monkeypatch.setattr(agent, "undo_faults", lambda: done.append("undone"))
    monkeypatch.setattr(agent, "AGENT", agent.Agent())
    monkeypatch.setattr(agent.AGENT, "reset", lambda: done.append("stopped"))
    before = signal.getsignal(signal.SIGTERM)
    try:
        with pytest.raises(SystemExit):
            agent.main()
    finally:
        signal.signal(signal.SIGTERM, before)
    assert done == ["undone", "stopped", "undone"]


def test_what_waits_is_handed_over_page_by_page(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    import agent

    monkeypatch.setattr(agent, "PAGE_BYTES", 250)
    for number in range(7):
        agent.AGENT.add("path", {"seq": number}, 300 if number == 3 else 100)
    got, since, more = [], 0, True
    while more:
        answer = ask(f"/pull?since={since}")
        got.append([line["seq"] for _, _, line in answer["items"]])
        since, more = answer["next"], answer["more"]
    assert got == [[0, 1], [2], [3], [4, 5], [6]]  # one that is longer than a page has its own
