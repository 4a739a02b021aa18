# SPDX-License-Identifier: Apache-2.0
"""`nsm-resilience` called in this process: one of its own takes a second to start."""

from __future__ import annotations

import io
import os
import sys
import traceback
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from unittest.mock import patch

from nsm_resilience import cli


@dataclass(frozen=True)
class Called:
    """Exit code of a call, and what it printed."""

    code: int
    output: str
    errors: str


def call(*arguments: str) -> Called:
    """Call the program as a shell does, through its entry point, in the current folder."""
    output, errors = io.StringIO(), io.StringIO()
    code: object = 0
    with (
        patch.object(sys, "argv", ["nsm-resilience", *arguments]),
        patch.dict(os.environ, PYTHONUTF8="1"),  # or another locale would have it start again
        redirect_stdout(output),
        redirect_stderr(errors),
    ):
        try:
            cli.main()
        except SystemExit as end:
            code = end.code or 0
        except Exception:
            code = 1
            traceback.print_exc()
    return Called(code if isinstance(code, int) else 1, output.getvalue(), errors.getvalue())
