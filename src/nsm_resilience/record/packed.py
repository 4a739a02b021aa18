# SPDX-License-Identifier: Apache-2.0
"""Guards for the folder of a recorded campaign as it is in git, with its records in archives.

Only `nsm-resilience archive` reads such a folder. Any other command would find a campaign without
records, and might overwrite it.
"""

from __future__ import annotations

from pathlib import Path

from nsm_resilience.record.checksums import CHECKSUMS, README, left_behind
from nsm_resilience.record.files import object_or_empty
from nsm_resilience.record.layout import UNPACKED, CampaignLayout

PARTS = {"campaign.json", "study.yaml", "commits.json", "records"}
"""Entries of the folder of an unpacked campaign."""


def unpack_first(folder: Path) -> str:
    """The advice for a folder whose records are in archives; empty for any other."""
    if not (folder / CHECKSUMS).is_file() or (folder / "records").is_dir():
        return ""
    return (
        f"{folder} holds a campaign's records in archives; unpack it first, with `nsm-resilience "
        f"archive unpack {folder} --out {UNPACKED / folder.name}`, and name that folder"
    )


def is_recorded(folder: Path) -> bool:
    """Whether a folder is a recorded campaign, as it is in git or unpacked from that.

    One that was unpacked among the live ones and goes on there is live again: it has receipts, and
    its description is written again at its end.
    """
    if (folder / CHECKSUMS).exists():
        return True
    layout = CampaignLayout(folder)
    return object_or_empty(layout.description).get("source") == "recorded" and not (
        layout.receipts.exists()
    )


def why_not_packed_into(out: Path, campaign: Path) -> str:
    """Why archives must not be written into a folder; empty if they may."""
    if out.resolve() == campaign.resolve():
        return f"{out} is the campaign itself; give another folder as --out"
    if (out / CHECKSUMS).exists():
        return ""
    known = {*PARTS - {"records"}, CHECKSUMS, README, *(path.name for path in out.glob("*.xz"))}
    return _why_not_ours(out, known, "a campaign in archives")


def why_not_replaced(target: Path, recorded: Path) -> str:
    """Why a folder must not be replaced by an unpacked campaign; empty if it may."""
    there, archives = target.resolve(), recorded.resolve()
    if archives.is_relative_to(there) or there.is_relative_to(archives):
        return f"{target} holds the archives themselves; give another folder as --out"
    return _why_not_ours(target, PARTS, "an unpacked campaign, which is replaced as a whole,")


def _why_not_ours(folder: Path, known: set[str], what: str) -> str:
    """Why a folder is refused: it has entries that are neither known nor leftovers of systems."""
    if not folder.is_dir():
        return f"{folder} is a file; give a folder as --out" if folder.exists() else ""
    names = sorted(path.name for path in folder.iterdir())
    others = [name for name in names if name not in known and not left_behind(name)]
    if not others:
        return ""
    return (
        f"{folder} holds other things than {what} ({', '.join(others[:3])}); give a new folder as "
        "--out"
    )
