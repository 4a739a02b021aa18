# SPDX-License-Identifier: Apache-2.0
"""What a rule of the judge is, as it is documented."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RuleText:
    """One rule.

    Attributes:
        name: A few words.
        module: Where it is decided, below `judge/`.
        keys: Fields of `Rules` and constants that the module decides it by.
        text: What it says; `{key}` stands for the value of a key, its own or another's.
        why: The reason that is given for it; empty where it is plain.
    """

    name: str
    module: str
    keys: tuple[str, ...]
    text: str
    why: str = ""
