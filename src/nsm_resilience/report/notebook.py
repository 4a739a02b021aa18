# SPDX-License-Identifier: Apache-2.0
"""Run one percent notebook and keep the executed copy.

The notebooks in git are plain Python (jupytext, percent format). They are run by papermill in a
kernel of the interpreter that runs this module, whatever kernels the user has registered. Three
things differ from calling papermill by hand:

- a parameter the notebook does not declare is an error, not a logged warning (papermill PR #869);
- the executed copy holds no timings, machine paths, versions or random cell ids, so two runs over
  the same data give the same bytes;
- a failed run leaves its copy beside the wanted one, as ``<name>.failed.ipynb``.
"""

from __future__ import annotations

import ast
import importlib
import logging
import os
import re
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any

from nsm_resilience.record.files import write_bytes
from nsm_resilience.report.kernel import environment, kernel_manager_class, own_settings

if TYPE_CHECKING:
    from nbformat import NotebookNode

KERNEL = {"name": "python3", "display_name": "Python 3", "language": "python"}
"""Kernel named in the executed copy. papermill cannot choose one for a notebook without it."""

GRAMMAR = "rfc3987_syntax"
"""Slow module that is not needed here, see `_skip_grammar`."""

_ANSI = re.compile(r"\x1b\[[0-9;]*m")
_LAST_TRACEBACK_LINES = 12


class NotebookError(Exception):
    """A notebook cannot be run, or did not run to its end."""


class ParameterError(NotebookError):
    """The parameters given are not the ones the notebook declares."""


class ExecutionError(NotebookError):
    """A cell of a notebook raised an error, or its kernel died; the message shows where."""


def run_notebook(
    source_py: Path,
    out_ipynb: Path,
    parameters: Mapping[str, object] | None = None,
    cwd: Path | None = None,
) -> Path:
    """Execute a percent notebook and write the executed copy.

    Args:
        out_ipynb: written whole or not at all.
        parameters: values for names the parameters cell declares. Text is converted where the
            declared default is a number or a truth value (the command line only has text).
        cwd: directory the notebook runs in, that is, the repository; default the current one.

    Raises:
        ParameterError: no parameters cell, an unknown name, or a value of the wrong kind.
        ExecutionError: a cell failed; the message shows the cell and the end of its traceback.
        NotebookError: the source is missing or is no percent notebook.
    """
    if out_ipynb.suffix != ".ipynb":
        raise NotebookError(f"{out_ipynb}: the executed copy is a notebook, `*.ipynb`")
    _skip_grammar()  # before papermill, which imports it too
    from papermill.exceptions import PapermillExecutionError

    root = Path.cwd() if cwd is None else Path(cwd)
    shown = _relative(source_py, root)
    notebook = read_percent_notebook(source_py)
    values = resolve_parameters(notebook, parameters or {}, source_py)

    failed = out_ipynb.with_name(f"{out_ipynb.stem}.failed.ipynb")
    failed.unlink(missing_ok=True)
    with tempfile.TemporaryDirectory(prefix="nsm-nb-", ignore_cleanup_errors=True) as scratch:
        raw = Path(scratch) / "executed.ipynb"
        try:
            _execute(notebook, raw, values, root, Path(scratch))
        # RuntimeError: the kernel died or never answered
        except (PapermillExecutionError, RuntimeError) as error:
            lines = _where_it_failed(error, shown, root)
            if raw.is_file():
                write_notebook(normalised(_read(raw), shown, values, root), failed)
                lines.append(f"The executed copy is kept in {failed}")
            raise ExecutionError("\n".join(lines)) from error
        executed = _read(raw)
    write_notebook(normalised(executed, shown, values, root), out_ipynb)
    return out_ipynb


def _skip_grammar() -> None:
    """Import `jsonschema`, which checks notebooks, without its optional grammar of web addresses.

    Building that grammar takes longer than all else before a notebook's first cell, and notebooks
    have no addresses to check.
    """
    if GRAMMAR in sys.modules or "jsonschema" in sys.modules:
        return
    sys.modules[GRAMMAR] = None  # type: ignore[assignment]  # makes its import fail
    try:
        importlib.import_module("jsonschema")
    finally:
        del sys.modules[GRAMMAR]


