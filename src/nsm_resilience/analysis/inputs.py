# SPDX-License-Identifier: Apache-2.0
"""Inputs of every notebook: a campaign's tables and study, and a folder for figures.

JupyterLab starts a kernel in the folder of the notebook, the workflow in the project's root. The
same parameters serve both.
"""

from __future__ import annotations

import atexit
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nsm_resilience.analysis.figures.cells import short_names
from nsm_resilience.analysis.timeline import Timeline, timeline_of
from nsm_resilience.record.layout import CAMPAIGNS, CampaignLayout
from nsm_resilience.record.reader import read_record
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
    """A notebook's parameters, as paths; `campaign` is the folder with study and records."""

    tables: Path
    campaign: Path
    figures: Path
    name: str

    @classmethod
    def of(cls, tables: str, campaign: str, figures: str) -> Inputs:
        """Take the parameters as a notebook declares them, from here or from a folder above.

        Args:
            tables: folder with the tables, relative to the project's root.
            campaign: name of one of the campaigns in them; empty: the first, the paper's own.
            figures: folder for figures, relative to the project's root; empty: a temporary one,
                so that exploring changes no results.

        Raises:
            InputsError: nothing was built yet, or the campaign's records are not there.
        """
        root = _root(tables)
        if root is None:
            raise InputsError(
                f"There are no tables in {tables}, neither here nor in a folder above. Build them "
                "first: `make`, or `snakemake` in the activated environment, in the project's root "
                "(about three minutes)."
            )
        folder = root / tables
        there = _campaigns(folder)
        name = campaign or (there[0] if there else "")
        if name not in there:
            raise InputsError(
                f"There is no campaign {name} in {tables}; there are: {', '.join(there) or 'none'}."
            )
        kept = root / figures if figures else _temporary_folder()
        return cls(folder, _folder_of(folder, name), kept, name)

    def table(self, name: str, trials: Iterable[str] | None = None) -> pd.DataFrame:
        """Read the campaign's rows of one of the tables, or only those of some trials.

        Without the column `evidence`: it names places in records, no figure uses it, and with ten
        thousand trials it is two thirds of the table. FileNotFoundError names a missing file.
        """
        wanted: list[tuple[str, str, Any]] = [("campaign", "==", self.name)]
        if trials is not None:
            wanted.append(("trial", "in", [*trials, ""]))  # pyarrow takes no empty list
        return self._read(name, wanted)

    def whole(self, name: str) -> pd.DataFrame:
        """Read all rows of one of the tables, of all campaigns; without the column `evidence`."""
        return self._read(name, None)

    def _read(self, name: str, filters: list[tuple[str, str, Any]] | None) -> pd.DataFrame:
        import pandas as pd
        from pyarrow.parquet import read_schema

        path = self.tables / f"{name}.parquet"
        columns = [column for column in read_schema(path).names if column != "evidence"]
        return pd.read_parquet(path, columns=columns, filters=filters)

    @property
    def verdicts(self) -> Path:
        """The judge's verdicts on the campaign, beside the tables."""
        return self.tables.parent / "verdicts" / f"{self.name}.jsonl"

    @cached_property
    def study(self) -> Study:
        """The study that was run; ConfigError with every mistake of its file."""
        return load_recorded_study(CampaignLayout(self.campaign).study)

    @cached_property
    def studies(self) -> list[Study]:
        """The study of each campaign in the tables, in the order of the build; as `study`."""
        folders = (_folder_of(self.tables, name) for name in _campaigns(self.tables))
        return [load_recorded_study(CampaignLayout(folder).study) for folder in folders]

    @cached_property
    def names(self) -> dict[str, str]:
        """Short names of the scenarios by id: what is broken."""
        return short_names(self.study)

    def timelines(self, chosen: pd.DataFrame) -> dict[str, Timeline]:
        """Read what happened in trials (rows of table `trials`) from their records, by trial."""
        return {
            row["trial"]: timeline_of(read_record(self.campaign / row["record"]))
            for row in chosen.to_dict("records")
        }

    def panels(
        self, chosen: pd.DataFrame, titles: Sequence[str], name: str, title: str
    ) -> SavedFigure:
        """Draw trials (rows of table `trials`) along time, a panel each, and write the figure."""
        from nsm_resilience.analysis.figures.timelines import draw_timelines
        from nsm_resilience.analysis.style import save_figure

        components, outages = (self.table(t, chosen["trial"]) for t in ("components", "outages"))
        lines = self.timelines(chosen)
        figure = draw_timelines(chosen, lines, components, outages, self.names, titles)
        rows = chosen.to_dict("records")
        said = [f"{row['trial']}: {row['verdict']}. {row['reason']}" for row in rows]
        alt = " ".join(said) or "No figure: there is no trial to draw."
        return save_figure(figure, self.figures / f"{name}.svg", title=title, alt=alt)

    def save(self, figure: Figure, described: Description) -> SavedFigure:
        """Write a figure under the name of its description, with its words inside."""
        from nsm_resilience.analysis.style import save_figure

        path = self.figures / f"{described.name}.svg"
        return save_figure(figure, path, title=described.title, alt=described.alt)


@cache
def _temporary_folder() -> Path:
    folder = tempfile.TemporaryDirectory(prefix="nsm-resilience-figures-")
    atexit.register(folder.cleanup)
    return Path(folder.name)


def _folder_of(tables: Path, name: str) -> Path:
    """The folder of a campaign in the tables; InputsError if its study is missing."""
    places = [tables.parent.parent / kind / name for kind in CAMPAIGNS]
    found = next((place for place in places if CampaignLayout(place).study.exists()), None)
    if found is None:
        raise InputsError(
            f"The tables are there and the records of {name} are not, neither in "
            f"{' nor in '.join(map(str, places))}. Run `snakemake` in the project's root."
        )
    return found


def _campaigns(tables: Path) -> list[str]:
    """Names of the campaigns in the tables, in the order of the build."""
    import pandas as pd

    named = pd.read_parquet(tables / "scenarios.parquet", columns=["campaign"])["campaign"]
    return list(dict.fromkeys(map(str, named)))


def _root(tables: str) -> Path | None:
    here = Path.cwd()
    for folder in (here, *here.parents):
        if (folder / tables / "scenarios.parquet").exists():
            return folder
    return None
