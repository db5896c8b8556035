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
        self._last: _Newest = {}
        self._newest: _Newest = {}

    def add(self, rows: Rows, *, mixed: bool) -> None:
        """Count the next rows; `mixed` as in `Once`."""
        _keep_newest(self._last, rows, mixed=mixed)
        if rows.event is None:
            self._runs.update(rows.experiments)
            _keep_newest(self._newest, rows, mixed=mixed)

    def experiments(self) -> Iterator[Experiment]:
        """In the order of their newest rows."""
        for slug, (_, last) in sorted(self._last.items(), key=lambda one: one[1]):
            newest, _ = self._newest.get(slug, (None, b''))
            yield Experiment(text(slug), self._runs[slug], text(last), newest.decode() if newest else None)


def _keep_newest(known: _Newest, rows: Rows, *, mixed: bool) -> None:
    said = zip(rows.experiments, zip(rows.ids, rows.times))
    known.update(((slug, max(one, known.get(slug, one))) for slug, one in said) if mixed else said)
