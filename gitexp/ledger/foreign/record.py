"""What is read from somebody else's log, before anybody knows what it means."""
from __future__ import annotations

from gitexp.core.tuples import NamedTuple


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


class Log(NamedTuple):
    """`headless` is the first row that no header stands above; `directions` says of a metric, or of '' for any, what is better."""

    form: str
    records: list[Record]
    dropped: list[Dropped]
    headless: tuple[str, ...] | None
    directions: dict[str, str]

    @property
    def headers(self) -> list[tuple[str, ...]]:
        """The sets of names that rows have, in the order of their first."""
        return list(dict.fromkeys(record.names for record in self.records))
