# SPDX-License-Identifier: Apache-2.0
"""The pins: complete, free of addresses, and the same everywhere they are written."""

import errno
import os
import re
import shutil
import subprocess
import sys
import threading
import tomllib
import venv
from importlib.metadata import distributions
from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tools"))
import environment  # noqa: E402


def pins() -> dict[str, str]:
    found = {}
    for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            requirement = Requirement(line)
            if requirement.marker is None or requirement.marker.evaluate():
                (pin,) = requirement.specifier
                assert pin.operator == "=="
                found[canonicalize_name(requirement.name)] = pin.version
    return found


def declared() -> tuple[list[Requirement], list[Requirement]]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = [r for group in project["optional-dependencies"].values() for r in group]
    return [Requirement(r) for r in project["dependencies"]], [Requirement(r) for r in extras]


def test_every_dependency_is_pinned_at_a_version_that_the_project_allows() -> None:
    own, extras = declared()
    for requirement in own + extras:
        version = pins()[canonicalize_name(requirement.name)]
        assert version in requirement.specifier, requirement


def test_every_dependency_is_imported_by_something_of_ours() -> None:
    """One that is not costs a reader its download, and the crate would name it without cause."""
    modules = {"pyyaml": "yaml", "markdown-it-py": "markdown_it"}
    started = {"ipykernel"}  # by papermill, in a process of its own
    places = [ROOT / name for name in ("src", "notebooks", "Snakefile", "workflow")]
    files = [p for place in places for p in (place.rglob("*") if place.is_dir() else [place])]
    sources = [p for p in files if p.suffix in (".py", ".smk", "") and p.is_file()]
    text = "\n".join(path.read_text(encoding="utf-8") for path in sources)
    imported = set(re.findall(r"^\s*(?:from|import) (\w+)", text, flags=re.M))
    own, _ = declared()
    assert {modules.get(r.name, r.name) for r in own} - started - imported == set()


def test_what_is_installed_by_dependencies_is_pinned_too() -> None:
    """Follow the declared dependencies through what is installed; all of it has a pin."""
    installed = {canonicalize_name(d.metadata["Name"]): d for d in distributions()}
    own, _ = declared()
    todo, seen = [canonicalize_name(r.name) for r in own], set()
    while todo:
        name = todo.pop()
        if name in seen or name not in installed:
            continue
        seen.add(name)
        for text in installed[name].requires or []:
            requirement = Requirement(text)
            if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
                todo.append(canonicalize_name(requirement.name))
    assert len(seen) > 50
    assert seen - set(pins()) == set()


def test_the_constraints_name_no_address() -> None:
    text = (ROOT / "constraints.txt").read_text(encoding="utf-8")
    assert re.search(r"://|--index|--find-links|@", text) is None


def test_the_software_that_the_rules_declare_is_the_pinned_one() -> None:
    text = (ROOT / "workflow/envs/nsm-resilience.yaml").read_text(encoding="utf-8")
    (pip,) = (d["pip"] for d in yaml.safe_load(text)["dependencies"] if isinstance(d, dict))
    own, _ = declared()
    assert pip == [f"{r.name}=={pins()[canonicalize_name(r.name)]}" for r in own]


