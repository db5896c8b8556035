"""Showing a run's output on a terminal that may be slow, stopped or gone."""
from __future__ import annotations

import os
import stat
from collections import deque

_BACKLOG = 1 << 16


class Terminal:
    """Writes what the terminal takes at once; what it does not take waits in a bounded backlog, the oldest is dropped."""

    def __init__(self, handle: int) -> None:
        self._handle = _own(handle)
        self._waiting: deque[bytes] = deque()
        self._size = 0

    def show(self, data: bytes) -> None:
        """Write without blocking."""
        self._keep(data[-_BACKLOG:])
        try:
            while self._waiting:
                self._sent(os.write(self._handle, self._waiting[0][:4096]))
        except OSError:
            pass  # Full now, or gone: the log has it all.

    def close(self) -> None:
        self.show(b'')
        os.close(self._handle)

    def _keep(self, data: bytes) -> None:
        if data:
            self._waiting.append(data)
            self._size += len(data)
        while self._size > _BACKLOG:
            self._size -= len(self._waiting.popleft())

    def _sent(self, count: int) -> None:
        self._size -= count
        rest = self._waiting.popleft()[count:]
        if rest:
            self._waiting.appendleft(rest)


def _own(handle: int) -> int:
    """The same terminal or pipe opened once more, so that not to block is not forced on others who have it open."""
    if stat.S_ISCHR(os.fstat(handle).st_mode) or stat.S_ISFIFO(os.fstat(handle).st_mode):
        try:
            return os.open(f'/dev/fd/{handle}', os.O_WRONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
        except OSError:
            pass
    return os.dup(handle)
