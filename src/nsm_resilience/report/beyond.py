# SPDX-License-Identifier: Apache-2.0
"""A campaign with scenarios of our own and the remedy as a factor, for the paper: all its numbers.

It stands beside the campaign of the paper and decides none of its claims. It may be partial: an arm
or a cell without a judged trial is shown as not tested, and counted as nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

import pandas as pd

from nsm_resilience.analysis.coverage import coverage, load_facts
from nsm_resilience.analysis.families import LEVEL
from nsm_resilience.analysis.figures.cells import cell_labels, level_name, levels_in_order
from nsm_resilience.analysis.figures.cells import short_names as names_of
from nsm_resilience.analysis.figures.remedies import FIGURES, describe_remedies
from nsm_resilience.analysis.remedies import arm_table, is_default_but_remedy, remedy_table
from nsm_resilience.analysis.statistics import CONFIDENCE, wilson
from nsm_resilience.record.layout import CampaignLayout
from nsm_resilience.report.campaign import (
    campaign_facts,
    first_complete,
    read_description,
    trial_commits,
)
from nsm_resilience.report.coverage import ours_rows
from nsm_resilience.report.numbers import Second, apart_in_words, read_named, read_tables
from nsm_resilience.report.rows import cell_rows
from nsm_resilience.report.watchdog_rules import stated_rules
from nsm_resilience.report.wording import p_of, seconds, share_interval, signed, signed_interval
from nsm_resilience.study.load import load_recorded_study
from nsm_resilience.tables.attempts import APART
from nsm_resilience.tables.remedies import ARMS, REMEDIES, REMEDY_TABLES, TIMES
from nsm_resilience.tables.schemas import CELL
from nsm_resilience.tables.write import write_table

if TYPE_CHECKING:
    from nsm_resilience.study.models import Study

Row = dict[str, Any]

_SAME = tuple(name for name in CELL if name != "remedy")
"""What the cells of one line have in common."""


def write_remedies(tables_dir: Path, campaign: Path, out_dir: Path) -> list[Path]:
    """Write tables `remedies` and `arms` as CSV and Parquet; return the files.

    Args:
        tables_dir: the tables of a campaign.
        campaign: its folder.
        out_dir: folder to write.

    Raises:
        NumbersError: a table is missing.
        ConfigError: the campaign's study file is not valid.
    """
    tables = read_tables(tables_dir)
    study = load_recorded_study(CampaignLayout(campaign).study)
    remedies = remedy_table(tables["trials"], tables["scenarios"], study)
    arms = arm_table(tables["trials"], remedies)
    return [*write_table(REMEDIES, remedies, out_dir), *write_table(ARMS, arms, out_dir)]


def add_beyond(
    numbers: Mapping[str, Any], beyond: Second, tables_dir: Path, links: Mapping[str, str]
) -> dict[str, Any]:
    """Return the paper's numbers with those of such a campaign, and with its figures.

    Args:
        numbers: those of the paper's own campaign, see `numbers.make_numbers`.
        beyond: where the campaign and its tables are.
        tables_dir: folder with the tables `remedies` and `arms`.
        links: where its tables and its records are, as seen from the report.

    Raises:
        NumbersError: a table is missing.
    """
    made = read_named(tables_dir, REMEDY_TABLES, "nsm-resilience remedies")
    tables = read_tables(beyond.tables)
    figures = [describe_remedies(tables["trials"], made[REMEDIES.name], name) for name in FIGURES]
    return {
        **numbers,
        "figures": {**numbers["figures"], **{figure.name: figure.to_dict() for figure in figures}},
        "tables": [
            *numbers["tables"],
            *({"name": name, "rows": len(table)} for name, table in made.items()),
        ],
        "beyond": beyond_numbers(tables, made, beyond.campaign, links),
    }


def beyond_numbers(
    tables: Mapping[str, pd.DataFrame],
    made: Mapping[str, pd.DataFrame],
    campaign: Path,
    links: Mapping[str, str],
) -> dict[str, Any]:
    """Return what the paper says of the campaign, as plain data.

    Args:
        tables: its tables by name.
        made: its tables `remedies` and `arms`.
        campaign: its folder.
        links: where its tables and its records are, as seen from the report.
    """
    description = read_description(campaign)
    records = description["records"]
    study = load_recorded_study(CampaignLayout(campaign).study)
    commits, dirty = trial_commits(campaign, records)
    remedies = made[REMEDIES.name]
    run = remedies[remedies["n"] > 0]
    lines = _lines(tables, remedies, study, PurePosixPath(links["campaign"]))
    nine = [line for line in lines if line["group"] in ("nine", "levels")]
    return {
        "campaign": campaign_facts(
            description, first_complete(campaign, records), study, commits, dirty
        ),
        "links": dict(links),
        "confidence": f"{CONFIDENCE:.0%}".replace("%", "\u00a0%"),
        "family": int(remedies["fisher_family"].max()) if len(remedies) else 0,
        "by_block": _any_by_block(lines),
        "judged": int(run["n"].sum()),
        "planned": sum(n for _, n in study.cells()),
        "attempts": int(remedies["attempts"].sum()),
        "apart": apart_in_words({part: int(remedies[part].sum()) for part in APART}),
        "remedies": [
            {"id": level, "name": level_name("remedy", level)}
            for level in levels_in_order("remedy", run["remedy"])
        ],
        "planned_remedies": levels_in_order("remedy", remedies["remedy"]),
        "planes": [level_name("plane", p) for p in levels_in_order("plane", run["plane"])],
        "rules": stated_rules(campaign, records),
        "nine": nine,
        "beyond": [line for line in lines if line not in nine],
        "arms": _arms(made[ARMS.name], nine),
        "against": _against(lines),
        "harm": _harm(lines),
        "controls": _controls(made[ARMS.name]),
        "coverage": _covered(tables["trials"], study),
    }


# --- cells, arm beside arm ------------------------------------------------------------------------


def _lines(
    tables: Mapping[str, pd.DataFrame], remedies: pd.DataFrame, study: Study, records: PurePosixPath
) -> list[Row]:
    """One line for each cell but for its remedy, with what each arm found."""
    declared = {scenario.id: scenario for scenario in study.scenarios}
    words = {row["cell"]: row for row in cell_rows(tables, study, names_of(study), records)}
    measured = {tuple(str(row[name]) for name in CELL): row for row in remedies.to_dict("records")}
    grouped: dict[tuple[str, ...], list[Row]] = {}
    for row in words.values():
        grouped.setdefault(tuple(str(row[name]) for name in _SAME), []).append(row)
    bare = pd.DataFrame([{**dict(zip(_SAME, key, strict=True)), "remedy": "none"}
                         for key in grouped], columns=list(CELL))  # fmt: skip
    labels = cell_labels(bare, names_of(study)) if len(bare) else []
    found = []
    for (key, own), label in zip(grouped.items(), labels, strict=True):
        first = own[0]
        found.append(
            {
                **dict(zip(_SAME, key, strict=True)),
                "cell": first["cell"],
                "title": first["title"],
                "where": first["where"],
                "short": label.partition(": ")[0].removeprefix(f"{first['scenario']} "),
                "variant": label.partition(": ")[2],
                "claimed": first["claimed"],
                "control": first["control"],
                "group": _group(measured, first),
                "default": is_default_but_remedy(first, declared[first["scenario"]]),
                "tested": any(row["n"] for row in own),
                "arms": {
                    str(row["remedy"]): _arm_of(
                        row, measured[tuple(str(row[name]) for name in CELL)]
                    )
                    for row in own
                },
            }
        )
    return found


def _group(measured: Mapping[tuple[str, ...], Mapping[Any, Any]], row: Row) -> str:
    return str(measured[tuple(str(row[name]) for name in CELL)]["group"])


def _arm_of(row: Row, measured: Mapping[Any, Any]) -> Row:
    """What is printed of one cell: words of the report's rows, and what the watchdog did in it."""
    n = row["n"]
    typical = row["typical"]
    return {
        **{key: row[key] for key in (
            "cell", "n", "k", "kn", "verdict", "interval", "median", "down", "median_interval",
            "path",
            "new_answered", "new_asked", "detected", "detected_by", "detected_median",
            "detected_unknown", "notified", "notified_by", "notified_median", "notified_unknown",
            "attempts", *APART,
        )},
        "record": None if typical is None else typical["record"],
        "trial": None if typical is None else typical["trial"],
        "interrupted": int(measured["interrupted"]),
        "watched": int(measured["watched"]),
        **{key: _count(measured[key]) for key in (
            "found", "acts_failed", "alarmed", "cut", "cut_known",
        )},
        "found_median": seconds(float(measured["found_median_s"])),
        "acts": seconds(float(measured["acts_per_trial"])) if n else "",
        "difference": signed(float(measured["share_difference"])),
        "difference_interval": signed_interval(
            float(measured["share_low"]), float(measured["share_high"])
        ),
        "block_interval": _by_block(measured, "share", "share"),
        # only an adjusted test says that a difference is more than chance
        "apart": float(measured["fisher_holm_p"]) <= LEVEL,
        "fisher": p_of(measured, "fisher"),
        "times": {
            measure: {
                "delta": signed(float(measured[f"{measure}_delta"])),
                "interval": signed_interval(
                    float(measured[f"{measure}_delta_low"]),
                    float(measured[f"{measure}_delta_high"]),
                ),
                "block_interval": _by_block(measured, measure, f"{measure}_delta"),
                "p": p_of(measured, measure),
                "apart": float(measured[f"{measure}_holm_p"]) <= LEVEL,
                "shorter": float(measured[f"{measure}_delta"]) < 0,
            }
            for measure in TIMES
        },
    }  # fmt: skip


