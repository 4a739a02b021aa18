# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest

from nsm_resilience.record.description import DescriptionError
from nsm_resilience.report.campaign import campaign_facts, environment_table
from nsm_resilience.report.cell_rows import cell_rows
from nsm_resilience.report.findings import limits
from nsm_resilience.report.numbers import NumbersError, controls, write_numbers
from nsm_resilience.report.wording import dates, down_time, flattened, parse_time, span
from nsm_resilience.study.load import load_recorded_study
from nsm_resilience.tables.language import median_seconds, seconds
from tests.builders.reports import Built


def row(built: Built, cell: str) -> dict[str, object]:
    rows = [r for plane in built.numbers["planes"] for r in plane["rows"]]
    rows += built.numbers["further"]
    return next(r for r in rows if r["cell"] == cell)


def attempts_with_pods(campaign: Path) -> list[Path]:
    return sorted(
        found.parents[1] for found in campaign.glob("records/*/*/*/snapshots/before.json")
    )


def test_the_same_tables_give_the_same_bytes(mixed: Built, tmp_path: Path) -> None:
    again = mixed.root / "results" / "again.json"
    write_numbers(mixed.campaign.tables_dir, [mixed.campaign.campaign], again)
    assert again.read_bytes() == mixed.numbers_path.read_bytes()


def test_it_is_plain_json_without_machine_paths(mixed: Built) -> None:
    text = mixed.numbers_path.read_text(encoding="utf-8")
    json.loads(text, parse_constant=lambda word: pytest.fail(f"{word} is no JSON"))
    assert str(mixed.root) not in text
    assert "registry.invalid" not in text


def test_the_nine_have_a_line_each_and_the_last_one_for_every_way_of_failing(mixed: Built) -> None:
    kernel = mixed.numbers["planes"][0]
    assert [r["scenario"] for r in kernel["rows"]] == [
        *[f"S{n}" for n in range(1, 9)], "S9", "S9", "S9", "S9",
    ]  # fmt: skip
    assert sorted(r["variant"] for r in kernel["rows"] if r["scenario"] == "S9") == [
        "delete, monitored", "delete, plain", "kill, monitored", "kill, plain",
    ]  # fmt: skip
    assert {r["cell"] for r in mixed.numbers["further"]} == {
        "S2-kernel-plain-kill", "S4-kernel-plain-kill", "S8-kernel-monitored-unlink",
        "S8-kernel-monitored-orphan", "S8-kernel-monitored-mode",
    }  # fmt: skip


def test_a_row_repeats_the_table_in_words(mixed: Built) -> None:
    found = row(mixed, "S3-kernel-monitored-kill")
    assert (found["kn"], found["verdict"], found["agreement"]) == ("2/10", "flaky", "differs")
    assert found["interval"] == "0.06–0.51"
    paths = {"alive": 0, "recovered": 2, "dead": 8, "gone": 0, "late": 0, "unknown": 0}
    assert found["path"] == paths
    assert found["median"] == "> 113"  # longer than each was seen, not than the watch
    assert found["where"] == "endpoint\u2019s node"


def test_every_attempt_that_is_not_void_is_judged(mixed: Built) -> None:
    counts = mixed.numbers["counts"]
    assert counts["judged"] == len(mixed.campaign.tables["trials"]) - mixed.campaign.voids


def test_voids_are_counted_with_their_reason(mixed: Built) -> None:
    campaign = mixed.numbers["campaign"]
    assert (campaign["attempts"], campaign["void"]) == (147, 2)
    assert campaign["incomplete"] == [
        {"outcome": "void", "reason": "the steady state was not green", "n": 2}
    ]


def test_a_campaign_without_trials_says_not_tested_everywhere(untested: Built) -> None:
    numbers = untested.numbers
    assert numbers["counts"]["judged"] == 0
    assert not any(plane["tested"] for plane in numbers["planes"])
    rows = numbers["planes"][0]["rows"]
    assert {r["verdict"] for r in rows} == {"not tested"}
    assert {r["kn"] for r in rows} == {""}
    assert numbers["further"] == []
    assert not any(about["drawn"] for n, about in numbers["figures"].items() if n != "result-table")


def test_a_campaign_on_the_other_plane_fills_the_other_table(vpp: Built) -> None:
    kernel, other = vpp.numbers["planes"]
    assert not kernel["tested"]
    assert other["tested"]
    assert kernel["rows"] == []


def test_links_lead_from_the_reports_folder_into_the_results(mixed: Built) -> None:
    typical = row(mixed, "S2-kernel-monitored-kill")["typical"]
    assert isinstance(typical, dict)
    assert typical["page"].startswith("site/") and typical["page"].endswith("#evidence")
    assert mixed.numbers["links"]["tables"] == "tables"


def test_images_lose_their_registry_and_keep_their_digest(mixed: Built) -> None:
    attempts = attempts_with_pods(mixed.campaign.campaign)
    assert mixed.numbers["campaign"]["images"] == [
        {"name": "nsmd", "tag": "v0.2.0", "digest": "ab" * 32, "attempts": len(attempts)}
    ]


