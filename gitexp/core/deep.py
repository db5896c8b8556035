"""Folders within folders, however deep: what the library has for them calls itself for each, before Python 3.12."""
from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

from gitexp.core import beneath


def walk(top: Path | str) -> Iterator[tuple[str, list[str], list[str]]]:
    """As os.walk: each folder with the names of the folders in it and of all else, from above; what cannot be listed is left out."""
    waiting = [os.fspath(top)]
    while waiting:
        folder = waiting.pop()
        folders: list[str] = []
        others: list[str] = []
        try:
            with os.scandir(folder) as entries:
                for one in entries:
                    (folders if _leads_on(one) else others).append(one.name)
        except OSError:
            continue
        yield folder, folders, others
        waiting += [path for name in reversed(folders) if not os.path.islink(path := os.path.join(folder, name))]


def _leads_on(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:
        return False  # A link that leads to itself.


def remove(top: Path) -> None:
    """Remove a folder with all that is in it, be it in folders that cannot be listed or emptied.

    Each folder within is moved to the top before it is emptied, so that no path is too long. Raises OSError naming what stays, by the
    place where it is then.
    """
    os.chmod(top, stat.S_IRWXU)
    handle = os.open(top, beneath.FOLDER)
    try:
        waiting = _emptied(handle, top)
        taken = frozenset(waiting)
        free = (name for number in count() if (name := str(number)) not in taken)
        while waiting:
            _dissolve(waiting.pop(), handle, top, free, waiting)
        os.rmdir(top)
    finally:
        os.close(handle)


def _dissolve(name: str, above: int, top: Path, free: Iterator[str], waiting: list[str]) -> None:
    """Remove a folder in another, which gets the folders that are in it, as `waiting`."""
    with _naming(top / name):
        inner = os.open(name, beneath.FOLDER, dir_fd=above)
    try:
        for one in _emptied(inner, top / name):
            waiting.append(next(free))
            with _naming(top / name / one):
                os.rename(one, waiting[-1], src_dir_fd=inner, dst_dir_fd=above)
    finally:
        os.close(inner)
    with _naming(top / name):
        os.rmdir(name, dir_fd=above)


def _emptied(folder: int, path: Path) -> list[str]:
    """The folders in a folder, which can be listed and emptied now; all else in it is removed."""
    folders = []
    for name in os.listdir(folder):
        with _naming(path / name):
            if stat.S_ISDIR(os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode):
                os.chmod(name, stat.S_IRWXU, dir_fd=folder)
                folders.append(name)
            else:
                os.unlink(name, dir_fd=folder)
    return folders


@contextmanager
def _naming(path: Path) -> Iterator[None]:
    """An error with the whole path, since the system has heard the last part only."""
    try:
        yield
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from None
