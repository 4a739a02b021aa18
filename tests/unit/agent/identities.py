# SPDX-License-Identifier: Apache-2.0
"""Authorities and SPIFFE identities for tests, by the openssl that Python's own TLS comes with."""

from __future__ import annotations

import ssl
import subprocess
from dataclasses import dataclass
from pathlib import Path

CURVE = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")


def _openssl(*arguments: str | Path) -> bytes:
    command = ["openssl", *map(str, arguments)]
    return subprocess.run(command, check=True, capture_output=True).stdout


@dataclass(frozen=True)
class Certified:
    """Files of a certificate and of its key."""

    certificate: Path
    key: Path

    @property
    def der(self) -> bytes:
        """The certificate as bytes."""
        return ssl.PEM_cert_to_DER_cert(self.certificate.read_text())

    @property
    def key_der(self) -> bytes:
        """The key as PKCS#8."""
        return _openssl("pkcs8", "-topk8", "-nocrypt", "-in", self.key, "-outform", "DER")


@dataclass(frozen=True)
class Authority:
    """One who certifies the identities of a trust domain."""

    folder: Path
    own: Certified

    @classmethod
    def made(cls, folder: Path) -> Authority:
        """A new one, which keeps its files in a folder."""
        folder.mkdir()
        own = Certified(folder / "authority.pem", folder / "authority.key")
        _openssl(
            "req", "-x509", *CURVE, "-subj", "/O=SPIFFE", "-days", "2",
            "-keyout", own.key, "-out", own.certificate,
            "-addext", "keyUsage=critical,keyCertSign,cRLSign",
        )  # fmt: skip
        return cls(folder, own)

    def certify(self, *uris: str) -> Certified:
        """An SVID for a SPIFFE ID; several or none make one that no SVID is."""
        number = len(list(self.folder.iterdir()))
        made = Certified(self.folder / f"{number}.pem", self.folder / f"{number}.key")
        names = ",".join([*(f"URI:{uri}" for uri in uris), "DNS:localhost"])
        request, extensions = self.folder / "request", self.folder / "extensions"
        _openssl("req", *CURVE, "-subj", "/O=SPIRE", "-keyout", made.key, "-out", request)
        extensions.write_text(
            f"subjectAltName={names}\nkeyUsage=critical,digitalSignature\n"
            "extendedKeyUsage=serverAuth,clientAuth\nbasicConstraints=critical,CA:FALSE\n"
        )
        _openssl(
            "x509", "-req", "-in", request, "-days", "2", "-extfile", extensions,
            "-CA", self.own.certificate, "-CAkey", self.own.key, "-CAcreateserial",
            "-out", made.certificate,
        )  # fmt: skip
        return made
