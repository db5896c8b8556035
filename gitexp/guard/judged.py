"""What the branches of experiments in a push were judged by, for the hooks that look again where git moves them."""
from __future__ import annotations

import os
import time
from collections.abc import Iterable, Mapping, Set
from contextlib import suppress
from pathlib import Path

from gitexp.core import files, process
from gitexp.core.errors import Refused
from gitexp.git.command import Git
from gitexp.guard.push import Update

FOLDER = Path('exp', 'judged')
_AFTER = '+'  # marks a branch that comes after the trunk
_BRANCHES = 'refs/heads/exp/'
_OLD = 3600  # seconds; a process of another container may only seem to be dead


def moving(asked: Iterable[Update]) -> list[Update]:
    """Those that are looked at again."""
    return [update for update in asked if update.ref.startswith(_BRANCHES)]


def keep(
    git: Git, asked: Iterable[Update], trunk: Iterable[str | None], departed: Mapping[str, str], after: Set[Update] = frozenset(),
) -> bool:
    """Note where the trunk was and is to be, and where each branch last departed, under the process of git that moves them.

    Those that come `after` the trunk count on where it is to be. Gives whether it is noted; raises Refused where another push has the
    name of this one, as in another container.
    """
    updates = moving(asked)
    if not updates:
        return True
    branches = {update: update.ref.removeprefix('refs/heads/') for update in updates}
    lines = [
        ' '.join(oid or '-' for oid in trunk),
        *(f'{departed[branch]} {branch}' for branch in branches.values() if branch in departed),
        *(f'{_AFTER} {branches[update]}' for update in updates if update in after),
    ]
    folder, git_process = git.folder / FOLDER, os.getppid()
    seen = process.seen(git_process)
    # Who may push and may not write there keeps nobody from pushing: what was judged counts, however long git waits.
    with suppress(OSError):
        folder.mkdir(exist_ok=True)
        _tidy(folder)
        try:
            name = f'{git_process}.{seen.start if seen else ""}'
            with open(folder / name, 'x' if seen else 'w', encoding='utf-8', errors='surrogateescape') as note:
                note.write(''.join(f'{line}\n' for line in lines))
        except FileExistsError:
            raise Refused('another push is under way by the same number', hint='push again') from None
        return True
    return False


def _tidy(folder: Path) -> None:
    """Remove what pushes have left that moved nothing."""
    for path in folder.iterdir():
        pid = path.name.partition('.')[0]
        with suppress(FileNotFoundError):  # Another push may have ended just now.
            if pid.isdigit() and path.stat().st_mtime < time.time() - _OLD and not files.alive(int(pid)):
                path.unlink()
