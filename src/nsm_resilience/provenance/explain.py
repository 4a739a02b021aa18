# SPDX-License-Identifier: Apache-2.0
"""From claim and figure to verdict and to the lines of the record, as text for a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path

from nsm_resilience.analysis.figures.cells import natural
from nsm_resilience.judge.campaign import read_judgements
from nsm_resilience.judge.disturbance import Disturbance
from nsm_resilience.judge.evidence import Evidence
from nsm_resilience.judge.first_sign import NOT_APPLICABLE
from nsm_resilience.judge.judgement import Judgement, Measures
from nsm_resilience.judge.newclients import BlindTime
from nsm_resilience.nearest import did_you_mean, nearest
from nsm_resilience.provenance.chain import Built, chain_of
from nsm_resilience.record.layout import CAMPAIGNS, CampaignLayout
from nsm_resilience.study.load import ConfigError, load_recorded_study
from nsm_resilience.tables.language import shortened
from nsm_resilience.tables.rows import counting

FEW = 12
"""Most cells that an error names if none is near the one asked for."""
LONGEST_LINE = 300
"""Most characters of a record's line that are shown."""


class ExplainError(ValueError):
    """There is nothing to explain: the message says what there is."""


def find_verdicts(
    what: str, number: int | None, verdicts: Path, campaign: str | None = None
) -> list[Judgement]:
    """The judgements of a scenario (`S2`), a cell, or a trial (`<cell>/<NN>`), in study order.

    The study declares the cell of the paper's claim before its variants. Upper and lower case are
    the same. ExplainError if there is no such verdict.

    Args:
        verdicts: Folder with the judge's verdicts, a file for each campaign.
        campaign: Only of this campaign; without it of all, in the order of the build.
    """
    return _chosen(_read(verdicts, campaign), what.strip(), number, Built(verdicts.parent))


def explain_verdicts(
    what: str, number: int | None, verdicts: Path, campaign: str | None = None
) -> Iterator[str]:
    """Lines for every attempt of `find_verdicts`, each with its way from claim to record."""
    judgements = _read(verdicts, campaign)
    what = what.strip()
    built = Built(verdicts.parent)
    chosen = _chosen(judgements, what, number, built)
    counted = {(one.campaign, one.trial, one.attempt) for one in counting(judgements)}
    for judgement in chosen:
        key = (judgement.campaign, judgement.trial, judgement.attempt)
        chain = chain_of(built, *key, key in counted)
        yield from explain(judgement, _folder_of(judgement, built), chain)


def _read(verdicts: Path, campaign: str | None) -> list[Judgement]:
    """The judgements of all campaigns, those of the paper's own first."""
    files = {path.stem: path for path in sorted(verdicts.glob("[!.]*.jsonl"))}
    if not files:
        if verdicts.is_file():
            raise ExplainError(f"{verdicts} is a file; write `--verdicts {verdicts.parent}`")
        raise ExplainError(f"{verdicts} holds no verdicts; run `snakemake` first")
    if campaign is not None and campaign not in files:
        hint = did_you_mean(campaign, files) or f"there are: {', '.join(files)}"
        raise ExplainError(f"there is no campaign {campaign} in {verdicts}; {hint}")
    order = [name for name in Built(verdicts.parent).campaigns if name in files]
    names = [campaign] if campaign is not None else [*order, *(n for n in files if n not in order)]
    return [judgement for name in names for judgement in read_judgements(files[name])]


def _chosen(
    judgements: list[Judgement], what: str, number: int | None, built: Built
) -> list[Judgement]:
    chosen = [j for j in judgements if _is_meant(j, what, number)]
    if not chosen:
        raise ExplainError(_not_there(what, number, judgements))
    found: list[Judgement] = []
    for campaign in dict.fromkeys(j.campaign for j in chosen):
        own = [j for j in chosen if j.campaign == campaign]
        order = _declared(_folder_of(own[0], built))
        found += sorted(own, key=lambda j: (order.get(_cell(j), len(order)), j.trial, j.attempt))
    return found


def _cell(judgement: Judgement) -> str:
    return judgement.trial.split("/", 1)[0]


def _declared(campaign_folder: Path) -> dict[str, int]:
    """Position of each cell in the campaign's study; empty without a readable study."""
    try:
        study = load_recorded_study(CampaignLayout(campaign_folder).study)
    except ConfigError:
        return {}
    return {cell.id: place for place, (cell, _) in enumerate(study.cells())}


def _not_there(what: str, number: int | None, judgements: list[Judgement]) -> str:
    """Why nothing was found, with similar names, or else all names."""
    cells = sorted({_cell(j) for j in judgements})
    scenarios = sorted({j.scenario for j in judgements}, key=natural)
    trials = [j.trial for j in judgements if _is_meant(j, what, None)]
    if number is not None and trials:
        ends = (trial.rpartition("/")[2] for trial in trials)
        numbers = sorted({int(end) for end in ends if end.isdigit()})
        return f"there is no trial {number} of {what}; it has: {', '.join(map(str, numbers))}"
    scenario, slash, rest = what.partition("/")
    if slash and rest.isdigit() and scenario.lower() in {name.lower() for name in scenarios}:
        return f"there is no verdict of {what}; write `{scenario} --trial {int(rest)}`"
    near = [cell for cell in cells if what and cell.lower().startswith(what.lower())]
    near = near or nearest(what, (*scenarios, *cells, *(j.trial for j in judgements)), 3, 0.6)
    if near:
        meant = " or ".join(f"`{name}`" for name in near[:3])
        return f"there is no verdict of {what}; did you mean {meant}?"
    there = f"cells: {', '.join(cells)}" if len(cells) <= FEW else ", ".join(scenarios)
    return f"there is no verdict of {what or 'nothing'}; judged are {there or 'none'}"


