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
from nsm_resilience.record.description import DescriptionError
from tests.builders.packed_campaign import content, live_campaign, relist

many = settings(
    deadline=None,
    max_examples=int(os.environ.get("DAMAGE_EXAMPLES", "100")),
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


@pytest.fixture(scope="module")
def unpacked(whole: Path) -> dict[str, str]:
    unpack(whole, whole.parent / "unpacked")
    return content(whole.parent / "unpacked")


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
    "text",
    [
        "[]", "{}", "null", "", "[" * 100_000, '{"records": null}', '{"records": [1]}',
        '{"records": [{"trial": "S1-a/01", "attempt": 1, "path": "../elsewhere"}]}',
    ],
)  # fmt: skip
def test_a_description_that_is_none_is_refused(recorded: Path, text: str) -> None:
    (recorded / "campaign.json").write_text(text)
    relist(recorded)
    with pytest.raises(DescriptionError, match="does not describe a campaign"):
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
    with pytest.raises(DescriptionError, match="nsm-resilience index"):
        pack(live, tmp_path / "recorded")
