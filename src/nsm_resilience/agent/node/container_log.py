# SPDX-License-Identifier: Apache-2.0
"""One container's log, read from its files on this node.

The runtime writes `<N>.log`, where N is the number of restarts. Kubelet rotates it: it renames the
file to `<N>.log.<time>`, begins a new `<N>.log`, and packs older ones to `<N>.log.<time>.gz`
(pkg/kubelet/logs/container_log_manager.go of Kubernetes). So a file is identified by its inode and
kept open: it is read on after a renaming. A file that is first found under a later name is read
then, packed or not.

Each piece is read together with some bytes before it: if these have changed, the file was truncated
or rewritten in place. The number of lost bytes is then unknown, and the loss is reported.
"""

from __future__ import annotations

import gzip
import hashlib
import os
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field

CHUNK = 256 * 1024
EDGE = 64
"""Number of bytes before the reading position that must not change. A line of a container's log
begins with a time in nanoseconds, so these bytes are unique."""
LONGEST_LINE = 1024 * 1024
"""A longer line is passed on in pieces."""
NAME = re.compile(r"(\d+)\.log(?:\.(?P<rotated>.+?))?(?P<packed>\.gz)?")
PARTS = (".tmp", ".gz.tmp")
"""Suffixes of files that kubelet is still writing."""

Say = Callable[[bytes], None]


@dataclass(frozen=True)
class Loss:
    """Bytes that were written since an instant and not read; None: an unknown number."""

    since_ns: int
    lost: int | None
    why: str


@dataclass
class LogFile:
    """One file, by its descriptor: the reading position, and a digest of the bytes before it."""

    handle: int
    name: str
    at: int = 0
    edge: bytes = b""
    rest: bytes = b""
    """The beginning of a line whose end is not there yet."""
    whole_ns: int = 0
    """When it was last read to its end."""
    until: int | None = None
    """Last position to read, after `ask_for_the_end`."""
    digest: hashlib.blake2b = field(default_factory=hashlib.blake2b)
    before: list[tuple[int, bytes]] = field(default_factory=list)
    """Lengths and digests of its content before each truncation."""

    def read(self) -> bytes | None:
        """The next piece; empty at the end, None when the bytes before it have changed."""
        most = CHUNK if self.until is None else max(0, min(CHUNK, self.until - self.at))
        found = os.pread(self.handle, len(self.edge) + most, self.at - len(self.edge))
        if not found.startswith(self.edge):
            return None
        piece = found[len(self.edge) :]
        self.at += len(piece)
        self.edge = found[-EDGE:]
        self.digest.update(piece)
        return piece

    def begin_anew(self) -> None:
        """Read a truncated file from its beginning."""
        self.before.append((self.at, self.digest.digest()))
        self.at, self.edge, self.digest = 0, b"", hashlib.blake2b()
        if self.until is not None:
            self.until = os.fstat(self.handle).st_size

    def left(self) -> int:
        """Number of unread bytes; OSError when the file system fails."""
        size = os.fstat(self.handle).st_size if self.until is None else self.until
        return max(0, size - self.at)

    def versions(self) -> list[tuple[int, bytes]]:
        """Lengths and digests of the bytes that were read, now and before each truncation."""
        return [*self.before, (self.at, self.digest.digest())]


