"""The rows of the ledger as a table, as JSON, and as the ledger itself writes them."""
from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from enum import Enum
from typing import Any

from gitexp.core.tuples import NamedTuple
from gitexp.ledger import cells, read, write
from gitexp.ledger.result import ABOUT, Result, Status, columns
from gitexp.report import figures, table
from gitexp.report.table import Column


BUG = 'bug'


class Wanted(NamedTuple):
    """What a row must be to be shown; None wants any."""

    experiment: str | None = None
    status: Status | None = None
    verdict: str | None = None

    def takes(self, row: Result, covered: Collection[str] = (), silent: Mapping[str, str] = {}) -> bool:
        """Whether it is shown; `covered` and `silent` are as in `text`.

        Supersede, restore and confirm rows say something of others, so that they have no status or verdict to be wanted for.
        """
        if row.kind in ABOUT and (self.status or self.verdict):
            return False
        return (
            self.experiment in (None, row.experiment)
            and self.status in (None, row.status)
            and self.verdict in (None, row.verdict, silent.get(row.id), BUG if row.id in covered else None)
        )


def text(rows: Sequence[Result], covered: Mapping[str, str], silent: Mapping[str, str] = {}, *, metric: str, width: int) -> str:
    """A table with the newest row last; a superseded row shows the bug where its verdict was, and one that does not compete why."""
    scale = figures.scale(row.value for row in rows)
    shown = [
        (
            row.commit and row.commit[:7], row.experiment, row.version, scale.show(row.value), _status(row), _verdict(row, covered, silent),
            row.seed if row.seed is None else str(row.seed), row.kind.value,
            figures.seconds(row.seconds), figures.spread(row.memory_gb), row.description,
        )
        for row in rows
    ]
    return table.text(_columns(metric), shown, width=width)


def json(rows: Iterable[Result], covered: Mapping[str, str], silent: Mapping[str, str] = {}) -> list[dict[str, Any]]:
    """Every field of every row, the bug that retired it, if one did, and else why its value does not compete, if it does not."""
    return [
        {
            **{name: _plain(said) for name, said in row._asdict().items()},
            'superseded_by': covered.get(row.id), 'why_not': silent.get(row.id),
        }
        for row in rows
    ]


def tsv(rows: Iterable[Result], *, metric: str) -> bytes:
    """The rows as a ledger of their own."""
    return write.lines(['\t'.join(columns(metric)).encode(), *map(cells.written, rows)], read.OURS)


def _columns(metric: str) -> list[Column]:
    return [
        Column('commit'), Column('experiment', least=10), Column('ver', spare=1), Column(metric, right=True), Column('status'),
        Column('verdict', least=12), Column('seed', right=True, spare=3), Column('kind', spare=8),
        Column('s', right=True, spare=4), Column('GB', right=True, spare=5), Column('description', least=12, spare=9),
    ]


def _status(row: Result) -> str:
    return row.kind.value if row.kind in ABOUT else row.status.value


def _verdict(row: Result, covered: Mapping[str, str], silent: Mapping[str, str]) -> str | None:
    bug = row.params.get('bug') if row.kind in ABOUT else covered.get(row.id)
    return silent.get(row.id, row.verdict) if bug is None else f'{BUG}: {bug}'


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return dict(value)
    return value.value if isinstance(value, Enum) else value
