"""What a ledger comes to, gathered in one pass that keeps no rows: the runs of each tree, and where each experiment is."""
from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import compress
from math import inf, isfinite
from operator import lt
from pathlib import Path
from typing import Any

from gitexp.core.tuples import NamedTuple
from gitexp.lab.config import Metric
from gitexp.ledger import read
from gitexp.ledger.result import Kind, Result
from gitexp.ledger.scan import Rows, Scan

_RECENT = 1 << 11  # rows
_BASELINE, _OK = Kind.BASELINE.value.encode(), b'ok'


class Tree(NamedTuple):
    """The first competing row of a tree under one evaluation, and the runs of all of them, in file order."""

    experiment: str
    version: str
    commit: str | None
    kind: Kind
    seeds: list[int | None]
    values: array[float]


class Experiment(NamedTuple):
    """What has a row that is no baseline; `runs` are all that started, `last` the time of its last row, `newest` the id of its last run."""

    slug: str
    runs: int
    last: str
    newest: str | None


class Tally:
    """What the rows given to `add` come to, each id once.

    Ids sort by time: one that is greater than all before it is new, and so is one that is not among the last rows when it is greater
    than all before those. For any other `unsure` tells that it may have been there before; with `sure` all ids are remembered.
    """

    def __init__(self, metric: Metric, covered: Mapping[str, str], *, sure: bool) -> None:
        self.rows = 0
        self.unused = 0
        self.unsure = False
        self.events: list[Result] = []
        self.covered = covered
        self.latest: tuple[bytes, bytes] | None = None
        self._trees: dict[bytes, dict[bytes, Tree]] = {}
        self._runs = Counter[bytes]()
        self._last: dict[bytes, bytes] = {}
        self._newest: dict[bytes, bytes] = {}
        self._skip = frozenset(one.encode() for one in covered)
        self._metric = metric
        self.sure = sure
        self._top = self._began = self._floor = b''
        self._recent, self._older = set[bytes](), set[bytes]()

    def confirmed(self, eval_id: str) -> Mapping[tuple[str, str], Result]:
        """The rows that vouch for a tree of a version, under an evaluation."""
        return read.confirmed(self.events, eval_id)

    def retired(self) -> dict[str, str]:
        """What the supersede and restore rows come to: see `read.covered`."""
        return read.covered(self.events)

    @property
    def eval_id(self) -> str | None:
        """The evaluation of the newest competing row."""
        return self.latest[1].decode() if self.latest else None

    def trees(self, eval_id: str) -> dict[str, Tree]:
        """The trees of an evaluation in the order of their first rows."""
        return {name.decode(): tree for name, tree in self._trees.get(eval_id.encode('utf-8', 'surrogateescape'), {}).items()}

    def experiments(self) -> Iterator[Experiment]:
        """In the order of their first rows."""
        for slug, last in self._last.items():
            newest = self._newest.get(slug)
            yield Experiment(_text(slug), self._runs[slug], _text(last), newest.decode() if newest else None)

    def add(self, rows: Rows) -> None:
        """Count the next rows of the ledger."""
        rows = self._once(rows)
        self.rows += len(rows.ids)
        self._count(_only(rows, [kind != _BASELINE for kind in rows.kinds]) if _BASELINE in rows.kinds else rows)
        if rows.ids and rows.event is None and (rows := self._competing(rows)).ids:
            for eval_id in dict.fromkeys(rows.eval_ids):
                self._stand(eval_id, rows)

    def _once(self, rows: Rows) -> Rows:
        """Without the rows whose id was there before."""
        if all(map(lt, [self._top, *rows.ids], rows.ids)):
            self._top = rows.ids[-1]
            self._recent.update(rows.ids)
        else:
            rows = _only(rows, [self._is_new(name) for name in rows.ids])
        if len(self._recent) >= _RECENT and not self.sure:
            self._floor, self._began = self._began, self._top
            self._older, self._recent = self._recent, set()
        return rows

    def _is_new(self, name: bytes) -> bool:
        if name in self._recent or name in self._older:
            return False
        self.unsure = self.unsure or name <= self._floor
        self._top = max(self._top, name)
        self._recent.add(name)
        return True

    def _count(self, rows: Rows) -> None:
        """Where each experiment is."""
        self._last.update(zip(rows.experiments, rows.times))
        if rows.event is None:
            self._runs.update(rows.experiments)
            self._newest.update(zip(rows.experiments, rows.ids))
        elif rows.ids:
            self.events.append(rows.event)

    def _competing(self, rows: Rows) -> Rows:
        low, high = self._metric.bounds or (-inf, inf)
        values, skip = rows.values, self._skip
        plain = rows.statuses.count(_OK) == len(rows.ids) and b'' not in rows.trees and b'' not in rows.eval_ids
        if plain and isfinite(sum(values)) and low <= min(values) and max(values) <= high and skip.isdisjoint(rows.ids):
            return rows
        return _only(rows, [
            status == _OK and tree != b'' and eval_id != b'' and low <= value <= high and name not in skip
            for name, status, tree, eval_id, value in zip(rows.ids, rows.statuses, rows.trees, rows.eval_ids, values)
        ])

    def _stand(self, eval_id: bytes, rows: Rows) -> None:
        """Add the runs of one evaluation to their trees."""
        if rows.eval_ids.count(eval_id) < len(rows.ids):
            rows = _only(rows, [one == eval_id for one in rows.eval_ids])
        self.latest = max(self.latest or (b'', b''), (max(rows.ids), eval_id))
        trees = self._trees.setdefault(eval_id, {})
        for place, (name, seed, value) in enumerate(zip(rows.trees, rows.seeds, rows.values)):
            tree = trees.get(name)
            if tree is None:
                tree = trees[name] = _tree(rows, place)
            tree.seeds.append(seed)
            tree.values.append(value)


def of(path: Path, metric: Metric) -> Tally:
    """Go through a ledger, again where the first time showed that something counts otherwise; a missing one is empty."""
    made = _through(path, metric, {}, sure=False)
    if made.unsure:
        made = _through(path, metric, made.retired(), sure=True)
    if made.covered.keys() != made.retired().keys():
        made = _through(path, metric, made.retired(), sure=made.sure)
    return made


def _through(path: Path, metric: Metric, covered: Mapping[str, str], *, sure: bool) -> Tally:
    made = Tally(metric, covered, sure=sure)
    try:
        file = read.opened(path)
    except FileNotFoundError:
        return made
    with file:
        scan = Scan(file, metric)
        for rows in scan.rows():
            made.add(rows)
        made.unused = scan.unused
    return made


def _only(rows: Rows, wanted: Sequence[bool]) -> Rows:
    columns: tuple[list[Any], ...] = rows[:-1]
    return Rows._make([*(list(compress(column, wanted)) for column in columns), rows.event])


def _tree(rows: Rows, place: int) -> Tree:
    version, commit = _text(rows.versions[place]) or 'v1', rows.commits[place].decode() or None
    return Tree(_text(rows.experiments[place]), version, commit, Kind(rows.kinds[place].decode()), [], array('d'))


def _text(said: bytes) -> str:
    return said.decode('utf-8', 'surrogatepass')
