"""Taking a worktree away, whatever is left of it: half made by a killed git, or half removed by a killed gitexp."""
from __future__ import annotations

import os
import re
from pathlib import Path

from gitexp.core import deep


def remove(common: Path, path: Path) -> None:
    """Remove the folder of a linked worktree and what git keeps about it; can be run again after a crash at any step.

    A folder that is not such a worktree stays, unless it is empty.
    """
    kept = admin(common, path)
    if kept or _points_into(path, common):
        _empty(path, last='.git')
    try:
        path.rmdir()
    except OSError:
        pass  # Not there, or somebody else's.
    if kept:
        # First, since every git that finds it expects all the rest.
        (kept / 'gitdir').unlink(missing_ok=True)
        _empty(kept, last='')
        kept.rmdir()


def admin(common: Path, path: Path) -> Path | None:
    """The folder in which git keeps what it knows about a worktree: the one that says so, or that says nothing yet and has the name."""
    link = os.path.realpath(path.parent) + os.sep + path.name + os.sep + '.git'
    unfinished = None
    for found in _folders(common / 'worktrees'):
        said = _text(found / 'gitdir')
        if said and os.path.normpath(found / said) == link:
            return found
        if not said and re.fullmatch(re.escape(path.name) + r'\d*', found.name):
            unfinished = found
    return unfinished


def _folders(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir())
    except FileNotFoundError:
        return []


def _points_into(path: Path, common: Path) -> bool:
    said = _text(path / '.git').removeprefix('gitdir: ')
    return bool(said) and os.path.realpath(path / said).startswith(os.path.realpath(common / 'worktrees') + os.sep)


def _empty(folder: Path, *, last: str) -> None:
    try:
        names = sorted(os.listdir(folder), key=lambda name: name == last)
    except FileNotFoundError:
        return
    for name in names:
        entry = folder / name
        if entry.is_dir() and not entry.is_symlink():
            deep.remove(entry)
        else:
            entry.unlink()


def _text(path: Path) -> str:
    try:
        return path.read_bytes().decode('utf-8', 'surrogateescape').removesuffix('\n')
    except (FileNotFoundError, NotADirectoryError):
        return ''
