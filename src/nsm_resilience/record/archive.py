# SPDX-License-Identifier: Apache-2.0
"""A campaign as it is committed: one archive per scenario, checksums, a description."""

from __future__ import annotations

import hashlib
import io
import json
import shutil
import tarfile
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from itertools import repeat
from pathlib import Path, PurePosixPath

from nsm_resilience.record.files import write_bytes, write_json
from nsm_resilience.record.layout import CampaignLayout

CHECKSUMS = "SHA256SUMS"


class ArchiveError(ValueError):
    """A recorded campaign is damaged or incomplete."""


def scenario_of(trial: str) -> str:
    """The scenario of a trial id (`S2-kernel-…/01` → `S2`)."""
    return trial.split("-", 1)[0]


def pack(campaign: Path, recorded: Path) -> list[Path]:
    """Pack a live campaign into `recorded`; returns the files written.

    The same records give the same bytes: entries are sorted, without owners and times. README.md
    in `recorded` is left alone, and is covered by the checksums.
    """
    layout = CampaignLayout(campaign)
    description = json.loads(layout.description.read_text(encoding="utf-8"))
    description["source"] = "recorded"
    write_json(recorded / "campaign.json", description)
    write_bytes(recorded / "study.yaml", layout.study.read_bytes())
    by_scenario: dict[str, list[str]] = {}
    for record in description["records"]:
        by_scenario.setdefault(scenario_of(record["trial"]), []).append(record["path"])
    written = [recorded / "campaign.json", recorded / "study.yaml"]
    scenarios = sorted(by_scenario)
    folders = [sorted(by_scenario[scenario]) for scenario in scenarios]
    with ProcessPoolExecutor() as pool:  # xz is what takes the time
        for scenario, data in zip(
            scenarios, pool.map(_tar, repeat(campaign), folders), strict=True
        ):
            target = recorded / f"{scenario}.tar.xz"
            write_bytes(target, data)
            written.append(target)
    readme = recorded / "README.md"
    if readme.exists():
        written.append(readme)
    sums = "".join(f"{_sha256(path)}  {path.name}\n" for path in sorted(written))
    write_bytes(recorded / CHECKSUMS, sums.encode())
    return [*written, recorded / CHECKSUMS]


def _tar(root: Path, folders: Iterable[str]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:xz", preset=9) as archive:
        for folder in folders:
            for path in sorted((root / folder).rglob("*")):
                if not path.is_file():
                    continue
                info = tarfile.TarInfo(path.relative_to(root).as_posix())
                info.size = path.stat().st_size
                with path.open("rb") as stream:
                    archive.addfile(info, stream)
    return buffer.getvalue()


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def verify(recorded: Path) -> None:
    """Check every file against SHA256SUMS; ArchiveError names each one that is wrong or missing."""
    listing = recorded / CHECKSUMS
    if not listing.exists():
        raise ArchiveError(f"{listing} is missing: {recorded} is not a recorded campaign")
    problems: list[str] = []
    named: set[str] = {CHECKSUMS}
    for line in listing.read_text(encoding="utf-8").splitlines():
        expected, _, name = line.partition("  ")
        named.add(name)
        path = recorded / name
        if PurePosixPath(name).name != name:
            problems.append(f"{name}: names a file outside the campaign")
        elif not path.exists():
            problems.append(f"{name}: is missing")
        elif _sha256(path) != expected:
            problems.append(f"{name}: does not match its checksum")
    archives = {path.name for path in recorded.glob("*.tar.xz")}
    problems += [f"{name}: is not listed in {CHECKSUMS}" for name in sorted(archives - named)]
    if problems:
        raise ArchiveError(
            f"{recorded} is damaged:\n  - " + "\n  - ".join(problems)
            + "\nRestore it, for example with `git checkout -- " + recorded.as_posix() + "`."
        )  # fmt: skip


def unpack(recorded: Path, target: Path) -> None:
    """Verify a recorded campaign and unpack it to `target`, which is replaced as a whole."""
    verify(recorded)
    staging = target.with_name(f".{target.name}.part")
    shutil.rmtree(staging, ignore_errors=True)
    staging.mkdir(parents=True)
    for name in ("campaign.json", "study.yaml"):
        shutil.copyfile(recorded / name, staging / name)
    for path in sorted(recorded.glob("*.tar.xz")):
        with tarfile.open(path, mode="r:xz") as archive:
            archive.extractall(staging, filter="data")
    description = json.loads((staging / "campaign.json").read_text(encoding="utf-8"))
    missing = [r["path"] for r in description["records"] if not (staging / r["path"]).is_dir()]
    if missing:
        raise ArchiveError(f"{recorded}: the archives lack the records {', '.join(missing)}")
    shutil.rmtree(target, ignore_errors=True)
    staging.replace(target)
