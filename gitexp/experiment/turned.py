"""From what is to be retired or brought back to the steps that do it, and to what was done."""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from math import inf
from typing import Any

from gitexp.core import ids
from gitexp.core.errors import Refused
from gitexp.experiment import folders, plan, steps, versions
from gitexp.experiment import selection as selections
from gitexp.experiment.intent import Intent
from gitexp.experiment.place import Place
from gitexp.experiment.plan import Cause
from gitexp.experiment.selection import Selection
from gitexp.experiment.turn import Turn
from gitexp.experiment.versions import Turned
from gitexp.lab.lab import Lab
from gitexp.ledger import cells
from gitexp.ledger.read import Contents
from gitexp.ledger.result import METRIC, Kind, Result


def retiring(
    lab: Lab, at: Place, found: Turned, cause: Cause, selection: Selection, contents: Contents, now: datetime,
) -> Turn:
    """The row that covers rows, and the section of PLAN.md about the root cause.

    Raises Refused where some runs are left, and the clock is far behind them: nobody could tell then that they were there before.
    """
    params: dict[str, Any] = {'bug': cause.bug, 'covers': [one.id for one in found.rows]}
    others = versions.others(found)
    if others:
        params['closes'] = others
    if selection.said:
        params['selected'] = selections.resolved(lab, selection)
    clock, seen = ids.clock(now), _newest(contents, found)
    name = ids.after(seen, clock) or (None if found.left and ids.time_of(seen) else ids.make(clock))
    if name is None:
        raise Refused(
            f"the clock here is behind the newest row '{seen}' about '{found.experiment}', and some of its runs are to stay",
            hint=f'set the clock that is wrong; or retire all: git exp supersede {found.experiment} --bug {cause.bug}',
        )
    row = _row(lab, found, Kind.SUPERSEDE, name, now=now, params=params)._replace(description=cause.symptom)
    text = plan.root_cause(
        cause, number=_next_section(lab, at), version=versions.of(row), rows=found.rows, metric=lab.config.metric.name, row=row.id,
        plots=_moved_plots(found), left=found.left,
    )
    return _turn(lab, at, found, row, text)


def restoring(lab: Lab, at: Place, found: Turned, events: Sequence[Result], contents: Contents, now: datetime) -> Turn:
    """The row that undoes others, and what PLAN.md says of it; it is newer than those it brings back, which count from then on."""
    params: dict[str, Any] = {'restores': events[0].id, 'bug': found.bug}
    if events[1:]:
        params['also'] = [one.id for one in events[1:]]
    clock = ids.clock(now)
    name = ids.after(_newest(contents, found), clock, skew=inf) or ids.make(clock)
    row = _row(lab, found, Kind.RESTORE, name, now=now, params=params)
    text = plan.restored(
        found.version.partition('_')[0], found.bug, number=_next_section(lab, at), date=now.date().isoformat(), row=row.id,
        rows=None if versions.closes(events[0]) and not found.held else found.rows, staying=found.staying,
    )
    return _turn(lab, at, found, row, text)


def check_same(found: Sequence[Turned], shown: Sequence[Turned] | None) -> None:
    """Raises Refused when something has changed since it was shown."""
    if shown is not None and list(map(_seen, found)) != list(map(_seen, shown)):
        raise Refused('the results have changed since they were shown', hint='look again: --dry-run')


def done(lab: Lab, mine: Intent, found: Sequence[Turned], turns: Sequence[Turn]) -> list[Turned]:
    """Carry out the turns; returns what was done."""
    commits = steps.carry_out(lab, mine, turns)
    return [replace(one, row=turn.row['id'], commit=commit) for one, turn, commit in zip(found, turns, commits)]


def _seen(one: Turned) -> tuple[object, ...]:
    return one.experiment, one.version, one.moves, [row.id for row in one.rows]


def _newest(contents: Contents, found: Turned) -> str:
    """The newest row about an experiment, or a tree of which something is retired or brought back; the dates of imports are anybody's."""
    trees, rows = {row.tree for row in found.rows if row.tree}, (row for row in contents.results if row.kind is not Kind.IMPORT)
    return max((row.id for row in rows if row.experiment == found.experiment or row.tree in trees), default='')


def _row(lab: Lab, found: Turned, kind: Kind, name: str, *, now: datetime, params: dict[str, Any]) -> Result:
    return Result(
        id=name, time=now.isoformat(timespec='seconds'), experiment=found.experiment,
        kind=kind, version=found.version, params=params, env={METRIC: lab.config.metric.name},
    )


def _turn(lab: Lab, at: Place, found: Turned, row: Result, text: str) -> Turn:
    verb = row.kind.value
    try:
        said = cells.named(cells.written(row))
    except ValueError as error:
        many = f"{len(found.rows)} rows of '{found.experiment}'"
        raise Refused(f'cannot {verb} {many} at once: {error}', hint='in parts: --since, --runs') from None
    return Turn(
        verb=verb, folder=str(at.folder) if at.folder else None, worktree=str(at.worktree) if at.worktree else None,
        branch=at.branch, head=at.head, inside=f'{lab.config.paths.experiments}/{found.experiment}', moves=found.moves, text=text,
        message=f'exp({found.experiment}): {verb} {_what(found)} ({found.bug})', row=said,
    )


def _what(found: Turned) -> str:
    name, _, bug = found.version.partition('_')
    return name if bug else f'{len(found.rows)} row{"" if len(found.rows) == 1 else "s"} of {name}'


def _next_section(lab: Lab, at: Place) -> int:
    return plan.next_section([at.plan(lab), at.working_plan()])


def _moved_plots(found: Turned) -> Sequence[str]:
    moved = dict(found.moves).get('results')
    if not (moved and found.folder):
        return []
    return [moved + path.removeprefix('results') for path in folders.plots(found.folder)] or [f'{moved}/viz/']
