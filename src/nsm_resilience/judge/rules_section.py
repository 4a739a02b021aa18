# SPDX-License-Identifier: Apache-2.0
"""The section of `config/README.md` that holds the rules; `nsm-resilience schema` writes it."""

from __future__ import annotations

from dataclasses import fields
from importlib import import_module

from nsm_resilience.judge.rulebook import RULEBOOK
from nsm_resilience.judge.rules import NANOSECONDS, Rules

BEGIN = "<!-- rules of the judge: judge/rulebook.py, written by `nsm-resilience schema` -->"
END = "<!-- end of the rules of the judge -->"


def values() -> dict[str, float]:
    """Every key that a rule may name, with its value where a study says nothing else."""
    found = {one.name: getattr(Rules(), one.name) for one in fields(Rules)}
    for rule in RULEBOOK:
        module = import_module(f"nsm_resilience.judge.{rule.module}")
        found |= {key: getattr(module, key) for key in rule.keys if key not in found}
    return found


def section() -> str:
    """The rules as a section of Markdown, between its marks."""
    known = {key: _shown(key, value) for key, value in values().items()}
    lines = [BEGIN, ""]
    for rule in RULEBOOK:
        why = f" *Why:* {rule.why}" if rule.why else ""
        lines += [f"- **{rule.name}** (`judge/{rule.module}.py`): {rule.text}{why}".format(**known)]
    return "\n".join([*lines, "", END])


def _shown(key: str, value: float) -> str:
    """A value as it is read: nanoseconds as seconds."""
    return f"{value / NANOSECONDS if key.endswith('_NS') else value:g}"


class NoPlaceForRules(ValueError):
    """A document lacks the lines between which the rules stand."""


def with_section(text: str) -> str:
    """A document with the section as it is now; NoPlaceForRules when it has none for it."""
    begin, end = text.find(BEGIN), text.find(END)
    if begin < 0 or end < begin:
        raise NoPlaceForRules(f"the document has no lines `{BEGIN}` and `{END}` for the rules")
    return text[:begin] + section() + text[end + len(END) :]
