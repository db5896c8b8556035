"""Showing what supersede and restore did, or would do."""
from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gitexp.commands import out
from gitexp.experiment.versions import Turned
from gitexp.ledger.result import Result
from gitexp.report import table
from gitexp.report.table import Column


def show(done: Turned, *, metric: str, did: str, would: str) -> None:
    """Print the rows and the folders, in full when nothing was done yet."""
    if done.row is None:
        out.answer(f'{would} {_summary(done)}')
        if done.rows:
            out.answer(_table(done.rows, metric))
    else:
        out.answer(f'{did} {_summary(done)}')
    for old, new in done.moves:
        out.answer(f'{old} -> {new}')


def data(done: Turned) -> dict[str, Any]:
    """The same as JSON; `row` is null when nothing was done."""
    return {
        'experiment': done.experiment, 'version': done.version, 'bug': done.bug, 'row': done.row, 'commit': done.commit,
        'folder': str(done.folder) if done.folder else None, 'folders': [{'from': old, 'to': new} for old, new in done.moves],
        'rows': [
            {'id': row.id, 'time': row.time, 'commit': row.commit, 'value': row.value, 'status': row.status.value} for row in done.rows
        ],
    }


def _table(rows: Sequence[Result], metric: str) -> str:
    columns = [Column('id'), Column('time'), Column('commit'), Column(metric, right=True), Column('status')]
    shown = [
        (row.id, row.time, row.commit and row.commit[:10], None if row.value is None else str(row.value), row.status.value) for row in rows
    ]
    return table.text(columns, shown, width=out.width())


def _summary(done: Turned) -> str:
    return f"{done.version} of '{done.experiment}': {len(done.rows)} {'row' if len(done.rows) == 1 else 'rows'}"