class ContainerLog:
    """All files of one container's folder, the oldest first."""

    def __init__(
        self, folder: str, say: Say, since_ns: int, now: Callable[[], int] = time.monotonic_ns
    ) -> None:
        """`say` takes the bytes that are read, in whole lines as far as possible.

        `since_ns` is an instant at which the folder did not exist.
        """
        self.folder, self.say, self.now = folder, say, now
        self.files: list[LogFile] = []
        self.losses: list[Loss] = []
        self.looked_ns = since_ns
        self._known: set[tuple[int, int]] = set()
        """Identities of files; they stay open, because an inode of a deleted file is reused."""
        self._done: set[str] = set()
        """Names of files that are not read again: packed ones, and those with an error."""
        self._numbers: set[int] = set()

    def look(self, most: int) -> bool:
        """Read new bytes, up to about `most` of each file; returns whether all were read."""
        began_ns = self.now()
        self._find()
        whole = True
        for at, file in enumerate(self.files):
            newest = at == len(self.files) - 1
            whole = self._read(file, most, newest=newest) and whole
        self.looked_ns = began_ns
        return whole

    def ask_for_the_end(self) -> None:
        """From now on read only the bytes that exist now, because a writer may never stop."""
        self._find()
        for file in self.files:
            file.until = file.at + file.left()

    def end(self, why: str) -> None:
        """Stop reading, and report unread bytes as lost."""
        for file in self.files:
            self._flush(file, line_ends=False)
            left = file.left()
            if left:
                self.losses.append(Loss(file.whole_ns, left, why))
            os.close(file.handle)
        self.files = []

    def _read(self, file: LogFile, most: int, *, newest: bool) -> bool:
        """Read a file; returns whether its end was reached."""
        taken = 0
        while taken < most:
            began_ns = self.now()
            try:
                piece = file.read()
            except OSError as error:
                self.losses.append(Loss(file.whole_ns, None, f"{file.name}: {error.strerror}"))
                file.until = file.at
                return True
            if piece is None:
                self._flush(file, line_ends=True)
                why = f"{file.name} was cut off or written anew in place"
                self.losses.append(Loss(file.whole_ns, None, why))
                file.begin_anew()
                continue
            if not piece:
                file.whole_ns = began_ns
                if not newest:  # nothing is written to it any more: end its last line
                    self._flush(file, line_ends=True)
                return True
            taken += len(piece)
            self._take(file, piece)
        return False

    def _take(self, file: LogFile, piece: bytes) -> None:
        # a writer that does not append leaves a hole where the file was truncated
        data = file.rest + (piece if file.rest else piece.lstrip(b"\0"))
        end = data.rfind(b"\n") + 1
        if len(data) - end > LONGEST_LINE:
            end = _whole_letters(data)
        file.rest = data[end:]
        if end:
            self.say(data[:end])

    def _flush(self, file: LogFile, *, line_ends: bool) -> None:
        if file.rest:
            self.say(file.rest + (b"\n" if line_ends else b""))
            file.rest = b""

    def _find(self) -> None:
        try:
            names = os.listdir(self.folder)
        except OSError:
            return
        for _, _, name in sorted(filter(None, map(_order, names))):
            self._open(name)

    def _open(self, name: str) -> None:
        match = NAME.fullmatch(name)
        path = os.path.join(self.folder, name)
        if match is None or name in self._done or self._is_known(path):
            return
        try:
            handle = os.open(path, os.O_RDONLY)
        except FileNotFoundError:
            return
        except OSError as error:
            self._done.add(name)
            self.losses.append(Loss(self.looked_ns, None, f"{name}: {error.strerror}"))
            return
        self._missing(int(match[1]))
        if match["packed"]:
            os.close(handle)
            self._done.add(name)
            self._unpack(path, name)
            return
        self._known.add(_identity(os.fstat(handle)))
        file = LogFile(handle, name, whole_ns=self.looked_ns)
        if match["rotated"]:
            size = os.fstat(handle).st_size
            _skip(file, self._read_before(size, lambda length: _digest_of(handle, length)))
        self.files.append(file)

    def _is_known(self, path: str) -> bool:
        try:
            return _identity(os.stat(path)) in self._known
        except OSError:
            return False

    def _missing(self, number: int) -> None:
        """Report the log before a restart as lost if it was never seen."""
        if number > 0 and number - 1 not in self._numbers and number not in self._numbers:
            why = f"{number - 1}.log was never seen"
            self.losses.append(Loss(self.looked_ns, None, why))
        self._numbers.add(number)

    def _read_before(self, size: int, digest_of: Callable[[int], bytes]) -> int:
        """Number of bytes of a file that were already read from a file with the same content."""
        for file in self.files:
            for length, digest in file.versions():
                if 0 < length <= size and digest_of(length) == digest:
                    return length
        return 0

    def _unpack(self, path: str, name: str) -> None:
        """Pass on a packed file, unless it was read before it was packed."""
        try:
            with gzip.open(path) as packed:
                content = packed.read()
        except (OSError, EOFError, ValueError) as error:
            self.losses.append(Loss(self.looked_ns, None, f"{name}: {error}"))
            return
        if self._read_before(len(content), lambda n: hashlib.blake2b(content[:n]).digest()):
            return  # the rest is read from the open file
        if content:
            self.say(content if content.endswith(b"\n") else content + b"\n")


def _order(name: str) -> tuple[int, str, str] | None:
    """Sort key of a container's files: by restart, then by rotation, the current one last."""
    match = NAME.fullmatch(name)
    if match is None or name.endswith(PARTS):
        return None
    return int(match[1]), match["rotated"] or "\N{DELETE}", name


def _identity(info: os.stat_result) -> tuple[int, int]:
    return info.st_dev, info.st_ino


def _digest_of(handle: int, length: int) -> bytes:
    digest, at = hashlib.blake2b(), 0
    while at < length:
        piece = os.pread(handle, min(CHUNK, length - at), at)
        if not piece:
            break
        digest.update(piece)
        at += len(piece)
    return digest.digest()


def _skip(file: LogFile, length: int) -> None:
    """Move the reading position over bytes that were read elsewhere."""
    while file.at < length:
        file.until = length
        if not file.read():
            break
    file.until = None


def _whole_letters(data: bytes) -> int:
    """Last position at which a cut splits no UTF-8 character."""
    end = len(data)
    for back in range(1, 4):
        if data[-back] >= 0xC0:
            return end - back
        if data[-back] < 0x80:
            break
    return end
