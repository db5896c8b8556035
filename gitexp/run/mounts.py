"""Other ways to a folder: what is mounted a second time."""
from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator

from gitexp.core.tuples import NamedTuple

_TABLE = '/proc/self/mountinfo'  # proc_pid_mountinfo(5)


class _Mount(NamedTuple):
    """The folder `root` of the file system `device`, mounted at `point`."""

    device: str
    root: str
    point: str


def ways(paths: Iterable[str]) -> set[str]:
    """The paths by which all that is there, or a part of it, can be reached as well."""
    mounts = _mounts()
    return {way for path in paths for way in _ways(path, mounts)}


def _ways(path: str, mounts: list[_Mount]) -> Iterator[str]:
    own = max((one for one in mounts if _is_below(path, one.point)), key=lambda one: len(one.point), default=None)
    if own is None:
        return
    inside = _joined(own.root, os.path.relpath(path, own.point))
    for other in mounts:
        if other.device != own.device or other == own:
            continue
        if _is_below(inside, other.root):
            rest = os.path.relpath(inside, other.root)
            one, same = _joined(other.point, rest), path
        elif _is_below(other.root, inside):
            one, same = other.point, _joined(path, os.path.relpath(other.root, inside))
        else:
            continue
        if one != path and _same(one, same):
            yield one


def _mounts() -> list[_Mount]:
    try:
        with open(_TABLE, encoding='utf-8', errors='surrogateescape') as table:
            lines = [line.split(' ', 5) for line in table]
    except OSError:
        return []
    return [_Mount(words[2], _plain(words[3]), _plain(words[4])) for words in lines]


def _plain(text: str) -> str:
    return re.sub(r'\\([0-7]{3})', lambda found: chr(int(found[1], 8)), text) if '\\' in text else text


def _is_below(path: str, folder: str) -> bool:
    return folder == '/' or path == folder or path.startswith(f'{folder}/')


def _joined(folder: str, rest: str) -> str:
    return folder if rest == os.curdir else os.path.join(folder, rest)


def _same(one: str, other: str) -> bool:
    """Something else may be mounted over it."""
    try:
        return os.path.samefile(one, other)
    except OSError:
        return False
