# SPDX-License-Identifier: Apache-2.0
"""Made-up studies: the nine scenarios with windows a tenth of the real ones."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import yaml

from nsm_resilience.study.load import load_study
from nsm_resilience.study.models import Study

CAMPAIGN = "constructed"
WINDOWS = {"steady_s": 1.0, "settle_s": 3.0, "watch_s": 12.0, "new_connection_s": 6.0,
           "bystander_s": 3.0}  # fmt: skip
COMPONENTS = ("nsmd", "nsmdp", "nsmd-k8s", "forwarder")


def _component(name: str, node: str) -> dict[str, str]:
    return {"component": name, "node": node}


NINE: list[dict[str, Any]] = [
    {"id": "S1", "title": "a connection", "source": "stated", "faults": []},
    *(
        {"id": f"S{n}", "title": f"{c} fails", "source": "reconstructed",
         "faults": [_component(c, node)]}
        for n, c, node in (
            (2, "nsmd", "client"), (3, "nsmd", "endpoint"), (4, "forwarder", "client"),
            (5, "forwarder", "endpoint"), (6, "nsmd-k8s", "client"), (7, "nsmdp", "client"),
        )
    ),
    {"id": "S8", "title": "sockets are damaged", "source": "stated", "claimed": "unsupported",
     "claims": ["C0", "C1"], "faults": [{"socket": "all", "node": "client"}]},
    {"id": "S9", "title": "everything fails", "source": "stated", "claimed": "unsupported",
     "claims": ["C0", "C2"],
     "faults": [_component(c, node) for node in ("client", "endpoint") for c in COMPONENTS]},
]  # fmt: skip
for _scenario in NINE:
    _scenario.setdefault("claimed", "supported")
    _scenario.setdefault("claims", ["C0"])
    _scenario["where"] = "somewhere"


def study_text(
    campaign: list[dict[str, Any]] | None = None, scenarios: list[dict[str, Any]] | None = None
) -> str:
    """A study file: the nine, each once on the kernel plane, unless said otherwise."""
    declared = NINE if scenarios is None else scenarios
    every = [{"scenarios": [s["id"] for s in declared], "trials": 1}]
    return yaml.safe_dump(
        {
            "name": CAMPAIGN,
            "seed": 1,
            "windows": WINDOWS,
            "scenarios": declared,
            "campaign": every if campaign is None else campaign,
        },
        sort_keys=False,
    )


@cache
def _usual() -> str:
    return study_text()


_LOADED: dict[str, Study] = {}
"""Studies by their text: to read one takes almost as long as to judge a record."""


def make_study(folder: Path, text: str | None = None) -> Study:
    """Write a study file into a folder and load it."""
    folder.mkdir(parents=True, exist_ok=True)
    text = text or _usual()
    (folder / "study.yaml").write_text(text, encoding="utf-8")
    if text not in _LOADED:
        _LOADED[text] = load_study(folder / "study.yaml")
    return _LOADED[text]
