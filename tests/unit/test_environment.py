# SPDX-License-Identifier: Apache-2.0
"""The pins, the same everywhere they are written, and how an environment is made from them."""

import errno
import os
import re
import shutil
import subprocess
import sys
import threading
import tomllib
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
import packages  # noqa: E402


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


def test_uv_installs_where_it_has_the_settings_of_pip_and_else_pip(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    called: list[tuple[list[str], dict[str, str]]] = []

    def quiet(command: list[str], settings: dict[str, str], folder: str | None = None) -> bool:
        called.append((command, settings))
        return True

    monkeypatch.setattr(packages, "quiet", quiet)
    plain = {"PATH": "/bin", "UV_INDEX": "https://elsewhere.example.org", "PIP_USER": "0"}
    own = {
        "PIP_FIND_LINKS": "/a /b", "PIP_EXTRA_INDEX_URL": "https://a.example.org",
        "PIP_NO_CACHE_DIR": "off", "PIP_INDEX_URL": "https://m.example.org/simple",
    }  # fmt: skip
    what = ["install", "-q", "-c", "constraints.txt", "-e", "."]
    assert packages.install_with_uv("/e/bin/python", what, {**plain, **own}, str(ROOT))
    (fetched, by_pip), (installed, by_uv) = called
    assert fetched[-1] == "uv" and by_pip == {**plain, **own}
    assert installed[1:] == ["pip", "install", "--python", "/e/bin/python", *what[1:]]
    assert by_uv == {
        "PATH": "/bin", "UV_FIND_LINKS": "/a,/b", "UV_INDEX": "https://a.example.org",
        "UV_NO_CACHE": "1", "UV_DEFAULT_INDEX": "https://m.example.org/simple",
        "UV_NO_CONFIG": "1", "UV_LINK_MODE": "copy",
    }  # fmt: skip
    called.clear()
    proxy = {**plain, "PIP_PROXY": "http://proxy.example.org"}
    assert not packages.install_with_uv("/e/bin/python", what, proxy, str(ROOT))
    assert called == []


@pytest.mark.parametrize("uv", [True, False])
def test_where_uv_does_not_install_pip_does_and_says_why_it_cannot(
    uv: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    called: list[list[str]] = []

    def run(command: list[str], **named: object) -> SimpleNamespace:
        called.append(command)
        return SimpleNamespace(returncode=1)

    monkeypatch.setattr(environment, "pip_settings", lambda pip: {})
    monkeypatch.setattr(environment, "compile_packages", lambda python, folder: None)
    monkeypatch.setattr(environment, "install_with_uv", lambda *given: uv)
    monkeypatch.setattr(environment.subprocess, "run", run)
    if uv:
        environment.install("/e/bin/python", [])
        assert called == []
        return
    with pytest.raises(SystemExit, match="pip could not install the pinned versions"):
        environment.install("/e/bin/python", ["dev"])
    assert called[0][-3:] == ["constraints.txt", "-e", ".[dev]"]
