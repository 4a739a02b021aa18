# SPDX-License-Identifier: Apache-2.0
"""One result of `nsm-resilience doctor`."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

Level = Literal["ok", "warning", "missing"]
Ask = Callable[..., tuple[bool, str]]


@dataclass(frozen=True)
class Finding:
    """One result. `remedy` says what to do when it is not ok."""

    level: Level
    what: str
    found: str
    remedy: str = ""


def answer(*command: str, timeout_s: float = 60) -> tuple[bool, str]:
    """Whether a program succeeds in time, and its output, or else its errors."""
    if shutil.which(command[0]) is None:
        return False, f"{command[0]} is not on the PATH"
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, errors="replace", stdin=subprocess.DEVNULL,
            check=False, timeout=timeout_s,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return False, f"no answer within {timeout_s:g} s"
    except OSError as error:
        return False, f"{command[0]}: {error.strerror}"
    said = done.stdout if done.returncode == 0 else done.stderr
    return done.returncode == 0, said.strip()


def in_docker(image: str, ask: Ask = answer) -> bool:
    """Whether the local Docker engine has an image."""
    return ask("docker", "image", "inspect", image)[0]
