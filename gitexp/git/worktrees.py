"""The worktrees of a repository."""
from __future__ import annotations

import re
import time
from pathlib import Path
from typing import NamedTuple

from gitexp.core.errors import Failure
from gitexp.git.command import Done, Git

_PATIENCE = 3.0
_HALF_MADE = re.compile(r'worktrees/[^/]+/(commondir|gitdir|locked|HEAD)\b')


class Worktree(NamedTuple):
    """`branch` is a full ref name, None when HEAD is detached; a bare repository is listed without a head."""

    path: Path
    head: str | None
    branch: str | None
    prunable: bool = False


def listed(git: Git) -> list[Worktree]:
    """Every worktree, the main one first."""
    return [_parsed(block) for block in patient(git, 'worktree', 'list', '--porcelain', '-z').text.split('\0\0') if block]


def patient(git: Git, *words: str) -> Done:
    """Ask what looks at every worktree, again while one of them is being made or removed.

    git (2.39) makes what it keeps about a worktree file by file, and dies of one that is not there yet, or not any more.
    """
    until = time.monotonic() + _PATIENCE
    while True:
        try:
            return git.ask(*words)
        except Failure as error:
            if not _HALF_MADE.search(error.message) or time.monotonic() > until:
                raise
        time.sleep(0.01)


def _parsed(block: str) -> Worktree:
    fields = dict((line.split(' ', 1) + [''])[:2] for line in block.split('\0') if line)
    return Worktree(Path(fields['worktree']), fields.get('HEAD'), fields.get('branch'), 'prunable' in fields)
