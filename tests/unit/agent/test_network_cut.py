# SPDX-License-Identifier: Apache-2.0
"""A node is cut off by rules that are known as ours, and joined again by removing just these."""

import contextlib
import os
import socket
import sys
from collections.abc import Iterator
from typing import Any

import pytest

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="network namespaces")
FOREIGN = "-A FORWARD -s 203.0.113.0/24 -j ACCEPT"


class Tables:
    """The node's iptables and ip6tables, as far as `-S` and `*-restore --noflush` go."""

    def __init__(self) -> None:
        self.rules: dict[tuple[str, str], list[str]] = {("iptables", "filter"): [FOREIGN]}
        self.there = True

    def run(self, command: list[str], text: str | None = None) -> tuple[int, str, str]:
        tool = command[0]
        if not self.there:
            return 127, "", f"{tool}: not found on the node"
        if not tool.endswith("-restore"):
            return 0, "\n".join(self.rules.get((tool, command[-2]), [])), ""
        assert text is not None and "--noflush" in command
        for line in text.splitlines():
            if line.startswith("*"):
                rows = self.rules.setdefault((tool.removesuffix("-restore"), line[1:]), [])
            elif line.startswith("-I "):
                rows.insert(0, line.replace("-I", "-A", 1))
            elif line.startswith("-D "):
                rows.remove(line.replace("-D", "-A", 1))
        return 0, "", ""


@pytest.fixture
def tables(monkeypatch: pytest.MonkeyPatch) -> Tables:
    import netcut
    import rules

    found = Tables()
    monkeypatch.setattr(rules, "run_on_node", found.run)
    monkeypatch.setattr(netcut, "run_on_node", found.run)
    monkeypatch.setattr(netcut, "network_of_process", lambda pid: os.open("/proc/self/ns/net", 0))
    monkeypatch.setattr(netcut.processes, "component", lambda program: None)
    monkeypatch.setattr(netcut, "BACK_S", 0.2)
    return found


def test_what_goes_to_and_comes_from_an_address_is_dropped(tables: Tables) -> None:
    import rules

    rules.drop([("192.0.2.7", None), ("fd00::/64", 6443)], "fault-1")
    v4 = [rule for (tool, _), rows in tables.rules.items() if tool == "iptables" for rule in rows]
    assert sorted(rule.split(" -m")[0] for rule in v4 if rule != FOREIGN) == [
        "-A FORWARD -d 192.0.2.7",
        "-A OUTPUT -d 192.0.2.7",
        "-A PREROUTING -s 192.0.2.7",
    ]
    (incoming,) = tables.rules[("ip6tables", "raw")]
    assert incoming.startswith("-A PREROUTING -s fd00::/64 -p tcp --sport 6443 ")
    assert all("--dport 6443" in rule for rule in tables.rules[("ip6tables", "filter")])
    assert len(rules.find()) == 6


def test_only_our_rules_are_removed_also_those_that_are_there_twice(tables: Tables) -> None:
    import rules

    rules.drop([("192.0.2.7", None)], "fault-1")
    rules.drop([("192.0.2.7", None)], "fault-1")
    assert rules.remove() == []
    assert [rule for rows in tables.rules.values() for rule in rows] == [FOREIGN]


def test_a_fault_removes_its_own_rules_and_no_other_faults(tables: Tables) -> None:
    import rules

    rules.drop([("192.0.2.7", None)], "fault-1")
    rules.drop([("192.0.2.8", None)], "fault-11")
    assert rules.remove("fault-1") == []
    assert len(rules.find()) == 3 and all("192.0.2.8" in rule for rule in rules.find())


def test_a_node_without_the_tool_has_no_rules_and_takes_none(tables: Tables) -> None:
    import rules

    tables.there = False
    assert rules.find() == rules.remove() == []
    with pytest.raises(OSError, match="not found on the node"):
        rules.drop([("192.0.2.7", None)], "fault-1")


@pytest.mark.parametrize(
    ("answer", "tells"),
    [
        ((3, "", "can't initialize iptables table `raw': Table does not exist"), True),
        ((3, "", "can't initialize ip6tables table `raw': Address family not supported"), True),
        ((126, "", "Command '['iptables']' timed out after 10 seconds"), False),
        ((4, "", "Another app is currently holding the xtables lock"), False),
        ((4, "", "Permission denied (you must be root)"), False),
        ((1, "", ""), False),
    ],
)
def test_a_tool_that_cannot_tell_is_no_proof_that_nothing_is_there(
    monkeypatch: pytest.MonkeyPatch, answer: tuple[int, str, str], tells: bool
) -> None:
    import rules

    monkeypatch.setattr(rules, "run_on_node", lambda command: answer)
    if tells:
        assert rules.find() == rules.remove() == []
        return
    with pytest.raises(OSError, match="on the node"):
        rules.find()
    with pytest.raises(OSError, match="on the node"):
        rules.remove()


