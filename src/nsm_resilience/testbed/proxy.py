# SPDX-License-Identifier: Apache-2.0
"""Which proxy an API server is asked through: the one that kubectl would take.

kubectl follows Go's rule (golang.org/x/net/http/httpproxy): $HTTPS_PROXY or $HTTP_PROXY by the
address's scheme, in capitals first; $NO_PROXY in Go's spelling; never $ALL_PROXY, never for this
machine. Python's own rule differs in each of these.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Mapping
from urllib.parse import urlsplit

PORTS = {"http": 80, "https": 443, "socks5": 1080, "socks5h": 1080}
"""Schemes of proxies that kubectl knows, with the ports that they have where none is named."""


def proxy_for(address: str, environment: Mapping[str, str]) -> str | None:
    """The proxy that the environment names for an address, with scheme and port; None for none."""
    url = urlsplit(address)
    if url.scheme not in ("http", "https") or is_loopback(address):
        return None
    named = _first(environment, f"{url.scheme.upper()}_PROXY")
    if not named or (url.scheme == "http" and environment.get("REQUEST_METHOD")):
        return None  # in a CGI program HTTP_PROXY is a header that a stranger sent
    port = url.port or PORTS[url.scheme]
    rules = _first(environment, "NO_PROXY").split(",")
    if any(_matches((url.hostname or "").lower(), port, rule) for rule in rules):
        return None
    return with_scheme_and_port(named)


def with_scheme_and_port(proxy: str) -> str:
    """A proxy's address as it is meant: `proxy:3128` is an HTTP proxy."""
    url = urlsplit(proxy)
    if not url.scheme or not url.netloc:
        proxy = f"http://{proxy}"
        url = urlsplit(proxy)
    if url.port is None and url.scheme in PORTS:
        return f"{url.scheme}://{url.netloc.rstrip(':')}:{PORTS[url.scheme]}"
    return proxy


def without_password(proxy: str) -> str:
    """A proxy's address as it may be shown."""
    url = urlsplit(proxy)
    return f"{url.scheme}://{url.netloc.rpartition('@')[2]}"


def is_loopback(address: str) -> bool:
    """Whether a URL is of this machine: `localhost`, or a loopback address."""
    host = (urlsplit(address).hostname or "").rstrip(".")
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _first(environment: Mapping[str, str], name: str) -> str:
    """A variable's value; that in capitals comes first, as in Go."""
    return environment.get(name) or environment.get(name.lower()) or ""


def _matches(host: str, port: int, rule: str) -> bool:
    """Whether one part of $NO_PROXY is about a host.

    A name is also about the names below it, one that begins with `.` or `*.` about these only.
    """
    rule = rule.strip().lower()
    if rule == "*":
        return True
    try:
        return ipaddress.ip_address(host) in ipaddress.ip_network(rule, strict=False)
    except ValueError:
        pass
    for name, wanted in _spellings(rule):
        below = name.removeprefix("*") if name.startswith("*.") else name
        named = not below.startswith(".")
        fits = host.endswith(f".{below}" if named else below) or (named and host == below)
        if name and fits and wanted in ("", str(port)):
            return True
    return False


def _spellings(rule: str) -> Iterator[tuple[str, str]]:
    """A rule as name and port; the port is empty where there is none."""
    name, colon, port = rule.rpartition(":")
    if colon and port.isdigit() and (":" not in name or name.startswith("[")):
        yield name.strip("[]"), port
    else:
        yield rule.strip("[]"), ""
