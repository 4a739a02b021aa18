# SPDX-License-Identifier: Apache-2.0
"""What a command line of Snakemake asks for, read before Snakemake reads it."""

from __future__ import annotations

import re
from collections.abc import Sequence

_DRY_RUN = re.compile(r"--dry-?run|-[fkpqtF]*n[fkpqtF]*")
"""As Snakemake takes it, also with other letters behind one hyphen (`-pn`)."""


def is_dry_run(arguments: Sequence[str]) -> bool:
    """Whether Snakemake only shows what it would do.

    >>> is_dry_run(["-pn"]), is_dry_run(["--dry-run"]), is_dry_run(["--notemp"])
    (True, True, False)
    """
    return any(map(_DRY_RUN.fullmatch, arguments))
