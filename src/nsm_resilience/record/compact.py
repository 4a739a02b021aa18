# SPDX-License-Identifier: Apache-2.0
"""Samples from lines of JSON, which survive a crash, to Parquet, which is small and fast."""

from __future__ import annotations

import json

from nsm_resilience.record.layout import RecordLayout
from nsm_resilience.record.samples import frame, in_microseconds


def compact_samples(layout: RecordLayout, table: str) -> None:
    """Replace `<table>.jsonl` by `<table>.parquet`; nothing to do when there is none."""
    growing = layout.growing_samples(table)
    if not growing.exists():
        return
    with growing.open(encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    final = layout.samples(table)
    temporary = final.with_suffix(".parquet.part")
    samples = in_microseconds(frame(table, rows))
    if "seq" in samples.columns:  # fates are settled out of order: a reply before an older loss
        samples = samples.sort_values("seq", kind="stable")
    integers = [c for c in samples.columns if str(samples[c].dtype) in ("int64", "Int64")]
    samples.to_parquet(
        temporary,
        index=False,
        compression="zstd",
        # Times on a fixed schedule differ by nearly the same amount: deltas are a few bits each.
        use_dictionary=[c for c in samples.columns if c not in integers],
        column_encoding=dict.fromkeys(integers, "DELTA_BINARY_PACKED"),
    )
    temporary.replace(final)
    growing.unlink()
