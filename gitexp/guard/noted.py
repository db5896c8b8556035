"""Lines that a server notes in its bare repository, in files that only grow."""
from __future__ import annotations

import os
from collections.abc import Callable, Iterable

from gitexp.core.errors import Refused
from gitexp.git.command import Git


def lines(git: Git, name: str) -> list[str]:
    """What was noted, none where that cannot be read."""
    try:
        return _lines((git.folder / 'exp' / name).read_bytes())
    except OSError:
        return []


def add(git: Git, name: str, new: Callable[[list[str]], Iterable[str]]) -> None:
    """Append what is `new` by what is there, one at a time; raises Refused where there is no room for all of it, and then adds nothing.

    Who may push and may not write there keeps nobody from pushing: what was measured counts all the same.
    """
    import fcntl  # Checks at a push that is taken already come here, and no other.
    path = git.folder / 'exp' / name
    try:
        with path.open('a+b', buffering=0) as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            file.seek(0)
            there = _lines(file.readall())
            data = [''.join(f'{line}\n' for line in some).encode('utf-8', 'surrogateescape') for some in (there, new(there))]
            _end(file.fileno(), len(data[0]), data[1])
    except PermissionError:
        return
    except OSError as error:
        raise Refused(f"cannot note in '{path}' what this push changes: {(error.strerror or str(error)).lower()}") from None


def _end(handle: int, size: int, data: bytes) -> None:
    """Have `data` follow the first `size` bytes."""
    os.ftruncate(handle, size)  # A line that a killed process has cut off would make one with the next.
    left = data
    try:
        while left:
            left = left[os.write(handle, left):]
    except OSError:
        os.ftruncate(handle, size)
        raise


def _lines(data: bytes) -> list[str]:
    """Those that are there whole."""
    return data.decode('utf-8', 'surrogateescape').split('\n')[:-1]