def declared_parameters(notebook: NotebookNode, source: PurePath) -> dict[str, object]:
    """Return names and defaults of a notebook's parameters cell: plain assignments of literals."""
    cells = [
        cell
        for cell in notebook.cells
        if cell.cell_type == "code" and "parameters" in cell.metadata.get("tags", [])
    ]
    if len(cells) != 1:
        raise ParameterError(
            f"{source}: {len(cells)} cells are tagged as parameters, one is needed. Write\n"
            '# %% tags=["parameters"]\n'
            'tables = "results/tables"'
        )
    found: dict[str, object] = {}
    for statement in ast.parse(cells[0].source).body:
        match statement:
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                pass
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
                pass
            case _:
                continue
        try:
            found[name] = ast.literal_eval(value)
        except ValueError:
            raise ParameterError(
                f"{source}: the default of parameter {name} is not a literal: {ast.unparse(value)}"
            ) from None
    return found


def resolve_parameters(
    notebook: NotebookNode, given: Mapping[str, object], source: PurePath
) -> dict[str, object]:
    """Check values against the parameters cell, and convert text if the default is a number."""
    declared = declared_parameters(notebook, source)
    known = ", ".join(f"{name}={value!r}" for name, value in declared.items()) or "none"
    unknown = sorted(set(given) - set(declared))
    if unknown:
        raise ParameterError(
            f"{source} has no parameter {', '.join(unknown)}; it knows (with defaults): {known}"
        )
    return {name: _as_kind_of(declared[name], value, name, source) for name, value in given.items()}


def _as_kind_of(default: object, value: object, name: str, source: PurePath) -> object:
    """Convert text to the kind of the default; other values pass as they are."""
    if isinstance(value, PurePath):
        return value.as_posix()
    if not isinstance(value, str) or isinstance(default, str) or default is None:
        return value
    try:
        converted = ast.literal_eval(value.capitalize() if isinstance(default, bool) else value)
    except (ValueError, SyntaxError):
        converted = value
    if isinstance(default, float) and type(converted) is int:
        converted = float(converted)
    if type(converted) is not type(default):
        raise ParameterError(
            f"{source}: parameter {name} is of kind {type(default).__name__} "
            f"(default {default!r}), got {value!r}"
        )
    return converted


def read_percent_notebook(source_py: Path) -> NotebookNode:
    """Read a percent script as a notebook, without the comments before its first cell."""
    _skip_grammar()
    import jupytext

    notebook: NotebookNode
    if not source_py.is_file():
        raise NotebookError(f"{source_py}: there is no such notebook")
    if source_py.suffix != ".py":
        raise NotebookError(f"{source_py}: a percent notebook is a file of Python, `*.py`")
    try:
        notebook = jupytext.read(source_py, fmt="py:percent")
    except (ValueError, jupytext.formats.JupytextFormatError) as error:
        raise NotebookError(f"{source_py}: not a percent notebook: {error}") from error
    # the lines before the first cell are about the file (its licence), not part of the notebook
    notebook.cells = [cell for cell in notebook.cells if not _only_comments(cell)]
    notebook.metadata["kernelspec"] = dict(KERNEL)
    return notebook


def copy_notebooks(sources: Path, out: Path) -> list[Path]:
    """Make a notebook of each percent script, to run and change: the originals are inputs.

    An existing notebook is kept: it may have changes.
    """
    made = []
    for source in sorted(sources.glob("[!.]*.py")):
        copy = out / f"{source.stem}.ipynb"
        if copy.exists():
            continue
        write_notebook(read_percent_notebook(source), copy)
        made.append(copy)
    return made


def _only_comments(cell: NotebookNode) -> bool:
    lines = [line for line in cell.source.splitlines() if line.strip()]
    return cell.cell_type == "code" and all(line.startswith("#") for line in lines)


