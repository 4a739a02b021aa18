# SPDX-License-Identifier: Apache-2.0
"""One container's log on this node, read from the files that the node keeps it in.

The runtime writes `<N>.log`, N being how often the container was restarted. Kubelet rotates it: the
file is renamed to `<N>.log.<time>`, a new `<N>.log` is begun, and older ones are packed to
`<N>.log.<time>.gz` (pkg/kubelet/logs/container_log_manager.go of Kubernetes). So a file is known by
its inode and kept open: what was written into it under another name is read all the same. A file
that nobody saw under its first name is read when it is found, packed or not.

A file that was cut off or written anew in place is known by the bytes before the place of reading,
which are read again with each piece. What it lost is not known; that it lost something is said.
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
"""So many bytes before the place of reading must be what they were; a line of a container's log
begins with a time in nanoseconds, so these are like no others."""
LONGEST_LINE = 1024 * 1024
"""A line without an end is handed over in pieces of this length, rather than never."""
NAME = re.compile(r"(\d+)\.log(?:\.(?P<rotated>.+?))?(?P<packed>\.gz)?")
PARTS = (".tmp", ".gz.tmp")
"""What kubelet is only writing."""

Say = Callable[[bytes], None]


@dataclass(frozen=True)
class Loss:
    """Bytes that were written between two instants and not read; None: nobody knows how many."""

    since_ns: int
    lost: int | None
    why: str


@dataclass
class LogFile:
    """One file, by its descriptor: how far it was read, and a digest of what was."""

    handle: int
    name: str
    at: int = 0
    edge: bytes = b""
    rest: bytes = b""
    """The beginning of a line whose end is not there yet."""
    whole_ns: int = 0
    """When it was last read to its end."""
    until: int | None = None
    """At the end: its size when that was asked for."""
    digest: hashlib.blake2b = field(default_factory=hashlib.blake2b)
    before: list[tuple[int, bytes]] = field(default_factory=list)
    """Length and digest of what it held before it was cut off."""

    def read(self) -> bytes | None:
        """The next piece; empty at the end, None when what was read before is no longer there."""
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
        """It was cut off: read it from its beginning."""
        self.before.append((self.at, self.digest.digest()))
        self.at, self.edge, self.digest = 0, b"", hashlib.blake2b()
        if self.until is not None:
            self.until = os.fstat(self.handle).st_size

    def left(self) -> int:
        """Bytes that are not read yet; OSError when the file system does not tell."""
        size = os.fstat(self.handle).st_size if self.until is None else self.until
        return max(0, size - self.at)

    def versions(self) -> list[tuple[int, bytes]]:
        """Length and digest of what was read of it, now and before it was cut off."""
        return [*self.before, (self.at, self.digest.digest())]


class ContainerLog:
    """All files of one container's folder, the oldest first."""

    def __init__(
        self, folder: str, say: Say, since_ns: int, now: Callable[[], int] = time.monotonic_ns
    ) -> None:
        """`say` takes what is read, in whole lines where they have an end.

        `since_ns` is an instant at which the folder was not there.
        """
        self.folder, self.say, self.now = folder, say, now
        self.files: list[LogFile] = []
        self.losses: list[Loss] = []
        self.looked_ns = since_ns
        self._known: set[tuple[int, int]] = set()
        """Of the files that are open: the number of one that is gone is given to another."""
        self._done: set[str] = set()
        """Names of files that are not read again: packed ones, and those that cannot be."""
        self._numbers: set[int] = set()

    def look(self, most: int) -> bool:
        """Take in what is new, up to about so many bytes; whether all of it was."""
        began_ns = self.now()
        self._find()
        whole = True
        for at, file in enumerate(self.files):
            newest = at == len(self.files) - 1
            whole = self._read(file, most, newest=newest) and whole
        self.looked_ns = began_ns
        return whole

    def ask_for_the_end(self) -> None:
        """From now on only what is there now is read: a writer may never stop."""
        self._find()
        for file in self.files:
            file.until = file.at + file.left()

    def end(self, why: str) -> None:
        """Nothing more is read: what is left is lost."""
        for file in self.files:
            self._flush(file, line_ends=False)
            left = file.left()
            if left:
                self.losses.append(Loss(file.whole_ns, left, why))
            os.close(file.handle)
        self.files = []

    def _read(self, file: LogFile, most: int, *, newest: bool) -> bool:
        """Whether it was read to its end."""
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
                if not newest:  # a line of it that has no end gets none any more
                    self._flush(file, line_ends=True)
                return True
            taken += len(piece)
            self._take(file, piece)
        return False

    def _take(self, file: LogFile, piece: bytes) -> None:
        # a writer that does not append leaves a hole where the file was cut off
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
        """A container that was started again without its former log being seen has lost that."""
        if number > 0 and number - 1 not in self._numbers and number not in self._numbers:
            why = f"{number - 1}.log was never seen"
            self.losses.append(Loss(self.looked_ns, None, why))
        self._numbers.add(number)

    def _read_before(self, size: int, digest_of: Callable[[int], bytes]) -> int:
        """How much of a file was read already, as another one that it is a copy of."""
        for file in self.files:
            for length, digest in file.versions():
                if 0 < length <= size and digest_of(length) == digest:
                    return length
        return 0

    def _unpack(self, path: str, name: str) -> None:
        """Hand over a packed file, unless it was read before it was packed."""
        try:
            with gzip.open(path) as packed:
                content = packed.read()
        except (OSError, EOFError, ValueError) as error:
            self.losses.append(Loss(self.looked_ns, None, f"{name}: {error}"))
            return
        if self._read_before(len(content), lambda n: hashlib.blake2b(content[:n]).digest()):
            return  # what is left of it is read through the file that is open
        if content:
            self.say(content if content.endswith(b"\n") else content + b"\n")


def _order(name: str) -> tuple[int, str, str] | None:
    """Place of a file among a container's: restarts first, then rotations, the current one last."""
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
    """Take as read what was read elsewhere."""
    while file.at < length:
        file.until = length
        if not file.read():
            break
    file.until = None


def _whole_letters(data: bytes) -> int:
    """Where data may be cut without cutting a letter of UTF-8."""
    end = len(data)
    for back in range(1, 4):
        if data[-back] >= 0xC0:
            return end - back
        if data[-back] < 0x80:
            break
    return end
