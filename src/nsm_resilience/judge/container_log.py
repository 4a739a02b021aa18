# SPDX-License-Identifier: Apache-2.0
"""Lines of a container's log in a record (CRI format), and the gaps in it.

A line is `<time> <stream> <tag> <text>`; a text that is longer than the runtime's buffer comes in
pieces, tagged P until the last one, F, between which the other stream may write (Kubernetes, KEP
"CRI logging", and the pieces of containerd: 16 KiB). Pieces are joined before a search, because a
cut may split the text that is searched for.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from nsm_resilience.judge.evidence import of_event
from nsm_resilience.judge.first_sign import Doubt
from nsm_resilience.judge.wall_clock import parse_wall
from nsm_resilience.record.reader import Record

_HEAD = re.compile(r"(\S+) (stdout|stderr) ([PF](?::\S*)?) ")


@dataclass(frozen=True, slots=True)
class LogLine:
    """One whole line: the number of its last line in the file (from 1), its time or None, its text.

    The time is that of its last piece, nanoseconds UTC of the node's wall clock.
    """

    number: int
    wall_ns: int | None
    text: str


def read_log(path: Path) -> Iterator[LogLine]:
    """The lines of a log in the order of their ends; one without an end comes last."""
    begun: dict[str, tuple[str, int, int | None]] = {}
    text = path.read_text(encoding="utf-8", errors="replace")
    for number, line in enumerate(text.split("\n"), start=1):
        head = _HEAD.match(line)
        if head is None:
            if line:
                yield LogLine(number, parse_wall(line.partition(" ")[0]), line)
            continue
        stamp, stream, tag = head.groups()
        whole = begun.pop(stream, ("", 0, None))[0] + line[head.end() :]
        if tag.startswith("P"):
            begun[stream] = (whole, number, parse_wall(stamp))
        else:
            yield LogLine(number, parse_wall(stamp), whole)
    for whole, number, wall_ns in begun.values():
        yield LogLine(number, wall_ns, whole)


def find_gaps(record: Record, pod: str, container: str) -> list[Doubt]:
    """Times in which the log of one container on the client's node may lack lines.

    These are the gaps that its probe reported, and the time after the last report of a probe that
    never reported its end. Older records have neither; a warning reports a failed probe or dropped
    lines.
    """
    found = []
    for event in record.all_of("log_gap"):
        about = event.target is None or event.target == f"{pod}/{container}"
        if about and event.node in (None, "client"):
            since, lost = event.data.get("since_ns"), event.data.get("bytes")
            much = f"{lost} bytes" if type(lost) is int else "an unknown number of bytes"
            why = f"{much} of {container}'s log are missing: {event.data.get('why')}"
            begin = since if type(since) is int else -math.inf
            found.append(Doubt(begin, event.t_ns, why, of_event("log gap", event, why)))
    follows = [e for e in record.all_of("log") if e.node == "client"]
    if follows and follows[-1].data.get("what") != "ended":
        why = f"{container}'s log was not followed to its end"
        found.append(Doubt(follows[-1].t_ns, math.inf, why, of_event("log gap", follows[-1], why)))
    for event in record.all_of("warning"):
        text = str(event.data.get("text"))
        if text.startswith("the log probe ended with") or " had to drop " in text:
            found.append(Doubt(-math.inf, math.inf, text, of_event("log gap", event, text)))
    return found
