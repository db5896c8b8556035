"""Retiring a version or bringing it back, in steps that can each be repeated: a crash between them is made good by doing them all again."""
from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from gitexp.core.errors import Failure, Refused
from gitexp.experiment import folders, plan, scaffold
from gitexp.experiment.intent import Intent
from gitexp.git import commits
from gitexp.git.command import Git
from gitexp.git.commits import Move, Put
from gitexp.lab.lab import Lab
from gitexp.ledger import cells, read, write


class Turn(NamedTuple):
    """All that the steps need, as JSON can hold it.

    `folder` holds what is moved, None when nothing is; `worktree` is None for a closed experiment, `branch` when there is none.
    `inside` is the experiment's folder from the top of the repository; `text` is what PLAN.md gains; it names the row's id.
    """

    verb: str
    folder: str | None
    worktree: str | None
    branch: str | None
    head: str | None
    inside: str
    moves: Sequence[Sequence[str]]
    text: str
    message: str
    row: Mapping[str, str]

    @property
    def plan(self) -> str:
        return f'{self.inside}/{scaffold.FILE}'

    def done_in(self, text: bytes) -> bool:
        return self.row['id'].encode() in text


def carry_out(lab: Lab, mine: Intent, turn: Turn) -> str | None:
    """Do all the steps; returns the commit. What can be refused comes first, and then nothing has happened.

    Raises Refused, or OSError, when a later step fails; the intent stays then, and the next command goes on.
    """
    commit = _committed(lab, turn, turn.head) if turn.head else None
    mine.arm({**turn._asdict(), 'commit': commit})
    try:
        commit = _advance(lab, turn, commit)
    except Failure:
        mine.disarm()
        raise
    try:
        _rename(turn)
    except (Failure, OSError) as error:
        _step_back(lab, turn, commit)
        mine.disarm()
        raise Refused(f"cannot {turn.verb} '{mine.slug}': {error}") from None
    try:
        _finish(lab, turn, commit)
    except (Failure, OSError) as error:
        raise Refused(f"{turn.verb} of '{mine.slug}' is not finished: {error}", hint='put it right; the next command finishes') from None
    return commit


def settle(lab: Lab, slug: str, said: Mapping[str, Any]) -> str:
    """Finish what a killed supersede or restore began."""
    commit = said['commit']
    turn = Turn(**{name: value for name, value in said.items() if name != 'commit'})
    try:
        commit = _advance(lab, turn, commit)
        _rename(turn)
    except (Failure, OSError) as error:
        _step_back(lab, turn, commit)
        return f"took back 'git exp {turn.verb}' of '{slug}', which was killed: {error}"
    _finish(lab, turn, commit)
    return f"finished 'git exp {turn.verb}' of '{slug}', which was killed"


def _finish(lab: Lab, turn: Turn, commit: str | None) -> None:
    if turn.worktree and commit:
        _write_plan(Path(turn.worktree), turn, commit)
        _stage(Git(Path(turn.worktree)), turn, commit)
    if not read.present(lab, [turn.row['id']]):
        write.append(lab, [cells.parsed({**turn.row, 'commit': commit or ''})])
    if turn.worktree and turn.folder and turn.verb == 'supersede':
        folders.fresh(Path(turn.folder))


def _committed(lab: Lab, turn: Turn, head: str) -> str:
    """A commit on top of `head` with the tracked files moved and PLAN.md extended; no ref names it yet."""
    git = Git(lab.common)
    tracked = _tracked(git, turn, head)
    moves = [Move(old, new) for old, new in _paths(turn) if old in tracked and new not in tracked]
    text = _plan_text(git, turn, head)
    put = Put(turn.plan, plan.extended(text, turn.text), tracked.get(turn.plan, '100644'))
    return commits.make(git, parent=head, message=f'{turn.message}\n', changes=[*moves, put], settings=lab.settings)


def _tracked(git: Git, turn: Turn, commit: str) -> dict[str, str]:
    """The modes of those of our paths that a commit has."""
    names = [name for pair in _paths(turn) for name in pair]
    found = git.ask('--literal-pathspecs', 'ls-tree', '-z', '--full-tree', commit, '--', turn.plan, *names).names
    return {line.partition('\t')[2]: line.split(' ', 1)[0] for line in found}


