"""The repository that a lab is to be made in, and why it cannot be."""
from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from gitexp.core.errors import Refused
from gitexp.git import repository, worktrees
from gitexp.git.command import Git

TRUNKS = ('main', 'master')


@dataclass(frozen=True)
class Site:
    """A checked-out trunk that files can be added to."""

    top: Path
    common: Path
    trunk: str

    @property
    def git(self) -> Git:
        return Git(self.top)

    def tracked(self, *paths: str) -> list[str]:
        """Which of these files, and files in these folders, git tracks."""
        return self.git.ask('ls-files', '-z', '--', *(f':(top,literal){path}' for path in paths)).names if paths else []

    def untouched(self, path: str) -> bool:
        """Whether a file is as the last commit has it, or unknown to git."""
        return self.git.run('diff', '--quiet', 'HEAD', '--', f':(top,literal){path}').code == 0


def survey(folder: Path) -> Site:
    """Find the repository around a folder; raises Refused where no lab can be made, with what to do about it."""
    place = repository.place(folder)
    git = Git(place.top or place.common)
    if place.top is None:
        _no_worktree(git, folder)
        raise AssertionError('not reached')
    branch = _branch(git)
    _whole(git, place.top)
    _quiet(git)
    _trunk(git, branch)
    _writable(place.top, place.common)
    return Site(place.top, place.common, branch)


def _no_worktree(git: Git, folder: Path) -> None:
    if git.run('rev-parse', '--is-bare-repository').text == 'true':
        raise Refused(f"'{folder}' is a bare repository, and a lab needs files", hint='clone it, make the clone a lab, and push')
    raise Refused(f"'{folder}' is inside a git directory", hint='change into the working tree')


def _branch(git: Git) -> str:
    """The branch that is checked out; it must have a commit."""
    full = git.run('symbolic-ref', '--quiet', 'HEAD').text
    if git.run('rev-parse', '--verify', '--quiet', 'HEAD').code:
        raise Refused('this repository has no commits yet', hint='commit something, then: git exp init')
    if not full:
        raise Refused('HEAD is detached: a lab is made on its trunk', hint=f'git switch {_likely(git) or "main"}')
    return full.removeprefix('refs/heads/')


def _whole(git: Git, top: Path) -> None:
    if git.ask('rev-parse', '--is-shallow-repository').text == 'true':
        raise Refused('this is a shallow clone: changes cannot be judged without the history', hint='git fetch --unshallow')
    told = git.run('config', 'core.worktree').code == 0
    if not told and top not in [worktree.path for worktree in worktrees.listed(git)]:
        raise Refused(
            f"git does not list '{top}' among the worktrees of this repository, as with --separate-git-dir",
            hint=f"git config core.worktree '{top}'",
        )


def _quiet(git: Git) -> None:
    if git.run('rev-parse', '--verify', '--quiet', 'MERGE_HEAD').code == 0:
        raise Refused('a merge is under way', hint='git merge --continue, or git merge --abort')


def _trunk(git: Git, branch: str) -> None:
    """The trunk is what was told, or main or master, or the branch of `origin`, or the only one there is."""
    trunk = _likely(git)
    if trunk == branch or trunk is None and branch in TRUNKS:
        return
    if trunk is None:
        raise Refused(
            f"'{branch}' is one of several branches, and none is named main",
            hint=f'if it is the trunk: git config gitexp.trunk {branch}',
        )
    raise Refused(
        f"'{branch}' is checked out, and a lab is made on its trunk '{trunk}'",
        hint=f'git switch {trunk}, or if this is the trunk: git config gitexp.trunk {branch}',
    )


def _likely(git: Git) -> str | None:
    if told := git.run('config', 'gitexp.trunk').text:
        return told
    names = git.ask('for-each-ref', '--format=%(refname)', 'refs/heads').text.split('\n')
    branches = [name.removeprefix('refs/heads/') for name in names]
    current = git.run('symbolic-ref', '--quiet', 'HEAD').text.removeprefix('refs/heads/')
    origin = git.run('symbolic-ref', '--quiet', 'refs/remotes/origin/HEAD').text.removeprefix('refs/remotes/origin/')
    named = [name for name in (*TRUNKS, origin) if name in branches]
    if current in named:
        return current
    if named or origin:
        return (named or [origin])[0]
    return branches[0] if len(branches) == 1 else None


def _writable(top: Path, common: Path) -> None:
    for folder in (top, common):
        if not os.access(folder, os.W_OK | os.X_OK):
            raise Refused(f"'{folder}' cannot be written to", hint=f'ls -ld {folder}')
