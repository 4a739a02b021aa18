# SPDX-License-Identifier: Apache-2.0
"""What the watchdog of a campaign says of itself: its rules, in the words of its own records."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from nsm_resilience.judge.watchdog_events import watchdog_events
from nsm_resilience.record.reader import RecordError, read_record
from nsm_resilience.report.wording import typographic


def stated_rules(campaign: Path, records: Sequence[Mapping[str, Any]]) -> list[dict[str, str]]:
    """Return the rules that the watchdog stated when it began to watch, in its order.

    They are taken from the first complete record, by path, in which a watchdog started; of both
    modes the one that heals has more to say and is preferred. A rule is stated as a text, or as an
    object with a `text` and its thresholds.

    Args:
        campaign: the campaign's folder, with records.
        records: the list of them in its description.

    Returns:
        Name of each rule, what it says, and its thresholds in words; empty without a watchdog.
    """
    paths = sorted(str(r["path"]) for r in records if r.get("outcome") == "complete")
    for mode in ("heal", "observe"):
        for path in paths:
            if path.split("/")[1].endswith(f"-{mode}"):
                rules = _rules(campaign / path)
                if rules:
                    return rules
    return []


def _rules(folder: Path) -> list[dict[str, str]]:
    try:
        started = watchdog_events(read_record(folder), "started")
    except (RecordError, OSError):
        return []  # the judge has said so of this record
    stated = [e.data["rules"] for e in started if isinstance(e.data.get("rules"), dict)]
    return [_rule(str(name), rule) for name, rule in stated[0].items()] if stated else []


def _rule(name: str, rule: object) -> dict[str, str]:
    if not isinstance(rule, Mapping):
        return {"name": name, "text": typographic(str(rule)), "settings": ""}
    settings = [f"{_words(key)} {_plain(value)}" for key, value in rule.items() if key != "text"]
    text = typographic(str(rule.get("text") or ""))
    return {"name": name, "text": text, "settings": ", ".join(settings)}


def _words(key: object) -> str:
    return str(key).replace("_", " ")


def _plain(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:g}" if isinstance(value, float) else str(value)
