# SPDX-License-Identifier: Apache-2.0
"""What the watchdog of a campaign found, did and harmed, arm by arm, for the paper.

Harm and false alarms are counted in every attempt in which it ran. Judged trials alone would hide
the harm of a watchdog that spoils trials.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nsm_resilience.analysis.figures.cells import judged, levels_in_order
from nsm_resilience.judge.watchdog_events import watchdog_events
from nsm_resilience.record.reader import RecordError, read_record
from nsm_resilience.report.wording import plain, share_interval, typographic
from nsm_resilience.statistics.intervals import wilson
from nsm_resilience.study.factors import level_name
from nsm_resilience.tables.language import seconds

if TYPE_CHECKING:
    import pandas as pd

    from nsm_resilience.study.models import Study


def watchdog(
    trials: pd.DataFrame, study: Study, campaign: Path, records: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    """Return the rules of the watchdog, and one row for each plane and arm in which it ran."""
    controls = {scenario.id for scenario in study.scenarios if scenario.is_control}
    ran = trials[(trials["remedy"] != "none") & trials["watchdog_false_alarms"].notna()]
    arms = [
        _arm(own[own["remedy"] == remedy], controls)
        for plane in levels_in_order("plane", ran["plane"])
        for own in [ran[ran["plane"] == plane]]
        for remedy in levels_in_order("remedy", own["remedy"])
    ]
    return {"rules": stated_rules(ran, campaign, records), "arms": arms}


def _arm(ran: pd.DataFrame, controls: set[str]) -> dict[str, Any]:
    """One arm on one plane: rows of table `trials` in which its watchdog ran."""
    broken = judged(ran[~ran["scenario"].isin(controls)])
    found = broken["watchdog_found_s"].dropna().astype(float)
    alarmed = ran["watchdog_false_alarms"] > 0
    control = ran["scenario"].isin(controls)
    cut = ran.loc[ran["watchdog_cut"].eq(True).fillna(False).astype(bool), "trial"]
    n, k = int(control.sum()), int((alarmed & control).sum())
    interval = wilson(k, n)
    return {
        "plane": level_name("plane", str(ran["plane"].iloc[0])),
        "remedy": level_name("remedy", str(ran["remedy"].iloc[0])),
        "attempts": len(ran),
        "faults": len(broken),
        "found": len(found),
        "found_median": seconds(float(found.median())) if len(found) else "",
        "acts": int(ran["watchdog_acts"].sum()),
        "acts_failed": int(ran["watchdog_acts_failed"].sum()),
        "controls": n,
        "controls_alarmed": k,
        "controls_interval": share_interval(interval.low, interval.high),
        "alarmed": int(alarmed.sum()),
        "cut": len(cut),
        "cut_known": int(ran["watchdog_cut"].notna().sum()),
        "cut_in": [
            {"cell": cell, "n": n} for cell, n in sorted(Counter(cut.str.split("/").str[0]).items())
        ],
    }


def stated_rules(
    ran: pd.DataFrame, campaign: Path, records: Sequence[Mapping[str, Any]]
) -> list[dict[str, str]]:
    """Return the rules that the watchdog logged at its start, in its order.

    They are from the first complete record, by path, in which a watchdog started; the last level of
    the factor, one that heals, is preferred, because it has more rules. A rule is a text, or an
    object with a `text` and its thresholds.

    Args:
        ran: rows of table `trials` in which a watchdog ran.

    Returns:
        Name of each rule, its text, and its thresholds in words; empty without a watchdog.
    """
    complete = {str(r["path"]) for r in records if r.get("outcome") == "complete"}
    for remedy in reversed(levels_in_order("remedy", ran["remedy"])):
        own = ran[ran["remedy"] == remedy]
        paths = {f"records/{t}/{a}" for t, a in zip(own["trial"], own["attempt"], strict=True)}
        for path in sorted(paths & complete):
            if rules := _rules(campaign / path):
                return rules
    return []


def _rules(folder: Path) -> list[dict[str, str]]:
    try:
        started = watchdog_events(read_record(folder), "started")
    except (RecordError, OSError):
        return []  # the judge reports such a record
    stated = [e.data["rules"] for e in started if isinstance(e.data.get("rules"), dict)]
    return [rule_in_words(str(name), rule) for name, rule in stated[0].items()] if stated else []


def rule_in_words(name: str, rule: object) -> dict[str, str]:
    """A rule of a record: name, text, and settings in words."""
    if not isinstance(rule, Mapping):
        return {"name": name, "text": typographic(str(rule)), "settings": ""}
    text = typographic(str(rule.get("text") or ""))
    return {"name": name, "text": text, "settings": ", ".join(_settings(rule))}


def _settings(rule: Mapping[str, Any]) -> Iterator[str]:
    """The thresholds of a rule in words; those of an act only if there is one.

    Names are those of `Rule` in watchdog/node/policy.py; others are written unchanged.
    """
    rest = {key: value for key, value in rule.items() if key != "text"}
    if isinstance(told := rest.pop("tell_s", None), int | float):
        yield "told at once" if not told else f"told after {told:g} s"
    act, after, pause, doubles, most = (
        rest.pop(key, None) for key in ("act", "act_s", "pause_s", "doubles", "most")
    )
    if act is not None:
        yield f"{act} after {after:g} s" if after else f"{act} when told"
        if pause is not None:
            yield f"{pause:g} s or more between two{', doubled each time' if doubles else ''}"
        if most is not None:
            yield f"at most {most}"
    for key, value in rest.items():
        yield f"{str(key).replace('_', ' ')} {plain(value)}"
