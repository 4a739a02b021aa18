# SPDX-License-Identifier: Apache-2.0
"""What the tests of the findings share: verdicts as the tables have them, and codes in a text."""

from __future__ import annotations

import re

from hypothesis import strategies as st

WORDS = st.sampled_from(["supported", "unsupported", ""])


def ids_in(text: str) -> list[str]:
    return re.findall(r"\bS\d\b", text)
