"""What the files are that training has left, as one hash: whoever evaluates them again has the same."""
from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator, Mapping
from itertools import chain, islice
from pathlib import Path

from gitexp.core import deep, files

_BLOCK = 1 << 20  # bytes
_MANY = 10_000  # files
_MOST = 64  # blocks of a file: of a larger one as many are read, evenly spread


def names(folder: Path) -> list[str]:
    """The files below a folder, and the links to files; what leads nowhere, and a pipe or a socket, is no evidence.

    Nor is what lies behind a folder that has become a link, or more files than anybody evaluates again.
    """
    every = (os.path.join(inner, name) for inner, _, some in deep.walk(folder) for name in some)
    found = [] if folder.is_symlink() else list(islice(every, _MANY + 1))
    return sorted(os.path.relpath(path, folder) for path in found if os.path.isfile(path)) if len(found) <= _MANY else []


def astray(folder: Path) -> str | None:
    """Something of a folder that is no file: a pipe, a device, a folder that cannot be listed, or a link that leads out; None for nothing.

    What scores writes where it likes in that folder, and a link may have that go where it is believed: to its own output, or to the ledger.
    """
    top = os.path.realpath(folder)
    below = (os.path.join(inner, name) for inner, folders, others in deep.walk(folder) for name in (*folders, *others))
    return next((os.path.relpath(path, folder) for path in chain([top], below) if not _is_within(path, top)), None)


def _is_within(path: str, top: str) -> bool:
    mode = os.lstat(path).st_mode
    if stat.S_ISLNK(mode):
        return os.path.realpath(path).startswith(f'{top}/')
    return os.access(path, os.R_OK | os.X_OK) if stat.S_ISDIR(mode) else stat.S_ISREG(mode)


def digest(there: Mapping[str, Path]) -> str:
    """Of names, sizes and contents, each file being where it is said to be."""
    found = hashlib.sha256()
    for name, path in sorted(there.items()):
        inner = hashlib.sha256()
        for block in _blocks(path):
            inner.update(block)
        found.update(b'%s\0%d\0%s' % (os.fsencode(name), path.stat().st_size, inner.digest()))
    return found.hexdigest()[:32]


def _blocks(path: Path) -> Iterator[bytes]:
    """All of a file that is not larger than `_MOST` blocks; raises OSError for what is none, be it meanwhile."""
    with files.opened(path) as file:
        many = -(-os.fstat(file.fileno()).st_size // _BLOCK)
        for at in range(_MOST) if many <= _MOST else sorted({number * (many - 1) // (_MOST - 1) for number in range(_MOST)}):
            file.seek(at * _BLOCK)
            if not (data := file.read(_BLOCK)):
                return
            yield data
