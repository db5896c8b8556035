"""The versions of an experiment's results: which one is current, retiring it because of a bug, and bringing it back."""
from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from gitexp.core import ids
from gitexp.core.errors import Refused
from gitexp.experiment import folders, intent, place, plan, turn
from gitexp.experiment import slug as slugs
from gitexp.experiment.place import Place
from gitexp.experiment.plan import Cause
from gitexp.experiment.turn import Turn
from gitexp.lab.lab import Experiment, Lab
from gitexp.ledger import cells, read
from gitexp.ledger.read import Contents
from gitexp.ledger.result import Kind, Result

_ABOUT_ROWS = (Kind.SUPERSEDE, Kind.RESTORE)


@dataclass(frozen=True)
class Turned:
    """A version retired or brought back, or what that would do; `row` and `commit` are ids, None when nothing was done or there is none.

    `version` is such as 'v1_val-leak'; `moves` are names in `folder`.
    """

    experiment: str
    version: str
    bug: str
    rows: tuple[Result, ...]
    moves: tuple[tuple[str, str], ...]
    folder: Path | None
    row: str | None = None
    commit: str | None = None


def current(experiment: Experiment, rows: Iterable[Result] = ()) -> int:
    """The number of the version that is being measured: one more than the newest retired one, in the folder or in the ledger's rows."""
    return _number(experiment.slug, experiment.folder, rows)


def supersede(lab: Lab, slug: str, *, cause: Cause, now: datetime, dry_run: bool = False) -> Turned:
    """Retire the current version because of a bug: its folders get the bug's name, its rows stop counting, PLAN.md says why.

    Raises Refused when there is nothing to retire, or when something is at work on the experiment.
    """
    slugs.check(cause.bug, 'bug name')
    place.check_name(lab, slug)
    with intent.claimed(lab.state, slug, 'supersede') as mine:
        at = place.find(lab, slug)
        found = _to_retire(lab, slug, at, cause.bug)
        if dry_run:
            return found
        row = _row(found, Kind.SUPERSEDE, now=now, params={'bug': cause.bug, 'covers': [one.id for one in found.rows]})
        row = row._replace(description=cause.symptom)
        return _done(lab, mine, at, found, row, _cause_text(lab, at, found, cause, row))


def restore(lab: Lab, slug: str, *, now: datetime, bug: str | None = None, dry_run: bool = False) -> Turned:
    """Undo the newest supersede of an experiment, or the newest because of `bug`.

    Raises Refused when there is none, or when the current version has results of its own.
    """
    place.check_name(lab, slug)
    with intent.claimed(lab.state, slug, 'restore') as mine:
        at = place.find(lab, slug)
        retired, found = _to_restore(lab, slug, at, bug)
        if dry_run:
            return found
        row = _row(found, Kind.RESTORE, now=now, params={'restores': retired.id, 'bug': found.bug})
        text = plan.restored(found.version, number=_next_section(lab, at), date=now.date().isoformat(), row=row.id)
        return _done(lab, mine, at, found, row, text)


def _to_retire(lab: Lab, slug: str, at: Place, bug: str) -> Turned:
    contents = read.read(lab)
    rows = _uncovered(contents, slug)
    place.check_known(lab, slug, at, contents.results)
    number = _number(slug, at.folder, contents.results)
    if not rows and not (at.folder and any(folders.contents(at.folder))):
        raise Refused(f"nothing to supersede: '{slug}' has no results of v{number}", hint=f'git exp results --experiment {slug}')
    version = f'v{number}_{bug}'
    moves = tuple((name, f'{name}_{version}') for name in folders.there(at.folder)) if at.folder else ()
    return Turned(slug, version, bug, tuple(rows), moves, at.folder)


def _to_restore(lab: Lab, slug: str, at: Place, bug: str | None) -> tuple[Result, Turned]:
    contents = read.read(lab)
    place.check_known(lab, slug, at, contents.results)
    retired = _newest_retired(contents, slug, bug)
    version = retired.version
    _check_nothing_new(slug, at, version)
    rows = tuple(one for one in contents.results if one.id in set(retired.params['covers']))
    moves = tuple((f'{name}_{version}', name) for name in folders.CURRENT)
    return retired, Turned(slug, version, str(retired.params.get('bug', '')), rows, moves, at.folder)


def _newest_retired(contents: Contents, slug: str, bug: str | None) -> Result:
    undone = {row.params['restores'] for row in contents.results if row.kind is Kind.RESTORE}
    retired = [row for row in contents.results if row.kind is Kind.SUPERSEDE and row.experiment == slug and row.id not in undone]
    for row in retired[::-1]:
        if bug in (None, row.params.get('bug')):
            return row
    because = f" because of '{bug}'" if bug else ''
    raise Refused(f"nothing to restore: no version of '{slug}' is retired{because}", hint=f'git exp results --experiment {slug}')


def _check_nothing_new(slug: str, at: Place, version: str) -> None:
    new = next(folders.contents(at.folder), None) if at.folder else None
    if new:
        raise Refused(
            f"cannot restore {version} of '{slug}': the current version has results of its own, such as '{new}'",
            hint=f'retire them first: git exp supersede {slug} --bug NAME',
        )


def _uncovered(contents: Contents, slug: str) -> list[Result]:
    return [
        row for row in contents.results
        if row.experiment == slug and row.kind not in _ABOUT_ROWS and row.id not in contents.covered
    ]


def _number(slug: str, folder: Path | None, rows: Iterable[Result]) -> int:
    rows = [row for row in rows if row.experiment == slug]
    undone = {row.params['restores'] for row in rows if row.kind is Kind.RESTORE}
    numbers = [_version(row) + (row.kind is Kind.SUPERSEDE) for row in rows if row.kind is not Kind.RESTORE and row.id not in undone]
    return max(1, 1 + (folders.retired(folder) if folder else 0), *numbers)


def _version(row: Result) -> int:
    number = row.version.removeprefix('v').partition('_')[0]
    return int(number) if number.isdecimal() else 0


def _row(found: Turned, kind: Kind, *, now: datetime, params: dict[str, object]) -> Result:
    return Result(
        id=ids.make(int(now.timestamp() * 1000)), time=now.isoformat(timespec='seconds'), experiment=found.experiment,
        kind=kind, version=found.version, params=params,
    )


def _cause_text(lab: Lab, at: Place, found: Turned, cause: Cause, row: Result) -> str:
    return plan.root_cause(
        cause, number=_next_section(lab, at), version=_version(row), rows=found.rows, metric=lab.config.metric.name, row=row.id,
        plots=_moved_plots(found),
    )


def _next_section(lab: Lab, at: Place) -> int:
    return plan.next_section([at.plan(lab), at.working_plan()])


def _moved_plots(found: Turned) -> Sequence[str]:
    moved = dict(found.moves).get('results')
    if not (moved and found.folder):
        return []
    return [moved + path.removeprefix('results') for path in folders.plots(found.folder)] or [f'{moved}/viz/']


def _done(lab: Lab, mine: intent.Intent, at: Place, found: Turned, row: Result, text: str) -> Turned:
    verb = row.kind.value
    step = Turn(
        verb=verb, folder=str(at.folder) if at.folder else None, worktree=str(at.worktree) if at.worktree else None,
        branch=at.branch, head=at.head, inside=f'{lab.config.paths.experiments}/{found.experiment}', moves=found.moves, text=text,
        message=f'exp({found.experiment}): {verb} {found.version.partition("_")[0]} ({found.bug})', row=cells.written(row),
    )
    return replace(found, row=row.id, commit=turn.carry_out(lab, mine, step))
