"""What may be changed, asked before it is: the judge's word on changes that nobody has made yet."""
from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from gitexp.core.errors import Refused, Usage
from gitexp.core.finding import Finding
from gitexp.core.tuples import NamedTuple
from gitexp.lab.lab import Lab
from gitexp.rules import gate, judge, meta, ruleset, staged, uninvited
from gitexp.rules.case import Case
from gitexp.rules.change import Blobs, Change, Entry
from gitexp.rules.staged import Index

_OTHER, _MORE = 'other', ' and more'
_NEW_FILE, _TOP = 'a-new-file', '.'


class Answer(NamedTuple):
    """Whether a path may be changed at will; if not, the rule, where it stands, why, and what is allowed instead."""

    path: str
    may: bool
    rule: str = ''
    where: str = ''
    why: str = ''
    instead: str = ''

    @property
    def line(self) -> str:
        place = f' ({self.where})' if self.where else ''
        return f'yes  {self.path}' if self.may else f'no   {self.path}: {self.rule}{place}: {self.why}; {self.instead}'

    def as_json(self) -> dict[str, Any]:
        return self._asdict()


def answers(lab: Lab, paths: list[str], *, folder: Path, environment: Mapping[str, str]) -> list[Answer]:
    """Answer for each path, as it is named from `folder`, on the branch of the worktree there; raises Usage for what is outside."""
    if lab.here is None:
        raise Refused('this is not a worktree, so that nothing says which branch is meant', hint='change into one: git worktree list')
    asked = {path: _inside(lab, lab.here, folder, path) for path in paths}
    index, rules, blobs = Index.at(lab.here), ruleset.fresh(lab), Blobs(lab.git)
    case = Case(
        rules, index.branch, blobs.read, meta=meta.of(lab.git, lab.trunk_commit, environment, rules.humans).on, undo='',
        author=staged.author(index, rules), begun=lambda slug: staged.begun(lab, slug),
    )
    there = _tracked(index, list(asked.values()))
    said = {
        path: answer(case, inside, there, is_folder=path.endswith('/') or (lab.here / inside).is_dir()) for path, inside in asked.items()
    }
    new = [one.path for path, one in said.items() if one.may and one.path not in there and not path.endswith('/')]
    wrong = _uninvited(lab, new) if rules.slug(index.branch) else {}
    return [wrong.get(one.path, one)._replace(path=path) for path, one in said.items()]


def answer(case: Case, path: str, there: Mapping[str, Entry], *, is_folder: bool) -> Answer:
    """Ask the judge about an edit of a file, which may be new; of a folder about each of its files and a new one."""
    prefix = '' if path == _TOP else f'{path}/'
    inside = [one for one in there if one.startswith(prefix)]
    for one in [*inside, f'{prefix}{_NEW_FILE}'] if inside or is_folder else [path]:
        if wrong := _wrong(case, one, there.get(one)):
            why = wrong.message if one == path or one not in there else f"'{one}': {wrong.message}"
            return Answer(path, False, wrong.rule, wrong.where, why, wrong.way)
    return Answer(path, True)


def _uninvited(lab: Lab, paths: list[str]) -> dict[str, Answer]:
    """The new files that an evaluation would refuse, since programs would load them; what is installed is not asked here."""
    changes = [Change(path, Entry('100644', _OTHER), (None,)) for path in paths]
    found = uninvited.of(changes, lambda: gate.ground(lab, lambda modules, scripts: {}))
    return {one.path: Answer(one.path, False, one.rule, one.where, one.message, one.way) for one in found}


def _wrong(case: Case, path: str, old: Entry | None) -> Finding | None:
    """What the judge has against an edit, unless an append alone would do."""
    mode, read = old.mode if old else '100644', case.read
    case = case._replace(read=lambda oid: b'x' if oid == _OTHER else read(oid.removesuffix(_MORE)))
    found = judge.judge(case, [Change(path, Entry(mode, _OTHER), (old,))])
    if not found or old is None:
        return found[0] if found else None
    # The same bytes under another name: for a rule that looks at bytes nothing is lost, for any other something changes.
    left = judge.judge(case, [Change(path, Entry(mode, old.oid + _MORE), (old,))])
    return left[0] if left else found[0]._replace(message='what is there stays')


def _tracked(index: Index, paths: list[str]) -> dict[str, Entry]:
    """The files that the branch has at these paths, or below them."""
    if index.head is None:
        return {}
    said = index.git.ask('--literal-pathspecs', 'ls-tree', '-r', '-z', '--full-tree', index.head, '--', *paths).names
    heads = (line.partition('\t') for line in said)
    return {path: Entry(head.split(' ')[0], head.split(' ')[2]) for head, _, path in heads}


def _inside(lab: Lab, top: Path, folder: Path, said: str) -> str:
    """A path from the top of the worktree; a link on the way to it leads where it leads."""
    given = Path(os.path.abspath(folder / said))
    path = Path(os.path.realpath(given.parent), given.name)
    for other in lab.worktrees:
        if top in other.path.parents and path.is_relative_to(other.path):
            raise Usage(f"'{said}' is in another worktree, which has a branch of its own", hint=f'cd {other.path}')
    if not path.is_relative_to(top):
        raise Usage(f"'{said}' is not in the worktree '{top}'", hint='name files and folders in it')
    steps = path.relative_to(top).parts
    if steps[:1] == ('.git',):
        raise Usage(f"'{said}' is git's own, and no commit holds it", hint='leave it to git')
    return '/'.join(steps) or _TOP
