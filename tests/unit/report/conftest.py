# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from nsm_resilience.analysis import style
from nsm_resilience.report.contrasts import write_contrasts
from nsm_resilience.report.numbers import write_numbers
from tests.builders.campaigns import construct
from tests.builders.reports import PAPER, Builder, Built


@style.styled
def _stand_in() -> Any:
    figure = style.new_figure(style.COLUMN_MM, 30)
    figure.text(0.5, 0.5, "stands for a figure")
    return figure


@pytest.fixture(scope="session")
def picture(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A figure, drawn once."""
    path = tmp_path_factory.mktemp("picture") / "any.svg"
    return style.save_figure(_stand_in(), path, title="any", alt="It stands for a figure.").path


@pytest.fixture(scope="session")
def build(tmp_path_factory: pytest.TempPathFactory, picture: Path) -> Builder:
    """Build a campaign's inputs of the paper; figures are stand-ins, records are few."""

    def build_one(kind: str, **how: Any) -> Built:
        root = tmp_path_factory.mktemp(kind)
        campaign = construct(root, kind, **how)
        shutil.copytree(PAPER, root / "paper")
        numbers_path = root / "results" / "numbers.json"
        write_contrasts(campaign.tables_dir, [campaign.campaign])
        numbers = write_numbers(campaign.tables_dir, [campaign.campaign], numbers_path)
        (root / "results" / "figures").mkdir()
        for about in numbers["figures"].values():
            shutil.copy(picture, root / "results" / "figures" / f"{about['name']}.svg")
        return Built(campaign, numbers)

    return build_one


@pytest.fixture(scope="session")
def mixed(build: Builder) -> Built:
    return build("mixed", voids=2)


@pytest.fixture(scope="session")
def vpp(build: Builder) -> Built:
    """On the other plane, one trial of each cell; live."""
    return build("mixed", planes=("vpp",), records=False, most_trials=1, source="live")


@pytest.fixture(scope="session")
def both(build: Builder) -> Built:
    return build("supported", planes=("kernel", "vpp"), records=False, most_trials=2)


@pytest.fixture(scope="session")
def single(build: Builder) -> Built:
    """A campaign in which no factor has a second level."""
    return build("mixed", only=("S1", "S2", "S4"), cells_per_scenario=1)


@pytest.fixture(scope="session")
def untested(build: Builder) -> Built:
    return build("untested")


@pytest.fixture(scope="session")
def supported(build: Builder) -> Built:
    return build("supported", source="recorded", most_trials=6)
