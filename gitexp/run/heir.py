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

_DEATH_SIGNAL = 1  # PR_SET_PDEATHSIG of prctl(2)
_TOLD = signal.SIGUSR1
_ASKED = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@contextmanager
def of(run: str, notes: Path) -> Iterator[None]:
    """Have the run's processes killed if this process dies while this is entered; on Linux, and for the main thread only.

    `notes` is where it is noted who they are.

    The next command does the same for whoever is killed together with the heir.
    """
    if sys.platform != 'linux':
        yield
        return
    parent = os.getpid()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {_TOLD})
    child = os.fork()
    if not child:
        try:
            _wait(parent)
            family.end_run(run, notes)
        finally:
            os._exit(0)
    signal.pthread_sigmask(signal.SIG_SETMASK, before)
    try:
        yield
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


def _wait(parent: int) -> None:
    """Until the parent is dead, deaf to what is meant for it, and without a hold on the pipes that its callers read."""
    import ctypes
    os.setsid()
    for number in _ASKED:
        signal.signal(number, signal.SIG_IGN)
    nothing = os.open(os.devnull, os.O_RDWR)
    for handle in (0, 1, 2):
        os.dup2(nothing, handle)
    ctypes.CDLL(None).prctl(_DEATH_SIGNAL, int(_TOLD), 0, 0, 0)
    if os.getppid() == parent:
        signal.sigwait({_TOLD})
