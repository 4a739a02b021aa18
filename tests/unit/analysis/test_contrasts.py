# SPDX-License-Identifier: Apache-2.0
"""Two sets of trials that differ in one thing are put side by side, and in no other case."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from nsm_resilience.analysis.contrast_rows import contrast_table
from nsm_resilience.analysis.contrasts import contrasts, differing_throughout
from nsm_resilience.analysis.figures.cells import cell_id
from nsm_resilience.analysis.measures import MEASURES
from nsm_resilience.analysis.trial_units import RunConditions
from nsm_resilience.report.contrasts import contrast_lines, contrast_numbers, in_words
from nsm_resilience.statistics.exact_tests import least_fisher_p, least_rank_p
from nsm_resilience.study.load import load_study
from nsm_resilience.study.models import Factors, Study
from nsm_resilience.tables.cell import FACTOR_LEVELS
from nsm_resilience.tables.contrasts import ENVIRONMENTS, KINDS, PROPERTIES
from tests.builders.studies import make_study, study_text

STUDY = load_study(Path(__file__).parents[3] / "config" / "study.yaml")
DEFAULT = Factors().levels()


def cell(
    outages: Sequence[float | None],
    *,
    campaign: str = "a",
    scenario: str = "S2",
    company: str | None = None,
    supported: bool = True,
    **levels: str,
) -> list[dict[str, Any]]:
    """Judged trials of one cell; an outage of None did not end within the watch of 120 s."""
    factors = {**DEFAULT, **levels}
    name = cell_id({"scenario": scenario, **factors})
    return [
        {
            "campaign": campaign, "trial": f"{name}/{number:02}", "attempt": 1,
            "scenario": scenario, **factors, "company": company, "reason": "x",
            "verdict": "supported" if supported and outage is not None else "unsupported",
            "path_verdict": "recovered", "outage_s": 120.0 if outage is None else outage,
            "outage_censored": outage is None, "down_s": outage or 120.0, "interruptions": 1,
            "watch_s": 120.0, "watch_window_s": 120.0, "new_connection_s": 1.0,
            "new_connection_answered": True,
            "blind_s": math.nan, "blind_at_least_s": math.nan, "blind_censored": None,
            "detected_unknown": None,
            "detected_s": 1.0, "notified_s": math.nan, "notified_unknown": None,
            "bystander_s": 1.0, "bystander_started": True, "late_sends": 0, "replies_sent": 6000,
            "record": f"records/{name}/{number:02}/1",
        }
        for number, outage in enumerate(outages, start=1)
    ]  # fmt: skip


def table(*cells: list[dict[str, Any]], study: Study = STUDY, **ran: Any) -> pd.DataFrame:
    trials = pd.DataFrame([row for own in cells for row in own])
    return contrast_table(trials, dict.fromkeys(trials["campaign"], RunConditions(study, **ran)))


def row(found: pd.DataFrame, name: str) -> Any:
    (one,) = found[found["measure"] == name].to_dict("records")
    return one


SHORT, LONG = [1.0, 1.1, 1.2, 1.3, 1.4, 1.5], [9.0, 9.1, 9.2, 9.3, 9.4, 9.5]


@pytest.mark.parametrize("factor", [name for name in KINDS if name in FACTOR_LEVELS])
def test_cells_that_differ_in_one_factor_are_a_contrast(factor: str) -> None:
    levels = [level for level in FACTOR_LEVELS[factor] if level != "none" or factor == "remedy"]
    found = table(cell(SHORT, **{factor: levels[0]}), cell(LONG, **{factor: levels[1]}))
    outage = row(found, "outage_s")
    assert outage["differs_in"] == factor
    assert {outage["first"], outage["second"]} == {levels[0], levels[1]}
    assert outage[factor] is None
    assert outage["word"] == ("worse" if outage["first"] == levels[0] else "better")
    assert abs(outage["difference"]) == pytest.approx(8.0)


def test_cells_that_differ_in_two_things_are_none() -> None:
    assert table(cell(SHORT), cell(LONG, client="plain", failure="hang")).empty
    assert table(cell(SHORT), cell(LONG, scenario="S3")).empty
    both = table(cell(SHORT), cell(LONG, campaign="b", plane="vpp", client="plain"))
    assert both.empty


def test_the_same_cell_of_two_campaigns_is_compared_and_never_pooled() -> None:
    outage = row(table(cell(SHORT), cell(LONG, campaign="b")), "outage_s")
    assert (outage["differs_in"], outage["first"], outage["second"]) == ("campaign", "a", "b")
    assert (outage["first_n"], outage["second_n"]) == (6, 6)
    assert outage["word"] == "worse"


def test_campaigns_that_differ_in_a_factor_throughout_are_compared_by_it() -> None:
    first, second = cell(SHORT), cell(LONG, campaign="b", plane="vpp")
    outage = row(table(first, second), "outage_s")
    assert (outage["differs_in"], outage["first"], outage["second"]) == ("plane", "kernel", "vpp")
    assert (outage["first_campaign"], outage["second_campaign"]) == ("a", "b")
    assert differing_throughout(pd.DataFrame(first), pd.DataFrame(second)) == ["plane"]


def test_trials_alone_and_side_by_side_are_a_contrast_of_one_cell() -> None:
    found = table(cell(SHORT, company="alone") + cell(LONG, company="side by side"))
    outage = row(found, "outage_s")
    assert (outage["differs_in"], outage["plane"]) == ("company", "kernel")
    assert outage["word"] == "worse"


def test_what_is_void_or_not_judged_is_in_no_contrast() -> None:
    rows = cell(LONG, client="plain")
    for one in rows:
        one.update(verdict="unknown")
    assert table(cell(SHORT), rows).empty
    void = cell(SHORT, client="plain")
    for one in void:
        one.update(reason="void: the machine was lost")
    assert table(cell(SHORT), void).empty


def test_too_few_trials_are_never_called_anything_and_say_what_they_could_reach() -> None:
    found = table(cell(SHORT[:3]), cell([None] * 3, client="plain"))
    assert set(found["word"]) == {"open"}
    assert found["p"].isna().all() and found["p_adjusted"].isna().all()
    assert in_words(row(found, "outage_s"))["p"] == "≥\u00a00.10"
    assert row(found, "outage_s")["least_p"] == pytest.approx(least_rank_p(3, 3), abs=1e-6)
    assert row(found, "supported")["least_p"] == pytest.approx(least_fisher_p(3, 3), abs=1e-6)
    assert (found["family_size"] == 0).all()


def test_a_share_is_compared_by_fishers_test() -> None:
    found = row(table(cell(SHORT), cell([None] * 6, client="plain")), "supported")
    assert (found["first_value"], found["second_value"]) == (1.0, 0.0)
    assert found["p"] == pytest.approx(0.002165, abs=1e-6)
    assert (found["method"], found["word"]) == ("exact", "worse")


def test_fewer_interruptions_are_not_called_better() -> None:
    often, once = cell(SHORT), cell(LONG, client="plain")
    for one in often:
        one.update(interruptions=10)
    found = row(table(often, once), "interruptions")
    assert found["better"] is None and found["word"] in ("larger", "smaller")
    assert (found["word"] == "smaller") == (found["second_value"] < found["first_value"])


def test_no_p_is_0_however_many_trials_there_are() -> None:
    early, late = ([low + 0.1 * at for at in range(16)] for low in (1.0, 9.0))
    found = row(table(cell(early), cell(late, client="plain")), "outage_s")
    assert found["p"] == pytest.approx(2 / math.comb(32, 16), rel=1e-2)
    assert 0 < found["least_p"] <= found["p_adjusted"]


def test_an_outage_that_did_not_end_leaves_the_difference_open_to_one_side() -> None:
    found = row(table(cell(SHORT), cell([None] * 6, client="plain")), "outage_s")
    assert math.isnan(found["difference"])
    assert found["at_least"] == pytest.approx(118.75)
    assert math.isinf(found["at_most"])
    assert (found["second_censored"], found["word"]) == (6, "worse")


def of_lanes(alone: Sequence[float | None], together: Sequence[float | None]) -> Any:
    """The outage of trials alone and side by side."""
    ways = cell(alone, company="alone") + cell(together, company="side by side")
    return row(table(ways), "outage_s")


def test_lanes_are_equal_only_by_the_adjusted_interval_and_biased_only_beyond_the_margin() -> None:
    near, far = ([value + by for value in SHORT * 2] for by in (0.01, 0.6))
    equal = of_lanes(SHORT * 2, near)
    assert (equal["margin"], equal["word"]) == (STUDY.judge.late_reply_s, "equal")
    assert of_lanes(SHORT * 2, far)["word"] == "worse"
    assert of_lanes(SHORT * 2, [value + 0.45 for value in SHORT * 2])["word"] != "worse"
    wide = [1.0, 5.0, 10.0, 20.0, 40.0, 80.0]
    assert of_lanes(wide, wide)["word"] == "open"
    assert of_lanes(LONG, LONG)["margin"] == pytest.approx(0.925)  # a tenth of the median


def test_a_margin_was_stated_for_lanes_alone() -> None:
    near = [value + 0.01 for value in SHORT]
    found = table(cell(SHORT * 2), cell(near * 2, client="plain"))
    assert found["margin"].isna().all()
    assert "equal" not in set(found["word"])


def test_all_measures_that_lanes_could_bias_are_one_family() -> None:
    found = table(cell(SHORT, company="alone") + cell(LONG, company="side by side"))
    asked = found[found["margin"].notna()]
    assert asked["family"].nunique() == 1
    # a time that none of the trials saw the end of bounds no bias
    assert "notified_s" not in set(asked["measure"])
    assert set(asked["family_size"]) == {len(asked)}
    assert set(found.loc[found["margin"].isna(), "family_size"]) == {1}


def test_a_family_is_all_pairs_of_one_factor_and_measure_and_adjusts_each_p() -> None:
    cells = [
        cell(values, scenario=scenario, failure=failure)
        for scenario in ("S2", "S3")
        for failure, values in (("kill", SHORT), ("delete", LONG), ("hang", SHORT))
    ]
    found = table(*cells)
    outages = found[found["measure"] == "outage_s"]
    assert set(outages["family_size"]) == {4}
    assert outages["family"].nunique() == 1
    tested = outages[outages["p_adjusted"].notna()]
    assert (tested["p_adjusted"] >= tested["p"]).all()
    assert tested["p_adjusted"].min() == pytest.approx(4 * tested["p"].min(), rel=1e-3)
    assert found["family"].nunique() == found["measure"].nunique()


def test_intervals_hold_for_the_whole_family() -> None:
    alone = row(table(cell(SHORT), cell(LONG, client="plain")), "outage_s")
    others = [
        cell(values, scenario=scenario, client=client)
        for scenario in ("S3", "S4", "S5")
        for client, values in (("monitored", SHORT), ("plain", LONG))
    ]
    found = table(cell(SHORT), cell(LONG, client="plain"), *others)
    (one,) = found[(found["measure"] == "outage_s") & (found["scenario"] == "S2")].to_dict(
        "records"
    )
    assert one["low"] < alone["low"] and one["high"] > alone["high"]


def test_pairs_of_one_campaign_have_intervals_by_block_and_campaigns_by_cluster() -> None:
    noisy = [1.0, 9.5, 1.2, 9.1, 1.4, 9.3, 1.6, 9.7, 1.8, 9.9]
    nine = {"scenario": "S9"}  # a cell of ten trials at both levels, so their blocks are the same
    both = cell(SHORT + LONG[:4], **nine), cell(noisy, client="plain", **nine)
    found = row(table(*both), "outage_s")
    assert found["resampled"] == "block"
    assert found["resampled_low"] < found["delta"] < found["resampled_high"]
    apart = row(table(cell(noisy), cell(LONG, campaign="b")), "outage_s")
    assert apart["resampled"] == "cluster"
    assert math.isnan(apart["resampled_low"])  # one cluster tells nothing of others
    ways = cell(SHORT, company="alone") + cell(LONG, company="side by side")
    assert row(table(ways), "outage_s")["resampled"] == "turn"


def test_a_new_client_that_was_not_taken_waited_for_its_window_at_least() -> None:
    refused = cell(SHORT, client="plain")
    for one in refused:
        one.update(new_connection_s=math.nan, new_connection_answered=False)
    found = row(table(cell(SHORT), refused), "new_connection_s")
    assert found["second_censored"] == 6
    assert found["at_least"] == pytest.approx(STUDY.windows.new_connection_s - 1.0)


@pytest.mark.parametrize(
    ("watch", "more"),
    [
        ("full", "full: {watch_s: 40, new_connection_s: 30}"),
        ("usual", "new_clients: [{patience_s: 30}]"),
    ],
)
def test_a_new_client_waited_for_as_long_as_its_own_cell_lets_it(
    watch: str, more: str, tmp_path: Path
) -> None:
    arm = {"scenarios": ["S2"], "client": ["monitored", "plain"], "watch": watch, "trials": 6}
    study = make_study(tmp_path, f"{study_text([arm])}\n{more}\n")
    refused = cell(SHORT, client="plain", watch=watch)
    for one in refused:
        one.update(new_connection_s=math.nan, new_connection_answered=False)
    found = row(table(cell(SHORT, watch=watch), refused, study=study), "new_connection_s")
    assert found["at_least"] == pytest.approx(30.0 - 1.0)


def test_a_time_down_that_did_not_end_is_a_lower_bound() -> None:
    found = row(table(cell(SHORT), cell([None] * 6, client="plain")), "down_s")
    assert (found["second_censored"], found["word"]) == (6, "worse")
    assert math.isinf(found["at_most"])


def blind(client: str, least: float, most: float) -> list[dict[str, Any]]:
    """A cell whose new clients were refused until an instant between these two."""
    own = cell(SHORT, client=client)
    for one in own:
        one.update(blind_s=most, blind_at_least_s=least, blind_censored=False)
    return own


def test_a_blind_time_that_is_an_interval_is_compared_with_what_lies_below_it_alone() -> None:
    above = row(table(blind("monitored", 0.0, 0.0), blind("plain", 60.0, 200.0)), "blind_s")
    assert (above["second_censored"], above["word"]) == (6, "worse")
    assert above["at_least"] == pytest.approx(60.0)  # and not 200
    within = row(table(blind("monitored", 100.0, 100.0), blind("plain", 60.0, 200.0)), "blind_s")
    assert (within["p"], within["word"]) == (1.0, "open")
    both = row(table(blind("monitored", 60.0, 70.0), blind("plain", 60.0, 200.0)), "blind_s")
    assert (both["p"], both["word"]) == (1.0, "open")


def test_how_long_the_system_took_to_be_installed_is_read_off_its_phase() -> None:
    ways = [*cell(SHORT, company="alone"), *cell(LONG, company="side by side")]
    for number, one in enumerate(ways):
        one.update(record=f"records/{number}")
    installs = {f"records/{number}": 10.0 if number < 6 else 20.0 for number in range(12)}
    found = row(table(ways, installs=installs), "install_s")
    assert (found["difference"], found["word"]) == (10.0, "worse")
    apart = table(cell(SHORT), cell(LONG, client="plain"))
    assert not {"install_s", "rtt_ms", "late_share"} & set(apart["measure"])


def test_controls_of_campaigns_that_differ_in_the_failure_differ_in_the_campaign() -> None:
    found = table(
        cell(SHORT), cell(SHORT, scenario="S1", failure="none"),
        cell(LONG, campaign="b", failure="hang"),
        cell(LONG, campaign="b", scenario="S1", failure="none"),
    )  # fmt: skip
    assert set(zip(found["scenario"], found["differs_in"], strict=True)) == {
        ("S1", "campaign"), ("S2", "failure"),
    }  # fmt: skip


def test_cells_that_are_watched_for_longer_are_no_contrast() -> None:
    assert table(cell(SHORT), cell(LONG, watch="full")).empty


def test_of_two_watches_times_from_the_fault_are_compared_as_far_as_the_shorter_one_reaches(
    tmp_path: Path,
) -> None:
    told = [5.0, 5.1, 5.2, 200.0, 200.1, 200.2, *([math.nan] * 6)]
    rows = pd.DataFrame([*cell(SHORT), *cell(LONG, campaign="b")]).assign(notified_s=told)
    same, shorter = RunConditions(STUDY), RunConditions(make_study(tmp_path))
    within_s = shorter.study.windows.watch_s
    assert within_s < STUDY.windows.watch_s  # both are called the usual one
    whole = contrast_table(rows, {"a": same, "b": same})
    assert whole["within_s"].isna().all() and "outage_s" in set(whole["measure"])
    assert row(whole, "notified_s")["first_censored"] == 0
    cut = contrast_table(rows, {"a": same, "b": shorter})
    assert set(cut["measure"]) == {"detected_s", "notified_s"}
    assert (cut["within_s"] == within_s).all()
    notified = row(cut, "notified_s")
    assert (notified["first_censored"], notified["second_censored"]) == (3, 6)


def test_no_contrast_is_there_twice_and_the_table_is_the_same_in_any_order_of_rows() -> None:
    rows = [
        *cell(SHORT), *cell(LONG, client="plain"), *cell(SHORT, campaign="b"),
        *cell(LONG, campaign="b", client="plain"),
    ]  # fmt: skip
    found = table(rows)
    key = ["differs_in", "first", "second", "first_campaign", "second_campaign", "client"]
    assert not found.duplicated([*key, "measure"]).any()
    assert len(list(contrasts(pd.DataFrame(rows)))) == 4


def test_trials_of_one_cell_that_differ_in_a_property_are_compared_with_its_first_level(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(PROPERTIES, "attempt", "how often it was tried")
    tried = zip(cell([*SHORT, *LONG]), [10, 2, 2, 10, 9, 2] * 2, strict=True)
    found = list(contrasts(pd.DataFrame([{**one, "attempt": n} for one, n in tried])))
    sides = [(one.first.level, one.second.level, len(one.second.trials)) for one in found]
    assert sides == [("2", "9", 2), ("2", "10", 4)]
    assert {(one.differs_in, len(one.first.trials)) for one in found} == {("attempt", 6)}


def test_a_property_that_is_no_column_is_refused_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(PROPERTIES, "weather", "the weather")
    with pytest.raises(KeyError, match=r"`weather`.* tables/trials\.py"):
        list(contrasts(pd.DataFrame(cell(SHORT))))


def test_a_row_is_written_for_people() -> None:
    found = table(cell(SHORT), cell([None] * 6, client="plain"))
    outage = in_words(row(found, "outage_s"))
    assert outage["cell"] == "S2 (kernel, kill)"
    assert (outage["first"], outage["second"]) == ("monitored", "plain")
    assert outage["difference"] == ">\u00a0+119"
    assert outage["second_value"] == "not seen (n = 6)"
    share = in_words(row(found, "supported"))
    assert (share["first_value"], share["second_value"]) == ("6/6", "0/6")
    assert share["difference"] == "−1.00"


def test_a_measure_that_is_not_in_seconds_says_its_unit() -> None:
    assert all(one.unit in ("", "s") or f"({one.unit})" in one.words for one in MEASURES)


def test_the_terminal_shows_what_is_clear_and_with_all_every_row() -> None:
    found = table(cell(SHORT), cell(LONG, client="plain"))
    short, whole = list(contrast_lines(found)), list(contrast_lines(found, everything=True))
    assert short[0].startswith(f"{len(found)} comparisons: ")
    assert sum("outage of the established path" in line for line in short) == 1
    assert len(whole) == len(found) + len(("counts", "", "what differs", "head"))


def test_the_papers_numbers_count_every_comparison() -> None:
    found = table(cell(SHORT), cell(LONG, client="plain"), cell(SHORT, campaign="b"))
    numbers = contrast_numbers(found, ENVIRONMENTS.frame([]))
    assert sum(kind["n"] for kind in numbers["kinds"]) == len(found)
    for kind in numbers["kinds"]:
        assert sum(kind["words"].values()) == kind["n"]
        assert all(one["word"] not in ("open", "equal") for one in kind["clear"])
