"""Taking a worktree away, whatever is left of it: half made by a killed git, or half removed by a killed gitexp."""
from __future__ import annotations

import os
import re
from pathlib import Path

from gitexp.core import deep, files
from gitexp.git import repository


def remove(common: Path, path: Path) -> None:
    """Remove the folder of a linked worktree and what git keeps about it; can be run again after a crash at any step.

    A folder that is not such a worktree stays, unless it is empty; where it is one of another repository, such as the one that this
    was copied from, nothing is removed.
    """
    kept = admin(common, path)
    if repository.named(path):
        if not is_own(common, path):
            return
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


def rename(common: Path, old: Path, new: Path) -> None:
    """Give the folder of a linked worktree another name in the same place, as `git worktree move` would if there were no submodules.

    Can be run again after a crash at any step.
    """
    kept = admin(common, old)
    if os.path.lexists(old):
        os.rename(old, new)
    if kept and repository.named(new) == Path(os.path.realpath(kept)):
        said = Path(_text(kept / 'gitdir'))
        files.replace(kept / 'gitdir', f'{said.parents[1] / new.name / said.name}\n')


def is_own(common: Path, path: Path) -> bool:
    """Whether a folder and what this very repository keeps about a worktree name each other."""
    kept = admin(common, path)
    return kept is not None and repository.named(path) == Path(os.path.realpath(kept))


def admin(common: Path, path: Path) -> Path | None:
    """The folder in which git keeps what it knows about a worktree: the one that says so, or that says nothing yet and has the name."""
    links = {os.path.join(folder, path.name, '.git') for folder in (os.path.realpath(path.parent), os.path.normpath(path.parent))}
    unfinished = None
    for found in _folders(common / 'worktrees'):
        said = _text(found / 'gitdir')
        if said and os.path.normpath(found / said) in links:
            return found
        if not said and re.fullmatch(re.escape(path.name) + r'\d*', found.name):
            unfinished = found
    return unfinished


def _folders(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir())
    except FileNotFoundError:
        return []


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
