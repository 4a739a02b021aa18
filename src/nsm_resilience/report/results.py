# SPDX-License-Identifier: Apache-2.0
"""Find what a build left, wherever a notebook is opened from.

JupyterLab starts a kernel in the folder of the notebook, the workflow starts one in the project's
root; with this the same parameters serve both.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from nsm_resilience.provenance.explain import CAMPAIGNS

if TYPE_CHECKING:
    import pandas as pd


class ResultsError(Exception):
    """There are no results to look at: the message says what to run."""


@dataclass(frozen=True)
class Results:
    """What a build left.

    Attributes:
        tables: folder with the tidy tables.
        campaign: the campaign's folder, with study and records.
        figures: folder for figures.
    """

    tables: Path
    campaign: Path
    figures: Path

    def table(self, name: str, trials: Iterable[str] | None = None) -> pd.DataFrame:
        """Return one of the tidy tables, or of a long one only the rows of some trials."""
        import pandas as pd

        path = self.tables / f"{name}.parquet"
        if trials is None:
            return pd.read_parquet(path)
        # pyarrow takes no empty list
        return pd.read_parquet(path, filters=[("trial", "in", [*trials, ""])])

    @property
    def verdicts(self) -> Path:
        """The judge's verdicts, beside the tables."""
        return self.tables.parent / "verdicts.jsonl"


def find_results(tables: str, campaign_dir: str = "", figures: str = "") -> Results:
    """Find tables and campaign from here or from a folder above.

    Args:
        tables: folder with the tables, relative to the project's root.
        campaign_dir: the campaign's folder; empty: the one that the tables are of.
        figures: folder for figures, relative to the project's root; default beside the tables.

    Raises:
        ResultsError: nothing was built yet, or the campaign's records are not there.
    """
    import pandas as pd

    root = _root(tables)
    if root is None:
        raise ResultsError(
            f"There are no tables in {tables}, neither here nor in a folder above. Build them "
            "first: `make`, or `snakemake` in the activated environment, in the project's root "
            "(about two minutes)."
        )
    folder = root / tables
    if campaign_dir:
        campaign = root / campaign_dir
    else:
        named = pd.read_parquet(folder / "scenarios.parquet", columns=["campaign"])["campaign"]
        name = str(named.iloc[0]) if len(named) else ""
        places = [root / kind / name for kind in CAMPAIGNS]
        campaign = next((p for p in places if (p / "study.yaml").exists()), places[0])
    if not (campaign / "study.yaml").exists():
        raise ResultsError(
            f"The tables are there and the records of their campaign are not: {campaign} is no "
            "campaign's folder. Run `snakemake` in the project's root, or give its folder as "
            "campaign_dir."
        )
    return Results(folder, campaign, root / figures if figures else folder.parent / "figures")


def _root(tables: str) -> Path | None:
    here = Path.cwd()
    for folder in (here, *here.parents):
        if (folder / tables / "scenarios.parquet").exists():
            return folder
    return None
