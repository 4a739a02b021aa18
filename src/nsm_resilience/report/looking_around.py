# SPDX-License-Identifier: Apache-2.0
"""Copies of the notebooks to run and change: the originals are inputs of the workflow."""

from __future__ import annotations

from pathlib import Path

from nsm_resilience.record.files import write_bytes
from nsm_resilience.report.notebook import KERNEL, read_percent_notebook


def copy_notebooks(sources: Path, out: Path) -> list[Path]:
    """Make a notebook of each percent script; one that is there already is its owner's, and stays.

    Args:
        out: folder of the copies, below the project's root, from where they find its results.

    Raises:
        NotebookError: there are no percent scripts.
    """
    import nbformat

    made = []
    for source in sorted(sources.glob("[!.]*.py")):
        copy = out / f"{source.stem}.ipynb"
        if copy.exists():
            continue
        notebook = read_percent_notebook(source)
        notebook.metadata["kernelspec"] = dict(KERNEL)
        for position, cell in enumerate(notebook.cells, start=1):
            cell["id"] = f"cell-{position:02}"
        text = nbformat.writes(notebook, version=4)  # type: ignore[no-untyped-call]
        write_bytes(copy, (text + "\n").encode())
        made.append(copy)
    return made