def _execute(
    notebook: NotebookNode, out: Path, values: dict[str, object], cwd: Path, scratch: Path
) -> None:
    import papermill

    # papermill's own messages have machine paths, and our errors say more
    logging.getLogger("papermill").setLevel(logging.ERROR)
    with environment(**own_settings(scratch)):
        papermill.execute_notebook(
            notebook,
            out,
            parameters=values,
            cwd=cwd.resolve(),
            progress_bar=False,
            kernel_manager_class=kernel_manager_class(scratch),
        )


def normalised(
    notebook: NotebookNode, source: PurePath, values: Mapping[str, object], root: Path
) -> NotebookNode:
    """Return the executed notebook without anything that changes from run to run.

    Timings, versions and cell ids are removed. Paths inside the repository become relative, the
    interpreter's become ``<environment>``, the kernel's temporary files ``<cell>``.
    """
    clean = _node(_without_machine_paths(notebook, root))
    clean.metadata = _node(
        {
            "kernelspec": dict(KERNEL),
            "language_info": {"name": "python", "file_extension": ".py"},
            "papermill": {
                "input_path": source.as_posix(),
                "parameters": _without_machine_paths(dict(values), root),
            },
        }
    )
    for cell in clean.cells:
        tags = cell.metadata.get("tags", [])
        cell.metadata = _node({"tags": tags} if tags else {})
    clean.nbformat, clean.nbformat_minor = 4, 5
    return clean


def _without_machine_paths(value: Any, root: Path) -> Any:
    if isinstance(value, str):
        for old in sorted({str(root.resolve()), str(root.absolute())}, key=len, reverse=True):
            value = value.replace(f"{old}{os.sep}", "").replace(old, ".")
        for old in sorted({sys.prefix, sys.base_prefix}, key=len, reverse=True):
            value = value.replace(f"{old}{os.sep}", "<environment>/")
        return re.sub(r"[^\s\"'(\[]*ipykernel_\d+[/\\]\d+\.py", "<cell>", value)
    if isinstance(value, Mapping):
        return {key: _without_machine_paths(item, root) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_without_machine_paths(item, root) for item in value]
    return value


def _where_it_failed(error: Exception, source: PurePath, root: Path) -> list[str]:
    """Lines with the failing cell, as executed, and the end of its traceback."""
    from papermill.exceptions import PapermillExecutionError

    if not isinstance(error, PapermillExecutionError):
        return [f"{source}: the kernel did not run the notebook: {error}"]
    trace = _without_machine_paths("\n".join(error.traceback), root)
    lines = [line.rstrip() for line in _ANSI.sub("", trace).splitlines() if line.strip()]
    code = [line for line in error.source.splitlines() if line.strip() and line[0] != "#"]
    message = next(iter(_ANSI.sub("", str(error.evalue)).splitlines()), "")
    return [
        f"{source}: code cell [{error.exec_count}] failed with {error.ename}: "
        f"{_without_machine_paths(message, root)}",
        f"  in the cell that begins: {code[0] if code else ''}",
        *(f"  | {line}" for line in lines[-_LAST_TRACEBACK_LINES:]),
    ]


def _relative(path: Path, root: Path) -> PurePath:
    """Return the path relative to the repository, or its name if it is elsewhere."""
    try:
        return PurePath(path.resolve().relative_to(root.resolve()).as_posix())
    except ValueError:
        return PurePath(path.name)


def write_notebook(notebook: NotebookNode, out: Path) -> None:
    """Write a notebook with the same bytes each time: cells are numbered, not named at random."""
    import nbformat

    for position, cell in enumerate(notebook.cells, start=1):
        cell["id"] = f"cell-{position:02}"
    text = nbformat.writes(notebook, version=4)  # type: ignore[no-untyped-call]
    write_bytes(out, (text + "\n").encode())


def _read(path: Path) -> NotebookNode:
    import nbformat

    found: NotebookNode = nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]
    return found


def _node(data: Any) -> NotebookNode:
    import nbformat

    found: NotebookNode = nbformat.from_dict(data)  # type: ignore[no-untyped-call]
    return found
