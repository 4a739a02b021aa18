# SPDX-License-Identifier: Apache-2.0
"""What every notebook begins with: a campaign's tables and study, and a place for figures."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from nsm_resilience.analysis.figures.cells import short_names
from nsm_resilience.record.layout import CampaignLayout
from nsm_resilience.study.load import load_study

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from nsm_resilience.analysis.figures.description import Description
    from nsm_resilience.analysis.style import SavedFigure
    from nsm_resilience.study.models import Study


@dataclass(frozen=True)
class Inputs:
    """A notebook's parameters, as paths.

    Attributes:
        tables: folder of the tidy tables.
        campaign: the campaign's folder.
        figures: folder that figures are written to.
    """

    tables: Path
    campaign: Path
    figures: Path

    @classmethod
    def of(cls, tables: str, campaign: str, figures: str) -> Inputs:
        """Take the parameters as a notebook declares them."""
        return cls(Path(tables), Path(campaign), Path(figures))

    def table(self, name: str) -> pd.DataFrame:
        """Read one of the tables; FileNotFoundError names the file that is missing."""
        import pandas as pd

        return pd.read_parquet(self.tables / f"{name}.parquet")

    @cached_property
    def study(self) -> Study:
        """The study that was run; ConfigError with every mistake of its file."""
        return load_study(CampaignLayout(self.campaign).study)

    @cached_property
    def names(self) -> dict[str, str]:
        """What is broken, by scenario id."""
        return short_names(self.study)

    @property
    def watch_s(self) -> float:
        """Length of a watch in seconds."""
        return self.study.windows.watch_s

    def save(self, figure: Figure, described: Description) -> SavedFigure:
        """Write a figure under the name of its description, with its words inside."""
        from nsm_resilience.analysis.style import save_figure

        path = self.figures / f"{described.name}.svg"
        return save_figure(figure, path, title=described.title, alt=described.alt)
