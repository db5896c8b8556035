"""What git has of retiring a version or bringing it back: the commit, and the worktree and its index brought after it."""
from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from gitexp.core import beneath, files
from gitexp.core.errors import Refused
from gitexp.experiment import plan
from gitexp.experiment.turn import Turn
from gitexp.git import abandoned, commits
from gitexp.git.command import Git
from gitexp.git.commits import Move, Put
from gitexp.lab.lab import Lab


_LINK = '120000'


def make(lab: Lab, turn: Turn, head: str) -> str:
    """A commit on top of `head` with the tracked files moved and PLAN.md extended; no ref names it yet.

    Raises Refused where PLAN.md is a link, or its folder.
    """
    git = Git(lab.common)
    tracked = _tracked(git, turn, head)
    link = next((path for path in (turn.inside, turn.plan) if tracked.get(path) == _LINK), None)
    if link:
        raise Refused(f"cannot {turn.verb}: '{link}' is a link on {turn.branch}", hint=f"there: git rm '{link}' && git commit")
    moves = [Move(old, new) for old, new in turn.paths if old in tracked and new not in tracked]
    text = plan_text(git, turn, head)
    put = Put(turn.plan, plan.extended(text, turn.text), tracked.get(turn.plan, '100644'))
    return commits.make(git, parent=head, message=f'{turn.message}\n', changes=[*moves, put], settings=lab.settings)


def _tracked(git: Git, turn: Turn, commit: str) -> dict[str, str]:
    """The modes of those of our paths that a commit has."""
    names = [name for pair in turn.paths for name in pair]
    found = git.ask('--literal-pathspecs', 'ls-tree', '-z', '--full-tree', commit, '--', turn.inside, turn.plan, *names).names
    return {line.partition('\t')[2]: line.split(' ', 1)[0] for line in found}


def plan_text(git: Git, turn: Turn, commit: str) -> bytes:
    done = git.run('cat-file', 'blob', f'{commit}:{turn.plan}')
    return done.out if done.code == 0 else f'# {turn.inside.rsplit("/", 1)[-1]}\n'.encode()


def write_plan(worktree: Path, turn: Turn, commit: str) -> None:
    """Extend the working copy, which must be its own; what the user has changed in it and not committed stays so."""
    path = worktree / turn.plan
    with beneath.folder(path.parent, worktree) as folder:
        handle = os.open(path.name, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC, 0o666, dir_fd=folder)
    try:
        info = os.fstat(handle)
        size = info.st_size
        old = os.pread(handle, size, 0)
        if turn.done_in(old):
            return
        data = plan.extended(old, turn.text)[size:] if old else plan_text(Git(worktree), turn, commit)
        if info.st_nlink > 1:  # The file of the other name stays as it is.
            files.replace(path, old + data, mode=info.st_mode & 0o7777, top=worktree)
            return
        if os.write(handle, data) != len(data):
            os.ftruncate(handle, size)
            raise Refused(f"cannot write '{path}': no space left")
        os.fsync(handle)
    finally:
        os.close(handle)


def stage(git: Git, turn: Turn, commit: str) -> None:
    """Bring the index after the commit, with all that is staged beside it as it was."""
    names = [name for pair in turn.paths for name in pair]
    lines = git.ask('--literal-pathspecs', 'ls-files', '--stage', '-z', '--full-name', '--', turn.plan, *names).names
    found = {path: head for head, _, path in (line.partition('\t') for line in lines)}
    feed = [f'{found.get(turn.plan, "100644 x 0").split(" ")[0]} {_plan_blob(git, turn, commit, found)} 0\t{turn.plan}']
    for old, new in turn.paths:
        for path, head in found.items():
            target = new + path.removeprefix(old)
            if (path == old or path.startswith(f'{old}/')) and target not in found:
                feed += [f'0 {"0" * len(commit)}\t{path}', f'{head}\t{target}']
    abandoned.ask(git, 'update-index', '-z', '--index-info', feed=''.join(f'{line}\0' for line in feed).encode('utf-8', 'surrogateescape'))


def _plan_blob(git: Git, turn: Turn, commit: str, found: Mapping[str, str]) -> str:
    if turn.plan not in found:
        return git.ask('rev-parse', f'{commit}:{turn.plan}').text
    oid = found[turn.plan].split(' ')[1]
    text = git.ask('cat-file', 'blob', oid).out
    return oid if turn.done_in(text) else git.ask('hash-object', '-w', '--stdin', feed=plan.extended(text, turn.text)).text
