# SPDX-License-Identifier: Apache-2.0
"""The identity (X.509 SVID) of this script from SPIRE, by the SPIFFE Workload API.

NSM of today requires one: nsmgr serves only by mutual TLS (initSecurity and RunNsmgr in
internal/manager/manager.go of cmd-nsmgr v1.18.0), and accepts any SVID of its trust domain.

The listener has an identity of its own, which changes nothing in NSM: **one registration entry in
SPIRE**, whose selectors are the namespace and the label of the node agent's pods. The reasons are
these facts of NSM v1.18.0:

- nsmgr has no policy for listeners. Its monitor server gets the map of identities and connections,
  but no policy (only `authmonitor.WithSpiffeIDConnectionMap` in manager.go; in
  pkg/tools/monitorconnection/authorize/server.go of sdk the default policies are commented out).
  A listener with another identity sees everything that the client sees.
- Requests and closes of connections write that map (pkg/networkservice/common/authorize/server.go
  of sdk): a failed request under an identity removes that identity's connections from the map. With
  the client's identity a listener would share the client's entry; with another one it is in none of
  NSM's state.
- SPIRE attests the process behind the socket by its pod. The client's identity would need an entry
  which claims that the node agent is the client, which is false; entering the client's pod would
  put a process into the system under test.

The listener adds that entry in SPIRE and, while it listens, one connection to nsmgr and one row in
its list of listeners. For SPIRE's agent it is one more caller besides kubelet's probes of NSM, each
of which also fetches an SVID (grpc-health-probe -spiffe).

The call is FetchX509SVID: it takes one answer, then closes the stream. X509Source of go-spiffe,
which NSM's programs use, keeps it open, and keeps its identity while SPIRE is away. This script
likewise holds its identity, renews it before it expires, and keeps it while nobody answers.

Messages and header: workload.proto of go-spiffe v2.6.0; "SPIFFE Workload API", section 3.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

import grpc_stream
import protobuf
import sockets
from netns import HOST_ROOT

METHOD = "/SpiffeWorkloadAPI/FetchX509SVID"
HEADER = ("workload.spiffe.io", "true")
"""Required by the agent: it proves that the call does not come from a page in a browser."""
SVIDS = 1
SPIFFE_ID, CERTIFICATES, KEY, BUNDLE = 1, 2, 3, 4
"""Fields: X509SVIDResponse.svids; of X509SVID its spiffe_id, x509_svid, x509_svid_key, bundle."""

RENEW_S = 600.0
"""An older identity is renewed at the next attempt; seconds. An SVID lives 1 h in NSM's deployment
of SPIRE (default_x509_svid_ttl), and SPIRE renews it at half of that."""

SCHEME = "spiffe://"
SEQUENCE = 0x30


class NoIdentity(Exception):
    """SPIRE gave no identity; the text says why."""


@dataclass(frozen=True)
class Identity:
    """An X.509 SVID, with the authorities to trust.

    Attributes:
        spiffe_id: Such as spiffe://trust-domain/path.
        certificates: DER, its own certificate first, then those between it and the bundle.
        key: PKCS#8, DER.
        bundle: DER certificates of the trust domain's authorities, one after another.
    """

    spiffe_id: str
    certificates: tuple[bytes, ...]
    key: bytes
    bundle: bytes


def trust_domain(spiffe_id: str) -> str:
    """The trust domain of a SPIFFE ID; ValueError for another text."""
    domain = spiffe_id[len(SCHEME) :].partition("/")[0]
    if not spiffe_id.startswith(SCHEME) or not domain:
        raise ValueError(f"{spiffe_id!r} is no SPIFFE ID")
    return domain


def split_der(data: bytes) -> tuple[bytes, ...]:
    """Concatenated certificates as a tuple; ValueError for other bytes (X.690)."""
    found = []
    while data:
        if len(data) < 2 or data[0] != SEQUENCE:
            raise ValueError("a certificate does not begin as one")
        length, begin = data[1], 2
        if length & 0x80:
            begin += length & 0x7F
            length = int.from_bytes(data[2:begin], "big")
        end = begin + length
        if begin == 2 + 0x7F or end > len(data):
            raise ValueError("a certificate is cut off")
        found.append(data[:end])
        data = data[end:]
    return tuple(found)


def identity_of(message: bytes) -> Identity:
    """The first SVID of an answer, which is the default; ValueError without one."""
    svids = protobuf.messages(message, SVIDS)
    if not svids:
        raise ValueError("the answer holds no SVID")
    parts = {field: protobuf.messages(svids[0], field) for field in (CERTIFICATES, KEY, BUNDLE)}
    certificates = split_der(b"".join(parts[CERTIFICATES][-1:]))
    bundle = b"".join(parts[BUNDLE][-1:])
    if not certificates or not split_der(bundle) or not parts[KEY]:
        raise ValueError("an SVID comes without its certificate, key or bundle")
    found = Identity(protobuf.text(svids[0], SPIFFE_ID), certificates, parts[KEY][-1], bundle)
    trust_domain(found.spiffe_id)
    return found


def ask(path: str, timeout: float) -> Identity:
    """Fetch an identity from the agent at a path of the node; NoIdentity when it gives none.

    A refusal is a header, which grpc_stream.py does not read: the stream just ends.
    """
    try:
        with sockets.connect(HOST_ROOT + path, timeout) as channel:
            stream = grpc_stream.ServerStream(channel, METHOD, metadata=(HEADER,))
            return identity_of(next(stream.messages()))
    except grpc_stream.Broken as end:
        raise NoIdentity(
            f"SPIRE's agent at {path} gave no SVID ({end}); is there a registration entry with "
            "selectors of the node agent's pod?"
        ) from end
    except (OSError, grpc_stream.Unreadable, ValueError) as error:
        raise NoIdentity(f"no SVID from {path}: {type(error).__name__}: {error}") from error


class Source:
    """The identity of this script while it runs."""

    def __init__(self, path: str, timeout: float) -> None:
        """`path` is that of SPIRE's agent on the node; `timeout` of one request, in seconds."""
        self._path, self._timeout = path, timeout
        self._held: Identity | None = None
        self._fresh_until = 0.0

    def identity(self) -> Identity:
        """The current identity, renewed when that is due; NoIdentity without any."""
        if self._held is None or time.monotonic() >= self._fresh_until:
            try:
                self._held = ask(self._path, self._timeout)
                self._fresh_until = time.monotonic() + RENEW_S
            except NoIdentity:
                if self._held is None:
                    raise
        return self._held

    def doubt(self) -> None:
        """Renew the identity at the next call, because one side rejected the other's."""
        self._fresh_until = 0.0
