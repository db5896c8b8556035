"""Committed names that a file system takes for one another, so that it holds the file of only one of them."""
from __future__ import annotations

import os
import sys
from pathlib import Path

from gitexp.core.errors import Refused
from gitexp.git.command import Git


def possible(folder: Path) -> bool:
    """Whether the file system of a worktree may hold one file by two names."""
    return sys.platform == 'darwin' or _ignores_case(folder)


def refuse(git: Git) -> None:
    """Raise Refused where the commit in git's worktree has two such names."""
    from unicodedata import normalize
    ignores_case = _ignores_case(git.folder)
    found: dict[str, str] = {}
    for path in git.ask('ls-files', '-z').names:
        name = normalize('NFC', path)
        other = found.setdefault(name.casefold() if ignores_case else name, path)
        if other != path:
            raise Refused(f"this file system takes '{other}' and '{path}' for one file, and the commit has both",
                          hint=f"git mv '{path}' ANOTHER-NAME, and commit")


def _ignores_case(folder: Path) -> bool:
    return os.path.lexists(folder / '.GIT')  # .git is there.
