# SPDX-License-Identifier: Apache-2.0
"""Error lines in NSM's own logs: evidence for a person, which never decides.

NSM logs a recovery where it only hands the healing over (anchors-resilience.md, rule 3), so a log
line is shown beside a verdict, and no verdict, measure or claim depends on it.
"""

from __future__ import annotations

import re
from pathlib import Path

from nsm_resilience.judge.evidence import Evidence
from nsm_resilience.judge.rules import to_s
from nsm_resilience.judge.timeline import Instants
from nsm_resilience.judge.wall_clock import WallClock, parse_wall, wall_clocks
from nsm_resilience.record.reader import Record

SIGNS = (b"level=error", b"level=fatal", b"level=panic", b"panic: ", b"fatal error: ")
"""A log without any of these words has no complaint. Most have none, and a word is found faster
than a pattern."""
TROUBLE = re.compile(
    rb"level=(?:error|fatal|panic)\b|panic: (?<=\bpanic: )|fatal error: (?<=\bfatal error: )"
)
"""Error lines of logrus and of the Go runtime. The lookbehind stands at the end of each word, so
that every alternative begins with a letter: the pattern runs five times as fast."""
LISTED = 6
"""How many containers are listed as evidence, those that complained first."""


def find_log_lines(record: Record, instants: Instants) -> tuple[Evidence, ...]:
    """The first complaint of each container in the watch, earliest first."""
    watch, clocks = instants.watch, wall_clocks(record)
    folder = record.folder / "logs"
    if watch is None or not folder.is_dir():
        return ()
    found = []
    for path in sorted(folder.glob("*/*/*.log")):
        clock = clocks.of_host(path.parts[-3])
        first = None if clock is None else _first_complaint(path, watch, clock)
        if first is None:
            continue
        t_ns, line, text = first
        after = to_s(t_ns - watch[0])
        file = path.relative_to(record.folder).as_posix()
        said = f"{after:.1f} s after the fault: {text}"
        found.append((t_ns, Evidence("NSM log", file, line, None, None, said)))
    found.sort(key=lambda one: (one[0], one[1].file))
    return tuple(evidence for _, evidence in found[:LISTED])


def _first_complaint(
    path: Path, watch: tuple[int, int], clock: WallClock
) -> tuple[int, int, str] | None:
    """Instant, line (from 1) and text of the first complaint in the watch.

    A complaint beside a step of the clock has no known instant and is skipped.
    """
    content = path.read_bytes()
    if not any(sign in content for sign in SIGNS):
        return None
    number, counted, end = 1, 0, -1
    for match in TROUBLE.finditer(content):
        if match.start() < end:  # a second word in the same line
            continue
        begin = content.rfind(b"\n", 0, match.start()) + 1
        end = content.find(b"\n", begin)
        end = len(content) if end < 0 else end
        number, counted = number + content.count(b"\n", counted, begin), begin
        line = content[begin:end]
        stamp, _, rest = line.decode("utf-8", errors="replace").partition(" ")
        wall_ns = parse_wall(stamp)
        t_ns = None if wall_ns is None else clock.moment(wall_ns).t_ns
        if t_ns is None or t_ns < watch[0]:
            continue
        if t_ns > watch[1]:
            return None
        # After the stamp come the stream and whether the line is whole (CRI format).
        return t_ns, number, " ".join(rest.split()[2:])[:200]
    return None
