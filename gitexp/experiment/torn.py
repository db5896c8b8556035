"""What a crash of the machine leaves empty of what git keeps about a worktree, since git does not wait until that is on disk."""
from __future__ import annotations

import os
import time
from pathlib import Path

from gitexp.core import files, locks
from gitexp.core.tuples import NamedTuple
from gitexp.git import repository
from gitexp.git.command import Git
from gitexp.lab.lab import Lab

_COMMON = '../..\n'  # gitrepository-layout(5)
_FILES = ('commondir', 'gitdir', 'HEAD', 'index')
_YOUNG = 10.0  # seconds: git may be about to write it


class Torn(NamedTuple):
    """A file without content, and the folder in which git keeps it."""

    kept: Path
    name: str

    @property
    def path(self) -> Path:
        return self.kept / self.name


def find(common: Path) -> list[Torn]:
    """Each such file, in the order in which they are to be mended."""
    return [Torn(kept, name) for kept in sorted((common / 'worktrees').glob('*')) for name in _FILES if _is_empty(kept / name)]


def mend(lab: Lab) -> list[str]:
    """Write anew what can only be one thing: where the repository and an experiment's worktree are, its branch, and the index.

    Of that only what was staged is lost, and stays in the files.
    """
    said = []
    with locks.held(lab.state / 'locks' / 'worktrees', purpose='git exp doctor'):
        for one in find(lab.common):
            if one.name == 'index':
                one.path.unlink()
                Git(lab.common).ask('read-tree', 'HEAD', env={'GIT_DIR': str(one.kept)})
            elif text := _COMMON if one.name == 'commondir' else _text(lab, one):
                files.replace(one.path, text)
            else:
                continue
            said.append(f"'{one.path}', which was empty")
    return said


def _text(lab: Lab, one: Torn) -> str | None:
    """What belongs there, None where that is not known."""
    tops = [top for top in (lab.root / lab.config.paths.worktrees).glob('*') if repository.named(top) == Path(os.path.realpath(one.kept))]
    if len(tops) != 1 or one.name == 'gitdir':
        return f'{tops[0]}/.git\n' if len(tops) == 1 else None
    branch = f'refs/heads/exp/{tops[0].name}'
    return None if Git(lab.common).run('rev-parse', '--verify', '--quiet', branch).code else f'ref: {branch}\n'


def _is_empty(path: Path) -> bool:
    try:
        info = path.stat()
    except OSError:
        return False
    return not info.st_size and time.time() - info.st_mtime > _YOUNG
