"""Worktrees that have lost their folder, their branch or their repository, and the way back."""
from __future__ import annotations

import shlex
from collections.abc import Iterator
from pathlib import Path

from gitexp.checkout import checkout
from gitexp.core import locks
from gitexp.experiment import moved, removal, torn, unshared
from gitexp.git.worktrees import Worktree
from gitexp.lab.lab import Lab
from gitexp.ledger import read
from gitexp.report.experiments import PREFIX
from gitexp.report.health import Check, State

_FIX = 'git exp doctor --fix'


def look(lab: Lab) -> Iterator[Check]:
    """Name each one, with what to do."""
    torn_files = torn.find(lab.common)
    for one in torn_files:
        says = f"'{one.path}' is empty, as after a crash of the machine: git keeps there what it knows of a worktree"
        yield Check('worktrees', State.BAD, says, _FIX)
    if any(one.name == 'commondir' for one in torn_files):
        return  # git lists no worktree then.
    copied = moved.copied(lab)
    for worktree in lab.worktrees:
        if worktree.prunable and worktree.path != checkout.place(lab):  # That is put away after a kill, and made anew when it is wanted.
            yield _gone(lab, worktree, can_repair=not copied)
        elif worktree.unborn and worktree.branch and worktree.branch.startswith(PREFIX):
            yield _without_branch(lab, worktree, worktree.branch.removeprefix(PREFIX))
    for path in copied:
        kept = removal.admin(lab.common, path)
        says = f"'{path}' belongs to the repository that this one was copied from, and is left alone"
        yield Check('worktrees', State.WARN, says, f'rm -r {shlex.quote(str(kept))}' if kept else None)
    yield Check('worktrees', State.OK, f'{sum(not worktree.prunable for worktree in lab.worktrees)}')


def mend(lab: Lab) -> list[str]:
    """Bring back those that have moved with the repository, and forget those of ours whose folder is gone; their branches stay."""
    gone = [worktree.path for worktree in lab.worktrees if worktree.prunable]
    lost = [path for path in gone if _is_ours(lab, path) and moved.place(lab, path) is None and not _unshared(lab, path)]
    found = moved.repair(lab)
    with locks.held(lab.state / 'locks' / 'worktrees', purpose='git exp doctor'):
        for path in lost:
            lab.git.ask('worktree', 'remove', '--force', str(path))
    return [*found, *(f"forgot the worktree '{path}', whose folder is gone; its branch is still there" for path in lost)]


def _gone(lab: Lab, worktree: Worktree, *, can_repair: bool) -> Check:
    now = moved.place(lab, worktree.path)
    if now:
        way = _FIX if can_repair else f'git worktree repair {shlex.quote(str(now))}'
        return Check('worktrees', State.WARN, f"'{now}' has moved with the repository, and git looks for it at '{worktree.path}'", way)
    says = f"the folder '{worktree.path}' is gone"
    # Not `git worktree prune`, which forgets all that are gone, whatever it keeps for them.
    remove = f'git worktree remove --force {shlex.quote(str(worktree.path))}'
    if not (found := _unshared(lab, worktree.path)):
        return Check('worktrees', State.WARN, says, _FIX if _is_ours(lab, worktree.path) else remove)
    alone = ', '.join(one.says for one in found)
    way = '; '.join([*(one.way for one in found if one.anywhere), remove])
    way = f'mount the disk that it is on; if it is gone for good: {way}'
    return Check('worktrees', State.WARN, f'{says}, and git keeps for it alone: {alone}', way)


def _is_ours(lab: Lab, path: Path) -> bool:
    return lab.root / lab.config.paths.worktrees in path.parents


def _unshared(lab: Lab, path: Path) -> list[unshared.Unshared]:
    """What would be lost with a worktree whose folder is gone, perhaps with its disk."""
    kept = removal.admin(lab.common, path)
    return unshared.of(lab.common, kept, path) if kept else []


def _without_branch(lab: Lab, worktree: Worktree, slug: str) -> Check:
    commit = _last_commit(lab, worktree, slug)
    says = f"the branch exp/{slug} is gone, and its worktree '{worktree.path}' is there; its rows stay"
    remove = f'git worktree remove --force {shlex.quote(str(worktree.path))}'
    return Check('worktrees', State.BAD, says, f'git branch exp/{slug} {commit}' if commit else remove)


def _last_commit(lab: Lab, worktree: Worktree, slug: str) -> str | None:
    """Where the branch was last, by the worktree's own log, or by the ledger."""
    kept = removal.admin(lab.common, worktree.path)
    try:
        lines = (kept / 'logs' / 'HEAD').read_text('utf-8', 'replace').splitlines() if kept else []
    except OSError:
        lines = []
    if lines:
        return lines[-1].split(' ')[1]
    return next((row.commit for row in reversed(read.read(lab).results) if row.experiment == slug and row.commit), None)
