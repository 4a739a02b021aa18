# SPDX-License-Identifier: Apache-2.0
"""A recorded campaign has the files that its checksums list, and no others."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from nsm_resilience.record.archive import ArchiveError, verify


@pytest.mark.parametrize(
    "name", ["S3.tar.xz", "notes.txt", "records", ".hidden", "S1.TAR.XZ", "._S1.tar.xz", "c\udcff"]
)
def test_everything_that_is_there_must_be_listed(recorded: Path, name: str) -> None:
    (recorded / name).mkdir() if name == "records" else (recorded / name).write_bytes(b"x")
    with pytest.raises(ArchiveError, match=f"{name}: is not listed"):
        verify(recorded)


def test_a_readme_that_was_written_later_need_not_be_listed(recorded: Path) -> None:
    (recorded / "README.md").write_text("What this campaign was about.\n")
    verify(recorded)


SUMS = "0" * 64


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("", "is no line of checksums"),
        ("# a comment", "is no line of checksums"),
        (f"{SUMS} S1.tar.xz", "is no line of checksums"),
        (f"{SUMS} *S1.tar.xz", "is no line of checksums"),
        (f"{SUMS[:-1]}  S1.tar.xz", "is no line of checksums"),
        (f"{SUMS}  ../S1.tar.xz", "is no line of checksums"),
        (f"{SUMS}  /etc/passwd", "is no line of checksums"),
        (f"{SUMS}  .hidden", "is no line of checksums"),
        (f"{'A' * 64}  more", "is no line of checksums"),
        (f"{SUMS}  S1.tar.xz", "a second time"),
        ("\udcff", "is no line of checksums"),
    ],
)
def test_a_line_of_the_checksums_that_is_none_is_named(
    recorded: Path, line: str, says: str
) -> None:
    with (recorded / "SHA256SUMS").open("a", encoding="utf-8", errors="surrogateescape") as sums:
        sums.write(line + "\n")
    with pytest.raises(ArchiveError, match=f"SHA256SUMS, line 5: .*{says}"):
        verify(recorded)


def test_files_without_which_there_is_no_campaign_must_be_listed(recorded: Path) -> None:
    sums = recorded / "SHA256SUMS"
    kept = [x for x in sums.read_text().splitlines(keepends=True) if "study.yaml" not in x]
    sums.write_text("".join(kept))
    with pytest.raises(ArchiveError, match=r"study\.yaml: is not listed"):
        verify(recorded)


def _link(path: Path) -> None:
    path.rename(path.with_name("elsewhere"))
    path.symlink_to("elsewhere")


def _folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


@pytest.mark.parametrize("change", [_link, _folder])
@pytest.mark.parametrize("name", ["S1.tar.xz", "campaign.json"])
def test_a_listed_name_that_is_no_file_is_refused(
    recorded: Path, name: str, change: Callable[[Path], None]
) -> None:
    change(recorded / name)
    with pytest.raises(ArchiveError, match=f"{name}: is no file"):
        verify(recorded)
