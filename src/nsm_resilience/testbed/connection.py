# SPDX-License-Identifier: Apache-2.0
"""Find and read a kubeconfig as kubectl does; every mistake in it is reported in one line."""

from __future__ import annotations

import io
import logging
import os
import shlex
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import urllib3
import yaml
from kubernetes import client, config

from nsm_resilience.testbed.base import TestbedError
from nsm_resilience.testbed.proxy import (
    AddressError,
    headers_for,
    proxy_for,
    read_address,
    with_scheme_and_port,
    without_password,
)

DEFAULT = "~/.kube/config"
"""Path of the kubeconfig when neither the testbed's file nor $KUBECONFIG names one."""
SERVER = (
    "it begins with https:// and ends with host and port, an IPv6 address in brackets, as in "
    "https://api.example:6443 or https://[fd00::1]:6443"
)
"""Advice about an unusable address of an API server."""
LOGIN_PAUSE_S = 10.0
"""Least time between two renewals of a login, seconds: a plug-in is slow, and may ask people."""


class KubeconfigError(TestbedError):
    """A kubeconfig is missing, cannot be read, or lacks the context."""


def default_kubeconfig() -> Path:
    """The kubeconfig of kubectl: $KUBECONFIG, which may list several files, else the user's own.

    Several files are one path with the system's separator between them, as for the client and
    kubectl; they are merged, and missing files are ignored.
    """
    named = os.environ.get("KUBECONFIG", "")
    return Path(named) if named.strip(os.pathsep) else _of_home(DEFAULT)


def _of_home(path: str) -> Path:
    try:
        return Path(path).expanduser()
    except RuntimeError:  # no $HOME, and a user that the system does not know, as in a container
        return Path(path)


def _contents(kubeconfig: Path) -> dict[Path, dict[str, Any]]:
    """The existing, non-empty files of a kubeconfig, with their contents.

    KubeconfigError when there is none, or when one of them is no kubeconfig.
    """
    whole = _of_home(str(kubeconfig))  # its path may contain the separator
    parts = str(kubeconfig).split(os.pathsep)
    named = [whole] if whole.is_file() else [_of_home(part) for part in parts if part]
    there = [path for path in named if path.exists()]
    if not there:
        raise KubeconfigError(
            f"there is no kubeconfig at {', '.join(map(str, named))}; write `kubeconfig:` in the "
            "testbed's file, or set KUBECONFIG to a file with which "
            "`kubectl get nodes` answers"
        )
    filled = {path: content for path in there if (content := _content_of(path))}
    if not filled:
        raise KubeconfigError(f"{', '.join(map(str, there))}: is no kubeconfig (it is empty)")
    return filled


def _content_of(path: Path) -> dict[str, Any]:
    """The content of a kubeconfig; an empty dict for an empty file, which kubectl ignores."""
    try:
        content = yaml.safe_load(path.read_bytes())
    except (OSError, ValueError, yaml.YAMLError, RecursionError) as error:
        raise KubeconfigError(f"{path}: is no kubeconfig ({_first_line(error)})") from error
    if content is None:
        return {}
    if not isinstance(content, dict) or not all(
        _are_named(content.get(key) or []) for key in ("clusters", "contexts", "users")
    ):
        raise KubeconfigError(
            f"{path}: is no kubeconfig (its `clusters`, `contexts` and `users` are not lists of "
            "what has a name)"
        )
    return content


def _are_named(entries: object) -> bool:
    return isinstance(entries, list) and all(
        isinstance(one, dict) and "name" in one for one in entries
    )