def test_every_build_of_an_image_and_every_node_is_named(mixed: Built, tmp_path: Path) -> None:
    campaign = tmp_path / "campaign"
    shutil.copytree(mixed.campaign.campaign, campaign)
    *others, last = attempts_with_pods(campaign)
    snapshot, meta = last / "snapshots" / "before.json", last / "meta.json"
    snapshot.write_text(snapshot.read_text(encoding="utf-8").replace("ab" * 32, "cd" * 32))
    meta.write_text(meta.read_text(encoding="utf-8").replace('"kernel": "', '"kernel": "new-'))
    found = campaign_facts(campaign, load_recorded_study(campaign / "study.yaml"))
    builds = [(build["digest"], build["attempts"]) for build in found["images"]]
    assert builds == [("ab" * 32, len(others)), ("cd" * 32, 1)]
    assert {node["kernel"].startswith("new-") for node in found["nodes"]} == {True, False}
    rows = environment_table([campaign]).set_index("what")["value"]
    assert rows["image nsmd"] == (
        f"v0.2.0 {'ab' * 32} ({len(others)} attempts); v0.2.0 {'cd' * 32} (1 attempt)"
    )
    assert "; " in rows["node of the client"]
    told = limits.builds([{"campaign": found}])
    assert told.startswith(f"“{found['name']}” ran several builds of nsmd. ")
    assert limits.builds([{"campaign": mixed.numbers["campaign"]}]) == ""


def test_the_commits_of_all_trials_are_named(mixed: Built) -> None:
    campaign = mixed.numbers["campaign"]
    assert campaign["commits"] == ["c0ffee" * 6]
    assert campaign["commits_short"] == ["c0ffeec0ff"]
    assert campaign["dirty"] is False


def test_a_campaign_that_has_not_begun_still_has_numbers(untested: Built, tmp_path: Path) -> None:
    campaign = tmp_path / "campaign"
    shutil.copytree(untested.campaign.campaign, campaign)
    path = campaign / "campaign.json"
    described = {**json.loads(path.read_text(encoding="utf-8")), "created": ""}
    path.write_text(json.dumps(described), encoding="utf-8")
    numbers = write_numbers(untested.campaign.tables_dir, [campaign], tmp_path / "n.json")
    found = numbers["campaign"]
    assert found["begun"] is False
    assert found["created"]["unix"] == 0


def test_controls_give_the_rate_of_false_alarms(mixed: Built) -> None:
    assert mixed.numbers["controls"] == {
        "n": 10, "alarms": 0, "interval": "0.00–0.28", "stopped": 0
    }  # fmt: skip


@pytest.mark.parametrize("path", ["late", "dead", "gone"])
def test_a_control_whose_path_stopped_is_counted_whatever_became_of_it(
    mixed: Built, path: str
) -> None:
    trials = mixed.campaign.tables["trials"].copy()
    own = trials["scenario"] == "S1"
    trials.loc[own, "path_verdict"] = path
    for interruptions, stopped in ((1, True), (0, path != "late")):
        trials.loc[own, "interruptions"] = interruptions
        tables = {**mixed.campaign.tables, "trials": trials}
        found = controls(cell_rows(tables, mixed.campaign.study, {}))
        assert found["stopped"] == (found["n"] if stopped else 0) and found["n"] == 10


def test_a_missing_table_is_named(mixed: Built, tmp_path: Path) -> None:
    with pytest.raises(NumbersError, match=r"trials\.parquet is missing; run"):
        write_numbers(tmp_path, [mixed.campaign.campaign], tmp_path / "n.json")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"source": "invented"}, "`source`: should be .recorded., .live. or .synthetic."),
        ({"created": None}, ""),
    ],
)
def test_a_description_that_makes_no_sense_is_an_error(
    mixed: Built, tmp_path: Path, change: dict[str, object], message: str
) -> None:
    campaign = tmp_path / "campaign"
    campaign.mkdir()
    for name in ("campaign.json", "study.yaml"):
        shutil.copy(mixed.campaign.campaign / name, campaign / name)
    path = campaign / "campaign.json"
    described = {**json.loads(path.read_text(encoding="utf-8")), **change}
    path.write_text(json.dumps({k: v for k, v in described.items() if v is not None}), "utf-8")
    with pytest.raises(DescriptionError, match=message or "lacks created"):
        write_numbers(mixed.campaign.tables_dir, [campaign], tmp_path / "n.json")


def test_a_missing_campaign_says_which_command_makes_it(mixed: Built, tmp_path: Path) -> None:
    with pytest.raises(DescriptionError, match=re.escape("`nsm-resilience archive unpack`")):
        write_numbers(mixed.campaign.tables_dir, [tmp_path], tmp_path / "n.json")


def test_seconds_have_three_significant_digits() -> None:
    written = [seconds(v) for v in (0.0, 0.0204, 1.5, 12.34, 123.4, float("nan"))]
    assert written == ["0", "0.020", "1.50", "12.3", "123", ""]


def test_what_was_not_reached_is_longer_than_it_was_seen() -> None:
    inf = float("inf")
    assert median_seconds(inf, 53.59) == "> 53.5"  # rounded down: more is not known
    assert span(30.8, inf, 30.8, 53.59) == "30.8 to > 53.5"
    assert span(inf, inf, 53.59, 53.59) == "> 53.5"
    assert span(13.9, 37, 13.9, 37) == "13.9–37.0"
    assert down_time(inf, 53.59, 3) == "down > 53.5 in up to 3"
    assert down_time(2.5, 2.5, 1) == "down 2.50 in 1"


def test_dates_are_written_in_utc() -> None:
    found = dates(parse_time("2026-01-01T01:00:00+03:00"))
    assert found["en"] == "31 December 2025"
    assert parse_time("2026-01-01T00:00:00").tzinfo is not None


def test_nested_descriptions_become_rows() -> None:
    found = flattened({"cpu": {"model_name": "x", "cores": 2}, "flags": [1, 2], "empty": None})
    assert found == [
        {"what": "CPU: model name", "value": "x"},
        {"what": "CPU: cores", "value": "2"},
        {"what": "flags", "value": "1, 2"},
    ]
