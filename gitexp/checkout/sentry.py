"""Whether files were touched while a command ran, though they are afterwards what they were before."""
from __future__ import annotations

import os
import struct
import sys
import time
from collections.abc import Iterable
from pathlib import Path, PurePosixPath
from types import TracebackType

_COARSE = 5  # CLOCK_REALTIME_COARSE, by which Linux stamps files
_MOVED = 0x800  # IN_MOVE_SELF
_EVENT = struct.Struct('iIII')
_TICKS = 20


class Sentry:
    """While this is entered it watches files below a folder, and the folders that lead to them.

    A file that is written, replaced, linked or renamed, and be it back again, has another time of change, which no program can
    set. A folder has one for each file that is made in it, so that for folders the kernel is asked whether they were moved.
    """

    def __init__(self, folder: Path, paths: Iterable[str]) -> None:
        self._folder = folder
        self._paths = list(paths)

    def __enter__(self) -> Sentry:
        self._folders: dict[int, str] = {}
        self._handle = self._watch({str(parent) for path in self._paths for parent in PurePosixPath(path).parents})
        self._before = self._times()
        wait_for_the_clock(max(self._before.values(), default=0))
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._handle >= 0:
            os.close(self._handle)

    def touched(self) -> list[str]:
        """The paths that have been touched since this was entered, folders with a slash."""
        now = self._times()
        return [*(path for path in self._paths if now.get(path) != self._before.get(path)), *self._moved()]

    def _times(self) -> dict[str, int]:
        """When each file that is there was last touched. Not which file it is: some file systems number theirs anew."""
        found = {}
        for path in self._paths:
            try:
                found[path] = os.lstat(self._folder / path).st_ctime_ns
            except OSError:
                pass
        return found

    def _watch(self, folders: set[str]) -> int:
        """Ask Linux to tell of folders that are moved; elsewhere, and where it takes no more watches, there is nobody to ask."""
        if sys.platform != 'linux':
            return -1
        import ctypes
        libc = ctypes.CDLL(None)
        handle = int(libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC))
        for folder in folders if handle >= 0 else ():
            self._folders[libc.inotify_add_watch(handle, os.fsencode(self._folder / folder), _MOVED)] = folder
        return handle

    def _moved(self) -> list[str]:
        try:
            said = os.read(self._handle, 1 << 16) if self._handle >= 0 else b''
        except BlockingIOError:
            return []
        found, at = [], 0
        while at < len(said):
            watch, kind, _, more = _EVENT.unpack_from(said, at)
            at += _EVENT.size + more
            found += [f'{self._folders[watch]}/'] if kind & _MOVED else []
        return list(dict.fromkeys(found))


def wait_for_the_clock(newest: int) -> None:
    """Until a file that is touched from now on gets a later time than the last one that was: some milliseconds at most."""
    for _ in range(_TICKS):
        now = time.clock_gettime_ns(_COARSE) if sys.platform == 'linux' else time.time_ns()
        if now > newest:
            return
        time.sleep(0.001)