def _by_block(measured: Mapping[Any, Any], prefix: str, simple: str) -> str:
    """The interval by blocks; empty where there is none, or it is the simple one in print."""
    found, other = (
        signed_interval(float(measured[f"{name}_low"]), float(measured[f"{name}_high"]))
        for name in (f"{prefix}_block", simple)
    )
    return "" if found == other else found


def _count(value: object) -> int | None:
    return None if pd.isna(value) else int(str(value))  # type: ignore[call-overload]


def _any_by_block(lines: Sequence[Row]) -> bool:
    arms = [arm for line in lines for arm in line["arms"].values()]
    return any(found["block_interval"] for arm in arms for found in (arm, *arm["times"].values()))


# --- arms as a whole ------------------------------------------------------------------------------


def _arms(arms: pd.DataFrame, nine: Sequence[Row]) -> list[Row]:
    """The rows of table `arms` in words; of the nine with the ids behind the numbers."""
    found = []
    for row in arms.to_dict("records"):
        lines = [
            line
            for line in nine
            if row["group"] == "nine" and line["default"] and line["plane"] == row["plane"]
        ]
        ids = {
            word: [
                line["scenario"]
                for line in lines
                if line["arms"].get(row["remedy"], {}).get("verdict") == word
            ]
            for word in ("supported", "flaky", "unsupported", "not tested", "not reached")
        }
        found.append(
            {
                **{str(key): _plain(value) for key, value in row.items()},
                "plane": level_name("plane", row["plane"]),
                "name": level_name("remedy", row["remedy"]),
                "ids": ids,
                "apart": apart_in_words({part: int(row[part]) for part in APART}),
            }
        )
    return found


