"""The ways to inputs, through links and the folders that these lie in."""
from __future__ import annotations

import os
from collections.abc import Collection, Iterable

from gitexp.core.errors import Refused

_PROCESSES = '/proc'


def to(paths: Iterable[str]) -> tuple[set[str], set[str]]:
    """The folders and the links that lead to paths."""
    folders: set[str] = set()
    links: set[str] = set()
    for path in paths:
        _add(path, folders, links)
    return folders, links


def refuse_own(paths: Collection[str], folders: Iterable[str]) -> None:
    """Raise Refused where `folders`, which lead to `paths`, are such as each process has of its own: /proc/self/cwd.

    Who takes an md5 there and who is then measured find two files.
    """
    at = _device(_PROCESSES)
    own = {folder for folder in folders if _device(folder) == at} if at not in (None, _device('/')) else set()
    if own:
        path = next(path for path in paths if not own.isdisjoint(to([path])[0]))
        raise Refused(
            f"the input '{path}' leads through '{_PROCESSES}', where each program finds another", hint='link to the file by its own path',
        )


def _add(path: str, folders: set[str], links: set[str]) -> None:
    parent = os.path.dirname(path)
    if parent not in folders:
        folders.add(parent)
        _add(parent, folders, links)
    if path not in links and os.path.islink(path):
        links.add(path)
        _add(os.path.join(parent, os.readlink(path)), folders, links)


def _device(path: str) -> int | None:
    try:
        return os.stat(path).st_dev
    except OSError:
        return None