def test_an_environment_is_made_without_ensurepip(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on Debian without python3-venv: plain venv fails, venv without pip works."""
    real, calls = environment.quiet, []

    def quiet(command: list[str], settings: dict[str, str] | None = None) -> bool:
        calls.append(command)
        if command[1:3] == ["-m", "venv"] and "--without-pip" not in command:
            return False
        if command[0] in ("uv", "virtualenv"):
            return False
        if "install" in command:
            return True
        return bool(real(command))

    monkeypatch.setattr(environment, "quiet", quiet)
    environment.make(str(tmp_path / "venv"))
    assert any("--without-pip" in command for command in calls)
    assert (tmp_path / "venv" / "bin" / "python").exists()


def test_a_disk_from_which_nothing_can_be_run_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not that a package of the system is missing."""
    monkeypatch.setattr(environment, "quiet", lambda command: "--without-pip" in command)
    with pytest.raises(SystemExit, match="noexec"):
        environment.make(str(tmp_path / "venv"))


def running(monkeypatch: pytest.MonkeyPatch, version: tuple[int, int], *others: str) -> list[str]:
    """This script as it is run by another Python, with others on the PATH; what is started."""
    started: list[str] = []

    def start(path: str, arguments: list[str], _: object) -> None:
        started.append(path)
        raise SystemExit

    number = f"{version[0]}.{version[1]}.0"
    fake = SimpleNamespace(
        version_info=(*version, 0), version=f"{number} (main)", executable="/usr/bin/python3",
        argv=["environment.py"], exit=sys.exit,
    )  # fmt: skip
    monkeypatch.setattr(environment, "sys", fake)
    monkeypatch.setattr(environment.os, "execve", start)
    monkeypatch.setattr(environment.shutil, "which", lambda n: f"/opt/{n}" if n in others else None)
    monkeypatch.setattr(environment, "works", lambda path, code: True)
    return started


@pytest.mark.parametrize("version", [(3, 9), (3, 10), (3, 14), (4, 0)])
def test_a_python_that_was_tried_is_taken_before_one_that_was_not(
    version: tuple[int, int], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    started = running(monkeypatch, version, "python3.12", "python3.13")
    with pytest.raises(SystemExit):
        environment.run_with_another_python()
    assert started == ["/opt/python3.12"]
    assert "taking /opt/python3.12" in capsys.readouterr().out


def test_without_one_a_newer_python_is_told_to_be_untried_and_an_older_refused(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    running(monkeypatch, (3, 14))
    environment.run_with_another_python()
    told = capsys.readouterr().out
    assert "This is Python 3.14.0" in told and "only 3.11, 3.12 and 3.13 have been tried" in told
    running(monkeypatch, (3, 10))
    with pytest.raises(SystemExit, match=r"Python 3.11 or later is needed. This is Python 3.10.0"):
        environment.run_with_another_python()


def test_the_versions_of_python_that_are_claimed_are_those_that_were_tried() -> None:
    tried = {f"{major}.{minor}" for major, minor in environment.TRIED}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    named = re.findall(r":: (3\.\d+)$", "\n".join(project["classifiers"]), flags=re.M)
    assert set(named) == tried
    assert set(environment.OTHERS) == {f"python{one}" for one in tried}
    declared_for = (ROOT / "constraints.txt").read_text(encoding="utf-8").split("on Linux", 1)[0]
    for text in (environment.HAVE_BEEN_TRIED, declared_for.splitlines()[-1]):
        assert set(re.findall(r"3\.\d+", text)) == tried
    for file, pattern in (
        ("workflow/envs/nsm-resilience.yaml", r"python=(3\.\d+)"),
        (".github/workflows/ci.yml", r'python: "(3\.\d+)"'),
        ("Dockerfile", r"python:(3\.\d+)"),
    ):
        found = re.findall(pattern, (ROOT / file).read_text(encoding="utf-8"))
        assert found and set(found) <= tried, file


@pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")
def test_what_make_calls_keeps_its_docstrings_and_knows_of_no_other_profile() -> None:
    """Libraries read their own; and where the slurm plug-in is not, there is a page of usage."""
    show = 'include Makefile\nshow:\n\t@echo "[$$PYTHONOPTIMIZE$$SNAKEMAKE_PROFILE]"\n'
    told = subprocess.run(
        ["make", "-s", "-f", "-", "show"], input=show, cwd=ROOT, capture_output=True, text=True,
        check=True, env={**os.environ, "PYTHONOPTIMIZE": "2", "SNAKEMAKE_PROFILE": "slurm"},
    )  # fmt: skip
    assert told.stdout == "[]\n"


def test_two_processes_do_not_make_one_environment_at_once() -> None:
    """As with `make -j2 all test`, or `make` in two terminals."""
    entered = threading.Event()

    def second() -> None:
        with environment.alone():
            entered.set()

    waiting = threading.Thread(target=second)
    with environment.alone():
        waiting.start()
        assert not entered.wait(0.3)
    waiting.join(20)
    assert entered.is_set()


def test_a_disk_without_links_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As a folder that a virtual machine shares: not that a package of the system is missing."""

    def refuse(target: str, link: str) -> None:
        raise OSError(errno.EPROTO, os.strerror(errno.EPROTO), target, None, link)

    monkeypatch.setattr(environment, "quiet", lambda command: False)
    monkeypatch.setattr(environment.os, "symlink", refuse)
    monkeypatch.setattr(
        environment, "ensure", lambda folder, extras: environment.make(str(tmp_path / "venv"))
    )
    monkeypatch.setattr(sys, "argv", ["environment.py"])
    with pytest.raises(SystemExit, match=r"^/.*lib64: Protocol error; the environment"):
        environment.main()


def test_where_no_way_works_the_message_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(environment, "quiet", lambda command: False)
    with pytest.raises(SystemExit, match="apt-get install python3-venv"):
        environment.make(str(tmp_path / "venv"))
    assert not (tmp_path / "venv").exists()


def test_packages_are_compiled_but_not_their_own_tests_nor_models_nor_what_is_broken(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "tests" / ".venv"
    package = folder / "lib" / "site-packages" / "a package"
    models = package.with_name("kubernetes") / "client" / "models"
    for inner in (package / "tests", models):
        inner.mkdir(parents=True)
    (models / "v1_pod.py").write_text("")
    (package / "whole.py").write_text("")
    (package / "broken.py").write_text("print 'of another age'")
    (package / "tests" / "test_whole.py").write_text("")
    environment.compile_packages(sys.executable, str(folder))
    assert [path.name.split(".")[0] for path in folder.rglob("*.pyc")] == ["whole"]


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


def test_a_folder_that_cannot_be_written_to_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = subprocess.run(
        [sys.executable, ROOT / "tools/environment.py", "--folder", tmp_path / "file" / "ü"],
        capture_output=True, text=True, env={**os.environ, "PYTHONIOENCODING": "ascii"},
    )  # fmt: skip
    assert done.returncode == 1
    assert "cannot be made there" in done.stderr
    assert "Traceback" not in done.stderr


def test_on_windows_and_after_an_interrupt_there_is_one_line(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    code = "import runpy, sys; sys.modules['fcntl'] = None; runpy.run_path(sys.argv[1])"
    done = subprocess.run(
        [sys.executable, "-c", code, ROOT / "tools/environment.py"], capture_output=True, text=True
    )
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1 and "WSL 2" in done.stderr

    def interrupted(folder: str, extras: set[str]) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(environment, "ensure", interrupted)
    monkeypatch.setattr(sys, "argv", ["environment.py"])
    with pytest.raises(SystemExit, match="interrupted; the same command"):
        environment.main()


def test_pip_is_told_where_packages_come_from_and_not_where_they_go(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "pip.conf"
    file.write_text(
        "[global]\nquiet = 1\nrequire-virtualenv = true\n"
        "index-url = https://mirror.example.org/simple\n"
        "extra-index-url =\n  https://a.example.org\n  https://b.example.org\n"
        "[install]\nuser = true\ntarget = /elsewhere\nno-deps = true\n"
    )
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", str(file))
    for name, value in {
        "PIP_USER": "1", "PIP_TARGET": "/t", "PIP_PREFIX": "/p", "PIP_REQUIRE_VIRTUALENV": "1",
        "PIP_PROXY": "http://proxy.example.org", "PYTHONPATH": "/other/src", "PIP_ROOT": "/r",
        "PYTHONHOME": "/other", "PIP_CONSTRAINT": "/theirs", "PIP_ONLY_BINARY": ":all:",
    }.items():  # fmt: skip
        monkeypatch.setenv(name, value)
    told = environment.pip_settings([sys.executable, "-m", "pip"])
    wanted = {
        "PIP_CONFIG_FILE": os.devnull,
        "PIP_EXTRA_INDEX_URL": "https://a.example.org https://b.example.org",
        "PIP_INDEX_URL": "https://mirror.example.org/simple",
        "PIP_PROXY": "http://proxy.example.org",
        "PIP_USER": "0",
    }
    assert wanted == {key: told.get(key) for key in wanted}
    dropped = {"TARGET", "PREFIX", "ROOT", "REQUIRE_VIRTUALENV", "CONSTRAINT", "ONLY_BINARY"}
    assert not {f"PIP_{name}" for name in dropped | {"NO_DEPS"}} & set(told)
    assert not {"PYTHONPATH", "PYTHONHOME"} & set(told)
