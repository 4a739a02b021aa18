# SPDX-License-Identifier: Apache-2.0
"""What the watchdog of a campaign found, did and harmed, arm by arm, as the paper says it.

Harm and false alarms are counted in every attempt in which it ran: were they counted in judged
trials alone, a watchdog that spoils a trial would show none.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nsm_resilience.analysis.figures.cells import judged, levels_in_order
from nsm_resilience.report.watchdog_rules import stated_rules
from nsm_resilience.report.wording import share_interval
from nsm_resilience.statistics.intervals import wilson
from nsm_resilience.study.factors import level_name
from nsm_resilience.tables.language import seconds

if TYPE_CHECKING:
    import pandas as pd

    from nsm_resilience.study.models import Study


def watchdog(
    trials: pd.DataFrame, study: Study, campaign: Path, records: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    """Return the rules that it states, and one row for each plane and arm in which it ran."""
    controls = {scenario.id for scenario in study.scenarios if scenario.is_control}
    ran = trials[(trials["remedy"] != "none") & trials["watchdog_false_alarms"].notna()]
    arms = [
        _arm(own[own["remedy"] == remedy], controls)
        for plane in levels_in_order("plane", ran["plane"])
        for own in [ran[ran["plane"] == plane]]
        for remedy in levels_in_order("remedy", own["remedy"])
    ]
    return {"rules": stated_rules(campaign, records) if arms else [], "arms": arms}


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
