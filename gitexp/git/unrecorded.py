"""What a worktree has that git does not have, also where git was set up not to look."""
from __future__ import annotations

import os
import shlex
from pathlib import Path, PurePosixPath

from gitexp.git.command import Git

# A file that is as long as before, and as old by what its user says, is another one all the same.
_THOROUGH = {'core.trustctime': 'true', 'core.checkStat': 'default'}


def lines(worktree: Path, *words: str) -> list[str]:
    """The fields of `git status`: two letters and a blank before each path."""
    settings = [word for name, value in _settings(worktree).items() for word in ('-c', f'{name}={value}')]
    return Git(worktree).ask(*settings, 'status', '--porcelain=v1', '-z', *words).names


def unhiding(worktree: Path) -> str:
    """The commands, each with what parts it from the next, after which git says the same itself; '' where it does already."""
    git = Git(worktree)
    other = {name: value for name, value in _settings(worktree).items() if git.run('config', name).text not in ('', value)}
    return ''.join(f'git -C {shlex.quote(str(worktree))} config {name} {value}; ' for name, value in other.items())


def passed_over(worktree: Path) -> list[str]:
    """What has changed of the files that are marked skip-worktree or assume-unchanged, of which `git status` says nothing."""
    git = Git(worktree)
    marked = [field[2:] for field in git.ask('ls-files', '-v', '-z').names if field[0] == 'S' or field[0].islower()]
    there = {path for path in marked if os.path.lexists(worktree / path)}
    if not there:
        return []
    from tempfile import TemporaryDirectory
    staged = [line for line in git.ask('ls-files', '--stage', '-z').names if line.partition('\t')[2] in there]
    with TemporaryDirectory() as folder:  # Another index has no such marks.
        env = {'GIT_INDEX_FILE': f'{folder}/index'}
        git.ask('update-index', '-z', '--index-info', feed=os.fsencode(''.join(f'{line}\0' for line in staged)), env=env)
        words = ('diff', '--name-only', '-z', '--no-ext-diff', '--no-renames', '--ignore-submodules=none')
        return git.ask('-c', 'diff.autoRefreshIndex=true', *words, env=env).names


def repositories(worktree: Path) -> list[str]:
    """The folders of what is committed that are repositories: git looks no further than which commit a submodule has checked out."""
    folders = set[PurePosixPath]()
    for line in Git(worktree).ask('ls-files', '--stage', '-z').names:
        said, _, path = line.partition('\t')
        folders.update([PurePosixPath(path)] if said.startswith('160000') else PurePosixPath(path).parents)
    return sorted(str(path) for path in folders if (worktree / path / '.git').is_dir())


def _settings(worktree: Path) -> dict[str, str]:
    """A repository that was made where Notes and notes are one file says so wherever it is copied to, and hides one of them there."""
    return _THOROUGH if os.path.lexists(worktree / '.GIT') else {**_THOROUGH, 'core.ignorecase': 'false'}
