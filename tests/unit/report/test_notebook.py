# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import sys
from pathlib import Path

import pytest

from nsm_resilience.report.kernel import ipc_is_possible
from nsm_resilience.report.notebook import (
    ExecutionError,
    NotebookError,
    ParameterError,
    declared_parameters,
    resolve_parameters,
    run_notebook,
)

NOTEBOOKS = Path(__file__).parents[3] / "notebooks"

GOOD = """\
# SPDX-License-Identifier: Apache-2.0
# %% [markdown]
# # A notebook

# %% tags=["parameters"]
word = "a=b"
count: int = 3
share = 0.5
loud = False

# %%
import sys
from pathlib import Path

print(word, count, share, loud)
print(Path.cwd(), sys.prefix)
sys.executable == EXECUTABLE
"""


def write(folder: Path, text: str, name: str = "note.py") -> Path:
    (folder / "notebooks").mkdir(exist_ok=True)
    source = folder / "notebooks" / name
    source.write_text(text.replace("EXECUTABLE", repr(sys.executable)), encoding="utf-8")
    return source


@pytest.fixture(scope="module")
def twice(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("twice")
    source = write(folder, GOOD)
    outs = folder / "one.ipynb", folder / "sub" / "two.ipynb"
    for out in outs:
        run_notebook(source, out, {"count": "7", "loud": "true"}, cwd=folder)
    return outs


def texts(path: Path) -> list[str]:
    import nbformat

    notebook = nbformat.read(path, as_version=4)
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    return [str(output.get("text", output.get("data"))) for output in outputs]


def test_two_runs_give_the_same_bytes(twice: tuple[Path, Path]) -> None:
    assert twice[0].read_bytes() == twice[1].read_bytes()


def test_parameters_from_the_command_line_get_the_kind_of_their_default(
    twice: tuple[Path, Path],
) -> None:
    assert texts(twice[0])[0].startswith("a=b 7 0.5 True\n")


def test_the_kernel_is_the_interpreter_that_runs_the_runner(twice: tuple[Path, Path]) -> None:
    assert "True" in texts(twice[0])[-1]


def test_the_copy_holds_no_machine_paths_timings_versions_or_random_ids(
    twice: tuple[Path, Path],
) -> None:
    import nbformat

    text = twice[0].read_text(encoding="utf-8")
    assert str(twice[0].parent) not in text
    assert "<environment>" in text or sys.prefix not in text
    for word in ("start_time", "duration", "iopub", "2.7", f'"{sys.version.split()[0]}"'):
        assert word not in text
    notebook = nbformat.read(twice[0], as_version=4)
    nbformat.validate(notebook)
    assert [cell.id for cell in notebook.cells] == [f"cell-{n:02}" for n in range(1, 5)]
    assert notebook.metadata.papermill.input_path == "notebooks/note.py"
    assert notebook.metadata.kernelspec.name == "python3"


def test_the_licence_line_of_the_file_is_no_cell(twice: tuple[Path, Path]) -> None:
    assert "SPDX" not in twice[0].read_text(encoding="utf-8")


def test_an_unknown_parameter_is_an_error_that_lists_the_known_ones(tmp_path: Path) -> None:
    source = write(tmp_path, GOOD)
    with pytest.raises(ParameterError, match=r"no parameter wrod; .*word='a=b', count=3"):
        run_notebook(source, tmp_path / "out.ipynb", {"wrod": "x"}, cwd=tmp_path)
    assert not (tmp_path / "out.ipynb").exists()


def test_a_notebook_without_a_parameters_cell_is_an_error(tmp_path: Path) -> None:
    source = write(tmp_path, "# %%\nx = 1\n")
    with pytest.raises(ParameterError, match=r'tags=\["parameters"\]'):
        run_notebook(source, tmp_path / "out.ipynb", {}, cwd=tmp_path)


def test_a_default_that_must_be_computed_is_an_error() -> None:
    import jupytext

    notebook = jupytext.reads('# %% tags=["parameters"]\nx = open("f")\n', fmt="py:percent")
    with pytest.raises(ParameterError, match=r"x is not a literal"):
        declared_parameters(notebook, Path("n.py"))


def test_a_value_of_another_kind_is_an_error() -> None:
    import jupytext

    notebook = jupytext.reads('# %% tags=["parameters"]\nn = 3\n', fmt="py:percent")
    assert resolve_parameters(notebook, {"n": "4"}, Path("n.py")) == {"n": 4}
    with pytest.raises(ParameterError, match=r"n is of kind int .* got 'four'"):
        resolve_parameters(notebook, {"n": "four"}, Path("n.py"))


def test_a_path_as_a_parameter_is_written_with_slashes() -> None:
    import jupytext

    notebook = jupytext.reads('# %% tags=["parameters"]\np = ""\n', fmt="py:percent")
    assert resolve_parameters(notebook, {"p": Path("a") / "b"}, Path("n.py")) == {"p": "a/b"}


def test_a_missing_notebook_is_named(tmp_path: Path) -> None:
    with pytest.raises(NotebookError, match=r"nowhere\.py: there is no such notebook"):
        run_notebook(tmp_path / "nowhere.py", tmp_path / "out.ipynb", {}, cwd=tmp_path)


def test_a_failing_cell_is_shown_and_the_copy_up_to_it_is_kept(tmp_path: Path) -> None:
    broken = GOOD + '\n# %%\n# a comment\nvalue = {}["outage"]\n\n# %%\nprint("never reached")\n'
    source = write(tmp_path, broken)
    out = tmp_path / "out.ipynb"
    out.write_text("the former copy", encoding="utf-8")
    with pytest.raises(ExecutionError) as caught:
        run_notebook(source, out, {}, cwd=tmp_path)
    message = str(caught.value)
    assert "notebooks/note.py: code cell [3] failed with KeyError: 'outage'" in message
    assert 'in the cell that begins: value = {}["outage"]' in message
    assert "KeyError" in message.splitlines()[-2]
    kept = tmp_path / "out.failed.ipynb"
    assert str(kept) in message
    assert "a=b 3 0.5 False" in kept.read_text(encoding="utf-8")
    assert "never reached" not in texts(kept)[-1]
    assert out.read_text(encoding="utf-8") == "the former copy"


def test_a_kernel_that_dies_is_an_error_and_not_a_hang(tmp_path: Path) -> None:
    source = write(tmp_path, GOOD + "\n# %%\nimport os\n\nos._exit(3)\n")
    with pytest.raises(ExecutionError, match="the kernel did not run the notebook"):
        run_notebook(source, tmp_path / "out.ipynb", {}, cwd=tmp_path)


def test_long_paths_fall_back_from_unix_sockets_to_tcp(tmp_path: Path) -> None:
    assert not ipc_is_possible(Path("/") / ("x" * 120) / "kernel.json")


def test_a_notebook_runs_where_unix_sockets_are_not_possible(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nsm_resilience.report.kernel.ipc_is_possible", lambda _: False)
    out, failed = tmp_path / "out.ipynb", tmp_path / "out.failed.ipynb"
    failed.touch()
    run_notebook(write(tmp_path, GOOD), out, {}, cwd=tmp_path)
    assert "a=b 3 0.5 False" in texts(out)[0]
    assert not failed.exists(), "what an earlier run had left"


@pytest.mark.parametrize("source", sorted(NOTEBOOKS.glob("*.py")), ids=lambda path: path.stem)
def test_the_projects_notebooks_have_the_parameters_the_workflow_gives(source: Path) -> None:
    import jupytext

    own = {
        "explore": {"trial", "attempt", "interactive"},
        "gallery": {"cell", "most"},
    }
    declared = declared_parameters(jupytext.read(source, fmt="py:percent"), source)
    assert set(declared) == {"tables", "campaign", "figures"} | own.get(source.stem, set())


SETTINGS = """\
# %% tags=["parameters"]
word = ""

# %%
import matplotlib
import seaborn

print(matplotlib.get_backend(), matplotlib.rcParams["lines.linewidth"], "mine" in globals())
"""


def test_settings_of_the_user_change_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor do they end a build, as a window that cannot be opened would."""
    theirs = tmp_path / "theirs"
    theirs.mkdir()
    (theirs / "matplotlibrc").write_text("lines.linewidth: 9\nbackend: TkAgg\n")
    (theirs / "startup.py").write_text("mine = 1\n")
    monkeypatch.setenv("MPLBACKEND", "TkAgg")
    monkeypatch.setenv("MATPLOTLIBRC", str(theirs / "matplotlibrc"))
    monkeypatch.setenv("PYTHONSTARTUP", str(theirs / "startup.py"))
    monkeypatch.setenv("IPYTHONDIR", str(theirs))
    out = run_notebook(write(tmp_path, SETTINGS), tmp_path / "out.ipynb", {}, cwd=tmp_path)
    (said,) = texts(out)
    backend, width, mine = said.split()
    assert "inline" in backend and (width, mine) == ("1.5", "False")