def explain(
    judgement: Judgement, campaign_folder: Path, chain: Iterable[str] = ()
) -> Iterator[str]:
    """Lines for one attempt: verdict and reason, measures, then the way from claim to record.

    That way is `chain`, lines from claim to table row if the build is at hand, and every place in
    the record that the verdict rests on, with its text.
    """
    m = judgement.measures
    where = f" of {judgement.campaign}" if judgement.campaign else ""
    yield f"{judgement.trial}, attempt {judgement.attempt}{where}: {judgement.verdict}"
    yield f"  because   {judgement.reason}"
    lost = f"{m.replies_lost} of {m.replies_sent} replies lost"
    yield f"  path      {m.path_verdict}{_outage(judgement)}; {lost}"
    yield f"  new path  {_answer(m.new_connection_answered, m.new_connection_s)}"
    if m.blind_s is not None:
        for new in m.new_clients:
            asked = "at an unknown time" if new.asked_s is None else f"after {new.asked_s:.2f} s"
            yield f"            {new.client}: asked {asked}, {_answer(new.answered, new.seconds)}"
        yield f"  blind     {blind_in_words(m)}; new clients: {m.new_connection_verdict}"
    yield f"  detected  {_when(m.detected_s, m.detected_by, m.detected_unknown)}"
    yield f"  told      {_when(m.notified_s, m.notified_by, m.notified_unknown)}"
    if m.listener_watched:
        yield f"  listener  {_when(m.listener_told_s, m.listener_told_by)}"
    for one in m.disturbances:
        if one.kind == "loss":
            yield f"  beside    {_disturbance(one)}"
    if m.watchdog_findings is not None:
        found = _when(m.watchdog_found_s, f"rule {m.watchdog_found_rule}")
        yield f"  watchdog  found: {found}; actions: {m.watchdog_acts}"
    yield from chain
    record = campaign_folder / judgement.record
    yield f"  record    {record.as_posix()}"
    for evidence in judgement.evidence:
        yield f"  - {evidence.what}: {evidence.text}"
        yield f"      {place(record, evidence)}"
        line = quoted(record, evidence)
        if line is not None:
            yield f"      {line}"
    yield ""


def holder(record: Path, evidence: Evidence) -> Path:
    """The record that holds the evidence: another attempt's, or the given one."""
    return record.parents[3] / evidence.record if evidence.record else record


def place(record: Path, evidence: Evidence) -> str:
    """The place of the evidence: `file:line`, or a range of echoes or of rows of samples."""
    path = (holder(record, evidence) / evidence.file).as_posix()
    if evidence.line is not None:
        return f"{path}:{evidence.line}"
    if evidence.first_seq is None:
        return path
    return f"{path}, {evidence.first_seq} to {evidence.last_seq}"


def quoted(record: Path, evidence: Evidence, longest: int = LONGEST_LINE) -> str | None:
    """The line of evidence in a text file; None for a table, or if the line is missing.

    A line of more than `longest` characters is cut and ends in `…`.
    """
    path = holder(record, evidence) / evidence.file
    if evidence.line is None or not path.is_file():
        return None
    with path.open(encoding="utf-8", errors="replace") as lines:
        line = next(islice(lines, evidence.line - 1, None), None)
    return None if line is None else shortened(line.rstrip("\n"), longest)


def _is_meant(judgement: Judgement, what: str, number: int | None) -> bool:
    cell, _, own = judgement.trial.partition("/")
    if what.lower() not in (judgement.scenario.lower(), cell.lower(), judgement.trial.lower()):
        return False
    return number is None or (own.isdigit() and int(own) == number)


def _folder_of(judgement: Judgement, built: Built) -> Path:
    """The folder of a campaign's records: that of the verdicts' build, or else one found here.

    Verdicts may have been copied away from their build. A campaign may also exist twice, unpacked
    and run here; the build names the one that it used.
    """
    name = judgement.campaign
    named = [built.folders[name]] if name in built.folders else []
    beside = [built.folder / folder.name / name for folder in CAMPAIGNS]
    places = [*named, *beside, *(folder / name for folder in CAMPAIGNS)]
    existing = (folder for folder in places if (folder / judgement.record).is_dir())
    return next(existing, places[0])


def _disturbance(one: Disturbance) -> str:
    what = f"{one.echoes} echoes in a row lost in {one.length_s:.2f} s, {one.followed}"
    if one.act:
        return f"{what}: {one.cause_lane} {one.act_text} at {one.act_at} ({one.cause_trial})"
    return f"{what}: so were echoes of {', '.join(one.beside)}"


def _outage(judgement: Judgement) -> str:
    m = judgement.measures
    if not m.outage_s:
        return ""
    away = f", away for {'more than ' if m.outage_censored else ''}{m.outage_s:.2f} s"
    return f"{away} (down {m.down_s or 0:.2f} s, interruptions: {len(m.outages)})"


def blind_in_words(m: Measures) -> str:
    """How long new clients were refused; `not known` if none asked in the watch."""
    if m.blind_s is None or m.blind_at_least_s is None:
        return "not known"
    return BlindTime(m.blind_s, m.blind_at_least_s, m.blind_censored).in_words(2)


def _answer(answered: bool | None, seconds: float | None) -> str:
    if answered is None:
        return "not measured"
    return "no answer" if not answered or seconds is None else f"answered after {seconds:.2f} s"


def _when(seconds: float | None, by: str | None, unknown: str | None = None) -> str:
    if unknown is not None:
        return unknown if unknown.startswith(NOT_APPLICABLE) else f"unknown: {unknown}"
    return "no" if seconds is None else f"after {seconds:.2f} s by {by}"
