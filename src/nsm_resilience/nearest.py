# SPDX-License-Identifier: Apache-2.0
"""The word that was meant where another was written, for messages that ask "did you mean"."""

from __future__ import annotations

import re
from collections.abc import Iterable
from difflib import get_close_matches


def nearest(written: str, known: Iterable[str], most: int = 1, likeness: float = 0.5) -> list[str]:
    """The known words that are most like the written one, the nearest first, and `most` of them.

    Upper and lower case, spaces, `_` and `-` make no difference; `likeness` is the least that
    counts, from 0 to 1 (`difflib`).

    >>> nearest("S2_VPP", ["S2-vpp", "S8-kernel"]), nearest("S2", ["control"])
    (['S2-vpp'], [])
    """
    plain = {_plain(word): word for word in known}
    return [plain[word] for word in get_close_matches(_plain(written), plain, most, likeness)]


def did_you_mean(written: str, known: Iterable[str], likeness: float = 0.5) -> str:
    """The question after the nearest word; empty where none is near.

    >>> did_you_mean("monitord", ["monitored", "plain"])
    'did you mean `monitored`?'
    """
    near = nearest(written, known, likeness=likeness)
    return f"did you mean `{near[0]}`?" if near else ""


def _plain(word: str) -> str:
    return "-".join(re.split(r"[\s_-]+", word.strip().casefold()))
