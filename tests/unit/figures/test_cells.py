# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from pathlib import Path

import pandas as pd

from nsm_resilience.analysis.figures.cells import (
    cell_id,
    cell_labels,
    in_order,
    judged,
    short_names,
)
from nsm_resilience.analysis.figures.description import Description
from nsm_resilience.analysis.figures.typical import typical_of_cell, typical_trials
from nsm_resilience.study.load import load_study
from nsm_resilience.study.models import Study
from nsm_resilience.tables.attempts import that_count
from nsm_resilience.tables.cell import DEFAULTS
from tests.builders.campaigns import Constructed

CONFIG = Path(__file__).parents[3] / "config"


def cells(*rows: dict[str, str]) -> pd.DataFrame:
    return pd.DataFrame([{**DEFAULTS, **row} for row in rows])


def test_scenarios_are_ordered_by_number_and_factors_by_their_defaults() -> None:
    table = cells(
        {"scenario": "S10"},
        {"scenario": "S2", "client": "plain"},
        {"scenario": "S2"},
        {"scenario": "S2", "plane": "vpp"},
    )
    found = in_order(table)
    assert found[["scenario", "plane", "client"]].values.tolist() == [
        ["S2", "kernel", "monitored"],
        ["S2", "kernel", "plain"],
        ["S10", "kernel", "monitored"],
        ["S2", "vpp", "monitored"],
    ]


def test_a_label_names_only_the_factors_that_set_a_cell_apart() -> None:
    table = cells({"scenario": "S2"}, {"scenario": "S4"}, {"scenario": "S4", "client": "plain"})
    assert cell_labels(table, {"S2": "nsmd", "S4": "forwarder"}) == [
        "S2 nsmd",
        "S4 forwarder: monitored",
        "S4 forwarder: plain",
    ]


def test_a_level_that_nobody_would_take_for_granted_is_named_also_where_it_is_alone() -> None:
    """A panel of a hang was headed by the component alone (issue 18, point 4)."""
    table = cells(
        {"scenario": "S2", "failure": "hang"}, {"scenario": "S4"},
        {"scenario": "S8", "failure": "replace"}, {"scenario": "S9", "client": "plain"},
    )  # fmt: skip
    assert cell_labels(table, {}) == ["S2: hang", "S4", "S8", "S9: plain"]


def test_a_label_names_the_plane_only_where_there_are_two() -> None:
    table = cells({"scenario": "S2"}, {"scenario": "S2", "plane": "vpp"})
    assert cell_labels(table, {}) == ["S2 (kernel)", "S2 (VPP)"]


def test_short_names_are_made_from_the_faults_declared(mixed: Constructed) -> None:
    names = short_names(mixed.study)
    assert names["S1"] == "no fault"
    assert names["S3"] == "nsmd, endpoint\u2019s node"
    assert names["S8"] == "all sockets, client\u2019s node"
    assert names["S9"] == "all components, both nodes"


def test_two_broken_components_are_both_named() -> None:
    study = Study.model_validate(
        {
            "name": "two", "seed": 1,
            "scenarios": [
                {
                    "id": "T1", "title": "two fail", "where": "client's node", "source": "ours",
                    "faults": [
                        {"component": "nsmd", "node": "client"},
                        {"component": "forwarder", "node": "client"},
                    ],
                }
            ],
            "campaign": [{"scenarios": ["T1"], "trials": 1}],
        }
    )  # fmt: skip
    assert short_names(study) == {"T1": "nsmd + forwarder, client\u2019s node"}


def test_a_cell_id_leaves_out_default_outage_and_remedy() -> None:
    row = cells({"scenario": "S2", "outage": "second"}).to_dict("records")[0]
    assert cell_id(row) == "S2-kernel-monitored-kill-second"


def test_void_attempts_do_not_count_and_the_attempt_after_them_does(mixed: Constructed) -> None:
    trials = mixed.tables["trials"]
    assert len(trials) == len(that_count(trials)) + mixed.voids
    assert not that_count(trials)["reason"].str.startswith("void:").any()
    assert set(judged(trials)["verdict"]) == {"supported", "unsupported"}


def test_the_typical_trial_has_the_commonest_verdict_and_the_median_outage(
    mixed: Constructed,
) -> None:
    trials = mixed.tables["trials"]
    own = trials[trials["trial"].str.startswith("S4-kernel-monitored-kill/")]
    chosen = typical_of_cell(own)
    assert chosen is not None
    assert chosen["outage_s"] == sorted(own["outage_s"])[4]


def test_a_censored_outage_ranks_behind_every_observed_one() -> None:
    row = {"campaign": "c", "attempt": 1, "verdict": "unsupported", "reason": "because"}
    own = pd.DataFrame(
        [
            {**row, "trial": "S2/01", "outage_s": 50.0, "outage_censored": True},
            {**row, "trial": "S2/02", "outage_s": 80.0, "outage_censored": False},
            {**row, "trial": "S2/03", "outage_s": 90.0, "outage_censored": False},
        ]
    )
    chosen = typical_of_cell(own)
    assert chosen is not None
    assert chosen["trial"] == "S2/03"


def test_there_is_one_typical_trial_per_scenario(mixed: Constructed, untested: Constructed) -> None:
    chosen = typical_trials(mixed.tables["trials"])
    assert chosen["scenario"].tolist() == [f"S{n}" for n in range(1, 10)]
    assert typical_trials(untested.tables["trials"]).empty


def test_sources_list_tables_and_trials_by_cell() -> None:
    description = Description(
        "outages", "Outages", "alt", "notebooks/outages.py", ("trials",),
        ("S2-kernel-monitored-kill/01", "S2-kernel-monitored-kill/02"),
    )  # fmt: skip
    text = description.sources("results/tables")
    assert "results/tables/trials.parquet" in text
    assert "S2-kernel-monitored-kill: 01 02" in text


def test_a_socket_that_is_called_like_a_component_is_not_shown_as_that_component() -> None:
    for file in sorted(CONFIG.glob("study-today*.yaml")):
        names = short_names(load_study(file))
        twice = {name for name in names.values() if list(names.values()).count(name) > 1}
        assert not twice, file.name
    names = short_names(load_study(CONFIG / "study-today-beyond.yaml"))
    assert names["T2"] == "socket of spire-agent, client\u2019s node"
    assert names["T4"] == "spire-agent, client\u2019s node"
    assert names["T5"] == "the client's interface is set down, client's pod"
