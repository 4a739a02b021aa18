# SPDX-License-Identifier: Apache-2.0
"""What is known of a system under test stands in its folder, and nowhere else."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from nsm_resilience.systems.known import SYSTEMS, instead_of, is_part

SOURCE = Path(__file__).parents[2] / "src" / "nsm_resilience"
PARTS = {name for s in SYSTEMS.values() for name in s.every_component()}
PROGRAMS = {p for s in SYSTEMS.values() for plane in s.planes for p in s.programs(plane)}
WORDS_TOO = {"forwarder", "vpp", "app"}
"""Names that are words or levels of a factor as well: outside they may stand in a sentence."""
NAMES = sorted(PARTS | PROGRAMS)
NAMED = re.compile(
    rf"(?<![\w-])({'|'.join(re.escape(n) for n in NAMES if n not in WORDS_TOO)})(?![\w-])"
)
MADE_UP = Path(__file__).parents[1] / "builders" / "made_up_system.py"
DRAWN = "analysis/figures/testbed.py"
"""Draws where the parts of NSM v0.2.0 lie, as a map does."""


def docstrings(tree: ast.AST) -> set[int]:
    """Ids of the nodes that only explain: docstrings, also those below an assignment."""
    return {
        id(node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }


def named(path: Path) -> Iterator[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    explained = docstrings(tree)
    for node in ast.walk(tree):
        text = node.value if isinstance(node, ast.Constant) and id(node) not in explained else None
        if isinstance(text, str) and NAMED.search(text):
            yield f"{path.relative_to(SOURCE)}:{node.lineno}: {text}"  # type: ignore[attr-defined]


def test_no_code_outside_names_a_component() -> None:
    files = [
        p for p in sorted(SOURCE.rglob("*.py")) if "systems" not in p.relative_to(SOURCE).parts
    ]
    assert len(files) > 200
    places = [place for path in files for place in named(path)]
    assert [place for place in places if not place.startswith(DRAWN)] == []


def test_every_socket_and_peer_belongs_to_components_that_exist() -> None:
    for system in SYSTEMS.values():
        for parts in system.components.values():
            assert {s.owner for s in system.sockets.values()} <= {*parts, ""}
            assert {p.part_of for p in parts.values()} <= {*parts, ""}
            assert system.api_client in parts
        assert not set(system.absent) & {*system.every_component(), *system.sockets}


def test_what_one_system_has_and_another_has_not_says_what_there_is_instead() -> None:
    """A study that names it is refused with that sentence.

    By the folder of the system that lacks it, or by what the part does: a folder says nothing of
    systems that came after it.
    """
    for system in SYSTEMS.values():
        for other in SYSTEMS.values():
            mine = {n for n in other.every_component() if not is_part(n)} | set(other.sockets)
            for name in mine - {*system.every_component(), *system.sockets}:
                assert name in system.absent or instead_of(name, system), (system.name, name)


def test_what_another_system_has_instead_follows_from_what_a_part_does() -> None:
    today, paper = SYSTEMS["nsm-v1.18.0"], SYSTEMS["nsm-v0.2.0"]
    assert instead_of("nsmd", today) == "its part is `nsmgr` there"
    assert instead_of("nsmgr", paper) == "its part is `nsmd` there"
    assert instead_of("workspace-server", today) == "its part is `nsm.io.sock` there"
    assert instead_of("nsmdp", today) == instead_of("spire-agent", paper) == ""


def test_a_third_system_is_one_folder() -> None:
    """A made-up one goes through study, schedule, manifests, orders of faults, judge and report.

    In a process of its own: the systems are known when the study's models are made.
    """
    done = subprocess.run(
        [sys.executable, str(MADE_UP)],
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == [
        "study", "schedule", "refusals", "manifests", "orders", "judge", "report", "coverage",
    ]  # fmt: skip
