"""Bringing back what was retired: its rows count again, and its folders get their names back."""
from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from gitexp.core.errors import Refused
from gitexp.experiment import folders, intent, place, spoilt, turned, versions
from gitexp.experiment import slug as slugs
from gitexp.experiment.place import Place
from gitexp.experiment.versions import Turned
from gitexp.lab.lab import Lab
from gitexp.ledger import loss, read, retired
from gitexp.ledger.read import Contents
from gitexp.ledger.result import Result


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
        turns = [turned.restoring(lab, _place(lab, one.experiment), one, events, contents, now) for events, one in found]
        return turned.done(lab, mine, [one for _, one in found], turns)


def _found(lab: Lab, contents: Contents, slug: str | None, bug: str | None) -> list[tuple[list[Result], Turned]]:
    loss.refuse(lab)
    if slug is not None:
        place.check_name(lab, slug)
        place.check_known(lab, slug, place.find(lab, slug), contents.results)
    standing = [row for row in retired.in_force(contents.results) if slug in (None, row.experiment)]
    newest = {row.experiment: row for row in standing if bug in (None, row.params.get('bug'))}
    if not newest:
        if bug is not None:
            spoilt.check_known(contents, bug, hint='git exp results')
        of = f"version of '{slug}'" if slug else 'version'
        because = f" because of '{bug}'" if bug else ''
        hint = f'git exp results {slug}' if slug else 'git exp results'
        hint = f'git exp restore {slug or "--all"} --bug {standing[-1].params.get("bug")}' if standing else hint
        raise Refused(f'nothing to restore: no {of} is retired{because}', hint=hint)
    found = [_same(newest[name], contents.results) for name in sorted(newest)]
    return [(events, _turned(contents, events, _place(lab, events[0].experiment))) for events in found]


def _same(event: Result, rows: Sequence[Result]) -> list[Result]:
    """A supersede row, and others that have retired the same because of the same bug, as clones do that have not heard of each other."""
    because = [
        row for row in retired.in_force(rows)
        if row.id != event.id and (row.experiment, row.params.get('bug')) == (event.experiment, event.params.get('bug'))
    ]
    whole = [event, *(row for row in because if versions.closes(row) and row.version == event.version)]
    gone = {row.id for row in retired.by(whole, rows)}
    return whole + [row for row in because if row not in whole and row.params['covers'] and gone.issuperset(row.params['covers'])]


def _place(lab: Lab, slug: str) -> Place:
    return place.find(lab, slug) if slugs.shaped(slug) else Place(slug, None, None, None, None)


def _turned(contents: Contents, events: Sequence[Result], at: Place) -> Turned:
    """What comes back, and what stays retired because of another bug; where that has closed the version, the folders stay, too."""
    undone = {event.id for event in events}
    after = retired.of(row for row in contents.results if row.id not in undone)
    rows = retired.by(events, contents.results)
    held = {row.id: why.bug for row in rows if (why := after.why(row))}
    back = tuple(row for row in rows if row.id not in held)
    bug, version, closed = str(events[0].params.get('bug', '')), events[0].version, retired.closed(events[0])
    if closed is None or (at.slug, closed) in after.versions:
        return Turned(at.slug, version, bug, back, (), at.folder, held=held)
    moves = tuple(_moves(at, version, closed))
    _check_nothing_new(contents, at, version, is_aside=bool(moves))
    return Turned(at.slug, version, bug, back, moves, at.folder, held=held)


def _moves(at: Place, version: str, closed: str) -> Iterator[tuple[str, str]]:
    """The folders that get their names back; here there may be none, or they have the name of another bug that is restored by now."""
    for name in folders.CURRENT:
        there = folders.aside(at.folder, name, closed) if at.folder else [f'{name}_{version}']
        if there:
            yield f'{name}_{version}' if f'{name}_{version}' in there else there[0], name


def _check_nothing_new(contents: Contents, at: Place, version: str, *, is_aside: bool) -> None:
    """Where its folders are not aside, what lies in the current ones is its own, unless the current version has been measured."""
    file = next(folders.contents(at.folder), None) if at.folder else None
    number = versions.number(at.slug, None, contents.results)
    mine = (row for row in versions.counting(contents) if row.experiment == at.slug and not versions.is_again(row))
    run = next((row for row in mine if versions.of(row) == number), None)
    new = f"'{file}'" if is_aside else f'those of run {run.id}' if run else None
    if file and new:
        raise Refused(
            f"cannot restore {version} of '{at.slug}': the current version has results of its own, such as {new}",
            hint=f'retire them first: git exp supersede {at.slug} --bug NAME',
        )
