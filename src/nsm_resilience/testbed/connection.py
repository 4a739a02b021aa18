# SPDX-License-Identifier: Apache-2.0
"""Find and read a kubeconfig as kubectl does; every mistake in it is one line."""

from __future__ import annotations

import ipaddress
import os
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.request import getproxies

from kubernetes import client, config

from nsm_resilience.testbed.base import TestbedError

DEFAULT = "~/.kube/config"
"""Where a kubeconfig is when neither the testbed's file nor $KUBECONFIG names one."""


class KubeconfigError(TestbedError):
    """A kubeconfig is not there, cannot be read, or lacks the context."""


def default_kubeconfig() -> Path:
    """What kubectl would read: $KUBECONFIG, which may list several files, else the user's own.

    Several files stay one path with the separator of the system between them, as the client and
    kubectl take it; they are merged, and one that is not there is left out.
    """
    named = os.environ.get("KUBECONFIG", "")
    return Path(named) if named.strip(os.pathsep) else Path(DEFAULT).expanduser()


def kubeconfig_files(kubeconfig: Path) -> list[Path]:
    """The files of a kubeconfig that are there; KubeconfigError when there is none."""
    named = [Path(part).expanduser() for part in str(kubeconfig).split(os.pathsep) if part]
    there = [path for path in named if path.exists()]
    if not there:
        raise KubeconfigError(
            f"there is no kubeconfig at {', '.join(map(str, named))}; write `kubeconfig:` in the "
            "testbed's file, or set KUBECONFIG to a file with which "
            "`kubectl get nodes` answers"
        )
    return there


def make_client(kubeconfig: Path, context: str, kind: type[client.ApiClient]) -> client.ApiClient:
    """A client for one context of a kubeconfig; nothing is asked of the cluster.

    KubeconfigError names the file and, for a context that is not there, those that are.
    """
    files = kubeconfig_files(kubeconfig)
    given = os.pathsep.join(map(str, files))
    settings = client.Configuration()
    load: Any = config.load_kube_config  # untyped in the client
    contexts: Any = config.list_kube_config_contexts
    try:
        known = [str(one["name"]) for one in contexts(given)[0]]
    except Exception as error:  # the client raises whatever YAML, the disk or the content provoke
        raise KubeconfigError(f"{given}: is no kubeconfig ({_first_line(error)})") from error
    if context not in known:
        raise KubeconfigError(
            f"{given}: has no context `{context}`; there are: {', '.join(sorted(known)) or 'none'}"
        )
    try:
        load(given, context, settings)
    except Exception as error:
        raise KubeconfigError(
            f"{given}: context `{context}` cannot be used ({_first_line(error)}); see that "
            f"`kubectl --context {context} get nodes` answers"
        ) from error
    settings.retries = False  # urllib3 would try thrice more before it says that nothing answers
    if _taken_from_environment(settings) and is_loopback(settings.host):
        settings.proxy = None
    return kind(settings)


def is_loopback(address: str) -> bool:
    """Whether a URL is of this machine; kubectl never sends those to a proxy of the environment.

    The rule is that of Go's golang.org/x/net/http/httpproxy: `localhost` and loopback addresses.
    """
    host = (urlsplit(address).hostname or "").rstrip(".")
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _taken_from_environment(settings: client.Configuration) -> bool:
    """Whether the proxy comes from the environment: one of a kubeconfig is always used."""
    scheme = urlsplit(settings.host).scheme
    proxies = getproxies()
    return settings.proxy is not None and settings.proxy in (
        proxies.get(scheme),
        proxies.get("all"),
    )


def _first_line(error: Exception) -> str:
    text = " ".join(str(error).split())
    return text[:200] or type(error).__name__