def _plan_text(git: Git, turn: Turn, commit: str) -> bytes:
    done = git.run('cat-file', 'blob', f'{commit}:{turn.plan}')
    return done.out if done.code == 0 else f'# {turn.inside.rsplit("/", 1)[-1]}\n'.encode()


def _paths(turn: Turn) -> list[tuple[str, str]]:
    return [(f'{turn.inside}/{old}', f'{turn.inside}/{new}') for old, new in turn.moves]


def _advance(lab: Lab, turn: Turn, commit: str | None) -> str | None:
    """Move the branch to the commit, or to one like it when the branch has moved on since; returns which."""
    if not (turn.branch and commit):
        return commit
    git = Git(lab.common)
    head = git.run('rev-parse', '--verify', '--quiet', turn.branch).text
    if not head or turn.done_in(_plan_text(git, turn, head)):
        return commit
    new = commit if head == turn.head else _committed(lab, turn, head)
    git.ask('update-ref', '-m', turn.message, turn.branch, new, head)
    return new


def _rename(turn: Turn) -> None:
    for old, new in _places(turn):
        if not os.path.lexists(old) or (turn.verb == 'supersede' and os.path.lexists(new)):
            continue
        if os.path.lexists(new):
            folders.remove_empty(Path(new))
        os.rename(old, new)


def _step_back(lab: Lab, turn: Turn, commit: str | None) -> None:
    for old, new in _places(turn):
        if os.path.lexists(new) and not os.path.lexists(old):
            os.rename(new, old)
    if turn.folder and turn.verb == 'restore':
        folders.fresh(Path(turn.folder))
    if turn.branch and commit:
        Git(lab.common).run('update-ref', '-m', f'undo: {turn.message}', turn.branch, f'{commit}^', commit)


def _places(turn: Turn) -> Iterator[tuple[str, str]]:
    if turn.folder:
        for old, new in turn.moves:
            yield os.path.join(turn.folder, old), os.path.join(turn.folder, new)


def _write_plan(worktree: Path, turn: Turn, commit: str) -> None:
    """Extend the working copy; what the user has changed in it and not committed stays so."""
    path = worktree / turn.plan
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o666)
    try:
        size = os.fstat(handle).st_size
        old = os.pread(handle, size, 0)
        if turn.done_in(old):
            return
        data = plan.extended(old, turn.text)[size:] if old else _plan_text(Git(worktree), turn, commit)
        if os.write(handle, data) != len(data):
            os.ftruncate(handle, size)
            raise Refused(f"cannot write '{path}': no space left")
        os.fsync(handle)
    finally:
        os.close(handle)


def _stage(git: Git, turn: Turn, commit: str) -> None:
    """Bring the index after the commit, with all that is staged beside it as it was."""
    names = [name for pair in _paths(turn) for name in pair]
    lines = git.ask('--literal-pathspecs', 'ls-files', '--stage', '-z', '--full-name', '--', turn.plan, *names).names
    found = {path: head for head, _, path in (line.partition('\t') for line in lines)}
    feed = [f'{found.get(turn.plan, "100644 x 0").split(" ")[0]} {_plan_blob(git, turn, commit, found)} 0\t{turn.plan}']
    for old, new in _paths(turn):
        for path, head in found.items():
            target = new + path.removeprefix(old)
            if (path == old or path.startswith(f'{old}/')) and target not in found:
                feed += [f'0 {"0" * len(commit)}\t{path}', f'{head}\t{target}']
    git.ask('update-index', '-z', '--index-info', feed=''.join(f'{line}\0' for line in feed).encode('utf-8', 'surrogateescape'))


def _plan_blob(git: Git, turn: Turn, commit: str, found: Mapping[str, str]) -> str:
    if turn.plan not in found:
        return git.ask('rev-parse', f'{commit}:{turn.plan}').text
    oid = found[turn.plan].split(' ')[1]
    text = git.ask('cat-file', 'blob', oid).out
    return oid if turn.done_in(text) else git.ask('hash-object', '-w', '--stdin', feed=plan.extended(text, turn.text)).text