def _plain(value: object) -> object:
    if pd.isna(value):  # type: ignore[call-overload]
        return None
    return value if isinstance(value, str) else int(str(value))


def _against(lines: Sequence[Row]) -> list[Row]:
    """For each remedy, what it changed in the cells that were judged with it and without it."""
    found = []
    for remedy in ("observe", "heal"):
        pairs = [
            (line, line["arms"]["none"], line["arms"][remedy])
            for line in lines
            if line["arms"].get("none", {}).get("n") and line["arms"].get(remedy, {}).get("n")
        ]
        if not pairs:
            continue
        better = {"unsupported": 0, "flaky": 1, "supported": 2}

        def named(
            moved: int, pairs: Sequence[tuple[Row, Row, Row]] = pairs, better: Any = better
        ) -> list[str]:
            changes = [(ln, better[b["verdict"]] - better[a["verdict"]]) for ln, a, b in pairs]
            return [name_of(line) for line, change in changes if change * moved > 0]

        found.append(
            {
                "remedy": remedy,
                "name": level_name("remedy", remedy),
                "cells": len(pairs),
                "nine": _nine_in_both(pairs),
                "better": named(1),
                "worse": named(-1),
                "untested": sum(b["fisher"].startswith("\u2265") for _, _, b in pairs),
                "verdicts_apart": [name_of(line) for line, _, b in pairs if b["apart"]],
                "least": min(min(a["n"], b["n"]) for _, a, b in pairs),
                "apart": {
                    measure: {
                        "shorter": [
                            name_of(line) for line, _, b in pairs
                            if b["times"][measure]["apart"] and b["times"][measure]["shorter"]
                        ],
                        "longer": [
                            name_of(line) for line, _, b in pairs
                            if b["times"][measure]["apart"] and not b["times"][measure]["shorter"]
                        ],
                    }
                    for measure in TIMES
                },
                **_newly(pairs, "detected"),
                **_newly(pairs, "notified"),
            }
        )  # fmt: skip
    return found


