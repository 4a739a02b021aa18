# SPDX-License-Identifier: Apache-2.0
"""The project's notebooks, run in this process: a kernel of its own takes seconds to start.

That they run in one, and what is kept of it, is tested with the runner (`report/test_notebook.py`)
and by the build of the pipeline's tests, which runs all of them.
"""

from __future__ import annotations

import contextlib
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import RichOutput, capture_output
from traitlets.config import Config

from nsm_resilience.report.notebook import read_percent_notebook, resolve_parameters

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Ran:
    """What a code cell printed, and what it showed."""

    printed: str
    shown: tuple[dict[str, Any], ...]


def run_here(stem: str, parameters: Mapping[str, object], cwd: Path = ROOT) -> list[Ran]:
    """Run a notebook of the project cell by cell, with parameters as the workflow gives them.

    Raises whatever a cell raises.
    """
    source = ROOT / "notebooks" / f"{stem}.py"
    notebook = read_percent_notebook(source)
    values = resolve_parameters(notebook, parameters, source)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(cwd):
        main = sys.modules["__main__"]  # the shell puts its own in its place
        no_history = Config({"HistoryManager": {"enabled": False}})
        shell = InteractiveShell.instance(ipython_dir=folder, config=no_history)
        try:
            return [_run(shell, cell, values) for cell in code]
        finally:
            shell.reset()
            InteractiveShell.clear_instance()
            sys.modules["__main__"] = main


def _run(shell: InteractiveShell, cell: Any, values: Mapping[str, object]) -> Ran:
    with shell.display_trap, capture_output() as captured:
        done = shell.run_cell(cell.source, store_history=False)
    done.raise_error()
    if "parameters" in cell.metadata.get("tags", []):
        shell.push(dict(values))
    shown: list[RichOutput] = captured.outputs
    return Ran(captured.stdout, tuple(one.data for one in shown))
