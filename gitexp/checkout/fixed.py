"""Whether files are what they must be, by content and never by git's stat cache."""
from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from gitexp.core import digests
from gitexp.core.finding import Finding
from gitexp.git.command import Git

_FILE = '100644'
_PROGRAM = '100755'
_LINK = '120000'
REPOSITORY = '160000'
_CHUNK = 1 << 20


def changed(folder: Path, wanted: Mapping[str, tuple[str, str]]) -> list[Finding]:
    """Name each file below `folder` that differs from the mode and blob it must have.

    Submodules are not looked at: an evaluation has none.
    """
    found = ((path, _difference(folder / path, mode, blob)) for path, (mode, blob) in sorted(wanted.items()) if mode != REPOSITORY)
    return [Finding('fixed', path, message) for path, message in found if message]


def present(folder: Path, paths: Iterable[str], *, digits: int) -> dict[str, tuple[str, str]]:
    """The mode and blob that files have now, those that are there; an object id has so many digits."""
    states = {path: _state(folder / path, digits) for path in paths}
    return {path: state for path, state in states.items() if state}


def oid(data: bytes, digits: int) -> str:
    """The object id of a blob, of so many digits."""
    made = _blob(len(data), digits)
    made.update(data)
    return str(made.hexdigest())


def converted(git: Git, path: str) -> str | None:
    """The attributes by which git changes a file when it writes it, such as 'filter=lfs'."""
    fields = git.run('check-attr', '-z', 'filter', 'text', 'eol', 'ident', 'working-tree-encoding', '--', path).names
    said = [f'{name}={value}' for name, value in zip(fields[1::3], fields[2::3]) if value not in ('unspecified', 'unset', 'auto')]
    return ' '.join(said) or None


def _difference(path: Path, mode: str, blob: str) -> str | None:
    state = _state(path, len(blob))
    if state == (mode, blob):
        return None
    if state is None:
        return 'is missing, or no file'
    if _LINK in (state[0], mode) and state[0] != mode:
        return 'has become a symbolic link' if mode != _LINK else 'is no longer a symbolic link'
    return 'has another mode' if state[1] == blob else 'has other content'


def _state(path: Path, digits: int) -> tuple[str, str] | None:
    try:
        info = os.lstat(path)
        if stat.S_ISLNK(info.st_mode):
            return _LINK, oid(os.fsencode(os.readlink(path)), digits)
        if not stat.S_ISREG(info.st_mode):
            return None
        return _PROGRAM if info.st_mode & stat.S_IXUSR else _FILE, _hash_file(path, digits)
    except (FileNotFoundError, NotADirectoryError, PermissionError):
        return None


def _hash_file(path: Path, digits: int) -> str:
    with open(path, 'rb', opener=_opened) as file:
        made = _blob(os.fstat(file.fileno()).st_size, digits)
        while data := file.read(_CHUNK):
            made.update(data)
    return str(made.hexdigest())


def _opened(path: str, flags: int) -> int:
    """A pipe that has come there meanwhile is not waited for."""
    return os.open(path, flags | os.O_NONBLOCK)


def _blob(size: int, digits: int) -> Any:
    made = digests.begun('sha1' if digits == 40 else 'sha256', size)
    made.update(b'blob %d\0' % size)
    return made
