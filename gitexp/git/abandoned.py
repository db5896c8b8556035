"""Lock files that a killed git has left: every later git refuses because of them, and none removes them."""
from __future__ import annotations

import os
import re
import time
from pathlib import Path

from gitexp.git.command import Done, Git

_IN_THE_WAY = r"Unable to create '(.+?\.lock)': File exists"
_MOMENT = 1.0  # Seconds in which a git at work has written, or has let go of, what it has locked.
_LONG = 600.0  # Seconds after which nobody is at work, where it cannot be seen who has a file open.
_TRIES = 20


def run(git: Git, *words: str, feed: bytes = b'') -> Done:
    """Run git as `Git.run` does, and once more for each lock in its way that no process holds any more."""
    for _ in range(_TRIES):
        done = git.run(*words, feed=feed)
        if not done.code or not swept(done):
            break
    return done


def ask(git: Git, *words: str, feed: bytes = b'') -> Done:
    """The same, and git must succeed; raises Refused with git's own words otherwise."""
    done = run(git, *words, feed=feed)
    return done if done.code == 0 else git.ask(*words, feed=feed)


def swept(done: Done) -> bool:
    """Whether git failed for a lock that a dead one has left, which is gone now."""
    found = re.search(_IN_THE_WAY, done.err)
    if not found or not _is_left(Path(found[1])):
        return False
    Path(found[1]).unlink(missing_ok=True)
    return True


def _is_left(lock: Path) -> bool:
    before = _state(lock)
    if before is None or _is_open(lock):
        return before is None
    time.sleep(_MOMENT)
    return _state(lock) in (before, None) and not _is_open(lock)


def _state(lock: Path) -> tuple[int, int, int] | None:
    try:
        info = os.lstat(lock)
    except FileNotFoundError:
        return None
    return info.st_ino, info.st_size, info.st_mtime_ns


def _is_open(lock: Path) -> bool:
    """Whether a process has the file open, as git has while it is at work; a stranger's cannot be looked at."""
    if not os.path.isdir('/proc/self/fd'):
        return time.time() - lock.lstat().st_mtime < _LONG
    real = os.path.realpath(lock)
    return any(real in _opened(entry) for entry in os.listdir('/proc') if entry.isdecimal())


def _opened(pid: str) -> set[str]:
    found = set()
    try:
        for name in os.listdir(f'/proc/{pid}/fd'):
            found.add(os.readlink(f'/proc/{pid}/fd/{name}'))
    except OSError:
        pass  # It has ended, or belongs to somebody else.
    return found
