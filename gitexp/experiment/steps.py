"""Retiring results or bringing them back, in steps that can each be repeated: a crash between them is made good by doing them all again.

Of several experiments at once all are turned or none.
"""
from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from gitexp.core import beneath
from gitexp.core.errors import Failure, Refused
from gitexp.experiment import commit, folders, place, plain
from gitexp.experiment.intent import Intent
from gitexp.experiment.turn import Turn
from gitexp.git import abandoned
from gitexp.git.command import Git
from gitexp.lab.lab import Lab
from gitexp.ledger import cells, notes, read, write

_LATER = 'put it right; the next command finishes'


def carry_out(lab: Lab, mine: Intent, turns: Sequence[Turn]) -> list[str | None]:
    """Do all the steps; returns the commit of each. What can be refused comes first, and then nothing has happened.

    Raises Refused, or OSError, when a later step fails; the intent stays then, and the next command goes on.
    """
    commits = [commit.make(lab, turn, turn.head) if turn.head else None for turn in turns]
    for turn in turns:
        _check_own(turn, Path(turn.worktree or lab.root))
    mine.arm({'turns': [turn._asdict() for turn in turns], 'commits': commits})
    try:
        commits = _advance(lab, turns, commits)
    except Failure:
        _set_back(lab, turns, commits)
        mine.disarm()
        raise
    verb = turns[0].verb
    try:
        _rename(turns)
    except (Failure, OSError) as error:
        _step_back(lab, turns, commits)
        mine.disarm()
        raise Refused(f"cannot {verb} '{mine.slug}': {error}") from None
    try:
        _finish(lab, turns, commits)
    except (Failure, OSError) as error:
        raise Refused(f"{verb} of '{mine.slug}' is not finished: {error}", hint=_LATER) from None
    return commits


def settle(lab: Lab, slug: str, said: Mapping[str, Any]) -> str:
    """Finish what a killed supersede or restore began."""
    turns, commits = [_placed(lab, Turn(**one)) for one in said['turns']], list(said['commits'])
    verb = turns[0].verb
    try:
        commits = _advance(lab, turns, commits)
        _rename(turns)
    except (Failure, OSError) as error:
        _step_back(lab, turns, commits)
        return f"took back 'git exp {verb}' of '{slug}', which was killed: {error}"
    _finish(lab, turns, commits)
    return f"finished 'git exp {verb}' of '{slug}', which was killed"


def _placed(lab: Lab, turn: Turn) -> Turn:
    """The same turn where its experiment is now: meanwhile the worktree may have been moved, or removed as `close` does, or the lab moved.

    Raises Refused while the worktree is on another branch.
    """
    if not turn.worktree:
        return turn._replace(folder=str(lab.root / turn.inside) if turn.folder else None)
    at = place.now(lab, turn.row['experiment'])
    return turn._replace(folder=str(at.folder) if at.folder else None, worktree=str(at.worktree) if at.worktree else None)


def _check_own(turn: Turn, top: Path) -> None:
    """Raises Refused where a link would lead what is written or moved to somewhere else, or PLAN.md cannot be written on."""
    link = beneath.link([turn.plan, *(new for _, new in turn.paths)], top) if turn.folder else None
    if link:
        raise Refused(f"cannot {turn.verb}: '{top / link}' is a link", hint=f"rm '{top / link}'")
    plan = top / turn.plan
    if turn.worktree and os.path.lexists(plan) and not (plan.is_file() and os.access(plan, os.R_OK | os.W_OK)):
        raise Refused(f"cannot {turn.verb}: '{plan}' is no file that can be written to", hint=f"ls -l '{plan}'")
    if turn.head:
        git, where = Git(top), f"in '{top}'" if turn.worktree else f"on '{turn.branch}'"
        plain.require(git, turn.plan, verb=f'{turn.verb} {where}', commit='' if turn.worktree else turn.head)
        if b'\0' in commit.plan_text(git, turn, turn.head):  # As UTF-16 and UTF-32 have it.
            raise Refused(f"cannot {turn.verb} {where}: '{turn.plan}' is no text in UTF-8", hint='save it so, and commit it')


def _advance(lab: Lab, turns: Sequence[Turn], commits: Sequence[str | None]) -> list[str | None]:
    """Move the branches to their commits, all or none, or to ones like them when they have moved on since; returns which."""
    git = Git(lab.root)  # Hooks look for the repository there, and git may be set up to find none in a git directory.
    found, feed = [], ''
    for turn, made in zip(turns, commits):
        head = git.run('rev-parse', '--verify', '--quiet', turn.branch).text if turn.branch and made else ''
        if head and not turn.done_in(commit.plan_text(git, turn, head)):
            made = made if head == turn.head else commit.make(lab, turn, head)
            feed += f'update {turn.branch} {made} {head}\n'
        found.append(made)
    if feed:
        abandoned.ask(git, 'update-ref', '-m', f'git exp {turns[0].verb}', '--stdin', feed=feed.encode())
    return found


def _rename(turns: Sequence[Turn]) -> None:
    for turn in turns:
        turn.rename()


def _finish(lab: Lab, turns: Sequence[Turn], commits: Sequence[str | None]) -> None:
    for turn, made in zip(turns, commits):
        if turn.worktree and made:
            commit.write_plan(Path(turn.worktree), turn, made)
            commit.stage(Git(Path(turn.worktree)), turn, made)
    there = read.present(lab, [turn.row['id'] for turn in turns])
    missing = [(turn, made) for turn, made in zip(turns, commits) if turn.row['id'] not in there]
    rows = [cells.parsed({**turn.row, 'commit': made or ''}) for turn, made in missing]
    write.append(lab, rows)
    for turn in turns:
        if turn.worktree and turn.folder and turn.verb == 'supersede':
            folders.fresh(Path(turn.folder), Path(turn.worktree))
    notes.add(lab, rows)  # The last of all; if it cannot, git exp sync does.


def _step_back(lab: Lab, turns: Sequence[Turn], commits: Sequence[str | None]) -> None:
    for turn in turns:
        turn.rename_back()
        if turn.folder and turn.verb == 'restore':
            folders.fresh(Path(turn.folder), Path(turn.worktree or lab.root))
    _set_back(lab, turns, commits)


def _set_back(lab: Lab, turns: Sequence[Turn], commits: Sequence[str | None]) -> None:
    """Move back the branches that stand at our commits; a full disk may have stopped git between two of them.

    Raises Refused where git cannot: then the steps are still to be done, and the next command does them.
    """
    git = Git(lab.root)  # As above.
    for turn, made in zip(turns, commits):
        if turn.branch and made:
            done = git.run('update-ref', '-m', f'undo git exp {turn.verb}', turn.branch, f'{made}^', made)
            if done.code and git.run('rev-parse', '--verify', '--quiet', turn.branch).text == made:
                raise Refused(f"cannot take back the {turn.verb} on '{turn.branch}': {done.err.strip()}", hint=_LATER)
