# SPDX-License-Identifier: Apache-2.0
"""The tables of contrasts: on disk, on a terminal, as the paper's numbers, and for any folders."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nsm_resilience.analysis.contrast_rows import contrast_table
from nsm_resilience.analysis.figures.cells import judged
from nsm_resilience.analysis.figures.contrasts import shared_levels, side_name
from nsm_resilience.analysis.measures import BY_NAME
from nsm_resilience.analysis.trial_units import RunConditions
from nsm_resilience.judge.campaign import judge_campaign
from nsm_resilience.record.archive import unpack
from nsm_resilience.record.checksums import CHECKSUMS
from nsm_resilience.record.layout import CampaignLayout
from nsm_resilience.record.reader import read_record
from nsm_resilience.report.campaign import environment_table, read_description, record_clusters
from nsm_resilience.report.wording import adjusted_p
from nsm_resilience.study.load import load_recorded_study
from nsm_resilience.tables.build import build_tables
from nsm_resilience.tables.contrasts import CONTRASTS, ENVIRONMENTS, KINDS, SIDES, WORDS
from nsm_resilience.tables.language import seconds
from nsm_resilience.tables.write import write_table

if TYPE_CHECKING:
    import pandas as pd

Row = dict[str, Any]

_MINUS = "\u2212"


class ContrastsError(ValueError):
    """The inputs of contrasts are missing; the message says what to give or to run."""


def write_contrasts(tables_dir: Path, campaigns: Sequence[Path]) -> list[Path]:
    """Write tables `contrasts` and `environments` beside the others; return the files.

    Raises:
        ContrastsError: table `trials` or `phases` is missing.
        DescriptionError, ConfigError: a campaign cannot be read.
    """
    import pandas as pd

    sources = [tables_dir / f"{name}.parquet" for name in ("trials", "phases")]
    for path in sources:
        if not path.is_file():
            raise ContrastsError(f"{path} is missing; run `nsm-resilience tables` first")
    trials = pd.read_parquet(sources[0])
    phases = pd.read_parquet(
        sources[1],
        columns=["campaign", "trial", "attempt", "phase", "seconds"],
        filters=[("phase", "==", "install")],
    )
    ran = dict(_ran(folder, trials, phases) for folder in campaigns)
    return [
        *write_table(CONTRASTS, contrast_table(trials, ran), tables_dir),
        *write_table(ENVIRONMENTS, environment_table(campaigns), tables_dir),
    ]


def _ran(folder: Path, trials: pd.DataFrame, installs: pd.DataFrame) -> tuple[str, RunConditions]:
    """How the trials of a campaign were run, by its name."""
    description = read_description(folder)
    name, study = str(description["campaign"]), load_recorded_study(CampaignLayout(folder).study)
    own = installs[installs["campaign"] == name]
    ids = zip(own["trial"], own["attempt"], own["seconds"], strict=True)
    records = judged(trials[trials["campaign"] == name])["record"] if study.turns else ()
    return name, RunConditions(
        study,
        record_clusters(folder, description["records"]),
        {f"records/{trial}/{attempt}": float(s) for trial, attempt, s in ids if s == s},
        # samples of 10,000 trials are gigabytes: read only if the study compares lanes
        {record: median_round_trip_ms(folder / record) for record in records},
    )


def median_round_trip_ms(record: Path) -> float:
    """Median round trip of the answered echoes of the established path; NaN without any."""
    path = read_record(record).table("path")
    return float(path["rtt_ns"].dropna().astype(float).median()) / 1e6


def contrast_numbers(contrasts: pd.DataFrame, environments: pd.DataFrame) -> dict[str, Any]:
    """Return the paper's numbers on contrasts, as plain data.

    `kinds` has one entry for each thing that sets differ in: the number of comparisons, of those
    between two campaigns, of each word, of those without a test, and the rows with a difference
    beyond chance.
    """
    rows = [in_words(row) for row in contrasts.to_dict("records")]
    differing = environments[~environments["shared"]]
    return {
        "kinds": [
            {
                "id": kind,
                "name": name,
                "n": len(own),
                "across": sum(row["first_campaign"] != row["second_campaign"] for row in own),
                "words": {word: sum(row["word"] == word for row in own) for word in WORDS},
                "untested": sum(not row["tested"] for row in own),
                "clear": [row for row in own if row["word"] not in ("open", "equal")],
            }
            for kind, name in KINDS.items()
            if (own := [row for row in rows if row["differs_in"] == kind])
        ],
        "environments": [
            {"campaign": str(row["campaign"]), "what": str(row["what"]), "value": str(row["value"])}
            for row in differing.to_dict("records")
        ],
    }


def in_words(row: Mapping[Any, Any]) -> Row:
    """Write one row of table `contrasts` for people."""
    compared, shown = BY_NAME[str(row["measure"])], shared_levels(row)
    share, scenario = compared.share, str(row["scenario"])
    method = row["method"] if isinstance(row["method"], str) else "exact"
    return {
        "differs_in": str(row["differs_in"]),
        "cell": f"{scenario} ({', '.join(shown)})" if shown else scenario,
        **{side: level_in_words(row, side) for side in SIDES},
        **{f"{side}_campaign": str(row[f"{side}_campaign"]) for side in SIDES},
        "measure": compared.words,
        **{f"{side}_value": _value(row, side, share=share) for side in SIDES},
        "difference": difference_in_words(row, share=share),
        "interval": _interval(row["low"], row["high"], share=share),
        "by_unit": _by_unit(row, share=share),
        "p": adjusted_p(float(row["p_adjusted"]), float(row["least_p"]), method),
        "tested": not math.isnan(float(row["p"])),
        "word": str(row["word"]),
    }


def level_in_words(row: Mapping[Any, Any], side: str) -> str:
    """The level of one side, with its campaign if that differs besides."""
    apart = row["first_campaign"] != row["second_campaign"] and row["differs_in"] != "campaign"
    return side_name(row, side) + (f" ({row[f'{side}_campaign']})" if apart else "")


def difference_in_words(row: Mapping[Any, Any], *, share: bool) -> str:
    """Write a difference, as a bound if censoring leaves it open to one side."""
    least, most = float(row["at_least"]), float(row["at_most"])
    if math.isnan(least):
        return ""
    if least == most:
        return signed(least, share=share)
    if math.isfinite(least) and math.isfinite(most):
        return f"{signed(least, share=share)} to {signed(most, share=share)}"
    if math.isfinite(least):
        return f">\u00a0{signed(least, share=share)}"
    return f"<\u00a0{signed(most, share=share)}" if math.isfinite(most) else "open"


def signed(value: float, *, share: bool) -> str:
    """Write a difference with its sign: a share with two decimals, else three digits.

    >>> signed(-0.5, share=True), signed(3.0255, share=False), signed(0.0, share=False)
    ('−0.50', '+3.03', '0')
    """
    if math.isnan(value):
        return ""
    number = f"{abs(value):.2f}" if share else seconds(abs(value))
    if float(number) == 0:
        return number
    return f"{'+' if value > 0 else _MINUS}{number}"


def _value(row: Mapping[Any, Any], side: str, *, share: bool) -> str:
    n, value = int(row[f"{side}_n"]), float(row[f"{side}_value"])
    if not n:
        return ""
    if share:
        return f"{round(value * n)}/{n}"
    text = "not seen" if math.isinf(value) else seconds(value)
    return f"{text} (n = {n})"


def _by_unit(row: Mapping[Any, Any], *, share: bool) -> str:
    """Write the interval from resampled units: of Cliff's delta, or of a share's difference.

    Empty if there is none, or if it prints like that of single trials.
    """
    low, high = float(row["resampled_low"]), float(row["resampled_high"])
    words = _interval(low, high, share=True)
    beside = ("low", "high") if share else ("delta_low", "delta_high")
    single = _interval(float(row[beside[0]]), float(row[beside[1]]), share=True)
    return "" if words == single else words


def _interval(low: float, high: float, *, share: bool) -> str:
    if math.isnan(low) or math.isnan(high) or (math.isinf(low) and math.isinf(high)):
        return ""
    if math.isinf(high):
        return f"from {signed(low, share=share)}"
    if math.isinf(low):
        return f"up to {signed(high, share=share)}"
    return f"{signed(low, share=share)} to {signed(high, share=share)}"


COLUMNS = ("cell", "first", "second", "measure", "first_value", "second_value", "difference",
           "interval", "p", "word")  # fmt: skip


def contrast_lines(contrasts: pd.DataFrame, *, everything: bool = False) -> Iterator[str]:
    """Lines for a terminal: the differences beyond chance, or every row."""
    rows = [in_words(row) for row in contrasts.to_dict("records")]
    shown = [row for row in rows if everything or row["word"] not in ("open", "equal")]
    counts = {word: sum(row["word"] == word for row in rows) for word in WORDS}
    words = ", ".join(f"{n} {word}" for word, n in counts.items() if n)
    yield f"{len(rows)} comparisons: {words or 'none'}"
    widths = {c: max([len(c), *(len(row[c]) for row in shown)]) for c in COLUMNS}
    for kind, name in KINDS.items():
        own = [row for row in shown if row["differs_in"] == kind]
        if own:
            yield ""
            yield f"{name}: second less first; interval and p hold for the whole family"
            yield "  ".join(f"{c.replace('_', ' '):{widths[c]}}" for c in COLUMNS).rstrip()
            for row in own:
                yield "  ".join(f"{row[c]:{widths[c]}}" for c in COLUMNS).rstrip()


def compare(folders: Sequence[Path], scratch: Path) -> pd.DataFrame:
    """Judge these campaigns, recorded or with records, and return table `contrasts` of them.

    Raises:
        ContrastsError: one of them is neither.
        ArchiveError: a recorded campaign is damaged.
        CampaignError: two have the same name.
    """
    import pandas as pd

    campaigns = [_unpacked(folder, scratch) for folder in folders]
    verdicts, tables = scratch / "verdicts", scratch / "tables"
    for campaign in campaigns:
        judge_campaign(campaign, verdicts / f"{campaign.name}.jsonl")
    build_tables(campaigns, verdicts, tables)
    write_contrasts(tables, campaigns)
    return pd.read_parquet(tables / "contrasts.parquet")


def _unpacked(folder: Path, scratch: Path) -> Path:
    if (folder / CHECKSUMS).is_file():
        campaign = scratch / "unpacked" / folder.name
        campaign.parent.mkdir(parents=True, exist_ok=True)
        unpack(folder, campaign)
        return campaign
    if CampaignLayout(folder).description.is_file():
        return folder
    raise ContrastsError(
        f"{folder} is no campaign; give a recorded one (results/recorded/<name>) or one with its "
        "records (results/unpacked/<name>, results/live/<name>)"
    )
