# SPDX-License-Identifier: Apache-2.0
"""Lines of the coverage in words, for tests to read."""

from __future__ import annotations

from nsm_resilience.analysis.coverage import Line


def in_words(line: Line, system: str) -> str:
    """Our trials of one line and system: `kernel 3/4`; what was never reached is said."""
    if system in line.absent:
        return "not applicable"
    own = [ours for ours in line.ours if ours.system == system]
    return (
        ", ".join(
            f"{o.plane} {o.k}/{o.n}" if o.n else f"{o.plane} not reached in {o.not_reached}"
            for o in own
        )
        or "not tested"
    )


def titled(line: Line) -> str:
    """The title with what its parts are called: `service manager, client's node (nsmd)`."""
    return f"{line.title} ({', '.join(line.parts)})" if line.parts else line.title
