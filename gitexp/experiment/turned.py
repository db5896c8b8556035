"""From what is to be retired or brought back to the steps that do it, and to what was done."""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
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
from gitexp.ledger.result import METRIC, Kind, Result


def retiring(lab: Lab, at: Place, found: Turned, cause: Cause, selection: Selection, now: datetime) -> Turn:
    """The row that covers rows, and the section of PLAN.md about the root cause."""
    params: dict[str, Any] = {'bug': cause.bug, 'covers': [one.id for one in found.rows]}
    others = versions.others(found)
    if others:
        params['closes'] = others
    if selection.said:
        params['selected'] = selections.resolved(lab, selection)
    row = _row(lab, found, Kind.SUPERSEDE, now=now, params=params)._replace(description=cause.symptom)
    text = plan.root_cause(
        cause, number=_next_section(lab, at), version=versions.of(row), rows=found.rows, metric=lab.config.metric.name, row=row.id,
        plots=_moved_plots(found), left=found.left,
    )
    return _turn(lab, at, found, row, text)


def restoring(lab: Lab, at: Place, found: Turned, retired: Result, now: datetime) -> Turn:
    """The row that undoes another, and what PLAN.md says of it."""
    row = _row(lab, found, Kind.RESTORE, now=now, params={'restores': retired.id, 'bug': found.bug})
    text = plan.restored(
        found.version.partition('_')[0], found.bug, number=_next_section(lab, at), date=now.date().isoformat(), row=row.id,
        rows=None if versions.closes(retired) else found.rows,
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


def _row(lab: Lab, found: Turned, kind: Kind, *, now: datetime, params: dict[str, Any]) -> Result:
    return Result(
        id=ids.make(int(now.timestamp() * 1000)), time=now.isoformat(timespec='seconds'), experiment=found.experiment,
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
