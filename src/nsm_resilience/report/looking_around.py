# SPDX-License-Identifier: Apache-2.0
"""Copies of the notebooks to run and change: the originals are inputs of the workflow."""

from __future__ import annotations

from pathlib import Path

from nsm_resilience.report.notebook import KERNEL, read_percent_notebook, write_notebook


def copy_notebooks(sources: Path, out: Path) -> list[Path]:
    """Make a notebook of each percent script; one that is there already is its owner's, and stays.

    Raises:
        NotebookError: there are no percent scripts.
    """
    made = []
    for source in sorted(sources.glob("[!.]*.py")):
        copy = out / f"{source.stem}.ipynb"
        if copy.exists():
            continue
        notebook = read_percent_notebook(source)
        notebook.metadata["kernelspec"] = dict(KERNEL)
        write_notebook(notebook, copy)
        made.append(copy)
    return made
