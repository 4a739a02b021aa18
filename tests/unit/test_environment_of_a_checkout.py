# SPDX-License-Identifier: Apache-2.0
"""Which environment a checkout takes, makes anew or refuses; what others made is not touched."""

import shutil
import subprocess
import sys
import venv
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tools"))
import environment  # noqa: E402


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A made-up checkout with what is looked at; nothing is installed from an index."""
    root = (tmp_path / "a checkout ü").resolve()
    (root / "src" / "nsm_resilience").mkdir(parents=True)
    (root / "src" / "nsm_resilience" / "__init__.py").write_text("")
    for name in ("pyproject.toml", "constraints.txt"):
        (root / name).write_text("1\n")
    monkeypatch.setattr(environment, "ROOT", str(root))
    monkeypatch.setattr(environment, "install", put_in)
    monkeypatch.setattr(environment, "make", make_bare)
    return root


def make_bare(folder: str) -> None:
    """An environment with an empty pip: putting the real one in takes many seconds."""
    venv.create(folder, clear=True, symlinks=True, with_pip=False)
    (site,) = Path(folder).glob("lib/python*/site-packages")
    (site / "pip.py").write_text("")


def put_in(python: str, extras: list[str]) -> None:
    """What pip would: a path file to the sources, and programs that begin with the interpreter."""
    put_in.calls.append(extras)  # type: ignore[attr-defined]
    (site,) = Path(python).parents[1].glob("lib/python*/site-packages")
    (site / "ours.pth").write_text(str(Path(environment.ROOT) / "src") + "\n", encoding="utf-8")
    line = (
        f"#!{python}\n" if " " not in python else f'#!/bin/sh\n\'\'\'exec\' "{python}" "$0" "$@"\n'
    )
    for name in ("nsm-resilience", "snakemake"):
        Path(python).with_name(name).write_text(line, encoding="utf-8")


@pytest.fixture
def installs(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    calls: list[list[str]] = []
    put_in.calls = calls  # type: ignore[attr-defined]
    return calls


def ensure(root: Path, monkeypatch: pytest.MonkeyPatch, *extras: str) -> None:
    monkeypatch.setattr(environment, "ROOT", str(root.resolve()))
    environment.ensure(str(root / ".venv"), set(extras))


def test_an_environment_that_is_whole_is_left_alone_and_keeps_its_extras(
    checkout: Path, installs: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    ensure(checkout, monkeypatch, "dev")
    ensure(checkout, monkeypatch)
    ensure(checkout, monkeypatch, "dev")
    assert installs == [["dev"]]
    ensure(checkout, monkeypatch, "explore")
    (checkout / "constraints.txt").write_text("2\n")
    ensure(checkout, monkeypatch)
    assert installs[1:] == [["dev", "explore"], ["dev", "explore"]]


def test_an_environment_in_a_folder_with_an_umlaut_starts_in_any_locale(
    checkout: Path, installs: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    ensure(checkout, monkeypatch)
    code = "import nsm_resilience as n; print(ascii(n.__file__))"
    for locale in ({"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}, {}):
        done = subprocess.run(
            [checkout / ".venv/bin/python", "-c", code], capture_output=True, text=True, env=locale
        )
        assert done.returncode == 0, done.stderr
        assert "src/nsm_resilience/__init__.py" in done.stdout
    (path,) = (checkout / ".venv").glob("lib/python*/site-packages/ours.pth")
    assert path.read_text(encoding="ascii").startswith("../")


@pytest.mark.parametrize("how", ["copied", "renamed", "copied with an old stamp"])
def test_an_environment_of_another_folder_is_made_anew(
    how: str, checkout: Path, installs: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    ensure(checkout, monkeypatch, "dev")
    second = checkout.with_name("second")
    if how == "renamed":
        checkout.rename(second)
    else:
        shutil.copytree(checkout, second, symlinks=True)
    if how == "copied with an old stamp":
        (second / ".venv" / "installed").write_text(environment.fingerprint() + " dev\n")
    (second / ".venv" / "left behind").write_text("")
    ensure(second, monkeypatch)
    assert len(installs) == 2
    assert not (second / ".venv" / "left behind").exists()
    where = subprocess.run(
        [second / ".venv/bin/python", "-c", "import nsm_resilience as n; print(n.__file__)"],
        capture_output=True, text=True, check=True, env={},
    )  # fmt: skip
    assert where.stdout.strip() == str(second / "src/nsm_resilience/__init__.py")
    ensure(second, monkeypatch)
    assert len(installs) == 2


def test_a_checkout_that_is_reached_by_a_link_is_the_same(
    checkout: Path, installs: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    link = checkout.with_name("link")
    link.symlink_to(checkout)
    ensure(link, monkeypatch)
    ensure(checkout, monkeypatch)
    assert len(installs) == 1


def test_a_link_to_the_environment_of_another_checkout_is_not_followed(
    checkout: Path, installs: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    ensure(checkout, monkeypatch)
    second = checkout.with_name("second")
    shutil.copytree(checkout / "src", second / "src")
    (second / ".venv").symlink_to(checkout / ".venv")
    ensure(second, monkeypatch)
    assert not (second / ".venv").is_symlink()
    ensure(checkout, monkeypatch)
    assert len(installs) == 2


HAND_MADE = {"pyvenv.cfg": "home = /usr/bin\n", "lib/numpy.py": ""}
"""An environment without a mark of this script, as `python3 -m venv` makes it."""
OF_ANOTHER = {**HAND_MADE, "unfinished": "{other}\n"}
"""Another checkout's, which is being made."""
CONDAS = {"conda-meta/history": "", "bin/python": ""}


