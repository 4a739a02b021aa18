# SPDX-License-Identifier: Apache-2.0
"""What came out, for the README: four sentences and the table of the nine, out of the tables.

The text stands between two marks of the README; `nsm-resilience readme` writes it, and with
`--check` says whether it is what the build has.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nsm_resilience.study.cells import PLANE_NAMES

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


def what_came_out(scenarios: pd.DataFrame, claims: pd.DataFrame, where: Mapping[str, str]) -> str:
    """Sentences and table as Markdown.

    Args:
        scenarios: table `scenarios` of all campaigns.
        claims: table `claims` of all campaigns.
        where: on which nodes, by scenario.
    """
    answered = _answered(claims)
    lines = [f"- {str(row['why']).split('; ')[0].rstrip('.')}." for row in answered]
    lines += [f"- {_of_claim(claim, answered, claims)}" for claim in ABOUT]
    if not answered:
        return "No build of these results has judged trials of all nine scenarios."
    heads = [f"{PLANE_NAMES[row['plane']]} plane" for row in answered]
    table = [["", "what fails", "where", "the paper says", *heads], ["---"] * (4 + len(heads))]
    columns = [_own_cells(scenarios, row["campaign"], row["plane"]) for row in answered]
    for scenario, row in columns[0].items():
        claimed = f"{row['claimed']} ({row['source']})"
        found = [column[scenario] for column in columns]
        told = [f"{one['verdict']}, {one['k']} of {one['n']}" for one in found]
        table.append([scenario, row["title"], where.get(scenario, ""), claimed, *told])
    return "\n".join([*lines, "", *("| " + " | ".join(line) + " |" for line in table)])


def _own_cells(scenarios: pd.DataFrame, campaign: str, plane: str) -> dict[str, dict[str, Any]]:
    """The cell of each scenario of the paper on which its claims rest: the first of the usual."""
    own = scenarios[(scenarios["campaign"] == campaign) & (scenarios["plane"] == plane)]
    usual = (own["outage"] == "first") & (own["watch"] == "usual") & (own["remedy"] == "none")
    own = own[usual & own["claimed"].isin(["supported", "unsupported"])]
    found = own.drop_duplicates("scenario").to_dict("records")
    return {str(row["scenario"]): {str(k): v for k, v in row.items()} for row in found}


def _answered(claims: pd.DataFrame) -> list[dict[str, Any]]:
    """The count of the nine, once for each plane: of the first campaign that judged all of them."""
    own = claims[(claims["claim"] == "C0") & (claims["agreement"] != "not tested")]
    return [
        {str(k): v for k, v in row.items()}
        for row in own.drop_duplicates("plane").to_dict("records")
    ]


def _of_claim(claim: str, answered: Sequence[Mapping[str, Any]], claims: pd.DataFrame) -> str:
    found: dict[str, list[str]] = {}
    for row in answered:
        at = (claims["campaign"] == row["campaign"]) & (claims["plane"] == row["plane"])
        (agreement,) = claims.loc[at & (claims["claim"] == claim), "agreement"]
        found.setdefault(str(agreement), []).append(PLANE_NAMES[row["plane"]])
    told = "; ".join(f"{word} on the {' and the '.join(p)} plane" for word, p in found.items())
    return f"{claim}, {ABOUT[claim]}: {told}."


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
