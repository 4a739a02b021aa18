# SPDX-License-Identifier: Apache-2.0
"""The log probe beside a real writer: rotation, restarts, truncation, bursts, and what is lost."""

from __future__ import annotations

import gzip
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from paused import paused

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the agent runs on Linux nodes")

NODE = Path(__file__).parents[3] / "src" / "nsm_resilience" / "agent" / "node"
RUN = "import netns; netns.HOST_ROOT = {root!r}; import follow; follow.{change}; follow.main()"


class Probe:
    """The script in a process of its own, with a folder for the root of the node."""

    def __init__(self, root: Path, change: str = "LOOK_S = 0.1") -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-u", "-c", RUN.format(root=str(root), change=change),
             json.dumps({"namespace": "lane"})],
            cwd=NODE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip
        self.lines: list[dict[str, Any]] = []
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()
        self.until(lambda: self.of("clock"))  # it is up: what comes now is new

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(json.loads(line))

    def of(self, kind: str) -> list[dict[str, Any]]:
        return [line for line in self.lines if line["kind"] == kind]

    def text(self, container: str = "c") -> str:
        return "".join(x["data"] for x in self.of("log") if x["container"] == container)

    def until(self, what: Any) -> None:
        deadline = time.monotonic() + 20
        while not what():
            assert time.monotonic() < deadline, (self.lines[-3:], self.process.poll())
            time.sleep(0.01)

    def end(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        self.reader.join(timeout=20)
        _, problem = self.process.communicate(timeout=20)
        assert self.process.returncode == 0, problem.decode()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the log of a container is, before the pod is there."""
    (tmp_path / "var/log/pods").mkdir(parents=True)
    return tmp_path / "var/log/pods/lane_pod_uid/c"


@pytest.fixture
def probe(tmp_path: Path, folder: Path) -> Iterator[Probe]:
    probe = Probe(tmp_path)
    folder.mkdir(parents=True)
    yield probe
    probe.process.kill()
    probe.process.communicate()


def cri(begin: int, end: int, stream: str = "stdout") -> str:
    """Lines as a runtime writes them, each like no other."""
    stamp = "2026-11-28T05:00:00.{:09d}Z"
    return "".join(f"{stamp.format(n)} {stream} F line {n}\n" for n in range(begin, end))


def add(path: Path, text: str) -> None:
    with path.open("a", encoding="utf-8") as stream:
        stream.write(text)


def test_a_burst_of_sixty_thousand_lines_arrives(probe: Probe, folder: Path) -> None:
    text = cri(0, 60_000)
    add(folder / "0.log", text)
    probe.end()  # at once: all of it is read at the end
    assert probe.text() == text
    assert not probe.of("gap")
    assert probe.of("ended")[0]["bytes"] == len(text)


def test_a_rotated_log_is_read_on_and_so_is_the_new_one(probe: Probe, folder: Path) -> None:
    log, old = folder / "0.log", folder / "0.log.20261128-050000"
    add(log, cri(0, 10))
    probe.until(lambda: probe.text() == cri(0, 10))
    log.rename(old)
    add(old, cri(10, 20))  # the runtime has not opened the new file yet
    add(log, cri(20, 30))
    probe.until(lambda: "line 29\n" in probe.text())
    old.unlink()
    add(log, cri(30, 40))
    probe.end()
    assert probe.text() == cri(0, 40)
    assert not probe.of("gap")


def test_a_log_under_rotation_all_the_time_loses_nothing(probe: Probe, folder: Path) -> None:
    """As kubelet does it: rename, write on, new file, pack the one before, remove the oldest."""
    log = folder / "0.log"
    for turn in range(12):
        add(log, cri(turn * 1000, turn * 1000 + 900))
        time.sleep(0.06)
        rotated = folder / f"0.log.20261128-0500{turn:02d}"
        log.rename(rotated)
        add(rotated, cri(turn * 1000 + 900, turn * 1000 + 1000))
        for one in sorted(folder.glob("0.log.*"))[:-1]:
            if one.suffix != ".gz":
                packed = one.with_name(one.name + ".gz.tmp")
                packed.write_bytes(gzip.compress(one.read_bytes()))
                packed.rename(one.with_name(one.name + ".gz"))
                one.unlink()
        for one in sorted(folder.glob("0.log.*"))[:-4]:
            one.unlink()
    add(log, cri(12_000, 12_010))
    probe.end()
    lines = probe.text().splitlines(keepends=True)
    assert sorted(lines) == sorted(cri(0, 12_010).splitlines(keepends=True))
    assert not probe.of("gap")


def test_files_that_were_rotated_or_packed_unseen_are_read(probe: Probe, folder: Path) -> None:
    with paused(probe.process):
        (folder / "0.log.20261128-050000.gz").write_bytes(gzip.compress(cri(0, 5).encode()))
        add(folder / "0.log.20261128-050001", cri(5, 10))
        (folder / "0.log.20261128-050001.gz.tmp").write_bytes(b"half")
        add(folder / "0.log", cri(10, 15))
    probe.end()
    assert probe.text() == cri(0, 15)
    assert not probe.of("gap")


def test_a_packed_file_that_cannot_be_read_is_a_gap(probe: Probe, folder: Path) -> None:
    (folder / "0.log.20261128-050000.gz").write_bytes(b"no gzip")
    probe.until(lambda: probe.of("gap"))
    probe.end()
    (gap,) = probe.of("gap")
    assert gap["bytes"] is None and "0.log.20261128-050000.gz" in gap["why"]


def test_a_restart_begins_another_file(probe: Probe, folder: Path) -> None:
    add(folder / "0.log", cri(0, 5))
    probe.until(lambda: probe.text() == cri(0, 5))
    add(folder / "1.log", cri(5, 10))
    probe.end()
    assert probe.text() == cri(0, 10)
    assert not probe.of("gap")


def test_a_restart_whose_former_log_was_never_seen_is_a_gap(probe: Probe, folder: Path) -> None:
    before_ns = time.monotonic_ns()
    add(folder / "1.log", cri(0, 5))
    probe.until(lambda: probe.of("gap"))
    probe.end()
    (gap,) = probe.of("gap")
    assert gap["why"] == "0.log was never seen" and gap["bytes"] is None
    assert gap["since_ns"] < before_ns < gap["t_ns"]


@pytest.mark.parametrize("longer", [False, True], ids=["shorter", "longer"])
def test_a_log_written_anew_in_place_is_a_gap_and_read_anew(
    probe: Probe, folder: Path, longer: bool
) -> None:
    """Also when the new content is longer than what was read, so that no size shows it."""
    log = folder / "0.log"
    add(log, cri(0, 10))
    probe.until(lambda: probe.text() == cri(0, 10))
    before_ns = time.monotonic_ns()
    text = cri(100, 150 if longer else 102)
    log.write_text(text, encoding="utf-8")
    probe.until(lambda: text in probe.text())
    probe.end()
    assert probe.text() == cri(0, 10) + text
    (gap,) = probe.of("gap")
    assert (gap["pod"], gap["container"], gap["bytes"]) == ("pod", "c", None)
    assert gap["since_ns"] < time.monotonic_ns() and gap["t_ns"] > before_ns


def test_a_writer_that_does_not_append_leaves_a_hole(probe: Probe, folder: Path) -> None:
    log = folder / "0.log"
    with log.open("w", encoding="utf-8") as stream:
        stream.write(cri(0, 10))
        stream.flush()
        probe.until(lambda: probe.text() == cri(0, 10))
        os.truncate(log, 0)
        stream.write(cri(10, 12))
        stream.flush()
        probe.until(lambda: "line 11\n" in probe.text())
    probe.end()
    assert probe.text() == cri(0, 12)
    assert len(probe.of("gap")) == 1


def test_a_copy_that_is_made_before_the_log_is_cut_is_read_once(probe: Probe, folder: Path) -> None:
    """`copytruncate`: what the copy has beyond what was read is taken from it."""
    log = folder / "0.log"
    add(log, cri(0, 10))
    probe.until(lambda: probe.text() == cri(0, 10))
    with paused(probe.process):
        add(log, cri(10, 20))
        (folder / "0.log.1").write_bytes(log.read_bytes())
        os.truncate(log, 0)
        add(log, cri(20, 22))
    probe.end()
    assert sorted(probe.text().splitlines()) == sorted(cri(0, 22).splitlines())
    assert len(probe.of("gap")) == 1  # what was written after the copy is not known


def test_what_is_not_read_in_time_is_counted(tmp_path: Path, folder: Path) -> None:
    probe = Probe(tmp_path, change="DRAIN_BYTES = 1 << 20; follow.LOOK_BYTES = 1 << 18")
    with paused(probe.process):
        folder.mkdir(parents=True)
        text = cri(0, 60_000)
        add(folder / "0.log", text)
        probe.process.send_signal(signal.SIGTERM)
    probe.end()
    read = probe.text()
    assert text.startswith(read) and 1 << 20 <= len(read) < len(text)
    (gap,) = probe.of("gap")
    assert gap["bytes"] == len(text) - len(read)


def test_a_writer_that_never_stops_does_not_keep_the_probe(probe: Probe, folder: Path) -> None:
    write = "import time\nwhile True: print('a line of somebody\\n' * 9999); time.sleep(0.01)"
    with (folder / "0.log").open("w") as log:
        loud = subprocess.Popen([sys.executable, "-u", "-c", write], stdout=log)
    try:
        probe.until(lambda: probe.text())
        began = time.monotonic()
        probe.end()
        assert time.monotonic() - began < 8
    finally:
        loud.kill()
        loud.wait()
    (folder / "0.log").unlink()
    assert probe.of("ended")


def test_a_line_longer_than_any_buffer_arrives(probe: Probe, folder: Path) -> None:
    text = "é" * 1_500_000 + "\n" + cri(0, 2)
    add(folder / "0.log", "x" + text)
    probe.end()
    assert probe.text() == "x" + text
    assert not probe.of("gap")


def test_bytes_that_are_no_utf_8_are_replaced(probe: Probe, folder: Path) -> None:
    (folder / "0.log").write_bytes(b"a \xff\xfe b\n\xe2\x82\n")
    probe.end()
    odd = "\N{REPLACEMENT CHARACTER}"
    assert probe.text() == f"a {odd}{odd} b\n{odd}\n"


def test_a_last_line_without_an_end_is_handed_over(probe: Probe, folder: Path) -> None:
    add(folder / "0.log", "begun")
    add(folder / "1.log", "begun, too")
    probe.end()
    assert probe.text() == "begun\nbegun, too"


def test_pods_of_a_former_trial_are_left_alone(tmp_path: Path, folder: Path) -> None:
    former = tmp_path / "var/log/pods/lane_pod_former/c"
    former.mkdir(parents=True)
    add(former / "0.log", cri(0, 5))
    probe = Probe(tmp_path)
    add(former / "1.log", cri(5, 10))
    folder.mkdir(parents=True)
    add(folder / "0.log", cri(10, 11))
    probe.end()
    assert probe.text() == cri(10, 11)


def test_a_pod_that_is_deleted_is_read_to_its_end(probe: Probe, folder: Path) -> None:
    add(folder / "0.log", cri(0, 5))
    probe.until(lambda: probe.text() == cri(0, 5))
    with paused(probe.process):
        add(folder / "0.log", cri(5, 10))
        (folder / "0.log").unlink()
        folder.rmdir()
    probe.end()
    assert probe.text() == cri(0, 10)
    assert not probe.of("gap")


def test_names_of_folders_may_be_anything(probe: Probe, folder: Path) -> None:
    odd = os.fsencode(folder.parent) + b"/\xff"
    os.mkdir(odd)
    with open(odd + b"/0.log", "wb") as stream:
        stream.write(b"a line\n")
    probe.end()
    assert probe.text(r"\xff") == "a line\n"


def test_the_wall_clock_is_told_in_beats_and_at_once_when_it_is_set(
    capsys: pytest.CaptureFixture[str],
) -> None:
    import wall_clock

    offset, now = 10**18, 0

    def read() -> wall_clock.Reading:
        return now, now + offset, 1000

    clock = wall_clock.WallClock(read)
    for tenth in range(200):
        now = tenth * 100_000_000
        if tenth == 120:
            offset += 2_000_000_000
        clock.look()
    told = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["t_ns"] // 10**8 for line in told] == [0, 50, 100, 120, 170]
    set_line = told[3]
    assert set_line["wall_ns"] - set_line["t_ns"] == 10**18 + 2_000_000_000
    assert set_line["before"] == [119 * 10**8, 10**18 + 119 * 10**8, 1000]


def test_a_burst_of_logs_costs_no_echo(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """What the log probe has waits in its files while much waits to be pulled."""
    import agent

    monkeypatch.setattr(agent, "PATIENT_BYTES", 1 << 20)
    monkeypatch.setattr(agent, "MOST_WAITING", 4 << 20)
    monkeypatch.setattr(agent, "PAGE_BYTES", 1 << 19)
    flood = f"import json\nfor n in range(400): print(json.dumps([n, 'x' * {1 << 15}]))"
    monkeypatch.setattr(agent, "command", lambda *_: [sys.executable, "-c", flood])
    keeper = agent.Agent()
    keeper.add("path", {"kind": "echoes"}, 100)
    keeper.start("follow", "follow", {})
    got, since, deadline = [], 0, time.monotonic() + 20
    time.sleep(0.5)
    while len(got) < 402 and time.monotonic() < deadline:
        lines, since, _ = keeper.pull(since)
        got += lines
    assert [number for number, _, _ in got] == list(range(402))  # nothing was dropped
    assert got[0][1] == "path"
