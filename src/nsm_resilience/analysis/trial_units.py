# SPDX-License-Identifier: Apache-2.0
"""Columns for contrasts that table `trials` lacks: the units of resampling, and the windows.

Trials of one block of the schedule, of one turn, or of one cluster have more in common than their
cell. The columns `block`, `turn` and `cluster` name these units.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pandas as pd

from nsm_resilience.judge.newclients import deciding_node
from nsm_resilience.study.schedule import make_schedule

if TYPE_CHECKING:
    from nsm_resilience.study.models import Cell, Study

COLUMNS = (
    "block", "turn", "cluster", "watch_window_s", "new_connection_window_s", "bystander_window_s",
    "install_s", "rtt_ms",
)  # fmt: skip


@dataclass(frozen=True)
class RunConditions:
    """How the trials of one campaign were run.

    Attributes:
        clusters: id of the cluster, by the record's folder.
        installs: seconds that the installation of the system took, by the record's folder.
        round_trips: median round trip of the echoes in milliseconds, by the record's folder; empty
            if it was not read.
    """

    study: Study
    clusters: Mapping[str, str] = field(default_factory=dict)
    installs: Mapping[str, float] = field(default_factory=dict)
    round_trips: Mapping[str, float] = field(default_factory=dict)


def with_units(trials: pd.DataFrame, campaigns: Mapping[str, RunConditions]) -> pd.DataFrame:
    """Return table `trials` with `COLUMNS`.

    A trial that its study does not schedule is a block of its own; an unknown time is NaN.
    """
    parts = [
        _of_campaign(own, campaigns[str(name)])
        for name, own in trials.groupby("campaign", sort=False)
    ]
    return pd.concat(parts).loc[trials.index] if parts else trials.reindex(
        columns=[*trials.columns, *COLUMNS]
    )  # fmt: skip


def _of_campaign(own: pd.DataFrame, ran: RunConditions) -> pd.DataFrame:
    schedule = {scheduled.trial: scheduled for scheduled in make_schedule(ran.study)}
    known = [schedule.get(trial) for trial in own["trial"]]
    windows = {cell.id: _windows_s(ran.study, cell) for cell, _ in ran.study.cells()}
    declared = ran.study.windows
    usual = declared.watch_s, declared.new_connection_s, declared.bystander_s
    waited = [windows.get(trial.split("/", 1)[0], usual) for trial in own["trial"]]
    return own.assign(
        block=[
            trial if place is None else f"block {place.block}"
            for trial, place in zip(own["trial"], known, strict=True)
        ],
        turn=[f"turn {0 if place is None else place.turn}" for place in known],
        cluster=[ran.clusters.get(record, "") for record in own["record"]],
        watch_window_s=[float(watch) for watch, _, _ in waited],
        new_connection_window_s=[float(client) for _, client, _ in waited],
        bystander_window_s=[float(pod) for _, _, pod in waited],
        install_s=own["record"].map(ran.installs).astype(float),
        rtt_ms=own["record"].map(ran.round_trips).astype(float),
    )


def _windows_s(study: Study, cell: Cell) -> tuple[float, float, float]:
    """How long a cell is watched, its new client that decides waited for, and the ordinary pod."""
    windows, clients = study.windows_of(cell), study.scenario(cell.scenario).clients
    last = [client for client in clients if client.node == deciding_node(clients)][-1]
    return windows.watch_s, last.waits_s(windows.new_connection_s), windows.bystander_s
