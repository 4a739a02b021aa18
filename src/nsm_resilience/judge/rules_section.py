# SPDX-License-Identifier: Apache-2.0
"""Every rule of the judge, in words, in one place: `rulebook.md` beside this file.

A rule is a line: its name, the module that decides it, what it says, and why where that is not
plain. `{key}` stands for the value of a field of `Rules`, or of a constant of that module. Of the
lines is made the section of `config/README.md` (`nsm-resilience schema` writes it), with the values
that hold where a study says nothing else. Tests check both ways: that every threshold of `Rules`,
every number that decides in a module of the judge, and every module that can make a verdict
`unknown` is named by a rule, and that a rule names none that is not there.
"""

from __future__ import annotations

import re
from dataclasses import asdict
from importlib import import_module, resources

from nsm_resilience.judge.rules import NANOSECONDS, Rules

BEGIN = "<!-- rules of the judge: judge/rulebook.md, written by `nsm-resilience schema` -->"
END = "<!-- end of the rules of the judge -->"
RULEBOOK = (resources.files("nsm_resilience.judge") / "rulebook.md").read_text(encoding="utf-8")
RULE = re.compile(r"- \*\*(?P<name>.+?)\*\* \(`judge/(?P<module>\w+)\.py`\): (?P<text>.+)\n")
KEY = re.compile(r"\{(\w+)\}")


def values() -> dict[str, float]:
    """Every key that a rule may name, with its value where a study says nothing else."""
    found: dict[str, float] = asdict(Rules())
    for rule in RULE.finditer(RULEBOOK):
        module = import_module(f"nsm_resilience.judge.{rule['module']}")
        found |= {key: getattr(module, key) for key in KEY.findall(rule["text"]) if key.isupper()}
    return found


def section() -> str:
    """The rules as a section of Markdown, between its marks."""
    known = {key: _shown(key, value) for key, value in values().items()}
    return f"{BEGIN}\n\n{RULEBOOK.format(**known)}\n{END}"


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
