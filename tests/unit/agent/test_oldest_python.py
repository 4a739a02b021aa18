# SPDX-License-Identifier: Apache-2.0
"""Scripts of nodes run with the oldest Python that config/README.md promises: 3.9."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

OLDEST = (3, 9)
SOURCES = Path(__file__).parents[3] / "src" / "nsm_resilience"
FILES = sorted([*SOURCES.glob("agent/node/*.py"), *SOURCES.glob("watchdog/node/*.py")])
NEWER_METHODS = {"bit_count", "add_note", "batched", "pairwise"}
NEWER_KEYWORDS = {("zip", "strict"), ("dataclass", "slots"), ("dataclass", "kw_only")}


def newer_than_oldest(tree: ast.AST) -> list[str]:
    """What Python 3.9 reads, and then fails at when it runs."""
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr in NEWER_METHODS:
            found.append(f"line {node.lineno}: {node.attr}")
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
            continue
        name = node.func.id
        found += [
            f"line {node.lineno}: {name}({word.arg}=…)"
            for word in node.keywords
            if (name, word.arg) in NEWER_KEYWORDS
        ]
        if name in ("isinstance", "issubclass") and isinstance(node.args[-1], ast.BinOp):
            found.append(f"line {node.lineno}: {name} with |")
    return found


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parts[-3]}-{path.stem}")
def test_a_script_needs_no_newer_python(path: Path) -> None:
    tree = ast.parse(path.read_text(), feature_version=OLDEST)
    assert newer_than_oldest(tree) == []


@pytest.mark.parametrize(
    "code",
    ["isinstance(a, list | tuple)", "zip(a, b, strict=True)", "(3).bit_count()"],
)
def test_what_only_a_newer_python_runs_is_found(code: str) -> None:
    assert newer_than_oldest(ast.parse(code))
