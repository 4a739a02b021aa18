# SPDX-License-Identifier: Apache-2.0
"""Facts about the machine and the software, for records and campaigns."""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import nsm_resilience
from nsm_resilience.host.checkout import of_checkout

_PACKAGES = ("kubernetes", "snakemake", "pandas", "pyarrow", "pydantic")


def software() -> dict[str, Any]:
    """Versions of this package and of others that matter to a run, with the commit if known."""
    return {
        "nsm_resilience": nsm_resilience.__version__,
        "python": platform.python_version(),
        "packages": {name: version(name) for name in _PACKAGES},
        **of_checkout().described(),
    }


def machine() -> dict[str, Any]:
    """Processors, memory, system of the runner; no names."""
    return {
        "cpus": os.cpu_count(),
        "cpu_model": _cpu_model(),
        "memory_gib": memory_gib(),
        "system": platform.system(),
        "kernel": platform.release(),
        "machine": platform.machine(),
    }


def boot() -> str | None:
    """Id of the runner's boot: times of its monotonic clock are comparable only within it."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip() or None
    except OSError:
        return None


def load() -> list[float] | None:
    """Load averages over 1, 5 and 15 minutes; None if the system has none."""
    return [round(x, 2) for x in os.getloadavg()] if hasattr(os, "getloadavg") else None


def _cpu_model() -> str | None:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or None
    return next((x.split(":", 1)[1].strip() for x in lines if x.startswith("model name")), None)


def memory_gib() -> float | None:
    """Memory of this machine; None if the system does not say."""
    try:
        return round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1)
    except (ValueError, OSError, AttributeError):
        return None


def joined(machines: Sequence[Mapping[str, Any]]) -> dict[str, list[Any]]:
    """Join the descriptions of several machines: the different values of each fact, in order."""
    found: dict[str, list[Any]] = {}
    for machine in machines:
        for key, value in machine.items():
            values = found.setdefault(key, [])
            if value not in (None, "", *values):
                values.append(value)
    return found
