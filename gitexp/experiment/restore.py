"""Bringing back what was retired: its rows count again, and its folders get their names back."""
from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from gitexp.core.errors import Refused
from gitexp.experiment import folders, intent, place, spoilt, turned, versions
from gitexp.experiment import slug as slugs
from gitexp.experiment.place import Place
from gitexp.experiment.versions import Turned
from gitexp.lab.lab import Lab
from gitexp.ledger import loss, read, retired
from gitexp.ledger.read import Contents
from gitexp.ledger.result import Kind, Result


def find(lab: Lab, slug: str | None, *, bug: str | None = None) -> tuple[list[Turned], Contents]:
    """What would be brought back: the newest supersede of an experiment, or the newest because of `bug`; of all with None.

    Raises Refused when there is none, when the current version has results of its own, or while the ledger lacks rows.
    """
    contents = read.read(lab)
    return [one for _, one in _found(lab, contents, slug, bug)], contents


def restore(
    lab: Lab, slug: str | None, *, now: datetime, bug: str | None = None, shown: Sequence[Turned] | None = None,
) -> list[Turned]:
    """Undo it; of several experiments all are brought back or none.

    Raises Refused as `find`, and when it is not any more what was `shown`.
    """
    names = [one.experiment for one in shown or find(lab, slug, bug=bug)[0]]
    with intent.claimed_together(lab.state, filter(slugs.shaped, names), 'restore') as mine:
        contents = read.read(lab)
        found = _found(lab, contents, slug, bug)
        turned.check_same([one for _, one in found], shown)
        turns = [turned.restoring(lab, _place(lab, one.experiment), one, event, contents, now) for event, one in found]
        return turned.done(lab, mine, [one for _, one in found], turns)


def _found(lab: Lab, contents: Contents, slug: str | None, bug: str | None) -> list[tuple[Result, Turned]]:
    loss.refuse(lab)
    if slug is not None:
        place.check_name(lab, slug)
        place.check_known(lab, slug, place.find(lab, slug), contents.results)
    newest = {row.experiment: row for row in _retired(contents) if slug in (None, row.experiment) and bug in (None, row.params.get('bug'))}
    if not newest:
        if bug is not None:
            spoilt.check_known(contents, bug, hint='git exp results')
        of = f"version of '{slug}'" if slug else 'version'
        because = f" because of '{bug}'" if bug else ''
        others = [row.params.get('bug') for row in _retired(contents) if slug in (None, row.experiment)]
        hint = f'git exp results --experiment {slug}' if slug else 'git exp results'
        hint = f'git exp restore {slug or "--all"} --bug {others[-1]}' if others else hint
        raise Refused(f'nothing to restore: no {of} is retired{because}', hint=hint)
    return [(row, _turned(contents, row, _place(lab, name))) for name, row in newest.items()]


def _retired(contents: Contents) -> Sequence[Result]:
    undone = {row.params['restores'] for row in contents.results if row.kind is Kind.RESTORE}
    return [row for row in contents.results if row.kind is Kind.SUPERSEDE and row.id not in undone]


def _place(lab: Lab, slug: str) -> Place:
    return place.find(lab, slug) if slugs.shaped(slug) else Place(slug, None, None, None, None)


def _turned(contents: Contents, event: Result, at: Place) -> Turned:
    rows = retired.by(event, contents.results)
    bug, version = str(event.params.get('bug', '')), event.version
    if not versions.closes(event):
        return Turned(at.slug, version, bug, rows, (), at.folder)
    _check_nothing_new(at, version)
    return Turned(at.slug, version, bug, rows, tuple((f'{name}_{version}', name) for name in folders.CURRENT), at.folder)


def _check_nothing_new(at: Place, version: str) -> None:
    new = next(folders.contents(at.folder), None) if at.folder else None
    if new:
        raise Refused(
            f"cannot restore {version} of '{at.slug}': the current version has results of its own, such as '{new}'",
            hint=f'retire them first: git exp supersede {at.slug} --bug NAME',
        )
