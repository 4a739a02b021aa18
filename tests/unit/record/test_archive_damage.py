# SPDX-License-Identifier: Apache-2.0
"""Whatever happens to a recorded campaign: it is refused with a reason, or unpacks as it was.

`DAMAGE_EXAMPLES` says how many examples are tried (100 without it; a long run takes 2000).
"""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import shutil
import tarfile
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nsm_resilience.record import members
from nsm_resilience.record.archive import ArchiveError, pack, unpack, verify
from tests.builders.packed_campaign import content, live_campaign, relist

many = settings(
    deadline=None,
    max_examples=int(os.environ.get("DAMAGE_EXAMPLES", "100")),
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("whole")
    pack(live_campaign(folder / "live"), folder / "recorded")
    return folder / "recorded"


@pytest.fixture(scope="module")
def unpacked(whole: Path) -> dict[str, str]:
    unpack(whole, whole.parent / "unpacked")
    return content(whole.parent / "unpacked")


@pytest.fixture
def recorded(whole: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(whole, tmp_path / "recorded"))


FILES = ("S1.tar.xz", "S2.tar.xz", "SHA256SUMS", "campaign.json", "study.yaml")
Bytes = Callable[[bytes, Any], bytes]

CHANGES: dict[str, Bytes] = {
    "cut": lambda was, data: was[: data.draw(st.integers(0, len(was) - 1))],
    "flipped": lambda was, data: _flipped(was, data),
    "more": lambda was, data: was + data.draw(st.binary(min_size=1, max_size=40)),
    "doubled": lambda was, _: was + was,
    "converted": lambda was, _: was.replace(b"\n", b"\r\n"),
    "zeroed": lambda was, _: bytes(len(was)),
    "other": lambda _, data: data.draw(st.binary(max_size=200)),
}


def _flipped(was: bytes, data: Any) -> bytes:
    at = data.draw(st.integers(0, len(was) - 1))
    return was[:at] + bytes([was[at] ^ 1 << data.draw(st.integers(0, 7))]) + was[at + 1 :]


def _refused_or_the_same(recorded: Path, unpacked: dict[str, str]) -> str | None:
    """The reason for which a campaign is refused; None when it unpacks to what it was."""
    target = recorded.parent / "again"
    try:
        verify(recorded)
    except ArchiveError as error:
        with pytest.raises(ArchiveError):
            unpack(recorded, target)
        assert not target.exists()
        return str(error)
    unpack(recorded, target)
    assert content(target) == unpacked
    return None


@many
@given(data=st.data())
def test_a_file_that_was_changed_is_refused_or_is_as_it_was(
    whole: Path,
    unpacked: dict[str, str],
    tmp_path_factory: pytest.TempPathFactory,
    data: Any,
) -> None:
    recorded = Path(shutil.copytree(whole, tmp_path_factory.mktemp("c") / "recorded"))
    name = data.draw(st.sampled_from(FILES))
    was = (recorded / name).read_bytes()
    now = CHANGES[data.draw(st.sampled_from(sorted(CHANGES)))](was, data)
    (recorded / name).write_bytes(now)
    why = _refused_or_the_same(recorded, unpacked)
    assert (why is None) == (now == was)
    assert why is None or str(recorded) in why
    shutil.rmtree(recorded.parent)


@many
@given(data=st.data())
def test_an_archive_that_was_changed_with_its_checksum_never_brings_anything_else_than_an_error(
    whole: Path, tmp_path_factory: pytest.TempPathFactory, data: Any
) -> None:
    """The members may be others then, which the judge sees; the archive is whole all the same."""
    recorded = Path(shutil.copytree(whole, tmp_path_factory.mktemp("c") / "recorded"))
    archive = recorded / "S2.tar.xz"
    layer = data.draw(st.sampled_from(["xz", "tar"]))
    was = archive.read_bytes() if layer == "xz" else lzma.decompress(archive.read_bytes())
    now = CHANGES[data.draw(st.sampled_from(sorted(CHANGES)))](was, data)
    archive.write_bytes(now if layer == "xz" else lzma.compress(now, preset=0))
    relist(recorded)
    outside = set(recorded.parent.iterdir())
    try:
        verify(recorded)
    except ArchiveError as error:
        assert "S2.tar.xz" in str(error) or "S2-" in str(error)
    else:
        unpack(recorded, recorded.parent / "again")
        shutil.rmtree(recorded.parent / "again")
    assert set(recorded.parent.iterdir()) == outside
    shutil.rmtree(recorded.parent)


Members = list[tuple[tarfile.TarInfo, bytes]]


def _remade(recorded: Path, change: Callable[[Members], None], **written: Any) -> None:
    """Write S2's archive anew with other members, and its checksum."""
    path = recorded / "S2.tar.xz"
    with tarfile.open(path) as archive:
        members = [(m, archive.extractfile(m).read()) for m in archive]  # type: ignore[union-attr]
    change(members)
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", **written) as archive:
        for member, inside in members:
            if member.isreg():
                member.size = len(inside)
            archive.addfile(member, io.BytesIO(inside))
    path.write_bytes(lzma.compress(buffer.getvalue(), preset=0))
    relist(recorded)


def _member(name: str, kind: bytes = tarfile.REGTYPE, link: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, link
    return info


INSIDE = "records/S2-kernel-monitored-kill/01/1"


@pytest.mark.parametrize(
    ("name", "kind", "says"),
    [
        ("../outside", tarfile.REGTYPE, "outside of the records"),
        ("/etc/passwd", tarfile.REGTYPE, "outside of the records"),
        ("records/../../outside", tarfile.REGTYPE, "outside of the records"),
        (f"{INSIDE}/../../../../outside", tarfile.REGTYPE, "outside of the records"),
        (f"{INSIDE}//meta.json", tarfile.REGTYPE, "outside of the records"),
        (f"{INSIDE}/./meta.json", tarfile.REGTYPE, "outside of the records"),
        (f"{INSIDE}/a\\b", tarfile.REGTYPE, "outside of the records"),
        (f"{INSIDE}/c:x", tarfile.REGTYPE, "outside of the records"),
        (f"{INSIDE}/a\nb", tarfile.REGTYPE, "outside of the records"),
        (f"{INSIDE}/\udcff", tarfile.REGTYPE, "no UTF-8"),
        ("study.yaml", tarfile.REGTYPE, "outside of the records"),
        (f"{INSIDE}/more", tarfile.SYMTYPE, "no plain file"),
        (f"{INSIDE}/more", tarfile.LNKTYPE, "no plain file"),
        (f"{INSIDE}/more", tarfile.DIRTYPE, "no plain file"),
        (f"{INSIDE}/more", tarfile.FIFOTYPE, "no plain file"),
        (f"{INSIDE}/more", tarfile.CHRTYPE, "no plain file"),
        (f"{INSIDE}/meta.json", tarfile.REGTYPE, "there twice"),
        (f"{INSIDE}/meta.json/more", tarfile.REGTYPE, "a file and a folder"),
        (f"{INSIDE}/samples", tarfile.REGTYPE, "a file and a folder"),
        ("records/S1-kernel-monitored-none/01/1/meta.json", tarfile.REGTYPE, "another scenario"),
        ("records/S2-kernel-monitored-kill/01/2/meta.json", tarfile.REGTYPE, "does not name"),
        ("records/S2-kernel-monitored-kill/01/0/meta.json", tarfile.REGTYPE, "outside"),
        (f"{INSIDE}/META.json", tarfile.REGTYPE, "is there as"),
        (f"{INSIDE}/Samples/more", tarfile.REGTYPE, "is there as"),
        ("records/S2-Kernel-monitored-kill/01/1/more", tarfile.REGTYPE, "is there as"),
        (f"{INSIDE}/nul", tarfile.REGTYPE, "outside of the records"),
        (f"{INSIDE}/Com1.log", tarfile.REGTYPE, "outside of the records"),
        (f"{INSIDE}/more.", tarfile.REGTYPE, "outside of the records"),
        (f"{INSIDE}/more ", tarfile.REGTYPE, "outside of the records"),
        (f"{INSIDE}/a|b", tarfile.REGTYPE, "outside of the records"),
    ],
)
@pytest.mark.parametrize("first", [True, False])
def test_a_member_that_no_archive_of_ours_has_is_refused(
    recorded: Path, name: str, kind: bytes, says: str, first: bool
) -> None:
    extra = (_member(name, kind, f"{INSIDE}/meta.json"), b"")
    _remade(recorded, lambda m: m.insert(0 if first else len(m), extra))
    before = sorted(p for p in recorded.parent.rglob("*"))
    for do in (verify, lambda r: unpack(r, r.parent / "again")):
        with pytest.raises(ArchiveError, match=f"S2.tar.xz: .*{says}"):
            do(recorded)
    assert sorted(p for p in recorded.parent.rglob("*")) == before


@pytest.mark.parametrize(
    ("name", "most", "says"),
    [
        ("LARGEST", 1000, "is larger than 0 GiB when it is unpacked"),
        ("MOST_MEMBERS", 1, "has more than 1 files"),
        ("MEMORY", 1000, "cannot be unpacked"),
    ],
)
def test_an_archive_is_unpacked_within_bounds(
    recorded: Path, monkeypatch: pytest.MonkeyPatch, name: str, most: int, says: str
) -> None:
    monkeypatch.setattr(members, name, most)
    with pytest.raises(ArchiveError, match=f"S2.tar.xz: {says}"):
        verify(recorded)


def test_a_small_archive_that_holds_very_much_takes_no_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Some kilobytes that hold gigabytes are written piece by piece, and given up at the bound."""
    monkeypatch.setattr(members, "LARGEST", 32 << 20)
    path = tmp_path / "S2.tar.xz"
    path.write_bytes(lzma.compress(bytes(64 << 20), preset=0))
    tracemalloc.start()
    tracemalloc.reset_peak()
    with pytest.raises(members.MemberError, match="is larger than"):
        members.read_members(path, "S2", None)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most < 16 << 20


@pytest.mark.parametrize("kind", [tarfile.XHDTYPE, tarfile.GNUTYPE_LONGNAME])
def test_a_header_that_is_as_long_as_an_archive_is_refused(recorded: Path, kind: bytes) -> None:
    info = _member(f"{INSIDE}/more", kind)
    info.size = 3 << 20
    path = recorded / "S2.tar.xz"
    tar = info.tobuf(tarfile.GNU_FORMAT) + b"a" * info.size + bytes(10240)
    path.write_bytes(lzma.compress(tar, preset=0))
    relist(recorded)
    with pytest.raises(ArchiveError, match="has a header of"):
        verify(recorded)


@pytest.mark.parametrize(
    "made",
    [gzip.compress, bz2.compress, lambda tar: lzma.compress(tar, lzma.FORMAT_ALONE), bytes],
    ids=["gzip", "bzip2", "lzma", "plain"],
)
def test_an_archive_of_another_kind_is_refused(
    recorded: Path, made: Callable[[bytes], bytes]
) -> None:
    path = recorded / "S2.tar.xz"
    path.write_bytes(made(lzma.decompress(path.read_bytes())))
    relist(recorded)
    with pytest.raises(ArchiveError, match="cannot be unpacked"):
        verify(recorded)


def test_a_record_that_is_missing_in_its_archive_is_named(recorded: Path) -> None:
    _remade(recorded, list.clear)
    with pytest.raises(ArchiveError, match=f"lack the records {INSIDE}"):
        verify(recorded)


@pytest.mark.parametrize(
    ("behind", "says"),
    [(b"more", "something behind its end"), (lzma.compress(b"more"), "something behind its end")],
)
def test_what_is_behind_the_end_of_the_compressed_stream_is_seen(
    recorded: Path, behind: bytes, says: str
) -> None:
    with (recorded / "S2.tar.xz").open("ab") as stream:
        stream.write(behind)
    relist(recorded)
    with pytest.raises(ArchiveError, match=says):
        verify(recorded)


def test_a_second_tar_behind_the_first_is_seen(recorded: Path) -> None:
    path = recorded / "S2.tar.xz"
    tar = lzma.decompress(path.read_bytes())
    path.write_bytes(lzma.compress(tar + tar, preset=0))
    relist(recorded)
    with pytest.raises(ArchiveError, match="something behind its end"):
        verify(recorded)


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


@pytest.mark.parametrize(
    "text",
    [
        "[]", "{}", "null", "", "[" * 100_000, '{"records": null}', '{"records": [1]}',
        '{"records": [{"trial": "S1-a/01", "attempt": 1, "path": "../elsewhere"}]}',
    ],
)  # fmt: skip
def test_a_description_that_is_none_is_refused(recorded: Path, text: str) -> None:
    (recorded / "campaign.json").write_text(text)
    relist(recorded)
    with pytest.raises(ArchiveError, match="does not describe a campaign"):
        verify(recorded)


def test_a_campaign_that_is_refused_leaves_what_was_unpacked_before(recorded: Path) -> None:
    target = recorded.parent / "again"
    unpack(recorded, target)
    before = content(target)
    (recorded / "S2.tar.xz").write_bytes(b"x")
    relist(recorded)
    with pytest.raises(ArchiveError, match=r"S2\.tar\.xz: "):
        unpack(recorded, target)
    assert content(target) == before
    assert {p.name for p in recorded.parent.iterdir()} == {"recorded", "again"}


def test_a_campaign_without_a_description_is_not_packed(tmp_path: Path) -> None:
    live = live_campaign(tmp_path / "live")
    (live / "campaign.json").unlink()
    with pytest.raises(ArchiveError, match="nsm-resilience index"):
        pack(live, tmp_path / "recorded")
