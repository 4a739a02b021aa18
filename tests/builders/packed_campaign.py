# SPDX-License-Identifier: Apache-2.0
"""A campaign as small as can be, to be packed. NOT MEASURED: its records hold nothing."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

TRIALS = ("S1-kernel-monitored-none/01", "S2-kernel-monitored-kill/01")


def live_campaign(folder: Path) -> Path:
    """Write a live campaign of two trials."""
    records = []
    for trial in TRIALS:
        path = f"records/{trial}/1"
        (folder / path / "samples").mkdir(parents=True)
        (folder / path / "meta.json").write_text(f'{{"trial": "{trial}"}}')
        (folder / path / "samples" / "path.parquet").write_bytes(bytes(range(256)) * 40)
        records.append({"trial": trial, "attempt": 1, "path": path})
    (folder / "study.yaml").write_text("name: small\n")
    (folder / "campaign.json").write_text(json.dumps({"source": "live", "records": records}))
    return folder


def content(folder: Path) -> dict[str, str]:
    """Checksums of every file of a campaign but its description and what git shows of it."""
    return {
        str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest()
        for p in sorted(folder.rglob("*"))
        if p.is_file() and p.name not in ("campaign.json", "commits.json")
    }


def relist(recorded: Path) -> None:
    """Write the checksums anew, as somebody does who damages on purpose."""
    paths = sorted(p for p in recorded.iterdir() if p.is_file() and p.name != "SHA256SUMS")
    sums = (f"{hashlib.sha256(p.read_bytes()).hexdigest()}  {p.name}\n" for p in paths)
    (recorded / "SHA256SUMS").write_text("".join(sums))
