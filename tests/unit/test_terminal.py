# SPDX-License-Identifier: Apache-2.0
"""What is printed where the output's encoding lacks our signs."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("encoding", ["ascii", "iso-8859-1"])
@pytest.mark.parametrize(
    "command",
    [("doctor",), ("schedule", "--injections"), ("--help",), ("schedule", "--study", "→ü.yaml")],
)  # fmt: skip
def test_no_command_fails_for_a_sign(encoding: str, command: tuple[str, ...]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "nsm_resilience.cli", *command],
        cwd=ROOT, capture_output=True, check=False,
        env={**os.environ, "PYTHONIOENCODING": encoding},
    )  # fmt: skip
    assert b"Traceback" not in done.stderr
    assert b"UnicodeEncodeError" not in done.stderr


def test_a_sign_is_written_in_plain_letters() -> None:
    code = (
        "from nsm_resilience.cli.terminal import write_whatever_the_terminal_can as do\n"
        "do(); print('a → b … ü – ☃')"
    )
    for encoding, expected in (
        ("ascii", b"a -> b ... ? - ?\n"),
        ("latin-1", b"a -> b ... \xfc - ?\n"),
    ):
        done = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, check=True,
            env={**os.environ, "PYTHONIOENCODING": encoding},
        )  # fmt: skip
        assert done.stdout == expected
