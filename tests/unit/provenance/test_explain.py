# SPDX-License-Identifier: Apache-2.0
"""A verdict is followed to the very line of the record that it rests on."""

from __future__ import annotations

import contextlib
import csv
import json
import re
import shutil
from pathlib import Path

import pytest

from nsm_resilience.judge.campaign import CampaignError, judge_campaign
from nsm_resilience.provenance.explain import ExplainError, explain_verdicts
from nsm_resilience.report.contrasts import write_contrasts
from nsm_resilience.report.numbers import write_numbers
from nsm_resilience.report.site_links import page_of
from nsm_resilience.tables.build import build_tables
from tests.builders.records import build, describe, note
from tests.builders.samples import ns
from tests.builders.studies import make_study

CAMPAIGN = Path("results/unpacked/constructed")


@pytest.fixture(scope="module")
def once_judged(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a campaign and its verdicts; each test gets a copy."""
    root = tmp_path_factory.mktemp("judged")
    with contextlib.chdir(root):
        study = make_study(CAMPAIGN)
        build(CAMPAIGN, "S2", study=study, down=[(6.0, 500.0)], answered_s=None)
        build(CAMPAIGN, "S2", study=study, number=2)
        build(CAMPAIGN, "S6", study=study, void="the node was lost")
        stream = {"channel": "monitor stream", "what": "broken"}
        stream["text"] = "the connection was closed"
        broke = (4.0, note("notification", source="agent", t_ns=ns(4.0), data=stream))
        build(CAMPAIGN, "S7", study=study, acts=[broke], factors={"client": "plain"})
        describe(CAMPAIGN)
        judge_campaign(CAMPAIGN, Path("results/verdicts/constructed.jsonl"))
    return root


@pytest.fixture(scope="module")
def once_reported(once_judged: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same, with tables and numbers beside the verdicts."""
    root = tmp_path_factory.mktemp("reported") / "root"
    shutil.copytree(once_judged, root)
    with contextlib.chdir(root):
        path = CAMPAIGN / "campaign.json"
        description = json.loads(path.read_text(encoding="utf-8"))
        path.write_text(json.dumps({"created": "2026-11-23", "source": "synthetic", **description}))
        build_tables([CAMPAIGN], Path("results/verdicts"), Path("results/tables"))
        write_contrasts(Path("results/tables"), [CAMPAIGN])
        write_numbers(Path("results/tables"), [CAMPAIGN], Path("results/numbers.json"))
    return root


@pytest.fixture
def judged(once_judged: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    shutil.copytree(once_judged / "results", "results")
    return Path("results/verdicts")


@pytest.fixture
def reported(once_reported: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    shutil.copytree(once_reported / "results", "results")
    return Path("results/verdicts")


def test_the_way_from_claim_and_figure_to_row_and_record_is_shown_in_order(reported: Path) -> None:
    text = "\n".join(explain_verdicts("S2", 1, reported))
    parts = [text.index(f"\n  {word} ") for word in ("claims", "figures", "rows", "record")]
    assert parts == sorted(parts)
    assert "C0 (Seven of the nine scenarios are supported.): not tested" in text
    figure = "results/figures/outages.svg from notebooks/outages.py, run as results/notebooks/"
    assert figure in text


def test_every_row_that_is_named_is_of_the_trial(reported: Path) -> None:
    lines = list(explain_verdicts("S2", 1, reported))
    named = [
        m for line in lines if (m := re.search(r"(results/tables/\w+\.csv), rows? (.+?) \(", line))
    ]
    assert {Path(m[1]).stem for m in named} >= {"scenarios", "trials", "outages", "phases"}
    for match in named:
        with Path(match[1]).open(encoding="utf-8", newline="") as stream:
            rows = list(csv.reader(stream))
        for span in match[2].split(", "):
            first, _, last = span.partition("–")
            for row in rows[int(first) - 1 : int(last or first)]:
                assert {"S2", "constructed"} <= set(row)
                if "scenarios" not in match[1]:
                    assert "S2-kernel-monitored-kill/01" in row


def test_an_attempt_that_does_not_count_is_in_no_claim_and_no_figure(reported: Path) -> None:
    text = "\n".join(explain_verdicts("S6", None, reported))
    assert "counts    no" in text
    assert "figures " not in text
    assert re.search(r"results/tables/trials\.csv, row \d+", text)


def test_without_tables_the_way_begins_at_the_record(judged: Path) -> None:
    text = "\n".join(explain_verdicts("S2", 1, judged))
    assert "report    not built: results/tables/trials.csv is missing; run `snakemake`" in text
    assert "claims " not in text


def test_every_place_that_is_named_holds_the_line_that_is_shown(judged: Path) -> None:
    lines = list(explain_verdicts("S2", 1, judged))
    places = [(n, m) for n, line in enumerate(lines) if (m := re.match(r" +(\S+):(\d+)$", line))]
    assert places
    for number, match in places:
        own = Path(match[1]).read_text(encoding="utf-8").splitlines()[int(match[2]) - 1]
        shown = lines[number + 1].strip()
        assert own == shown or own.startswith(shown.removesuffix("…"))


def test_the_verdict_comes_first_and_says_why(judged: Path) -> None:
    head, why, path, new, *_ = explain_verdicts("S2-kernel-monitored-kill/01", None, judged)
    assert head == "S2-kernel-monitored-kill/01, attempt 1 of constructed: unsupported"
    assert "because" in why
    assert "dead, away for more than" in path
    assert "no answer" in new


def test_a_scenario_is_all_of_its_trials_and_a_number_one_of_them(judged: Path) -> None:
    heads = [line for line in explain_verdicts("S2", None, judged) if ", attempt" in line[:40]]
    assert len(heads) == 2
    one = [line for line in explain_verdicts("S2", 2, judged) if ", attempt" in line[:40]]
    assert one == heads[1:]


def test_what_a_client_that_listens_would_have_been_told_is_shown_where_somebody_listened(
    judged: Path,
) -> None:
    lines = list(explain_verdicts("S7", None, judged))
    assert "  told      no" in lines
    assert "  listener  after 4.00 s by stream to NSM broke" in lines
    assert any("the connection was closed" in line for line in lines)
    assert not any("listener" in line for line in explain_verdicts("S2", None, judged))


def test_a_void_attempt_is_explained_too(judged: Path) -> None:
    text = "\n".join(explain_verdicts("S6", None, judged))
    assert "unknown" in text
    assert "the node was lost" in text


def test_what_was_not_judged_is_an_error_that_names_what_was(judged: Path) -> None:
    with pytest.raises(ExplainError, match=r"no verdict of S9.*S2-kernel-monitored-kill"):
        list(explain_verdicts("S9", None, judged))


def test_without_verdicts_the_error_says_what_to_run(tmp_path: Path) -> None:
    with pytest.raises(ExplainError, match="run `snakemake` first"):
        list(explain_verdicts("S2", None, tmp_path / "verdicts"))


def test_a_damaged_file_of_verdicts_is_an_error(judged: Path) -> None:
    (judged / "constructed.jsonl").write_text("{}\n")
    with pytest.raises(CampaignError, match="line 1"):
        list(explain_verdicts("S2", None, judged))


def test_what_a_system_left_beside_the_verdicts_is_passed_over(judged: Path) -> None:
    told = list(explain_verdicts("S2", None, judged))
    (judged / "._constructed.jsonl").write_bytes(b"Mac OS X")
    assert list(explain_verdicts("S2", None, judged)) == told


def test_a_record_that_is_gone_is_named_and_quotes_nothing(judged: Path) -> None:
    shutil.rmtree("results/unpacked/constructed/records")
    lines = list(explain_verdicts("S2", 1, judged))
    assert any("constructed/records/" in line for line in lines)
    assert not any(line.strip().startswith('{"seq"') for line in lines)


def test_the_cell_that_the_study_declares_first_comes_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    campaign = Path("results/unpacked/constructed")
    study = make_study(campaign)
    build(campaign, "S2", study=study, factors={"failure": "hang"})
    build(campaign, "S2", study=study)
    describe(campaign)
    judge_campaign(campaign, Path("results/verdicts/constructed.jsonl"))
    heads = [x for x in explain_verdicts("S2", 1, Path("results/verdicts")) if x[:1] == "S"]
    assert [head.split("/")[0] for head in heads] == [
        "S2-kernel-monitored-kill", "S2-kernel-monitored-hang",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ("S22", r"did you mean `S2`\?$"),
        ("S2-kernel-monitored-kil", "S2-kernel-monitored-kill`"),
        ("S2-ker", r"did you mean `S2-kernel-monitored-kill`\?$"),
        ("S2/01", r"write `S2 --trial 1`$"),
        ("", "judged are cells: S2-kernel-monitored-kill"),
    ],
)
def test_what_is_nearly_right_is_answered_with_what_is_right(
    asked: str, told: str, judged: Path
) -> None:
    with pytest.raises(ExplainError, match=told):
        list(explain_verdicts(asked, None, judged))


def test_a_campaign_that_is_misspelt_gets_the_right_one(judged: Path) -> None:
    with pytest.raises(ExplainError, match=r"did you mean `constructed`\?"):
        list(explain_verdicts("S2", None, judged, "Construct"))


def test_a_file_of_verdicts_is_answered_with_its_folder(judged: Path) -> None:
    file = next(judged.glob("*.jsonl"))
    with pytest.raises(ExplainError, match=rf"is a file; write `--verdicts {judged}`"):
        list(explain_verdicts("S2", None, file))


def test_of_many_cells_only_the_scenarios_are_named(
    judged: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nsm_resilience.provenance.explain.FEW", 0)
    with pytest.raises(ExplainError, match=r"judged are S2, S6, S7$"):
        list(explain_verdicts("nothing like it", None, judged))


def test_upper_and_lower_case_are_the_same(judged: Path) -> None:
    assert list(explain_verdicts(" S2\n", 1, judged)) == list(explain_verdicts("S2", 1, judged))
    assert list(explain_verdicts("s2", 1, judged)) == list(explain_verdicts("S2", 1, judged))


def test_a_number_that_no_trial_has_is_answered_with_those_that_are_there(judged: Path) -> None:
    with pytest.raises(ExplainError, match="no trial 9 of S2; it has: 1, 2"):
        list(explain_verdicts("S2", 9, judged))


@pytest.fixture
def two(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The results of a build of two campaigns, one unpacked and one run here; we are elsewhere."""
    results = tmp_path / "there" / "results"
    for name, where in (("old", "unpacked"), ("new", "live")):
        campaign = results / where / name
        study = make_study(campaign)
        build(campaign, "S2", study=study)
        describe(campaign)
        path = campaign / "campaign.json"
        given = json.loads(path.read_text(encoding="utf-8"))
        path.write_text(json.dumps(given | {"campaign": name}), encoding="utf-8")
        judge_campaign(campaign, results / "verdicts" / f"{name}.jsonl")
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    return results


def records_of(verdicts: Path, campaign: str | None = None) -> list[Path]:
    lines = list(explain_verdicts("S2", None, verdicts, campaign))
    assert sum(line.strip().startswith('{"seq"') for line in lines) > 2, "lines are quoted"
    return [Path(line.split()[1]) for line in lines if line.startswith("  record ")]


def test_trials_of_every_campaign_of_a_build_are_found_from_anywhere(two: Path) -> None:
    found = records_of(two / "verdicts")
    assert {path.parents[3].relative_to(two).as_posix() for path in found} == {
        "unpacked/old", "live/new",
    }  # fmt: skip
    (one,) = records_of(two / "verdicts", "new")
    assert one.is_dir() and one.is_relative_to(two / "live" / "new")


def test_verdicts_that_were_copied_away_lead_to_the_records_that_are_here(
    two: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    copy = tmp_path / "copied"
    shutil.copytree(two / "verdicts", copy)
    monkeypatch.chdir(two.parent)
    assert all(path.is_dir() for path in records_of(copy))


def test_of_a_campaign_that_is_there_twice_the_one_of_the_build_is_quoted(two: Path) -> None:
    shutil.copytree(two / "live" / "new", two / "unpacked" / "new")
    numbers = {"campaign": {"name": "new"}, "links": {"campaign": "live/new"}}
    (two / "numbers.json").write_text(json.dumps(numbers), encoding="utf-8")
    (one,) = records_of(two / "verdicts", "new")
    assert one.is_relative_to(two / "live" / "new")


def test_the_page_of_a_trial_is_named_where_there_is_one(reported: Path) -> None:
    trial = "S2-kernel-monitored-kill/01"
    assert not any(line.startswith("  page") for line in explain_verdicts("S2", 1, reported))
    page = Path("results/site") / page_of("constructed", trial, 1)
    page.parent.mkdir(parents=True)
    page.write_text("page", encoding="utf-8")
    lines = list(explain_verdicts("S2", 1, reported))
    assert f"  page      {page.as_posix()}" in lines
