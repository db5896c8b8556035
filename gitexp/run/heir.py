"""Who ends a run whose supervisor was killed: a process that waits for that, and does nothing else.

It shares the locks of its parent, so that the checkout, the GPU and the run count as taken until the last process of the run is gone.
"""
from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gitexp.run import family

_ASKED = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@contextmanager
def of(run: str, notes: Path) -> Iterator[None]:
    """Have the run's processes killed if this process dies while this is entered; on Linux only.

    `notes` is where it is noted who they are.

    The next command does the same for whoever is killed together with the heir.
    """
    if sys.platform != 'linux':
        yield
        return
    ends, alive = os.pipe()
    child = os.fork()
    if not child:
        try:
            os.close(alive)
            _wait(ends)
            family.end_run(run, notes)
        finally:
            os._exit(0)
    os.close(ends)
    try:
        yield
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        os.close(alive)


def _wait(ends: int) -> None:
    """Until the parent is dead, whose end of the pipe nobody else has; deaf to what is meant for it, and to the pipes of its callers."""
    os.setsid()
    for number in _ASKED:
        signal.signal(number, signal.SIG_IGN)
    nothing = os.open(os.devnull, os.O_RDWR)
    for handle in (0, 1, 2):
        os.dup2(nothing, handle)
    os.read(ends, 1)
