"""What supersede and restore share: showing what they would do and did, and asking."""
from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gitexp.commands import ask, out
from gitexp.core.errors import No, Usage
from gitexp.experiment.versions import Turned
from gitexp.ledger.result import Result
from gitexp.lab.config import Metric
from gitexp.report import radius, stakes, table
from gitexp.report.radius import Radius
from gitexp.report.table import Column


def preview(turned: Sequence[Turned], at_stake: Radius, *, metric: Metric, would: str, as_json: bool) -> None:
    """Print what would be done: the rows of one experiment, or a line for each of several, then what is at stake."""
    if as_json:
        out.data(data(turned, at_stake))
        return
    if len(turned) == 1:
        out.answer(f'{would} {_summary(turned[0])}')
        if turned[0].rows:
            out.answer(_rows(turned[0].rows, metric.name))
        _folders(turned[0])
    else:
        out.answer(f'{would} rows of {len(turned)} experiments')
        out.answer(_experiments(turned))
    out.answer(stakes.text(at_stake, metric, width=out.width()))


def agree(turned: Sequence[Turned], at_stake: Radius, *, metric: Metric, verb: str, yes: bool) -> bool:
    """Show what is at stake, and ask when several experiments are concerned or the best one; whether somebody was asked.

    Raises Usage where nobody can be asked, No when they say no.
    """
    if len(turned) > 1:
        out.talk(_experiments(turned))
    out.talk(stakes.text(at_stake, metric, width=out.width()))
    if yes or len(turned) == 1 and not at_stake.hits_best:
        return False
    why = f'{len(turned)} experiments are concerned' if len(turned) > 1 else 'the best is concerned'
    if not ask.possible():
        raise Usage(f'nothing is {verb}: {why}, and there is no terminal to ask on', hint='to go ahead, add --yes')
    if not ask.sure():
        raise No(f'nothing is {verb}')
    return True


def show(turned: Sequence[Turned], *, did: str) -> None:
    """Say what was done."""
    if len(turned) == 1:
        out.answer(f'{did} {_summary(turned[0])}')
        _folders(turned[0])
        return
    for one in turned:
        out.answer(f'{did} {_summary(one)}')


def left_out(rows: Sequence[Result]) -> str:
    """Rows of which a selection cannot tell: their commit is not here, or their time is no time."""
    if len(rows) == 1:
        return f'1 row does not say enough to be chosen or not, and is left: {rows[0].id}'
    return f'{len(rows)} rows do not say enough to be chosen or not, and are left: {rows[0].id} is the first'


def data(turned: Sequence[Turned], at_stake: Radius) -> dict[str, Any]:
    """The same as JSON; `row` is null when nothing was done."""
    return {'experiments': [_data(one) for one in turned], 'at_stake': at_stake.as_json()}


def _data(done: Turned) -> dict[str, Any]:
    return {
        'experiment': done.experiment, 'version': done.version, 'bug': done.bug, 'row': done.row, 'commit': done.commit,
        'folder': str(done.folder) if done.folder else None, 'folders': [{'from': old, 'to': new} for old, new in done.moves],
        'rows': [
            {'id': row.id, 'time': row.time, 'commit': row.commit, 'value': row.value, 'status': row.status.value} for row in done.rows
        ],
        'left': done.left, 'held': {**done.held},
    }


def _folders(done: Turned) -> None:
    for old, new in done.moves:
        out.answer(f'{old} -> {new}')
    if done.left:
        out.answer(f'its folders stay: {done.left} {"row" if done.left == 1 else "rows"} of {done.version} still count')


def _rows(rows: Sequence[Result], metric: str) -> str:
    columns = [Column('id'), Column('time', spare=1), Column('commit'), Column(metric, right=True), Column('status')]
    shown = [
        (row.id, row.time, row.commit and row.commit[:10], None if row.value is None else str(row.value), row.status.value) for row in rows
    ]
    return table.text(columns, shown, width=out.room())


def _experiments(turned: Sequence[Turned]) -> str:
    columns = [Column('experiment', least=10), Column('rows', right=True), Column('time'), Column('what goes with them', least=20)]
    shown = [(one.experiment, str(len(one.rows)), str(radius.hours(one.rows)), _goes(one)) for one in turned]
    return table.text(columns, shown, width=out.room())


def _goes(one: Turned) -> str:
    if one.left:
        return f'nothing: {one.left} of {one.version} still count'
    return f'results and exp_log: {one.version}' if one.moves else 'no folders'


def _summary(done: Turned) -> str:
    rest = f'; {done.staying}' if done.held else ''
    return f"{done.version} of '{done.experiment}': {len(done.rows)} {'row' if len(done.rows) == 1 else 'rows'}{rest}"
