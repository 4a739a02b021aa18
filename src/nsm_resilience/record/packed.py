# SPDX-License-Identifier: Apache-2.0
"""A recorded campaign as it lies in git, with its records in archives: what may be done to it.

It is read by `archive` alone. To every other command its folder looks like a campaign whose records
are lost, and what writes a campaign's folder would destroy it.
"""

from __future__ import annotations

from pathlib import Path

from nsm_resilience.record.checksums import CHECKSUMS, README, left_behind
from nsm_resilience.record.files import object_or_empty
from nsm_resilience.record.layout import UNPACKED, CampaignLayout

PARTS = {"campaign.json", "study.yaml", "commits.json", "records"}
"""What there is in the folder of a campaign that was unpacked."""


def unpack_first(folder: Path) -> str:
    """What is said of a folder whose records are in archives; empty for any other."""
    if not (folder / CHECKSUMS).is_file() or (folder / "records").is_dir():
        return ""
    return (
        f"{folder} holds a campaign's records in archives; unpack it first, with `nsm-resilience "
        f"archive unpack {folder} --out {UNPACKED / folder.name}`, and name that folder"
    )


def is_recorded(folder: Path) -> bool:
    """Whether a folder is a campaign that was packed, as it lies in git or unpacked from that."""
    source = object_or_empty(CampaignLayout(folder).description).get("source")
    return source == "recorded" or (folder / CHECKSUMS).exists()


def why_not_packed_into(out: Path, campaign: Path) -> str:
    """Why archives must not be written into a folder; empty where they may."""
    if out.resolve() == campaign.resolve():
        return f"{out} is the campaign itself; give another folder as --out"
    if not out.is_dir():
        return f"{out} is a file; give a folder as --out" if out.exists() else ""
    known = {*PARTS - {"records"}, CHECKSUMS, README}
    others = [name for name in _others(out, known) if Path(name).suffix != ".xz"]
    if others and not (out / CHECKSUMS).exists():
        return (
            f"{out} holds other things than a campaign in archives ({', '.join(others[:3])}); give "
            "a new folder as --out"
        )
    return ""


def why_not_replaced(target: Path, recorded: Path) -> str:
    """Why a folder must not be replaced by an unpacked campaign; empty where it may."""
    there, archives = target.resolve(), recorded.resolve()
    if archives.is_relative_to(there) or there.is_relative_to(archives):
        return f"{target} holds the archives themselves; give another folder as --out"
    if not there.is_dir():
        return f"{target} is a file; give a folder as --out" if there.exists() else ""
    others = _others(there, PARTS)
    if others:
        return (
            f"{target} holds other things than an unpacked campaign ({', '.join(others[:3])}), and "
            "would be replaced as a whole; give a new folder as --out"
        )
    return ""


def _others(folder: Path, known: set[str]) -> list[str]:
    """What is in a folder and is neither known nor left there by systems and editors."""
    names = sorted(path.name for path in folder.iterdir())
    return [name for name in names if name not in known and not left_behind(name)]
