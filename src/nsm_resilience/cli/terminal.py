# SPDX-License-Identifier: Apache-2.0
"""Output that any terminal, file and encoding takes, and paths that any locale has."""

from __future__ import annotations

import codecs
import io
import os
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


def visible(text: str) -> str:
    """A text with what cannot be seen in it, or steers a terminal, as an escape; lines stay."""
    return "".join(
        sign if sign.isprintable() or sign in "\n\t" else sign.encode("unicode-escape").decode()
        for sign in text
    )


def open_what_is_closed() -> None:
    """Put the null device in the place of input, output and errors that a shell closed (`>&-`).

    Python has no stream then, and the next file that is opened, a lock or a record, would be what
    this process and its children print into.
    """
    for number, name, mode in ((0, "stdin", "r"), (1, "stdout", "w"), (2, "stderr", "w")):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest number that is free
        if getattr(sys, name) is None:
            stream = open(number, mode, encoding="utf-8", closefd=False)  # noqa: SIM115
            setattr(sys, name, stream)


def write_whatever_the_terminal_can() -> None:
    """From now on a character that the output's encoding lacks is written in plain letters.

    Else a program that was asked something ends in a UnicodeEncodeError where the terminal is
    ISO-8859-1 or ASCII (LC_ALL, PYTHONIOENCODING).
    """
    codecs.register_error("plain", _plain)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            cast(io.TextIOWrapper, stream).reconfigure(errors="plain")


def work_in_utf_8() -> None:
    """Start this program again in Python's UTF-8 mode where the locale has another encoding.

    Paths are bytes, and Python gives them back as they came. But pyarrow, and what a notebook's
    kernel runs, take every path for UTF-8: in a folder with an umlaut, under a Latin-1 locale, they
    find nothing. What is printed stays in the terminal's own encoding.
    """
    if os.name != "posix" or not sys.executable or os.environ.get("PYTHONUTF8") == "1":
        return
    if codecs.lookup(sys.getfilesystemencoding()).name == "utf-8":
        return
    terminal = getattr(sys.stdout, "encoding", None) or "ascii"
    environment = {"PYTHONIOENCODING": terminal, **os.environ, "PYTHONUTF8": "1"}
    sys.stdout.flush()
    os.execve(sys.executable, [sys.executable, *sys.orig_argv[1:]], environment)
