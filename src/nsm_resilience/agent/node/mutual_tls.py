# SPDX-License-Identifier: Apache-2.0
"""Mutual TLS between two SPIFFE identities ("X.509-SVID", section 5), for gRPC.

Like MTLSClientConfig with AuthorizeAny of go-spiffe, which nsc of NSM v1.18.0 uses (main.go of
cmd-nsc): the other side's certificate must lead to the bundle and hold one SPIFFE ID of the trust
domain, whichever; host names are not checked; TLS 1.2 at least.
"""

from __future__ import annotations

import os
import socket
import ssl
from typing import Any

from spiffe import Identity, trust_domain

PROTOCOL = "h2"
"""Protocol that a client must name to a gRPC server (ALPN, RFC 9113, 3.2)."""
PARTIAL_CHAIN = 0x80000
"""X509_V_FLAG_PARTIAL_CHAIN of OpenSSL: certificates of the bundle are trusted even if another
authority has signed them, as in Go; ssl.VERIFY_X509_PARTIAL_CHAIN since Python 3.10."""


class Untrusted(OSError):
    """The other side's certificate is not one of SPIFFE in our trust domain."""


def context(identity: Identity) -> ssl.SSLContext:
    """TLS with this identity; ValueError or OSError when its certificates or key are invalid."""
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    made.minimum_version = ssl.TLSVersion.TLSv1_2
    made.check_hostname = False
    made.verify_mode = ssl.CERT_REQUIRED
    made.verify_flags |= PARTIAL_CHAIN
    made.load_verify_locations(cadata=identity.bundle)
    made.set_alpn_protocols([PROTOCOL])
    _load(made, identity)
    return made


def secured(channel: socket.socket, identity: Identity) -> tuple[ssl.SSLSocket, str]:
    """(encrypted connection, the other side's SPIFFE ID); OSError when the handshake fails.

    The new connection owns the given socket, which is closed on failure.
    """
    try:
        encrypted = context(identity).wrap_socket(channel)
    except BaseException:
        channel.close()
        raise
    try:
        if encrypted.selected_alpn_protocol() != PROTOCOL:
            raise Untrusted("the other side does not speak HTTP/2 over TLS")
        ours = trust_domain(identity.spiffe_id)
        return encrypted, peer_of(encrypted.getpeercert() or {}, ours)
    except BaseException:
        encrypted.close()
        raise


def peer_of(certificate: Any, domain: str) -> str:
    """The SPIFFE ID in a verified certificate of ssl; Untrusted if it is not of our domain."""
    names = [value for kind, value in certificate.get("subjectAltName", ()) if kind == "URI"]
    if len(names) != 1:
        raise Untrusted(f"a certificate names {names}, and one SPIFFE ID is expected")
    try:
        theirs = trust_domain(names[0])
    except ValueError as error:
        raise Untrusted(str(error)) from error
    if theirs != domain:
        raise Untrusted(f"{names[0]} is not of the trust domain {domain}")
    return str(names[0])


def _load(made: ssl.SSLContext, identity: Identity) -> None:
    """Load certificate and key. Python reads them only from a file: here one in memory."""
    handle = os.memfd_create("svid")
    try:
        text = "".join(ssl.DER_cert_to_PEM_cert(one) for one in identity.certificates)
        text += ssl.DER_cert_to_PEM_cert(identity.key).replace("CERTIFICATE", "PRIVATE KEY")
        with os.fdopen(handle, "w", closefd=False) as file:
            file.write(text)
        made.load_cert_chain(f"/proc/self/fd/{handle}")
    finally:
        os.close(handle)
