# SPDX-License-Identifier: Apache-2.0
"""The pins: complete, free of addresses, and the same everywhere they are written."""

import re
import sys
import tomllib
from importlib.metadata import distributions
from pathlib import Path

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

    def quiet(command: list[str]) -> bool:
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


def test_where_no_way_works_the_message_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(environment, "quiet", lambda command: False)
    with pytest.raises(SystemExit, match="apt-get install python3-venv"):
        environment.make(str(tmp_path / "venv"))
    assert not (tmp_path / "venv").exists()
