# SPDX-License-Identifier: Apache-2.0
"""What came out, for the README: four sentences and the table of the nine, out of the tables.

The text stands between two marks of the README; `nsm-resilience readme` writes it, and with
`--check` says whether it is what the build has.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nsm_resilience.systems.known import system_named

if TYPE_CHECKING:
    import pandas as pd

BEGIN = "<!-- what came out: written by `nsm-resilience readme` from the built results -->"
END = "<!-- end of what came out -->"
PICTURE = "result-table.svg"

ABOUT = {
    "C1": "that damaged unix sockets are not noticed and leave NSM inoperable",
    "C2": "that NSM cannot tell the client when all its key components have failed",
}
"""The two claims beside the count, as they are known to a reader of one sentence."""


class ReadmeError(Exception):
    """The README has no place for what came out, or says something else than the build."""


@dataclass(frozen=True)
class Column:
    """One column of the table: the nine on one plane of one system, from one campaign.

    Attributes:
        campaign: its name.
        system: level of the factor `system`.
        plane: level of the factor `plane`.
        cells: rows of table `scenarios` on which the claims rest, by scenario.
    """

    campaign: str
    system: str
    plane: str
    cells: Mapping[str, Mapping[str, Any]]

    @property
    def name(self) -> str:
        """System and plane, as they are written for people."""
        system = system_named(self.system)
        return f"{system.title}, {system.planes[self.plane]} plane"

    def told(self, scenario: str) -> str:
        """Verdict and count of a scenario, or that it was not tested."""
        row = self.cells.get(scenario)
        return f"{row['verdict']}, {row['k']} of {row['n']}" if row and row["n"] else "not tested"


def what_came_out(scenarios: pd.DataFrame, claims: pd.DataFrame, where: Mapping[str, str]) -> str:
    """Sentences and table as Markdown.

    Args:
        scenarios: table `scenarios` of all campaigns.
        claims: table `claims` of all campaigns.
        where: on which nodes, by scenario.
    """
    columns = _columns(scenarios)
    if not columns:
        return "Nothing of the nine was judged."
    lines = [f"- {_count(column)}" for column in columns]
    lines += [f"- {_of_claim(claim, columns, claims)}" for claim in ABOUT]
    heads = ["", "what fails", "where", "the paper says", *(column.name for column in columns)]
    table = [heads, ["---"] * len(heads)]
    for scenario, row in columns[0].cells.items():
        claimed = f"{row['claimed']} ({row['source']})"
        told = [column.told(scenario) for column in columns]
        table.append([scenario, row["title"], where.get(scenario, ""), claimed, *told])
    return "\n".join([*lines, "", *("| " + " | ".join(line) + " |" for line in table)])


def _columns(scenarios: pd.DataFrame) -> list[Column]:
    """Every plane of every system of which any of the nine was judged: the first campaign of it."""
    usual = (
        (scenarios["outage"] == "first")
        & (scenarios["watch"] == "usual")
        & (scenarios["remedy"] == "none")
        & scenarios["claimed"].isin(["supported", "unsupported"])
    )
    found: dict[tuple[str, str], Column] = {}
    for (campaign, system, plane), own in scenarios[usual].groupby(
        ["campaign", "system", "plane"], sort=False
    ):
        rows = own.drop_duplicates("scenario").to_dict("records")
        cells = {str(row["scenario"]): {str(k): v for k, v in row.items()} for row in rows}
        if any(row["n"] for row in rows):
            column = Column(str(campaign), str(system), str(plane), cells)
            found.setdefault((column.system, column.plane), column)
    return list(found.values())


def _count(column: Column) -> str:
    tested = [row for row in column.cells.values() if row["n"]]
    held = [row["scenario"] for row in tested if row["verdict"] == "supported"]
    claimed = [row for row in tested if row["claimed"] == "supported"]
    named = f" ({', '.join(held)})" if held else ""
    least, most = min(row["n"] for row in tested), max(row["n"] for row in tested)
    trials = f"{least} to {most}" if least < most else f"{most}"
    return (
        f"{column.name}: {len(held)} of the {len(tested)} scenarios tested hold in all their "
        f"trials{named}; of the same the paper says it of {len(claimed)}. Trials of each: {trials}."
    )


def _of_claim(claim: str, columns: Sequence[Column], claims: pd.DataFrame) -> str:
    found: dict[str, list[str]] = {}
    for column in columns:
        at = (claims["campaign"] == column.campaign) & (claims["plane"] == column.plane)
        for agreement in claims.loc[at & (claims["claim"] == claim), "agreement"]:
            found.setdefault(str(agreement), []).append(column.name)
    told = "; ".join(f"{word}: {' and '.join(names)}" for word, names in found.items())
    return f"{claim}, {ABOUT[claim]}. {told[:1].upper()}{told[1:]}."


def with_what_came_out(readme: str, text: str) -> str:
    """The README with this text between its marks.

    Raises:
        ReadmeError: the marks are missing.
    """
    before, begin, rest = readme.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise ReadmeError(f"the README lacks the lines\n{BEGIN}\n{END}")
    return f"{before}{begin}\n\n{text}\n\n{end}{after}"


def write_readme(readme: Path, results: Path, *, check: bool) -> None:
    """Write what came out into the README, and the picture beside it into `docs/`.

    Args:
        readme: README.md.
        results: folder of the built results.
        check: write nothing, and raise where README or picture are not as the build.

    Raises:
        ReadmeError: see above.
    """
    import pandas as pd

    from nsm_resilience.record.files import write_bytes
    from nsm_resilience.study.load import load_recorded_study

    scenarios = pd.read_parquet(results / "tables" / "scenarios.parquet")
    claims = pd.read_parquet(results / "tables" / "claims.parquet")
    study = load_recorded_study(results / "unpacked" / claims["campaign"].iloc[0] / "study.yaml")
    text = what_came_out(scenarios, claims, {one.id: one.where for one in study.scenarios})
    wanted = {
        readme: with_what_came_out(readme.read_text("utf-8"), text).encode(),
        readme.parent / "docs" / PICTURE: (results / "figures" / PICTURE).read_bytes(),
    }
    for path, content in wanted.items():
        if path.exists() and path.read_bytes() == content:
            continue
        if check:
            raise ReadmeError(
                f"{path} is not what the build has; run `nsm-resilience readme` after the default "
                "build, and commit"
            )
        write_bytes(path, content)
