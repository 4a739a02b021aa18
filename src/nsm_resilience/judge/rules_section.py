# SPDX-License-Identifier: Apache-2.0
"""Every rule of the judge, in words, in one place: `rulebook.md` beside this file.

A rule is a line: its name, the module that applies it, its text, and a reason where that is not
plain. `{key}` stands for the value of a field of `Rules`, or of a constant of that module.
`nsm-resilience schema` writes the lines, with the default values, into a section of
`config/README.md`. Tests check both ways: every threshold of `Rules`, every number that decides in
a module of the judge, and every module that can make a verdict `unknown` is named by a rule, and
every name in a rule exists.
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
    """Every key that a rule may name, with its default value."""
    found: dict[str, float] = asdict(Rules())
    for rule in RULE.finditer(RULEBOOK):
        module = import_module(f"nsm_resilience.judge.{rule['module']}")
        found |= {key: getattr(module, key) for key in KEY.findall(rule["text"]) if key.isupper()}
    return found


def section() -> str:
    """The rules as a section of Markdown, between its marker lines."""
    known = {key: _shown(key, value) for key, value in values().items()}
    return f"{BEGIN}\n\n{RULEBOOK.format(**known)}\n{END}"


def _shown(key: str, value: float) -> str:
    """A value for readers: nanoseconds as seconds."""
    return f"{value / NANOSECONDS if key.endswith('_NS') else value:g}"


class NoPlaceForRules(ValueError):
    """A document lacks the marker lines of the section."""


def with_section(text: str) -> str:
    """A document with the current section; NoPlaceForRules when it lacks the marker lines."""
    begin, end = text.find(BEGIN), text.find(END)
    if begin < 0 or end < begin:
        raise NoPlaceForRules(f"the document has no lines `{BEGIN}` and `{END}` for the rules")
    return text[:begin] + section() + text[end + len(END) :]
