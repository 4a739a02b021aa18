# SPDX-License-Identifier: Apache-2.0
"""The notification probe listens by mutual TLS, as one whom SPIRE gave an identity."""

from __future__ import annotations

import json
import shutil
import signal
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest
from paused import paused

from tests.unit.agent.identities import Authority, Certified
from tests.unit.agent.listening import DOWN, UPDATE, Process, event, field, heard
from tests.unit.agent.test_monitor_stream import real_stream

pytestmark = [
    pytest.mark.skipif(
        not Path("/proc/self/fd").exists(), reason="the agent's scripts run on Linux nodes"
    ),
    pytest.mark.skipif(
        shutil.which("openssl") is None, reason="openssl, which makes the certificates, is missing"
    ),
]
MONITOR = Path(__file__).with_name("monitor_server.py")
SPIRE = Path(__file__).with_name("spire_server.py")
OURS = "spiffe://k8s.nsm/nsm-resilience-agent"
THEIRS = "spiffe://k8s.nsm/nsmgr"
SOCKET = "/nsm/nsm.io.sock"
AGENT = "/spire/agent.sock"


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority.made(tmp_path_factory.mktemp("spire") / "ours")


@pytest.fixture(scope="module")
def stranger(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority.made(tmp_path_factory.mktemp("spire") / "theirs")


@pytest.fixture(scope="module")
def ours(authority: Authority) -> Certified:
    return authority.certify(OURS)


@pytest.fixture(scope="module")
def theirs(authority: Authority) -> Certified:
    return authority.certify(THEIRS)


def answer(svid: Certified, authority: Authority, spiffe_id: str = OURS) -> str:
    """An X509SVIDResponse in hex."""
    import protobuf

    parts = (spiffe_id.encode(), svid.der, svid.key_der, authority.own.der)
    message = b"".join(protobuf.delimited(n, part) for n, part in enumerate(parts, start=1))
    return protobuf.delimited(1, message).hex()


class Node:
    """A node of the test, with the sockets of NSM and of SPIRE, and one who listens."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.started: list[Process] = []
        for path in (SOCKET, AGENT):
            (root / path.lstrip("/")).parent.mkdir()

    def serve(self, shown: Certified, trusted: Authority, initial: bytes = b"") -> Process:
        files = (shown.key, shown.certificate, trusted.own.certificate)
        return self._server(MONITOR, SOCKET, initial.hex(), *map(str, files))

    def spire(self, given: str | None = None) -> Process:
        server = self._server(SPIRE, AGENT)
        if given is not None:
            self.give(server, given)
        return server

    def give(self, spire: Process, given: str) -> None:
        spire.order(given)
        while spire.line() != "noted":
            pass

    def listen(self, renew_s: float = 600) -> Process:
        import netns

        code = (
            f"import sys; sys.path.insert(0, {str(Path(netns.__file__).parent)!r}); import netns; "
            f"netns.HOST_ROOT = {str(self.root)!r}; import listen, spiffe; "
            f"spiffe.RENEW_S = {renew_s}; listen.main()"
        )
        order = {
            "socket": SOCKET, "identity": AGENT, "client": "client",
            "retry_s": 0.1, "answer_s": 5.0,
        }  # fmt: skip
        return self._start(["-c", code, json.dumps(order)], self.root)

    def _server(self, script: Path, path: str, *arguments: str) -> Process:
        place = self.root / path.lstrip("/")
        place.unlink(missing_ok=True)
        # From inside the folder: a unix address is short.
        server = self._start([str(script), place.name, *arguments], place.parent)
        assert server.line() == "ready"
        return server

    def _start(self, command: list[str], folder: Path) -> Process:
        process = Process(command, folder)
        self.started.append(process)
        return process


@pytest.fixture
def node(tmp_path: Path) -> Iterator[Node]:
    made = Node(tmp_path)
    yield made
    for process in made.started:
        process.end()


def until(listener: Process, kind: str) -> dict[str, object]:
    """The next line of a kind; attempts that met nobody before it are passed over."""
    while (line := json.loads(listener.line()))["kind"] != kind:
        assert line["kind"] == "unreachable", line
    return dict(line)


def test_a_stream_is_heard_as_the_client_hears_it(
    node: Node, authority: Authority, ours: Certified, theirs: Certified
) -> None:
    initial, down, *_ = real_stream()
    server = node.serve(theirs, authority, initial)
    spire = node.spire(answer(ours, authority))
    listener = node.listen()
    shown = {"path": SOCKET, "identity": OURS, "peer": THEIRS}
    assert heard(listener, "connected") == shown
    assert heard(listener, "event") == {"type": "INITIAL", "connections": [["client-0", "UP"]]}
    assert server.line() == "asked " + field(1, field(1, "client")).hex()
    server.order(event(UPDATE, ("of another client", DOWN)).hex())
    server.order(down.hex())
    assert heard(listener, "event") == {"type": "UPDATE", "connections": [["client-0", "DOWN"]]}
    server.order("end")
    assert heard(listener, "broken") == {"text": "the other side ended the stream"}
    assert heard(listener, "connected") == shown
    listener.end(signal.SIGTERM)
    assert spire.line() == "asked" and spire.lines.empty()  # what it gave was held


def test_a_listener_without_an_entry_says_what_is_missing_and_goes_on_asking(
    node: Node, authority: Authority, ours: Certified, theirs: Certified
) -> None:
    server = node.serve(theirs, authority)
    listener = node.listen()
    line = heard(listener, "unreachable")
    assert line["errno"] is None and AGENT in line["text"] and "FileNotFound" in line["text"]
    spire = node.spire()
    while "registration entry" not in (line := heard(listener, "unreachable"))["text"]:
        assert AGENT in line["text"]
    assert server.lines.empty()  # nobody called it meanwhile
    node.give(spire, answer(ours, authority))
    assert until(listener, "connected")["identity"] == OURS


def test_what_spire_gave_is_held_while_spire_is_away(
    node: Node, authority: Authority, ours: Certified, theirs: Certified
) -> None:
    server = node.serve(theirs, authority)
    spire = node.spire(answer(ours, authority))
    listener = node.listen(renew_s=0)
    heard(listener, "connected"), heard(listener, "event")
    spire.end()
    server.end()
    assert heard(listener, "broken")
    assert heard(listener, "unreachable")["errno"] == "ECONNREFUSED"
    node.serve(theirs, authority)
    assert until(listener, "connected")["identity"] == OURS


def test_an_identity_is_asked_for_anew_when_that_is_due(
    node: Node, authority: Authority, ours: Certified, theirs: Certified
) -> None:
    server = node.serve(theirs, authority)
    spire = node.spire(answer(ours, authority))
    listener = node.listen(renew_s=0)
    heard(listener, "connected"), heard(listener, "event")
    other = OURS + "/renewed"
    node.give(spire, answer(authority.certify(other), authority, other))
    server.order("end")
    heard(listener, "broken")
    assert heard(listener, "connected")["identity"] == other


def test_an_identity_that_is_refused_is_asked_for_anew(
    node: Node, authority: Authority, stranger: Authority, ours: Certified, theirs: Certified
) -> None:
    node.serve(theirs, authority)
    spire = node.spire(answer(stranger.certify(OURS), authority))
    listener = node.listen()
    line = heard(listener, "unreachable")
    # OpenSSL's own numbers are no errno
    assert line["errno"] in (None, "ECONNRESET", "EPIPE") and line["text"]
    node.give(spire, answer(ours, authority))
    assert until(listener, "connected")["identity"] == OURS


def test_a_server_that_another_authority_has_certified_is_not_listened_to(
    node: Node, authority: Authority, stranger: Authority, ours: Certified
) -> None:
    node.serve(stranger.certify(THEIRS), authority)
    node.spire(answer(ours, authority))
    line = heard(node.listen(), "unreachable")
    assert "CERTIFICATE_VERIFY_FAILED" in line["text"] and line["errno"] is None


def test_a_server_of_another_trust_domain_is_not_listened_to(
    node: Node, authority: Authority, ours: Certified
) -> None:
    node.serve(authority.certify("spiffe://another/nsmgr"), authority)
    node.spire(answer(ours, authority))
    line = heard(node.listen(), "unreachable")
    assert "spiffe://another/nsmgr is not of the trust domain k8s.nsm" in line["text"]


def test_a_server_that_hangs_is_left_after_a_while_and_heard_when_it_goes_on(
    node: Node, authority: Authority, ours: Certified, theirs: Certified
) -> None:
    server = node.serve(theirs, authority)
    node.spire(answer(ours, authority))
    with paused(server.child):
        listener = node.listen()
        assert "timed out" in heard(listener, "unreachable")["text"]
    assert until(listener, "connected")["peer"] == THEIRS


def test_the_key_never_has_a_name_on_a_disk(ours: Certified, authority: Authority) -> None:
    import mutual_tls
    import spiffe

    identity = spiffe.identity_of(bytes.fromhex(answer(ours, authority)))
    made = mutual_tls.context(identity)
    assert made.verify_mode is ssl.CERT_REQUIRED and not made.check_hostname
    assert made.minimum_version is ssl.TLSVersion.TLSv1_2
    open_files = [p.resolve() for p in Path("/proc/self/fd").iterdir()]
    assert not [path for path in open_files if "svid" in path.name]
