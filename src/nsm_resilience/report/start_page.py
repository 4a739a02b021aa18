# SPDX-License-Identifier: Apache-2.0
"""The first page of the HTML report: the table of the nine and the claims, as reStructuredText.

`workflow/report/start.rst` includes the file; Snakemake renders it with docutils.
"""

from __future__ import annotations

import json
from collections.abc import Hashable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from nsm_resilience.record.files import write_bytes
from nsm_resilience.record.layout import CampaignLayout
from nsm_resilience.report.wording import dates, parse_time

if TYPE_CHECKING:
    import pandas as pd


def write_start_page(tables_dir: Path, campaign: Path, out: Path) -> None:
    """Write the page from the tables `scenarios` and `claims` of a campaign."""
    import pandas as pd

    from nsm_resilience.analysis.figures.cells import short_names
    from nsm_resilience.study.load import load_study

    layout = CampaignLayout(campaign)
    names = short_names(load_study(layout.study))
    description = json.loads(layout.description.read_text(encoding="utf-8"))
    page = start_page(
        pd.read_parquet(tables_dir / "scenarios.parquet"),
        pd.read_parquet(tables_dir / "claims.parquet"),
        names,
        description,
    )
    write_bytes(out, page.encode())


def start_page(
    scenarios: pd.DataFrame,
    claims: pd.DataFrame,
    names: dict[str, str],
    description: dict[str, object],
) -> str:
    """The page as text. `names` says what is broken, by scenario id."""
    from nsm_resilience.analysis.figures.result_table import table_for_people

    people = table_for_people(scenarios, names)
    apart = ["void", "unknown", "not injected"]
    counts = people[apart].astype(str).agg("/".join, axis=1) if len(people) else people["void"]
    people = people.drop(columns=apart).assign(**{"/".join(apart): counts})
    return "\n".join(
        [
            f"Campaign ``{description['campaign']}``{_begun(description.get('created'))}.",
            "",
            *list_table("The nine scenarios", list(people.columns), people.itertuples(index=False)),
            "k of n judged trials supported, with the Wilson interval of that share. Void, unknown "
            "and not injected attempts count in no n and are shown.",
            "",
            *(line for row in claims.to_dict("records") for line in claim_entry(row)),
        ]
    )


def _begun(created: object) -> str:
    return f", begun on {dates(parse_time(str(created)))['en']}" if created else ", not begun"


def claim_entry(row: dict[Hashable, object]) -> list[str]:
    """Lines of one entry of a definition list: the claim, what became of it, and why."""
    head = f"{row['claim']}, {row['plane']} plane: {row['agreement']}"
    return [_escaped(head), f"   *{_escaped(row['text'])}* {_escaped(row['why'])}", ""]


def list_table(title: str, header: Sequence[str], rows: Iterable[Iterable[object]]) -> list[str]:
    """Lines of a reStructuredText table; text of the cells is shown as it is."""
    lines = [f".. list-table:: {title}", "   :header-rows: 1", "   :widths: auto", ""]
    for row in (header, *rows):
        for number, cell in enumerate(row):
            lines.append(f"   {'* -' if number == 0 else '  -'} {_escaped(cell)}")
    return [*lines, ""]


def _escaped(cell: object) -> str:
    text = " ".join(str(cell).split())
    return "".join(f"\\{c}" if c in "\\*`_|" else c for c in text)
