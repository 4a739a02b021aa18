# SPDX-License-Identifier: Apache-2.0
"""A file that fills a folder."""

import os
from typing import Any

from lines import seen


class Disk:
    """A fault in a folder: a file that was not there is there."""

    METHODS = frozenset({"fill"})

    def __init__(self, wanted: dict[str, Any]) -> None:
        self.id, self.method = wanted["id"], wanted["method"]
        self.file = os.path.join(wanted["folder"], "filled")
        self.before = os.path.exists(self.file)

    def inject(self) -> None:
        with open(self.file, "w"):
            pass

    def prove(self, _until_ns: int) -> tuple[bool, list[dict[str, Any]]]:
        there = os.path.exists(self.file)
        return there, [seen("the file is there", there, self.before, there)]

    def undo(self) -> tuple[bool, list[dict[str, Any]]]:
        os.unlink(self.file)
        return True, [seen("the file is gone", True, True, False)]


def left() -> None:
    """Nothing that a killed agent leaves."""
