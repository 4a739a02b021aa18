# SPDX-License-Identifier: Apache-2.0
"""Which proxy an API server is asked through: the one that kubectl would take.

kubectl follows Go's rule (golang.org/x/net/http/httpproxy): $HTTPS_PROXY or $HTTP_PROXY by the
address's scheme, in capitals first; $NO_PROXY in Go's spelling; never $ALL_PROXY, never for this
machine. Python's own rule differs in each of these. Where a variable cannot be read, kubectl asks
without a proxy; here it is said.
"""

from __future__ import annotations

import ipaddress
import re
from base64 import b64encode
from collections.abc import Iterator, Mapping
from urllib.parse import SplitResult, unquote, urlsplit

import urllib3

PORTS = {"http": 80, "https": 443, "socks5": 1080, "socks5h": 1080}
"""Schemes of proxies that kubectl knows, with the ports that they have where none is named."""
RIGHT = (
    "write it as http://user:password@proxy.example:3128; in user and password `#` is `%23`, `/` "
    "is `%2F`, `?` is `%3F`, `@` is `%40`, `[` is `%5B`, and a blank is `%20`"
)
"""What is said of an address of a proxy that cannot be read."""


class AddressError(ValueError):
    """An address cannot be read. The text says whose and why; it never shows a part of it."""


def proxy_for(address: str, environment: Mapping[str, str]) -> str | None:
    """The proxy that the environment names for an address, with scheme and port; None for none."""
    url = urlsplit(address)
    if url.scheme not in ("http", "https") or is_loopback(address):
        return None
    variable, named = _first(environment, f"{url.scheme.upper()}_PROXY")
    if not named or (url.scheme == "http" and environment.get("REQUEST_METHOD")):
        return None  # in a CGI program HTTP_PROXY is a header that a stranger sent
    port = url.port or PORTS[url.scheme]
    rules = _first(environment, "NO_PROXY")[1].split(",")
    if any(_matches((url.hostname or "").lower(), port, rule) for rule in rules):
        return None
    return with_scheme_and_port(named, f"${variable}")


def with_scheme_and_port(proxy: object, name: str) -> str:
    """A proxy's address as it is meant: `proxy:3128` is an HTTP proxy.

    AddressError under this name where it cannot be read.
    """
    bare = isinstance(proxy, str) and "://" not in proxy
    url = read_address(f"http://{proxy}" if bare else proxy, name, RIGHT)
    if not url.hostname:
        raise AddressError(f"{name} names no host; {RIGHT}")
    if bare and url.path.strip("/"):
        raise AddressError(f"{name} cannot be read (it has no scheme, but a path); {RIGHT}")
    if url.port is None and url.scheme in PORTS:
        return f"{url.scheme}://{url.netloc.rstrip(':')}:{PORTS[url.scheme]}"
    return url.geturl()


def read_address(address: object, name: str, right: str) -> SplitResult:
    """The parts of an address that somebody wrote.

    AddressError where there are none, or where a part of a password would be taken for another one.
    """
    try:
        if not isinstance(address, str):
            raise AddressError("it is no text")
        if any(sign.isspace() or not sign.isprintable() for sign in address):
            raise AddressError("there is a blank in it, or a sign that cannot be seen")
        url = urlsplit(address)
        if "@" in url.path + url.query + url.fragment:
            raise AddressError("a `/`, `?` or `#` comes before its `@`")
        if url.port == 0:
            raise AddressError("its port is 0")
        urllib3.util.parse_url(address)  # who asks with it may be stricter
        unquote(url.username or "", errors="strict")
        unquote(url.password or "", errors="strict")
    except AddressError as error:
        raise AddressError(f"{name} cannot be read ({error}); {right}") from None
    except ValueError:  # whose text shows a part of it
        raise AddressError(
            f"{name} cannot be read (its host and port cannot be told); {right}"
        ) from None
    return url


def headers_for(proxy: str) -> dict[str, str]:
    """How an HTTP proxy is told who asks: the user and password of its address.

    Nothing for a SOCKS proxy, which is told otherwise: a header would reach the API server.
    """
    url = urlsplit(proxy)
    if url.scheme not in ("http", "https") or "@" not in url.netloc:
        return {}
    who = f"{unquote(url.username or '')}:{unquote(url.password or '')}"
    return {"proxy-authorization": f"Basic {b64encode(who.encode()).decode()}"}


def without_password(address: str) -> str:
    """An address as it may be shown."""
    return re.sub(r"^([^/@]*://)?.*@", r"\1", address, flags=re.DOTALL)


def is_loopback(address: str) -> bool:
    """Whether a URL is of this machine: `localhost`, or a loopback address."""
    host = (urlsplit(address).hostname or "").rstrip(".")
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _first(environment: Mapping[str, str], name: str) -> tuple[str, str]:
    """A variable that is set, with its value; that in capitals comes first, as in Go."""
    spelled = name if environment.get(name) else name.lower()
    return spelled, environment.get(spelled, "")


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
