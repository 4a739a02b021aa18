# SPDX-License-Identifier: Apache-2.0
"""Output for any terminal, file and encoding, and paths in any locale."""

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
"""Replacements of characters that an encoding lacks; a question mark replaces all others."""


def _plain(error: UnicodeError) -> tuple[str | bytes, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    text = error.object[error.start : error.end]
    return "".join(PLAIN.get(sign, "?") for sign in text), error.end


def visible(text: str) -> str:
    """Escape what is invisible in a text, or controls a terminal; lines and tabs stay."""
    return "".join(
        sign if sign.isprintable() or sign in "\n\t" else sign.encode("unicode-escape").decode()
        for sign in text
    )


def open_closed_streams() -> None:
    """Open the null device for input, output and errors that a shell closed (`>&-`).

    Without that, this process and its children would print into the next file that is opened, a
    lock or a record.
    """
    for number, name, mode in ((0, "stdin", "r"), (1, "stdout", "w"), (2, "stderr", "w")):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest free number
        if getattr(sys, name) is None:
            stream = open(number, mode, encoding="utf-8", closefd=False)  # noqa: SIM115
            setattr(sys, name, stream)


def replace_unencodable() -> None:
    """From now on write characters that the output's encoding lacks in plain letters.

    A terminal with ISO-8859-1 or ASCII (LC_ALL, PYTHONIOENCODING) would cause UnicodeEncodeError.
    """
    codecs.register_error("plain", _plain)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            cast(io.TextIOWrapper, stream).reconfigure(errors="plain")


def restart_in_utf_8() -> None:
    """Start this program again in Python's UTF-8 mode if the locale has another encoding.

    Python returns the bytes of a path unchanged. But pyarrow and notebooks read every path as
    UTF-8, and find nothing in a folder with an umlaut under a Latin-1 locale. Output stays in the
    terminal's own encoding.
    """
    if os.name != "posix" or not sys.executable or os.environ.get("PYTHONUTF8") == "1":
        return
    if codecs.lookup(sys.getfilesystemencoding()).name == "utf-8":
        return
    terminal = getattr(sys.stdout, "encoding", None) or "ascii"
    environment = {"PYTHONIOENCODING": terminal, **os.environ, "PYTHONUTF8": "1"}
    sys.stdout.flush()
    os.execve(sys.executable, [sys.executable, *sys.orig_argv[1:]], environment)
