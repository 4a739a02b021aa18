# SPDX-License-Identifier: Apache-2.0
"""Output that any terminal, file and encoding takes."""

from __future__ import annotations

import codecs
import io
import sys
from typing import cast

PLAIN = {
    "→": "->", "←": "<-", "–": "-", "—": "-", "−": "-", "…": "...", "×": "x", "·": "-", "•": "*",
    "≤": "<=", "≥": ">=", "≈": "~", "±": "+-", "✓": "ok", "✗": "x", "α": "alpha", "ν": "nu",
    "µ": "u", "“": '"', "”": '"', "„": '"', "\u2018": "'", "\u2019": "'", 
    "\u00a0": " ", "\u202f": " ",
    "│": "|", "─": "-", "━": "-", "┃": "|", "█": "#", "▏": "|",
}  # fmt: skip
"""What stands for a character that an encoding lacks; for all others a question mark."""


def _plain(error: UnicodeError) -> tuple[str | bytes, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    text = error.object[error.start : error.end]
    return "".join(PLAIN.get(sign, "?") for sign in text), error.end


def write_whatever_the_terminal_can() -> None:
    """From now on a character that the output's encoding lacks is written in plain letters.

    Else a program that was asked something ends in a UnicodeEncodeError where the terminal is
    ISO-8859-1 or ASCII (LC_ALL, PYTHONIOENCODING).
    """
    codecs.register_error("plain", _plain)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            cast(io.TextIOWrapper, stream).reconfigure(errors="plain")
