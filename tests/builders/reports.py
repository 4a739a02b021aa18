# SPDX-License-Identifier: Apache-2.0
"""What the tests of the report share."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import typst

from tests.builders.campaigns import Constructed

PAPER = Path(__file__).parents[2] / "paper"


@dataclass
class Built:
    """A constructed campaign with all that the paper needs, below one root."""

    campaign: Constructed
    numbers: dict[str, Any]

    @property
    def root(self) -> Path:
        return self.campaign.root

    @property
    def main(self) -> Path:
        return self.root / "paper" / "main.typ"

    @property
    def supplement(self) -> Path:
        return self.root / "paper" / "supplement.typ"

    @property
    def numbers_path(self) -> Path:
        return self.root / "results" / "numbers.json"


Builder = Callable[..., Built]


def words(node: Any) -> str:
    """All text of a piece of queried content."""
    if isinstance(node, list):
        return "".join(words(item) for item in node)
    if isinstance(node, dict):
        if node.get("func") == "space":
            return " "
        if isinstance(node.get("text"), str):
            return str(node["text"])
        return "".join(words(node[key]) for key in ("children", "body", "child") if key in node)
    return ""


def text_of(root: Path, main: Path, numbers: Mapping[str, Any]) -> str:
    """All paragraphs and lists of the paper or its supplement, set with these numbers."""
    path = root / "results" / "of-another-build.json"
    path.write_text(json.dumps(numbers), encoding="utf-8")
    given = {"numbers": f"/results/{path.name}", "figures": "/results/figures"}
    compiler = typst.Compiler(main, root=root, ignore_system_fonts=True, sys_inputs=given)
    found = [json.loads(compiler.query(kind)) for kind in ("par", "list")]
    return re.sub(r"\s+", " ", " ".join(words(node) for nodes in found for node in nodes))