@pytest.mark.parametrize("code", [1, 126])
def test_interfaces_that_cannot_be_listed_are_no_proof_either(
    monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    import clean

    monkeypatch.setattr(clean, "run_on_node", lambda command: (code, "", "no time"))
    with pytest.raises(OSError, match="no time"):
        clean.interfaces(["nsm*"])
    monkeypatch.setattr(clean, "run_on_node", lambda command: (127, "", "not found"))
    assert clean.interfaces(["nsm*"]) == []


def test_where_nothing_is_found_each_table_is_listed_once(
    tables: Tables, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A fault is undone while a trial waits for it."""
    import rules

    asked: list[list[str]] = []
    monkeypatch.setattr(rules, "run_on_node", lambda c: asked.append(c) or tables.run(c))
    assert rules.remove("fault-1") == []
    assert len(asked) == 4


@contextlib.contextmanager
def listening() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as made:
        yield made.getsockname()[1]


def order(port: int) -> dict[str, Any]:
    return {
        "id": "f", "method": "cut", "drop": [["127.0.0.1", port]], "try": [["127.0.0.1", port]],
        "kubelets_server": False, "from_pod_of": "nsmd-k8s",
    }  # fmt: skip


def test_a_cut_that_drops_nothing_is_not_proved(tables: Tables) -> None:
    import netcut

    with listening() as port:
        fault = netcut.Network(order(port))
        fault.inject()  # these tables drop nothing
        proved, checks = fault.prove(0)
    assert not proved
    assert [c["ok"] for c in checks] == [True, False]


def test_a_cut_is_proved_by_silence_and_undone_when_it_answers(
    tables: Tables, monkeypatch: pytest.MonkeyPatch
) -> None:
    import netcut
    import rules

    monkeypatch.setattr(netcut, "reached", lambda *_: not rules.find())
    fault = netcut.Network(order(6443))
    assert fault.before["reached"] == ["127.0.0.1:6443 from the node"]
    fault.inject()
    assert fault.prove(0)[0]
    undone, checks = fault.undo()
    assert undone and [c["ok"] for c in checks] == [True, True]


def test_nothing_can_be_proved_where_nothing_answered_before(tables: Tables) -> None:
    import netcut

    with listening() as port:
        pass
    fault = netcut.Network(order(port))
    fault.inject()
    assert not fault.prove(0)[0]


def test_an_undoing_after_which_nothing_answers_is_none(
    tables: Tables, monkeypatch: pytest.MonkeyPatch
) -> None:
    import netcut

    answers = iter([True])
    monkeypatch.setattr(netcut, "reached", lambda *_: next(answers, False))
    fault = netcut.Network(order(6443))
    fault.inject()
    assert fault.undo()[0] is False


def test_a_connection_is_tried_from_the_network_that_was_opened() -> None:
    import netcut
    import netns

    network = os.open("/proc/self/ns/net", os.O_RDONLY)
    try:
        with listening() as port, contextlib.ExitStack() as stack:
            if os.geteuid() != 0:
                stack.enter_context(pytest.MonkeyPatch.context()).setattr(
                    netns, "enter", lambda handle: None
                )
            assert netcut.reached(network, "127.0.0.1", port)
        assert not netcut.reached(network, "127.0.0.1", port)
    finally:
        os.close(network)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("    server: https://api.example:6443\n", [("192.0.2.1", 6443), ("fd00::1", 6443)]),
        ("    server: 'https://api.example'\n", [("192.0.2.1", 443), ("fd00::1", 443)]),
        ("    no server\n", []),
    ],
)
def test_the_address_of_kubelets_own_kubeconfig_is_dropped_too(
    node_root: Any, monkeypatch: pytest.MonkeyPatch, text: str, expected: list[tuple[str, int]]
) -> None:
    import netcut

    monkeypatch.setattr(netcut, "HOST_ROOT", str(node_root))
    (node_root / "etc" / "kubernetes").mkdir(parents=True)
    (node_root / "etc" / "kubernetes" / "kubelet.conf").write_text(text)
    shown = "192.0.2.1 STREAM api.example\n192.0.2.1 DGRAM\nfd00::1 STREAM\n"
    monkeypatch.setattr(netcut, "run_on_node", lambda command: (0, shown, ""))
    assert netcut.kubelets_server() == expected


def test_a_way_that_the_agent_does_not_know_is_an_error_and_no_cut(
    tables: Tables, capsys: pytest.CaptureFixture[str]
) -> None:
    """The runner's half of a new way to fail is there, and the agent's is forgotten."""
    import inject

    fault = inject.arm({**order(6443), "kind": "network", "method": "slow"})
    assert not inject.inject(fault)
    assert "write it into METHODS of the class `Network` in agent/node/" in capsys.readouterr().out
    assert list(tables.rules.values()) == [[FOREIGN]]
