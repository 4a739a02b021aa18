# SPDX-License-Identifier: Apache-2.0
"""Each rule of the judge is documented in one place, and nothing else is."""

from __future__ import annotations

import ast
import re
from dataclasses import fields
from pathlib import Path

import pytest

from nsm_resilience.judge.rules import Rules
from nsm_resilience.judge.rules_section import KEY, RULE, RULEBOOK, section, values, with_section

ROOT = Path(__file__).parents[3]
JUDGE = ROOT / "src" / "nsm_resilience" / "judge"
DECIDE_NOTHING = {"LISTED", "CHUNK", "FORMAT", "NEVER", "NANOSECONDS"}
MODULES = {rule["module"] for rule in RULE.finditer(RULEBOOK)}


def numbers_of(module: Path) -> set[str]:
    """Constants of a module that are numbers."""
    names: set[str] = set()
    for node in ast.parse(module.read_text(encoding="utf-8")).body:
        if not isinstance(node, ast.Assign | ast.AnnAssign) or node.value is None:
            continue
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        given = node.value.elts if isinstance(node.value, ast.Tuple) else [node.value]
        if all(isinstance(one, ast.Constant) and type(one.value) in (int, float) for one in given):
            names |= {n.id for t in targets for n in ast.walk(t) if isinstance(n, ast.Name)}
    return names - DECIDE_NOTHING


def test_the_document_holds_the_rules_as_they_are() -> None:
    text = (ROOT / "config" / "README.md").read_text(encoding="utf-8")
    assert with_section(text) == text, "write them with `nsm-resilience schema`"


def test_every_threshold_and_every_number_that_decides_is_in_a_rule() -> None:
    named = set(KEY.findall(RULEBOOK))
    numbers = {name for module in JUDGE.glob("*.py") for name in numbers_of(module)}
    assert named == {one.name for one in fields(Rules)} | numbers
    assert named == set(values())


def test_every_line_is_a_rule_of_a_module_that_is_there() -> None:
    rules = list(RULE.finditer(RULEBOOK))
    assert "".join(rule[0] for rule in rules) == RULEBOOK
    assert all((JUDGE / f"{rule['module']}.py").is_file() for rule in rules)


def test_every_module_that_can_make_a_verdict_unknown_has_a_rule() -> None:
    problems = {
        module.stem
        for module in JUDGE.glob("*.py")
        if "Problem(" in module.read_text(encoding="utf-8")
    }
    # trial.py joins them: a cluster that changed is in the rule `verdict`; evidence.py makes them
    assert problems - {"trial", "evidence"} <= MODULES


def test_what_the_claims_rest_on_has_a_rule() -> None:
    """C1 asks whether anything was shown, C2 whether the client was told."""
    assert {"detection", "notification", "listener"} <= MODULES
    assert re.findall(r"Claim (C\d) is about it", section()) == ["C1", "C2"]


def test_a_document_without_a_place_for_them_is_refused() -> None:
    with pytest.raises(ValueError, match="no lines"):
        with_section("# Nothing\n")
    assert "pauses of our own prober" in section()
