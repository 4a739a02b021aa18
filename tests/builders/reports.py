# SPDX-License-Identifier: Apache-2.0
"""What the tests of the report share."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import typst

from nsm_resilience.report.paper import build_paper
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
    def numbers_path(self) -> Path:
        return self.root / "results" / "numbers.json"


Builder = Callable[..., Built]


def set_paper(root: Path, *kinds: str) -> str:
    """Set the paper below a root; the text of its elements of these kinds, `par`, `list` …"""
    main = root / "paper" / "main.typ"
    numbers = {"numbers": root / "results" / "numbers.json"}
    build_paper(main, root / "results" / "report.pdf", numbers, root)
    compiler = typst.Compiler(
        main,
        root=root,
        ignore_system_fonts=True,
        sys_inputs={"numbers": "/results/numbers.json", "figures": "/results/figures"},
    )
    found = [words(node) for kind in kinds for node in json.loads(compiler.query(kind))]
    return re.sub(r"\s+", " ", " ".join(found))


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
