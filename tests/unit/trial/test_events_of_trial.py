# SPDX-License-Identifier: Apache-2.0
"""Which Kubernetes events are of a trial, whatever the wall clock does."""

from __future__ import annotations

from contextlib import nullcontext
from types import SimpleNamespace
from typing import Any

import pytest

from nsm_resilience.trial import phases


def event(uid: str, version: int, last: str | None) -> dict[str, Any]:
    meta = {"uid": uid, "resourceVersion": str(version), "managedFields": [{}]}
    return {"metadata": meta, "lastTimestamp": last}


def test_events_are_told_by_what_was_there_before_and_not_by_their_times(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The clock is set back by an hour in the trial: its own events look older than it."""
    monkeypatch.setattr(phases, "phase", lambda *_: nullcontext())
    monkeypatch.setattr(phases, "snapshot", lambda *_: None)
    monkeypatch.setattr(phases, "at_once", lambda *_: None)
    there = [event("former", 1, "2026-01-01T10:00:00Z"), event("again", 2, "2026-01-01T10:00:00Z")]
    kept: list[dict[str, Any]] = []
    setting: Any = SimpleNamespace(
        agents={}, remedy=None, handlers={}, pump=lambda: None, cluster_id="c",
        lane=SimpleNamespace(namespace="lane"), pods=SimpleNamespace(stop=lambda: None),
        mesh=SimpleNamespace(wipe=lambda: {}),
        cluster=SimpleNamespace(
            find=lambda *_, **__: [dict(e) for e in there], identity=lambda: "c"
        ),
        writer=SimpleNamespace(event=lambda *_, **__: None, kubernetes_events=kept.extend),
    )  # fmt: skip
    phases.clean(setting)
    there[1] = event("again", 7, "2026-01-01T09:05:00Z")
    there.append(event("new", 8, "2026-01-01T09:06:00Z"))
    there.append(event("without a time", 9, None))
    phases.collect(setting)
    assert [e["metadata"]["uid"] for e in kept] == ["again", "new", "without a time"]
    assert all("managedFields" not in e["metadata"] for e in kept)
