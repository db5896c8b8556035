"""What is read from somebody else's log, before anybody knows what it means."""
from __future__ import annotations

from collections.abc import Iterator

from gitexp.core.tuples import NamedTuple


_FIRST = 100
DIRECTIONS = {'lower': 'min', 'min': 'min', 'minimize': 'min', 'higher': 'max', 'max': 'max', 'maximize': 'max'}


class Record(NamedTuple):
    """A row: its line, and what stands under which name."""

    line: int
    names: tuple[str, ...]
    cells: tuple[object, ...]


class Dropped(NamedTuple):
    """A line that is no row, and why."""

    line: int
    why: str


class Log:
    """`records` come once, and what else it says is whole when all have come.

    `headless` is the first row that no header stands above; `directions` says of a metric, or of '' for any, what is better; `headers` are
    the sets of names that rows have, in the order of their first, and `first` some rows.
    """

    form: str
    records: Iterator[Record]

    def __init__(self) -> None:
        self.dropped: list[Dropped] = []
        self.headless: tuple[str, ...] | None = None
        self.directions: dict[str, str] = {}
        self.headers: dict[tuple[str, ...], None] = {}
        self.first: list[Record] = []

    def watched(self, records: Iterator[Record]) -> Iterator[Record]:
        """The same, of which `headers` and `first` are taken."""
        names = None
        for record in records:
            if record.names is not names:
                self.headers[names := record.names] = None
            if len(self.first) < _FIRST:
                self.first.append(record)
            yield record