def make_client(kubeconfig: Path, context: str, kind: type[client.ApiClient]) -> client.ApiClient:
    """A client for one context of a kubeconfig, without a request to the cluster.

    KubeconfigError names the file and, for an unknown context, the known ones.
    """
    contents = _contents(kubeconfig)
    given = os.pathsep.join(map(str, contents))
    split = any(os.pathsep in str(path) for path in contents)  # the client would split such a path
    source = io.StringIO(yaml.safe_dump(next(iter(contents.values())))) if split else given
    known = {
        str(one["name"]) for content in contents.values() for one in content.get("contexts") or []
    }
    if context not in known:
        raise KubeconfigError(
            f"{given}: has no context `{context}`; there are: {', '.join(sorted(known)) or 'none'}"
        )
    settings = client.Configuration()
    settings.proxy = None  # only the kubeconfig may set one now
    settings.host = ""
    load: Any = config.load_kube_config  # untyped in the client
    try:
        with _complaints() as said:
            load(source, context, settings)
    except Exception as error:  # the client passes on errors of YAML, the disk and the content
        raise KubeconfigError(_unusable(given, context, _first_line(error))) from error
    if said:  # the client goes on without a credential, and the API server would refuse it
        plugin = "; is its program installed, and does it work by itself?"
        raise KubeconfigError(
            _unusable(given, context, f"its credential plug-in: {said[0]}{plugin}")
        )
    try:
        _find_the_way(settings)
    except AddressError as error:
        raise KubeconfigError(_unusable(given, context, str(error))) from None
    _renew_now_and_then(settings)
    settings.retries = False  # urllib3 would retry three times before it reports an error
    try:
        return kind(settings)
    except (ImportError, urllib3.exceptions.HTTPError) as error:
        raise KubeconfigError(
            f"{without_password(settings.host)} is behind the proxy "
            f"{without_password(settings.proxy or '')}, which cannot be used "
            f"({_first_line(error)}); for a SOCKS proxy: `{sys.executable} -m pip install PySocks`"
        ) from error


def _renew_now_and_then(settings: Any) -> None:
    """Call the client's own renewal of an expiring login less often, and without messages.

    If it fails, the login stays unchanged, and the API server may refuse it.
    """
    renew, asked_s = settings.refresh_api_key_hook, time.monotonic()

    def renew_quietly(own: Any) -> None:
        nonlocal asked_s
        if time.monotonic() - asked_s < LOGIN_PAUSE_S:
            return
        asked_s = time.monotonic()
        with _complaints(), suppress(Exception):  # any error of plug-ins and providers
            renew(own)
        own.refresh_api_key_hook = renew_quietly  # the client has replaced it by its own hook

    if renew is not None:
        settings.refresh_api_key_hook = renew_quietly


def _find_the_way(settings: Any) -> None:
    """Check the API server's address, and choose its proxy, if any.

    AddressError for an unusable address.
    """
    server = "`server` of its cluster"
    url = read_address(settings.host, server, SERVER)
    if url.scheme not in ("http", "https") or not url.hostname:
        raise AddressError(
            f"{server} {'cannot be read' if settings.host else 'is missing'}; {SERVER}"
        )
    settings.no_proxy = None  # it is from the environment, which `proxy_for` reads
    if settings.proxy:
        settings.proxy = with_scheme_and_port(settings.proxy, "`proxy-url` of its cluster")
    else:
        settings.proxy = proxy_for(settings.host, os.environ)
    settings.proxy_headers = headers_for(settings.proxy) if settings.proxy else None


def make_stream_client(kubeconfig: Path, context: str) -> client.ApiClient:
    """As `make_client`, for commands in containers, which use a web socket.

    The library of web sockets has its own rule for the environment's proxy, which it would use even
    for 127.0.0.1.
    """
    made = make_client(kubeconfig, context, client.ApiClient)
    if made.configuration.proxy is None:  # set last, because only web sockets read it again
        made.configuration.proxy, made.configuration.no_proxy = "http://none", "*"
    return made


def _unusable(given: str, context: str, why: str) -> str:
    return (
        f"{given}: context `{context}` cannot be used ({why}); see that "
        f"`kubectl --context {shlex.quote(context)} get nodes` answers"
    )


@contextmanager
def _complaints() -> Iterator[list[str]]:
    """Collect the errors that the client only logs, each as one line."""
    said: list[str] = []

    class Listener(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            said.append(" ".join(record.getMessage().split())[:200])

    listener = Listener(logging.ERROR)
    logging.getLogger().addHandler(listener)
    try:
        yield said
    finally:
        logging.getLogger().removeHandler(listener)


def _first_line(error: Exception) -> str:
    text = " ".join(str(error).split())
    return text[:200] or type(error).__name__
