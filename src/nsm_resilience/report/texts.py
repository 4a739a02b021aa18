# SPDX-License-Identifier: Apache-2.0
"""Whether the paper can show a study's own words: asked before its first trial."""

from __future__ import annotations

from pathlib import Path

from nsm_resilience.report.paper import code_points, undisplayable
from nsm_resilience.study.load import ConfigError
from nsm_resilience.study.models import Study


def check_texts(study: Study, file: Path) -> None:
    """Raise ConfigError where a text of the study has characters that no font of the paper has."""
    places = {"name": study.name}
    for scenario in study.scenarios:
        places[f"scenarios: {scenario.id}: title"] = scenario.title
        places[f"scenarios: {scenario.id}: where"] = scenario.where
    lacking = undisplayable(places.values())
    if lacking:
        raise ConfigError(
            file,
            [
                f"{place}: the paper has no font for "
                f"{', '.join(f'{c} ({code_points(c)})' for c in lacking[text])}; write "
                "Latin, Cyrillic, Greek, Hebrew or Arabic letters instead"
                for place, text in places.items()
                if text in lacking
            ],
        )
