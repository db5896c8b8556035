"""Retiring results because of a bug: whole versions with their folders, or only some of the rows."""
from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from gitexp.core.errors import Failure, Refused
from gitexp.core.tuples import NamedTuple
from gitexp.experiment import folders, intent, place, selection, spoilt, turned, versions
from gitexp.experiment import slug as slugs
from gitexp.experiment.place import Place
from gitexp.experiment.plan import Cause
from gitexp.experiment.selection import Selection
from gitexp.experiment.versions import Turned
from gitexp.lab.lab import Lab
from gitexp.ledger import loss, read, standing
from gitexp.ledger.read import Contents
from gitexp.ledger.result import Result

_SHOWN = 5


class Wanted(NamedTuple):
    """What is to be retired: the current version of an experiment, or what a selection takes, of one experiment or of all."""

    bug: str
    slug: str | None = None
    selection: Selection = Selection()


class Found(NamedTuple):
    """What would be retired, by experiment; `unknown` are rows of which the selection cannot tell."""

    turned: list[Turned]
    unknown: list[Result]
    contents: Contents


def find(lab: Lab, wanted: Wanted) -> Found:
    """Look what would be retired.

    Raises Refused when that is nothing, when something is at work on one of the experiments, or while the ledger lacks rows.
    """
    slugs.check(wanted.bug, 'bug name')
    loss.refuse(lab)
    found = _find(lab, read.read(lab), wanted)
    _check_ground(lab, found)
    return found


def _find(lab: Lab, contents: Contents, wanted: Wanted) -> Found:
    if wanted.slug is not None and not wanted.selection.said:
        return Found([_whole(lab, contents, wanted.slug, wanted.bug)], [], contents)
    if wanted.slug is not None:
        place.check_name(lab, wanted.slug)
        place.check_known(lab, wanted.slug, place.find(lab, wanted.slug), contents.results)
    chosen = selection.choose(lab, contents, wanted.selection, slug=wanted.slug)
    if not chosen.rows and (mended := _mended(lab, contents, wanted)):
        return Found([mended], chosen.unknown, contents)
    if not chosen.rows:
        raise Refused('nothing to supersede: no row that counts is like that' + _of_unknown(chosen.unknown), hint='git exp results')
    return Found(list(_each(lab, contents, chosen.rows, wanted.bug)), chosen.unknown, contents)


def supersede(lab: Lab, wanted: Wanted, *, cause: Cause, now: datetime, shown: Sequence[Turned] | None = None) -> list[Turned]:
    """Retire it: whole versions get the bug's name on their folders, rows stop counting, and each PLAN.md says why.

    Of several experiments all are retired or none. Raises Refused as `find`, and when it is not any more what was `shown`.
    """
    names = [one.experiment for one in shown or find(lab, wanted).turned]
    with intent.claimed_together(lab.state, filter(slugs.shaped, names), 'supersede') as mine:
        found = find(lab, wanted)
        turned.check_same(found.turned, shown)
        turns = [
            turned.retiring(lab, place.find(lab, one.experiment), one, cause, wanted.selection, found.contents, now) for one in found.turned
        ]
        return turned.done(lab, mine, found.turned, turns)


def _check_ground(lab: Lab, found: Found) -> None:
    """What holds an evaluation to its inputs, or machine, does not go and leave it to others on which what has won does not compete."""
    gone = {row.id: one.bug for one in found.turned for row in one.rows}
    after = found.contents._replace(covered={**found.contents.covered, **gone})
    row = standing.displaced(found.contents, after, lab.config.metric)
    if row:
        raise Refused(
            f"what is left was measured on other inputs, or another machine, than run {row.id} of '{row.experiment}', "
            'which would not compete any more',
            hint=f'where that is as wrong, retire it first: git exp supersede {row.experiment} --bug NAME; '
            'or else what was measured on others: git exp results',
        )


def _mended(lab: Lab, contents: Contents, wanted: Wanted) -> Turned | None:
    """Where a bug that is known is only said to be mended by a commit, which branches may hold then."""
    said = selection.resolved(lab, wanted.selection)
    if set(said) != {'commit', 'fixed_in'}:
        return None
    rows = sorted((row for row in contents.results if wanted.slug in (None, row.experiment)), key=lambda row: row.id)
    same = [row for row in rows if spoilt.brought(row) == spoilt.Spoilt(wanted.bug, said['commit'])]
    return Turned(same[-1].experiment, f'v{versions.of(same[-1])}', wanted.bug, (), (), None) if same else None


def _whole(lab: Lab, contents: Contents, slug: str, bug: str) -> Turned:
    """The current version, of which there may be only files."""
    place.check_name(lab, slug)
    at = place.find(lab, slug)
    place.check_known(lab, slug, at, contents.results)
    rows = _current(contents, slug)
    if not rows and not (at.folder and any(folders.contents(at.folder))):
        number = versions.number(slug, at.folder, contents.results)
        raise Refused(f"nothing to supersede: '{slug}' has no results of v{number}", hint=f'git exp results {slug}')
    return _turned(at, contents, rows, bug)


def _each(lab: Lab, contents: Contents, rows: Sequence[Result], bug: str) -> Iterator[Turned]:
    """The chosen rows by experiment; raises Refused naming all that is in the way."""
    obstacles: list[Failure] = []
    places: list[Place] = []
    for slug in dict.fromkeys(row.experiment for row in rows):
        try:
            places.append(place.find(lab, slug) if slugs.shaped(slug) else Place(slug, None, None, None, None))
        except Failure as error:
            obstacles.append(error)
    if obstacles:
        more = f'\n  and {len(obstacles) - _SHOWN} more' if len(obstacles) > _SHOWN else ''
        said = ''.join(f'\n  {one.message}' for one in obstacles[:_SHOWN])
        raise obstacles[0] if len(obstacles) == 1 else Refused(f'not now:{said}{more}', hint=obstacles[0].hint)
    for at in places:
        yield _turned(at, contents, [row for row in rows if row.experiment == at.slug], bug)


def _turned(at: Place, contents: Contents, rows: Sequence[Result], bug: str) -> Turned:
    taken = {row.id for row in rows}
    left = [row for row in _current(contents, at.slug) if row.id not in taken]
    number = versions.number(at.slug, at.folder, contents.results)
    if rows and all(map(versions.is_again, rows)):
        return Turned(at.slug, f'v{versions.of(rows[-1])}', bug, tuple(rows), (), at.folder)
    if left:
        return Turned(at.slug, f'v{number}', bug, tuple(rows), (), at.folder, len(left))
    version = f'v{number}_{bug}'
    moves = tuple((name, f'{name}_{version}') for name in folders.there(at.folder)) if at.folder else ()
    return Turned(at.slug, version, bug, tuple(rows), moves, at.folder)


def _current(contents: Contents, slug: str) -> list[Result]:
    return [row for row in versions.counting(contents) if row.experiment == slug and not versions.is_again(row)]


def _of_unknown(rows: Sequence[Result]) -> str:
    return f', and of {len(rows)} it cannot be told here' if rows else ''
