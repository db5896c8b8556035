"""What the branches of experiments in a push were judged by, for the hooks that look again where git moves them."""
from __future__ import annotations

import os
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path

from gitexp.core import files
from gitexp.git.command import Git
from gitexp.guard.push import Update

FOLDER = Path('exp', 'judged')
AFTER = '+'  # stands for where the trunk was, where only its new commit counts
_BRANCHES = 'refs/heads/exp/'
_OLD = 3600  # seconds; a process of another container may only seem to be dead


def moving(asked: Iterable[Update]) -> list[Update]:
    """Those that are looked at again."""
    return [update for update in asked if update.ref.startswith(_BRANCHES)]


def keep(git: Git, asked: Iterable[Update], trunk: Iterable[str | None], departed: Mapping[str, str]) -> bool:
    """Note where the trunk may be, and where each branch last departed, under the process of git that moves them; give whether it is."""
    branches = [update.ref.removeprefix('refs/heads/') for update in moving(asked)]
    if not branches:
        return True
    lines = [' '.join(oid or '-' for oid in trunk), *(f'{departed[branch]} {branch}' for branch in branches if branch in departed)]
    folder = git.folder / FOLDER
    # Who may push and may not write there keeps nobody from pushing: what was judged counts, however long git waits.
    with suppress(OSError):
        folder.mkdir(exist_ok=True)
        _tidy(folder)
        (folder / str(os.getppid())).write_text(''.join(f'{line}\n' for line in lines), 'utf-8', 'surrogateescape')
        return True
    return False


def _tidy(folder: Path) -> None:
    """Remove what pushes have left that moved nothing."""
    for path in folder.iterdir():
        with suppress(FileNotFoundError):  # Another push may have ended just now.
            if path.name.isdigit() and path.stat().st_mtime < time.time() - _OLD and not files.alive(int(path.name)):
                path.unlink()
