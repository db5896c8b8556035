"""Ground that a bug has spoilt: a tree of which nothing counts any more, or a commit that has the bug in it."""
from __future__ import annotations

from gitexp.core.errors import Refused
from gitexp.core.tuples import NamedTuple
from gitexp.experiment import documents
from gitexp.git.command import Git
from gitexp.lab.lab import Lab
from gitexp.ledger import read
from gitexp.ledger.read import Contents
from gitexp.ledger.result import ABOUT, Kind


class Spoilt(NamedTuple):
    """`commit` is where it was measured, or what brought the bug."""

    bug: str
    commit: str | None


def tree(lab: Lab, contents: Contents, slug: str | None, name: str, *, eval_id: str | None = None) -> Spoilt | None:
    """The newest bug that has retired rows of a tree, or of one of the experiment's that differs in documents only.

    None when any of its rows under the evaluation counts: then the bug is not in the tree.
    """
    rows = [
        row for row in reversed(contents.results)
        if row.kind not in ABOUT and row.tree and (row.tree == name or row.experiment == slug) and eval_id in (None, row.eval_id)
    ]
    if not any(row.id in contents.covered for row in rows):
        return None
    same = {one for one in {row.tree for row in rows if row.tree} if one == name or slug and not documents.differing(lab, slug, one, name)}
    mine = [row for row in rows if row.tree in same]
    if not mine or any(row.id not in contents.covered for row in mine):
        return None
    return Spoilt(contents.covered[mine[0].id], mine[0].commit)


def history(lab: Lab, contents: Contents, commit: str) -> Spoilt | None:
    """The newest bug that is known to have come in with a commit that this one holds, without the one that mended it."""
    undone = {row.params['restores'] for row in contents.results if row.kind is Kind.RESTORE}
    for row in reversed(contents.results):
        said = row.params.get('selected') if row.kind is Kind.SUPERSEDE and row.id not in undone else None
        if not isinstance(said, dict):
            continue
        brought, mended = said.get('commit'), said.get('fixed_in')
        if brought and '..' not in brought and _holds(lab.git, commit, brought) and not _holds(lab.git, commit, mended):
            return Spoilt(str(row.params.get('bug', '')), brought)
    return None


def ground(lab: Lab, base: str, commit: str) -> Spoilt | None:
    """What is known against starting from a commit, maybe the tip of the experiment `base`; nothing while no ledger is in sight."""
    try:
        if not read.mentions(lab, f'\t{Kind.SUPERSEDE.value}\t'):
            return None
    except Refused:
        return None
    contents = read.read(lab)
    slug = base if any(row.experiment == base for row in contents.results) else None
    return tree(lab, contents, slug, lab.git.ask('rev-parse', f'{commit}^{{tree}}').text) or history(lab, contents, commit)


def _holds(git: Git, commit: str, other: str | None) -> bool:
    return other is not None and not git.run('merge-base', '--is-ancestor', other, commit).code
