# SPDX-License-Identifier: Apache-2.0
"""What every notebook begins with: a campaign's tables and study, and a place for figures.

JupyterLab starts a kernel in the folder of the notebook, the workflow starts one in the project's
root; with this the same parameters serve both.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from nsm_resilience.analysis.figures.cells import short_names
from nsm_resilience.record.layout import CAMPAIGNS, CampaignLayout
from nsm_resilience.study.load import load_recorded_study

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from nsm_resilience.analysis.figures.description import Description
    from nsm_resilience.analysis.style import SavedFigure
    from nsm_resilience.study.models import Study


class InputsError(Exception):
    """There are no results to look at: the message says what to run."""


@dataclass(frozen=True)
class Inputs:
    """A notebook's parameters, as paths.

    Attributes:
        tables: folder of the tidy tables.
        campaign: the campaign's folder, with study and records.
        figures: folder that figures are written to.
    """

    tables: Path
    campaign: Path
    figures: Path

    @classmethod
    def of(cls, tables: str, campaign: str, figures: str) -> Inputs:
        """Take the parameters as a notebook declares them, from here or from a folder above.

        Args:
            tables: folder with the tables, relative to the project's root.
            campaign: the campaign's folder; empty: the one that the tables are of.
            figures: folder for figures, relative to the project's root; empty: beside the tables.

        Raises:
            InputsError: nothing was built yet, or the campaign's records are not there.
        """
        root = _root(tables)
        if root is None:
            raise InputsError(
                f"There are no tables in {tables}, neither here nor in a folder above. Build them "
                "first: `make`, or `snakemake` in the activated environment, in the project's root "
                "(about two minutes)."
            )
        folder = root / tables
        found = root / campaign if campaign else _campaign_of(folder, root)
        if not CampaignLayout(found).study.exists():
            raise InputsError(
                "The tables are there and the records of their campaign are not: "
                f"{found} is no campaign's folder. Run `snakemake` in the project's root, or give "
                "its folder as campaign_dir."
            )
        return cls(folder, found, root / figures if figures else folder.parent / "figures")

    def table(self, name: str, trials: Iterable[str] | None = None) -> pd.DataFrame:
        """Read one of the tables, or of a long one only the rows of some trials.

        Without the column `evidence`: it names places in records, no figure is made of it, and of
        ten thousand trials it is two thirds of the table. FileNotFoundError names the file that is
        missing.
        """
        import pandas as pd
        from pyarrow.parquet import read_schema

        path = self.tables / f"{name}.parquet"
        columns = [column for column in read_schema(path).names if column != "evidence"]
        if trials is None:
            return pd.read_parquet(path, columns=columns)
        # pyarrow takes no empty list
        return pd.read_parquet(path, columns=columns, filters=[("trial", "in", [*trials, ""])])

    @property
    def verdicts(self) -> Path:
        """The judge's verdicts, beside the tables."""
        return self.tables.parent / "verdicts.jsonl"

    @cached_property
    def study(self) -> Study:
        """The study that was run; ConfigError with every mistake of its file."""
        return load_recorded_study(CampaignLayout(self.campaign).study)

    @cached_property
    def names(self) -> dict[str, str]:
        """What is broken, by scenario id."""
        return short_names(self.study)

    @property
    def watch_s(self) -> float:
        """Length of the longest watch in seconds."""
        return self.study.longest_watch_s

    def save(self, figure: Figure, described: Description) -> SavedFigure:
        """Write a figure under the name of its description, with its words inside."""
        from nsm_resilience.analysis.style import save_figure

        path = self.figures / f"{described.name}.svg"
        return save_figure(figure, path, title=described.title, alt=described.alt)


def _campaign_of(tables: Path, root: Path) -> Path:
    import pandas as pd

    named = pd.read_parquet(tables / "scenarios.parquet", columns=["campaign"])["campaign"]
    name = str(named.iloc[0]) if len(named) else ""
    places = [root / kind / name for kind in CAMPAIGNS]
    return next((p for p in places if CampaignLayout(p).study.exists()), places[0])


def _root(tables: str) -> Path | None:
    here = Path.cwd()
    for folder in (here, *here.parents):
        if (folder / tables / "scenarios.parquet").exists():
            return folder
    return None
