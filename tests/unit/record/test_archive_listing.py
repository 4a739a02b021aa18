# SPDX-License-Identifier: Apache-2.0
"""A recorded campaign has the files that its checksums list; what to do about others is said."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from nsm_resilience.record.archive import ArchiveError, verify


@pytest.mark.parametrize(
    "name",
    [
        "._S1.tar.xz", ".DS_Store", "Thumbs.db", "ehthumbs.db", "desktop.ini", "study.yaml~",
        ".S1.swp", ".#README.md", "#README.md#", ".~lock.README.md#", "~$README.md",
        "S1.tar.xz:Zone.Identifier", ".nfs0001", ".fuse_hidden0001", ".Trash-1000", "lost+found",
        "$RECYCLE.BIN", "System Volume Information", ".directory", ".localized",
    ],
)  # fmt: skip
def test_what_a_system_or_an_editor_left_is_to_be_deleted_and_not_checked_out(
    recorded: Path, name: str
) -> None:
    (recorded / name).write_bytes(b"x")
    with pytest.raises(ArchiveError) as caught:
        verify(recorded)
    assert f"{name}: was left there" in str(caught.value) and "delete it" in str(caught.value)
    assert "git checkout" not in str(caught.value)


@pytest.mark.parametrize("name", ["S3.tar.xz", "notes.txt", "records", ".hidden", "S1.TAR.XZ"])
def test_everything_that_is_there_must_be_listed(recorded: Path, name: str) -> None:
    (recorded / name).mkdir() if name == "records" else (recorded / name).write_bytes(b"x")
    with pytest.raises(ArchiveError, match=f"{name}: is not listed"):
        verify(recorded)


def test_a_readme_that_was_written_later_need_not_be_listed(recorded: Path) -> None:
    (recorded / "README.md").write_text("What this campaign was about.\n")
    verify(recorded)


def test_a_name_that_steers_a_terminal_is_not_printed_as_it_is(recorded: Path) -> None:
    (recorded / "a\x1b[2Jb").write_bytes(b"x")
    (recorded / "c\udcff").write_bytes(b"x")
    with pytest.raises(ArchiveError) as caught:
        verify(recorded)
    assert "\x1b" not in str(caught.value)
    str(caught.value).encode()


def test_line_ends_that_were_converted_are_told_from_other_damage(recorded: Path) -> None:
    for name in ("campaign.json", "study.yaml"):
        path = recorded / name
        path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    with pytest.raises(ArchiveError) as caught:
        verify(recorded)
    assert str(caught.value).count("core.autocrlf=false") == 2
    sums = recorded / "SHA256SUMS"
    sums.write_bytes(sums.read_bytes().replace(b"\n", b"\r\n"))
    with pytest.raises(ArchiveError, match="SHA256SUMS: its line ends were converted"):
        verify(recorded)


@pytest.mark.parametrize("name", ["SHA256SUMS", "campaign.json", "study.yaml"])
@pytest.mark.parametrize("lines", [b"\n", b"\r\n"])
def test_a_byte_order_mark_is_told_from_other_damage(
    recorded: Path, name: str, lines: bytes
) -> None:
    content = (recorded / name).read_bytes()
    if name != "SHA256SUMS":  # there the line ends are told first
        content = content.replace(b"\n", lines)
    (recorded / name).write_bytes(b"\xef\xbb\xbf" + content)
    with pytest.raises(ArchiveError, match=f"{name}: .*an editor has put a byte order mark"):
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
        (f"{SUMS}  ../S1.tar.xz", "outside the campaign"),
        (f"{SUMS}  /etc/passwd", "outside the campaign"),
        (f"{SUMS}  .hidden", "hidden"),
        (f"{'A' * 64}  more", "in capitals"),
        (f"{SUMS}  S1.tar.xz", "a second time"),
        (f"{SUMS}  SHA256SUMS", "names itself"),
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


@pytest.mark.parametrize(
    "other",
    ["s1.tar.xz", "S1 (1).tar.xz", "S1.tar.xz.bak", "S1.tar.xz~", "._S1.tar.xz", "S1.TAR.XZ.txt"],
)
def test_a_file_under_another_name_is_to_be_renamed_and_nothing_else(
    recorded: Path, other: str
) -> None:
    (recorded / "S1.tar.xz").rename(recorded / other)
    with pytest.raises(ArchiveError) as caught:
        verify(recorded)
    assert str(caught.value).endswith(f"is missing; there is {other}: rename it to S1.tar.xz")
    for wrong in ("delete it", "git checkout"):
        assert wrong not in str(caught.value)
    (recorded / "notes.txt").write_text("")
    (recorded / "study.yaml").write_text("")
    with pytest.raises(ArchiveError) as caught:
        verify(recorded)
    told = str(caught.value)
    assert [line for line in told.splitlines() if "delete it" in line] == [
        "  - notes.txt: is not listed in SHA256SUMS; delete it, or move it out of the campaign"
    ]
    assert "git checkout" not in told and "Rename first" in told
    (recorded / other).rename(recorded / "S1.tar.xz")
    with pytest.raises(ArchiveError, match=r"study\.yaml: does not match.*(?s:.)*git checkout"):
        verify(recorded)


def test_a_file_under_another_case_is_to_be_renamed_though_its_content_is_another(
    recorded: Path,
) -> None:
    (recorded / "S1.tar.xz").unlink()
    (recorded / "s1.tar.xz").write_bytes(b"x")
    with pytest.raises(ArchiveError, match=r"there is s1.tar.xz: rename it to S1") as caught:
        verify(recorded)
    assert "delete it" not in str(caught.value)


def test_nothing_is_to_be_deleted_where_the_list_itself_is_damaged(recorded: Path) -> None:
    sums = recorded / "SHA256SUMS"
    sums.write_text(sums.read_text().replace("  S1.tar.xz", " S1.tar.xz"))
    with pytest.raises(ArchiveError, match=r"S1\.tar\.xz: is not listed") as caught:
        verify(recorded)
    assert "delete it" not in str(caught.value) and "git checkout" in str(caught.value)


def test_checksums_under_another_case_are_to_be_renamed(recorded: Path) -> None:
    (recorded / "SHA256SUMS").rename(recorded / "sha256sums")
    with pytest.raises(ArchiveError, match="rename it to SHA256SUMS"):
        verify(recorded)
