# SPDX-License-Identifier: Apache-2.0
"""The proxy for an API server: the same as kubectl's.

kubectl follows Go's rule (golang.org/x/net/http/httpproxy): $HTTPS_PROXY or $HTTP_PROXY by the
address's scheme, in capitals first; $NO_PROXY in Go's syntax; never $ALL_PROXY, never for this
machine. Python's own rule differs in each of these points. If a variable is invalid, kubectl uses
no proxy; here it is an error.
"""

from __future__ import annotations

import ipaddress
import re
from base64 import b64encode
from collections.abc import Iterator, Mapping
from urllib.parse import SplitResult, unquote, urlsplit

import urllib3

PORTS = {"http": 80, "https": 443, "socks5": 1080, "socks5h": 1080}
"""Schemes of proxies that kubectl knows, with their default ports."""
RIGHT = (
    "write it as http://user:password@proxy.example:3128; in user and password `#` is `%23`, `/` "
    "is `%2F`, `?` is `%3F`, `@` is `%40`, `[` is `%5B`, and a blank is `%20`"
)
"""Advice about an invalid address of a proxy."""


class AddressError(ValueError):
    """An invalid address. The text names its source and the reason, and no part of the address."""


def proxy_for(address: str, environment: Mapping[str, str]) -> str | None:
    """The environment's proxy for an address, with scheme and port, or None."""
    url = urlsplit(address)
    if url.scheme not in ("http", "https") or is_loopback(address):
        return None
    variable, named = _first(environment, f"{url.scheme.upper()}_PROXY")
    if not named or (url.scheme == "http" and environment.get("REQUEST_METHOD")):
        return None  # in a CGI program HTTP_PROXY is a header of a foreign request
    port = url.port or PORTS[url.scheme]
    rules = _first(environment, "NO_PROXY")[1].split(",")
    if any(_matches((url.hostname or "").lower(), port, rule) for rule in rules):
        return None
    return with_scheme_and_port(named, f"${variable}")


def with_scheme_and_port(proxy: object, name: str) -> str:
    """The complete address of a proxy; `proxy:3128` is an HTTP proxy.

    AddressError, with `name`, when it is invalid.
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
    """The parts of an address.

    AddressError when it is invalid, or when a part of a password would be read as another part.
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
        urllib3.util.parse_url(address)  # urllib3 may be stricter when it uses the address
        unquote(url.username or "", errors="strict")
        unquote(url.password or "", errors="strict")
    except AddressError as error:
        raise AddressError(f"{name} cannot be read ({error}); {right}") from None
    except ValueError:  # its text shows a part of the address
        raise AddressError(
            f"{name} cannot be read (its host and port cannot be told); {right}"
        ) from None
    return url


def headers_for(proxy: str) -> dict[str, str]:
    """The header for an HTTP proxy with the user and password of its address.

    Empty for a SOCKS proxy, which has another way: a header would reach the API server.
    """
    url = urlsplit(proxy)
    if url.scheme not in ("http", "https") or "@" not in url.netloc:
        return {}
    who = f"{unquote(url.username or '')}:{unquote(url.password or '')}"
    return {"proxy-authorization": f"Basic {b64encode(who.encode()).decode()}"}


def without_password(address: str) -> str:
    """An address without user and password, which may be shown."""
    return re.sub(r"^([^/@]*://)?.*@", r"\1", address, flags=re.DOTALL)


def is_loopback(address: str) -> bool:
    """Whether a URL points to this machine: `localhost`, or a loopback address."""
    host = (urlsplit(address).hostname or "").rstrip(".")
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _first(environment: Mapping[str, str], name: str) -> tuple[str, str]:
    """The name of a variable that is set, with its value; capitals come first, as in Go."""
    spelled = name if environment.get(name) else name.lower()
    return spelled, environment.get(spelled, "")


def _matches(host: str, port: int, rule: str) -> bool:
    """Whether one part of $NO_PROXY matches a host.

    A name also matches its subdomains; one that begins with `.` or `*.` matches only these.
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
    """A rule as name and port; the port may be empty."""
    name, colon, port = rule.rpartition(":")
    if colon and port.isdigit() and (":" not in name or name.startswith("[")):
        yield name.strip("[]"), port
    else:
        yield rule.strip("[]"), ""
