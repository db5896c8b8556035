"""The log of a run: everything, or the two ends of what is too much."""
from __future__ import annotations

import os
from pathlib import Path
from types import TracebackType

from gitexp.core import beneath

HEAD = 8 << 20
TAIL = 8 << 20


class Log:
    """Keeps the first `head` bytes and, going round in the room behind them, the last `tail` bytes.

    A killed writer leaves the room unturned, but complete. A full disk ends the log and not the run: see `lost`. It is a new file,
    and below `top`, where that is given, no link leads to it.
    """

    def __init__(self, path: Path, *, top: Path | None = None, head: int = HEAD, tail: int = TAIL) -> None:
        self.path = path
        self._top = top
        self.lost: OSError | None = None
        self._head = head
        self._tail = tail
        self._size = 0

    def __enter__(self) -> Log:
        with beneath.folder(self.path.parent, self._top) as folder:
            self._file = beneath.create(self.path, folder)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        try:
            if self._size > self._head + self._tail:
                self._turn()
        except OSError as full:
            self.lost = full
        finally:
            os.close(self._file)

    def add(self, data: bytes) -> None:
        """Write, or note why that was not possible."""
        if self.lost:
            return
        try:
            self._write(memoryview(data))
        except OSError as full:
            self.lost = full

    def _write(self, data: memoryview) -> None:
        while data:
            place, room = self._room()
            written = os.pwrite(self._file, data[:room], place)
            self._size += written
            data = data[written:]

    def _room(self) -> tuple[int, int]:
        """Where the next byte goes, and how many may follow it."""
        if self._size < self._head:
            return self._size, self._head - self._size
        turned = (self._size - self._head) % self._tail
        return self._head + turned, self._tail - turned

    def _turn(self) -> None:
        """Put the tail in order, behind a line that says how much is missing."""
        start = (self._size - self._head) % self._tail
        older = os.pread(self._file, self._tail - start, self._head + start)
        newer = os.pread(self._file, start, self._head)
        note = f'\n[... {self._size - self._head - self._tail} bytes dropped here ...]\n'.encode()
        view = memoryview(note + older + newer)
        place = self._head
        while view:
            written = os.pwrite(self._file, view, place)
            place += written
            view = view[written:]
