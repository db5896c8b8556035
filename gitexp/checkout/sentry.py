"""Whether files were touched while a command ran, though they are afterwards what they were before."""
from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterable
from pathlib import Path, PurePosixPath
from types import TracebackType

from gitexp.checkout.moves import Moves

_COARSE = 5  # CLOCK_REALTIME_COARSE, by which Linux stamps files
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
        folders = {str(parent) for path in self._paths for parent in PurePosixPath(path).parents}
        self._moves = Moves({str(self._folder / folder): folder for folder in folders})
        self._before = self._times()
        wait_for_the_clock(max(self._before.values(), default=0))
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._moves.close()

    def touched(self) -> list[str]:
        """The paths that have been touched since this was entered, folders with a slash."""
        now = self._times()
        return [*(path for path in self._paths if now.get(path) != self._before.get(path)), *self._moves.seen()]

    def _times(self) -> dict[str, int]:
        """When each file that is there was last touched. Not which file it is: some file systems number theirs anew."""
        found = {}
        for path in self._paths:
            try:
                found[path] = os.lstat(self._folder / path).st_ctime_ns
            except OSError:
                pass
        return found


def wait_for_the_clock(newest: int) -> None:
    """Until a file that is touched from now on gets a later time than the last one that was: some milliseconds at most."""
    for _ in range(_TICKS):
        now = time.clock_gettime_ns(_COARSE) if sys.platform == 'linux' else time.time_ns()
        if now > newest:
            return
        time.sleep(0.001)
