# SPDX-License-Identifier: Apache-2.0
"""Answers of SPIRE's Workload API, and whom a certificate may name."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

REAL = Path(__file__).with_name("real") / "workload-api.txt"


def real_answer() -> bytes:
    return base64.b64decode(REAL.read_text().splitlines()[1])


def test_a_real_answer_is_read_whole() -> None:
    import spiffe

    found = spiffe.identity_of(real_answer())
    assert found.spiffe_id == "spiffe://k8s.nsm/nsm-resilience-agent"
    assert spiffe.trust_domain(found.spiffe_id) == "k8s.nsm"
    assert [len(one) for one in found.certificates] == [739]
    assert len(found.key) == 138 and len(found.bundle) == 909
    assert spiffe.split_der(found.certificates[0] + found.bundle) == (
        *found.certificates,
        found.bundle,
    )


def test_an_answer_that_lacks_a_part_is_none() -> None:
    import protobuf
    import spiffe

    (svid,) = protobuf.messages(real_answer(), 1)
    parts = [(number, value) for number, value in protobuf.fields(svid) if isinstance(value, bytes)]
    for missing, _ in parts:
        kept = [protobuf.delimited(*part) for part in parts if part[0] != missing]
        with pytest.raises(
            ValueError, match=r"no SPIFFE ID|without its certificate, key or bundle"
        ):
            spiffe.identity_of(protobuf.delimited(1, b"".join(kept)))
    with pytest.raises(ValueError, match="holds no SVID"):
        spiffe.identity_of(b"")


@given(st.integers(0, 1834))
def test_an_answer_cut_anywhere_is_an_error_and_nothing_else(length: int) -> None:
    import spiffe

    with pytest.raises(ValueError):
        spiffe.identity_of(real_answer()[:length])


@given(st.binary(max_size=100))
def test_bytes_of_any_kind_are_certificates_or_an_error(data: bytes) -> None:
    import spiffe

    try:
        found = spiffe.split_der(data)
    except ValueError:
        return
    assert b"".join(found) == data and all(found)


@pytest.mark.parametrize(
    "text", ["", "k8s.nsm/nsmgr", "spiffe://", "spiffe:///nsmgr", "https://a/b"]
)
def test_what_is_no_spiffe_id_is_refused(text: str) -> None:
    import spiffe

    with pytest.raises(ValueError, match="is no SPIFFE ID"):
        spiffe.trust_domain(text)


@pytest.mark.parametrize(
    ("names", "text"),
    [
        ((), "one SPIFFE ID is expected"),
        ((("DNS", "nsmgr"),), "one SPIFFE ID is expected"),
        ((("URI", "spiffe://k8s.nsm/a"), ("URI", "spiffe://k8s.nsm/b")), "one SPIFFE ID"),
        ((("URI", "https://k8s.nsm/nsmgr"),), "is no SPIFFE ID"),
        ((("URI", "spiffe://k8s.nsm.example/nsmgr"),), "is not of the trust domain k8s.nsm"),
    ],
)
def test_a_certificate_without_one_name_of_the_trust_domain_is_not_trusted(
    names: Any, text: str
) -> None:
    import mutual_tls

    with pytest.raises(mutual_tls.Untrusted, match=text):
        mutual_tls.peer_of({"subjectAltName": names}, "k8s.nsm")


def test_a_certificate_may_bear_names_of_hosts_beside_its_spiffe_id() -> None:
    import mutual_tls

    names = (("DNS", "registry"), ("URI", "spiffe://k8s.nsm/registry"))
    found = mutual_tls.peer_of({"subjectAltName": names}, "k8s.nsm")
    assert found == "spiffe://k8s.nsm/registry"
