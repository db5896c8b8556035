"""The worktrees of a repository."""
from __future__ import annotations

import os
import re
import time
from pathlib import Path

from gitexp.core.errors import Failure, Refused
from gitexp.core.tuples import NamedTuple
from gitexp.git import repository
from gitexp.git.command import Done, Git

_PATIENCE = 3.0
_HALF_MADE = r'\S*worktrees/[^/]+/(commondir|gitdir|locked|HEAD)\b'


class Worktree(NamedTuple):
    """`branch` is a full ref name, None when HEAD is detached; a bare repository is listed without a head.

    It is `unborn` when the branch is not there, as when somebody has deleted it.
    """

    path: Path
    head: str | None
    branch: str | None
    prunable: bool = False

    @property
    def unborn(self) -> bool:
        return self.head is not None and not self.head.strip('0')


def of(git: Git, common: Path, here: Path | None, *, told: bool = False) -> list[Worktree]:
    """The worktrees of this very repository, the main one first; `here` is the one asked from, `told` whether core.worktree is set.

    Those of the repository that this one was copied from are left out. Raises Refused where only the user knows the main worktree.
    """
    main, *linked = listed(git)
    if main.head is not None:
        main = main._replace(path=_main(main.path, common, here, told=told))
    return [main, *(one for one in linked if is_own(one, common))]


def is_own(worktree: Worktree, common: Path) -> bool:
    """Whether a linked worktree is gone, or says itself that it belongs to this repository."""
    named = repository.named(worktree.path)
    return named is None or named.parent == common / 'worktrees'


def _main(listed: Path, common: Path, here: Path | None, *, told: bool) -> Path:
    """Where the main worktree is: git takes it for granted that its git directory is '.git' in it."""
    usual = repository.named(listed) == common
    if here is not None and repository.named(here) == common:
        if usual and listed != here and not told:
            way = f"cd '{listed}'" if _has_files(listed) else f"git config core.worktree '{here}'"
            raise Refused(f"'{here}/.git' is a link to '{listed}/.git', and git works there", hint=way)
        return _only(here, listed, usual=usual)
    if told:
        return _only(Path(Git(common).ask('rev-parse', '--show-toplevel').text), listed, usual=usual)
    if not usual:
        says = f"git does not know which folder is the main worktree of '{common}'"
        raise Refused(says, hint='change into it, then: git config core.worktree "$PWD"')
    return listed


def _only(told: Path, listed: Path, *, usual: bool) -> Path:
    """What core.worktree says, which must not be a second worktree: the ledger and the data of the first are what counts."""
    if usual and os.path.realpath(told) != os.path.realpath(listed) and _has_files(listed):
        says = f"core.worktree is '{told}', and the main worktree of this repository is '{listed}'"
        raise Refused(says, hint='git config --unset core.worktree')
    return told


def _has_files(folder: Path) -> bool:
    return os.listdir(folder) != ['.git']


def listed(git: Git) -> list[Worktree]:
    """Every worktree that git lists, the main one first."""
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
            found = re.search(_HALF_MADE, error.message)
            if not found:
                raise
            if time.monotonic() > until or _is_old(git.folder / found[0]):
                raise Refused(error.message, hint='in root: git exp doctor --fix') from None
        time.sleep(0.01)


def _is_old(path: Path) -> bool:
    """Whether nobody is making a file any more."""
    try:
        return time.time() - path.stat().st_mtime > _PATIENCE
    except OSError:
        return False


def _parsed(block: str) -> Worktree:
    fields = dict((line.split(' ', 1) + [''])[:2] for line in block.split('\0') if line)
    return Worktree(Path(fields['worktree']), fields.get('HEAD'), fields.get('branch'), 'prunable' in fields)