def _nine_in_both(pairs: Sequence[tuple[Row, Row, Row]]) -> list[Row]:
    """Per plane: of the nine judged in both arms, how many are supported without and with."""
    found = []
    for plane in levels_in_order("plane", (line["plane"] for line, _, _ in pairs)):
        own = [
            (a, b)
            for line, a, b in pairs
            if line["group"] == "nine" and line["default"] and line["plane"] == plane
        ]
        if own:
            found.append(
                {
                    "plane": plane,
                    "name": level_name("plane", plane),
                    "both": len(own),
                    "without": sum(a["verdict"] == "supported" for a, _ in own),
                    "with": sum(b["verdict"] == "supported" for _, b in own),
                    "least": min(min(a["n"], b["n"]) for a, b in own),
                }
            )
    return found


def _newly(pairs: Sequence[tuple[Row, Row, Row]], what: str) -> Row:
    """How often something was shown, or told, with a fault: without and with the remedy."""
    broken = [(a, b) for line, a, b in pairs if not line["control"]]
    return {
        f"{what}_without": [sum(a[what] for a, _ in broken), sum(a["n"] for a, _ in broken)],
        f"{what}_with": [sum(b[what] for _, b in broken), sum(b["n"] for _, b in broken)],
    }


def _harm(lines: Sequence[Row]) -> list[Row]:
    """Cells in which a path that answered stopped after an action, and how it was without."""
    found = []
    for line in lines:
        for remedy, arm in line["arms"].items():
            if not arm["cut"]:
                continue
            bare = line["arms"].get("none", {})
            found.append(
                {
                    "label": name_of(line),
                    "remedy": level_name("remedy", remedy),
                    "cut": arm["cut"],
                    "n": arm["cut_known"],
                    "verdict": arm["verdict"],
                    "none_n": bare.get("n", 0),
                    "none_alive": bare["path"]["alive"] if bare.get("n") else 0,
                    "none_verdict": bare.get("verdict", "not tested"),
                }
            )
    return found


def _controls(arms: pd.DataFrame) -> list[Row]:
    """False alarms of the watchdog for each remedy: in the controls, and in all its trials."""
    found = []
    for remedy in levels_in_order("remedy", arms["remedy"]):
        own = arms[(arms["remedy"] == remedy) & (arms["watched"] > 0)]
        if own.empty:
            continue
        n, alarmed = int(own["controls"].sum()), int(own["controls_alarmed"].sum())
        interval = wilson(alarmed, n)
        found.append(
            {
                "remedy": remedy,
                "name": level_name("remedy", remedy),
                "n": n,
                "alarmed": alarmed,
                "interval": share_interval(interval.low, interval.high),
                "watched": int(own["watched"].sum()),
                "alarmed_in_all": int(own["alarmed"].sum()),
            }
        )
    return found


def name_of(line: Row) -> str:
    """Name a line by its scenario and what sets it apart."""
    return f"{line['scenario']} ({line['variant']})" if line["variant"] else str(line["scenario"])


def _covered(trials: pd.DataFrame, study: Study) -> list[list[Row]]:
    """This campaign's trials without a remedy for each line of the coverage, in its order."""
    return [ours_rows(line) for line in coverage(load_facts(), trials, study)]
