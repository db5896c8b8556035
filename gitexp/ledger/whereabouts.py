"""Where each experiment is by its rows: how many runs it has, and which are its newest."""
from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from gitexp.core.tuples import NamedTuple
from gitexp.ledger.cells import text
from gitexp.ledger.scan import Rows

_Newest = dict[bytes, tuple[bytes, bytes]]  # the id and the time of a row, by experiment


class Experiment(NamedTuple):
    """What has a row that is no baseline; `runs` are all that started, `newest` the id of its last run, `last` the time of its last row.

    The last is that of the greatest id, wherever it stands.
    """

    slug: str
    runs: int
    last: str
    newest: str | None


class Whereabouts:
    """Of the rows given to `add`, none of which is a baseline."""

    def __init__(self) -> None:
        self._runs = Counter[bytes]()
        self._newest: _Newest = {}
        self._event: _Newest = {}

    def add(self, rows: Rows, *, mixed: bool) -> None:
        """Count the next rows; `mixed` as in `Once`."""
        if rows.event is None:
            self._runs.update(rows.experiments)
        _keep_newest(self._newest if rows.event is None else self._event, rows, mixed=mixed)

    def experiments(self) -> Iterator[Experiment]:
        """In the order of their newest rows."""
        last = {**self._newest, **{slug: max(one, self._newest.get(slug, one)) for slug, one in self._event.items()}}
        for slug, (_, time) in sorted(last.items(), key=lambda one: one[1]):
            newest, _ = self._newest.get(slug, (None, b''))
            yield Experiment(text(slug), self._runs[slug], text(time), newest.decode() if newest else None)


def _keep_newest(known: _Newest, rows: Rows, *, mixed: bool) -> None:
    said = zip(rows.experiments, zip(rows.ids, rows.times))
    known.update(((slug, max(one, known.get(slug, one))) for slug, one in said) if mixed else said)
