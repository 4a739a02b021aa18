# SPDX-License-Identifier: Apache-2.0
"""Keys that studies once had: recorded studies with them can still be read.

A recorded campaign keeps its `study.yaml` unchanged, and the checksum of its content. Reading such
a file drops a retired key. A new study that writes it is refused, with what to write instead.

`judge.interruption_s` (until November 2026) called any stretch without reply that was longer an
interruption, whether echoes were lost or only late (issue 14, section 3). It was 0.1 s on the
kernel plane and 0.5 s on VPP. All records are judged by `loss_run` and the other rules of today.
"""

from __future__ import annotations

from typing import Any

INTERRUPTION_S = 0.1
"""Default of the retired key, seconds."""

FORMER_JUDGE = {"interruption_s": INTERRUPTION_S, "probe_gap_s": 1.0, "late_fraction": 0.05}
"""All keys of `judge` in studies that had it, with their defaults."""

INSTEAD = (
    "judge.interruption_s: is not used any more: loss and lateness are two rules now; write "
    "`loss_run: 5` (so many echoes lost in a row are an interruption; at 20 ms that is the old "
    "0.1 s) and `late_reply_s: 0.5`, or leave both out: these are the defaults"
)


def retired_problems(data: object) -> list[str]:
    """One line for each retired key in the data of a study."""
    return [INSTEAD] if "interruption_s" in _judge_of(data) else []


def without_retired(data: Any) -> Any:
    """The data without retired keys; data without such keys are returned unchanged."""
    judge = _judge_of(data)
    if "interruption_s" not in judge:
        return data
    kept = {name: value for name, value in judge.items() if name != "interruption_s"}
    return {**data, "judge": kept}


def former_content(data: object) -> dict[str, Any]:
    """The parts of a study that versions with retired keys wrote differently, in their form."""
    given = {name: value for name, value in _judge_of(data).items() if name in FORMER_JUDGE}
    return {"judge": {name: float(value) for name, value in {**FORMER_JUDGE, **given}.items()}}


def _judge_of(data: object) -> dict[str, Any]:
    judge = data.get("judge") if isinstance(data, dict) else None
    return judge if isinstance(judge, dict) else {}