def made_elsewhere(checkout: Path, files: dict[str, str]) -> Path:
    """An environment that somebody has outside of the checkout."""
    folder = checkout.with_name("science")
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text.format(other=checkout.parent))
    return folder


def content_of(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


@pytest.mark.parametrize("files", [HAND_MADE, OF_ANOTHER, CONDAS, {"thesis.tex": "x"}])
def test_a_link_to_what_others_made_is_taken_away_and_not_followed(
    files: dict[str, str], checkout: Path, installs: list[list[str]],
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    theirs = made_elsewhere(checkout, files)
    before = content_of(theirs)
    (checkout / ".venv").symlink_to(theirs)
    ensure(checkout, monkeypatch)
    assert content_of(theirs) == before
    assert not (checkout / ".venv").is_symlink()
    assert (checkout / ".venv" / "installed").exists()
    assert f".venv was a link to {theirs}, " in capsys.readouterr().out


@pytest.mark.parametrize(
    ("files", "told"),
    [
        (HAND_MADE, "science is another environment"),
        (CONDAS, "science is another environment"),
        (OF_ANOTHER, "science is the environment of "),
    ],
)
@pytest.mark.parametrize("linked", [False, True])
def test_an_environment_of_others_is_not_cleared_because_it_was_named(
    files: dict[str, str], told: str, linked: bool, checkout: Path, installs: list[list[str]]
) -> None:
    theirs = named = made_elsewhere(checkout, files)
    before = content_of(theirs)
    if linked:
        named = checkout.with_name("link")
        named.symlink_to(theirs)
    with pytest.raises(SystemExit, match=told) as end:
        environment.ensure(str(named), set())
    assert "name another --folder" in str(end.value) and "\n" not in str(end.value)
    assert content_of(theirs) == before and named.exists()
    assert installs == []


def test_an_environment_may_be_elsewhere_in_a_folder_that_is_named_or_linked(
    checkout: Path, installs: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A folder that is empty or not there, then what was made in it, also if interrupted."""
    large = checkout.with_name("large disk")
    (checkout / ".venv").symlink_to(large)
    ensure(checkout, monkeypatch)
    (large / "unfinished").write_text(f"{checkout}\n")
    (large / "half").write_text("")
    ensure(checkout, monkeypatch)
    environment.ensure(str(large), {"dev"})
    assert installs == [[], [], ["dev"]]
    assert (checkout / ".venv").is_symlink() and not (large / "half").exists()


def test_the_checkouts_own_environment_that_was_made_by_hand_is_made_anew(
    checkout: Path, installs: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    made_elsewhere(checkout, HAND_MADE).rename(checkout / ".venv")
    ensure(checkout, monkeypatch)
    assert installs == [[]] and not (checkout / ".venv" / "lib" / "numpy.py").exists()


def test_an_environment_that_was_interrupted_is_made_anew(
    checkout: Path, installs: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(python: str, extras: list[str]) -> None:
        put_in(python, extras)
        raise KeyboardInterrupt

    monkeypatch.setattr(environment, "install", interrupted)
    with pytest.raises(KeyboardInterrupt):
        ensure(checkout, monkeypatch)
    (checkout / ".venv" / "half").write_text("")
    monkeypatch.setattr(environment, "install", put_in)
    ensure(checkout, monkeypatch)
    assert len(installs) == 2
    assert not (checkout / ".venv" / "half").exists()


def test_a_folder_with_other_files_is_not_cleared(
    checkout: Path, installs: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    (checkout / ".venv").mkdir()
    (checkout / ".venv" / "thesis.tex").write_text("")
    with pytest.raises(SystemExit, match="other files, no environment"):
        ensure(checkout, monkeypatch)
    assert (checkout / ".venv" / "thesis.tex").exists()


def test_a_folder_with_the_separator_of_the_path_in_it_is_refused(
    checkout: Path, installs: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Python's `venv` refuses it too, and it is not that a package of the system is missing."""
    with pytest.raises(SystemExit, match=r"a:b.*rename it"):
        ensure(checkout / "a:b", monkeypatch)
    assert installs == []
