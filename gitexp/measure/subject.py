"""What is measured: a commit, and whose it is."""
from __future__ import annotations

import shlex
from collections.abc import Collection
from pathlib import Path

from gitexp.core.errors import Refused
from gitexp.core.tuples import NamedTuple
from gitexp.experiment import folders
from gitexp.git import history, unrecorded
from gitexp.git.command import Git
from gitexp.lab.config import APPENDS, FILE
from gitexp.lab.lab import Experiment, Lab
from gitexp.ledger import read
from gitexp.ledger.result import Kind
from gitexp.measure import uncommitted
from gitexp.rules import pattern

BASELINE = 'baseline'
_SHOWN = 10
_TITLE = 200


class Subject(NamedTuple):
    """`folder` is where logs and outputs go; `title` is the first line of the commit's message."""

    slug: str
    version: str
    kind: Kind
    worktree: Path
    folder: Path
    commit: str
    tree: str
    title: str


def experiment(lab: Lab, which: Experiment) -> Subject:
    """The commit that an experiment stands at; raises Refused when its worktree is gone or holds what is not committed."""
    there = (one for one in lab.worktrees if one.branch == which.branch and not (one.prunable or one.unborn))
    worktree = next(there, None)
    if worktree is None:
        raise _absent(lab, which)
    own = tuple(f'{which.folder.relative_to(which.root)}/{kind}' for kind in ('results', 'exp_log'))  # and results_v1_leak, exp_log_v1_leak
    left = [line for line in uncommitted.lines(which.root, '--untracked-files=all') if not line[3:].startswith(own)]
    _refuse_dirty(which.root, [line[3:] for line in left], way=uncommitted.undo(lab, which.root, left) if left else None)
    tip = lab.tip if lab.tip and lab.tip.oid == worktree.head else history.tip(Git(which.root), 'HEAD')
    version = f'v{_version(lab, which, tip.oid)}'
    return Subject(which.slug, version, Kind.EVAL, which.root, which.folder, tip.oid, tip.tree, tip.title[:_TITLE])


def _version(lab: Lab, which: Experiment, commit: str) -> int:
    """The number of the version that is measured; a folder that nobody has committed, and no row knows, retires nothing."""
    found, said = folders.retired(which.folder), 1
    if read.mentions(lab, Kind.SUPERSEDE.value):
        from gitexp.experiment import versions
        from gitexp.ledger import tally
        said = versions.number(which.slug, None, tally.of(lab.ledger, lab.config.metric).events)
    if found >= said:
        inner = which.folder.relative_to(which.root)
        names = lab.git.run('ls-tree', '-z', '--name-only', commit, '--', f'{inner}/').names
        said = max(said, 1 + folders.newest(name.rpartition('/')[2] for name in names))
    return said


def trunk(lab: Lab, *, written: Collection[str] = ()) -> Subject:
    """The trunk as it is committed; in root the files that are only appended to may be ahead of that, and those `written` by git exp."""
    rules = lab.config.rules
    ahead = [pattern.of(said) for kind in ('global', *APPENDS) for said in rules[kind]]
    left = [line[3:] for line in uncommitted.lines(lab.root, '--untracked-files=no')]
    names = [name for name in left if not any(one.covers(name) for one in ahead)]
    names = [name for name in names if name not in written]
    _refuse_dirty(lab.root, names, way=_committing(lab, names))
    tip = history.tip(lab.git, lab.trunk_commit)
    folder = lab.root / lab.config.paths.experiments / BASELINE
    return Subject(BASELINE, 'v1', Kind.BASELINE, lab.root, folder, tip.oid, tip.tree, tip.title[:_TITLE])


def _committing(lab: Lab, names: Collection[str]) -> str:
    """How a person commits them to the trunk, and nothing else."""
    frozen = [pattern.of(said) for said in (FILE, *lab.config.rules['frozen'])]
    lifted = 'META_MODE=1 ' if any(one.covers(name) for one in frozen for name in names) else ''
    return f'{lifted}git commit {shlex.join(names)}'


def _absent(lab: Lab, which: Experiment) -> Refused:
    if lab.git.run('rev-parse', '--verify', '--quiet', which.branch).code:
        from gitexp.experiment import place
        return place.unknown(lab, which.slug)
    if any(one.branch == which.branch and one.prunable for one in lab.worktrees):
        return Refused(f"the worktree '{which.root}' is gone", hint='git exp doctor --fix')
    return Refused(
        f"no worktree has the branch of '{which.slug}' checked out",
        hint=f"git -C '{lab.root}' worktree add '{which.root}' exp/{which.slug}",
    )


def _refuse_dirty(worktree: Path, names: list[str], *, way: str | None = None) -> None:
    if names:
        shown = ''.join(f'\n    {name}' for name in names[:_SHOWN])
        more = f'\n    and {len(names) - _SHOWN} more' if len(names) > _SHOWN else ''
        add = f"{unrecorded.unhiding(worktree)}git add -A && git commit -m 'exp({worktree.name}): WHAT CHANGED'"
        says = f"what is not committed would not be measured, in '{worktree}':{shown}{more}"
        raise Refused(says, hint=f"cd '{worktree}' && {way or add}")
