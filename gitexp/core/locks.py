"""Locks that processes wait for in turn, and that name their holder."""
from __future__ import annotations

import errno
import fcntl
import json
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from gitexp.core.errors import Refused


@contextmanager
def held(
    path: Path, *, purpose: str, deadline: float = 60.0, say: Callable[[str], None] | None = None,
) -> Iterator[None]:
    """Hold the lock file at `path`; the kernel lets go of it when the process dies.

    Waits `deadline` seconds at most, after one line to `say` that names the holder.
    Raises Refused when the deadline passes.
    """
    handle = _opened(path)
    try:
        if not _at_once(handle):
            if say:
                say(f'waiting for {holder(path)}, for {_length(deadline)} at most')
            _in_turn(handle, path, deadline)
        _sign(handle, purpose)
        yield
    finally:
        os.close(handle)


@contextmanager
def if_free(path: Path, *, purpose: str) -> Iterator[bool]:
    """Hold the lock file unless somebody else does: whether it is held now."""
    handle = _opened(path)
    try:
        mine = _at_once(handle)
        if mine:
            _sign(handle, purpose)
        yield mine
    finally:
        os.close(handle)


def holder(path: Path) -> str:
    """Who holds a lock, for a person: '`purpose` (pid N, for S s)', and how to wake one that is stopped."""
    try:
        note = json.loads(path.read_text())
        stopped = f', and it is stopped: kill -CONT {note["pid"]}' if _stopped(int(note['pid'])) else ''
        return f"{note['purpose']} (pid {note['pid']}, for {time.time() - note['since']:.0f} s{stopped})"
    except (OSError, ValueError, KeyError, TypeError):
        return f"the holder of '{path.name}'"


def _stopped(pid: int) -> bool:
    try:
        with open(f'/proc/{pid}/stat', 'rb') as file:
            return file.read().rpartition(b') ')[2][:1] == b'T'
    except OSError:
        return False


def _length(seconds: float) -> str:
    return f'{seconds:.0f} s' if seconds < 3600 else f'{seconds / 3600:.0f} h' if seconds < 2 * 86400 else f'{seconds / 86400:.0f} days'


def is_free(path: Path) -> bool:
    """Whether nobody holds the lock file now; a missing file is free."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return True
    try:
        return _at_once(handle)
    finally:
        os.close(handle)


def _opened(path: Path) -> int:
    """To look for the folder first would cost as much as all the rest."""
    for _ in range(2):
        try:
            return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        except FileNotFoundError:
            path.parent.mkdir(parents=True, exist_ok=True)
    raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(path))


def _sign(handle: int, purpose: str) -> None:
    note = json.dumps({'purpose': purpose, 'pid': os.getpid(), 'since': time.time()}).encode()
    try:
        os.pwrite(handle, note, 0)
        os.ftruncate(handle, len(note))
    except OSError:
        pass  # A full disk must not cost the lock: only the holder's name is lost.


def _at_once(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _in_turn(handle: int, path: Path, deadline: float) -> None:
    """The kernel queues blocked flock calls, so waiters are served in turn; an alarm ends the wait."""
    threads = sys.modules.get('threading')  # Nobody has started one without it.
    if threads and threads.current_thread() is not threads.main_thread():
        fcntl.flock(handle, fcntl.LOCK_EX)
        return

    def late(_number: int, _frame: FrameType | None) -> None:
        raise Refused(f'still waiting for {holder(path)} after {deadline:.0f} s')

    before = signal.signal(signal.SIGALRM, late)
    signal.setitimer(signal.ITIMER_REAL, deadline)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
