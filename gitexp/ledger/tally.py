"""What a ledger comes to, gathered in one pass that keeps no rows: the runs of each tree, and where each experiment is."""
from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from io import BytesIO
from itertools import compress
from math import inf, isfinite
from pathlib import Path
from typing import BinaryIO

from gitexp.core.tuples import NamedTuple
from gitexp.lab.config import Metric
from gitexp.ledger import counting, read, retired, scan, seeds
from gitexp.ledger.cells import raw, text
from gitexp.ledger.grounds import BASELINE, BETTER, VERSIONS, Grounds
from gitexp.ledger.result import Kind, Result
from gitexp.ledger.once import Once
from gitexp.ledger.retired import Retired
from gitexp.ledger.scan import Rows, Scan, only
from gitexp.ledger.seeds import Runs
from gitexp.ledger.tries import Tries
from gitexp.ledger.whereabouts import Experiment, Whereabouts

_OK = b'ok'


class Tree(NamedTuple):
    """The first competing row of a tree under one evaluation by its id, a baseline's if there is one, and the runs of all in file order.

    `seeds` are the places of theirs among all that the tally has seen, `whose` the experiments that have any of them.
    """

    first: bytes
    experiment: str
    version: str
    commit: str | None
    kind: Kind
    seeds: array[int]
    values: array[float]
    whose: set[bytes]


class Known(NamedTuple):
    """What one way through a ledger shows that the next must know: it may stand behind the rows that it is about.

    `gone` is what nobody counts, `data` by evaluation the ground that it goes by where there is other, `tried` the trees that have
    values, and a seed that was run in vain, or with a value that is retired, or again with another one in a file that is not in the
    order of ids, or a confirm row; `vouched` is as in `counting.vouching`.
    """

    gone: Retired = retired.NOTHING
    data: Mapping[bytes, bytes] = {}
    tried: frozenset[tuple[bytes, bytes]] = frozenset()
    vouched: frozenset[tuple[bytes, bytes]] = frozenset()


class Tally:
    """What the rows given to `add` come to, each id once: `sure` is as in `Once`."""

    def __init__(self, metric: Metric, known: Known, *, sure: bool) -> None:
        self.rows = 0
        self.unused = 0
        self.events: list[Result] = []
        self.covered = {one: why.bug for one, why in known.gone.ids.items()}
        self.latest: tuple[bytes, bytes] | None = None
        self._trees: dict[bytes, dict[bytes, Tree]] = {}
        self._seeds: dict[int | None, int] = {}
        self._won = set[tuple[bytes, bytes]]()
        self._former: dict[tuple[bytes, bytes], list[tuple[bytes, bytes, float]]] = {}
        self._whereabouts = Whereabouts()
        self.known = known
        self._skip = {raw(one) for one in self.covered}
        self._closed = frozenset(raw(slug) for slug, _ in known.gone.versions)
        self._grounds = Grounds(known.gone, known.data, known.vouched)
        self._bounds = metric.bounds or (-inf, inf)
        self._events = {one: why.event for one, why in known.gone.ids.items()}
        self._tries = Tries(self._bounds, self._events, known.tried)
        self.once = Once(sure=sure)

    def confirmed(self, eval_id: str) -> Mapping[str, Result]:
        """The rows that vouch for a tree, under an evaluation: see `read.confirmed`."""
        return read.confirmed(self.events, eval_id, self._tries.began(raw(eval_id)))

    def shown(self) -> Known:
        """What a way that knew it would count by."""
        confirmed = ((raw(row.eval_id or ''), raw(row.params['confirms'])) for row in self.events if row.kind is Kind.CONFIRM)
        again = self._again() if self.once.mixed else ()
        tried = frozenset(key for key in (*self._tries.in_vain(), *confirmed, *again) if key[1] in self._trees.get(key[0], ()))
        gone = retired.of(self.events)
        vouching = counting.vouching(row for row in self.events if row.id not in gone.ids)
        return Known(gone, self._grounds.contested(), tried, frozenset((raw(name), raw(tree)) for name, tree in vouching))

    def lost(self, eval_id: str) -> dict[tuple[str, int], counting.Vain]:
        """How often a seed of a tree was run in vain: see `counting.lost`."""
        return self._tries.lost(raw(eval_id))

    def barren(self, eval_id: str) -> dict[tuple[str, int], str]:
        """The seeds of trees that were run and gave nothing: see `counting.barren`."""
        return self._tries.barren(raw(eval_id))

    def picked(self, eval_id: str) -> dict[str, str]:
        """The trees of which some values are retired and others not: see `counting.picked`."""
        return self._tries.picked(raw(eval_id), self.data(eval_id) or '')

    def won(self, eval_id: str) -> frozenset[str]:
        """The trees of an evaluation that a row says were better, whatever has become of it."""
        return frozenset(text(tree) for said, tree in self._won if tree and said == raw(eval_id))

    def former(self, eval_id: str) -> dict[str, float]:
        """The means of the retired runs of baselines, by their trees: see `counting.former`."""
        ground, found = self.data(eval_id) or '', list[tuple[bytes, str, float]]()
        for (said, tree), runs in self._former.items():
            same = [run for run in runs if not counting.other(text(run[1]), ground)] if said == raw(eval_id) else ()
            if same:
                found.append((min(same)[0], text(tree), seeds.mean([value for *_, value in same])))
        return {tree: mean for _, tree, mean in sorted(found)}

    def data(self, eval_id: str) -> str | None:
        """The ground that an evaluation goes by, None where it is not known: see `counting.measured_on`."""
        return self._grounds.of(raw(eval_id))

    @property
    def eval_id(self) -> str | None:
        """The evaluation of the newest competing row."""
        return self.latest[1].decode() if self.latest else None

    def has(self, eval_id: str) -> bool:
        """Whether anything competes under an evaluation."""
        return raw(eval_id) in self._trees

    def trees(self, eval_id: str) -> Iterator[tuple[str, Tree, Runs]]:
        """The trees of an evaluation in the order of their first rows, and what counts of each."""
        known, every, shared = raw(eval_id), [*self._seeds], dict[bytes, tuple[int | None, ...]]()
        trees = self._trees.get(known, {}).items()
        for name, tree in sorted(trees, key=lambda one: one[1].first) if self.once.mixed else trees:
            if self.once.mixed and (runs := sorted(self._tries.runs(known, name))):
                yield name.decode(), tree, Runs.of((seed, value) for _, seed, value in runs)
            else:
                which = tree.seeds.tobytes()
                if which not in shared:
                    shared[which] = tuple(every[place] for place in tree.seeds)
                yield name.decode(), tree, Runs(shared[which], tree.values)

    def experiments(self) -> Iterator[Experiment]:
        """In the order of their newest rows."""
        return self._whereabouts.experiments()

    @property
    def is_settled(self) -> bool:
        """Whether another way through the same rows would come to the same."""
        return (self.once.sure or not self.once.unsure) and self.shown() == self.known

    def take(self, way: Scan) -> None:
        """Count what is left of a way through the ledger."""
        for rows in way.rows():
            self.add(rows)
        self.unused = way.unused

    def add(self, rows: Rows) -> None:
        """Count the next rows of the ledger."""
        rows = self.once.new(rows)
        self.rows += len(rows.ids)
        told = only(rows, [kind != BASELINE for kind in rows.kinds]) if BASELINE in rows.kinds else rows
        self._whereabouts.add(told, mixed=self.once.mixed)
        if told.event is not None and told.ids:
            self.events.append(told.event)
        if BETTER in rows.verdicts:
            self._won.update(compress(zip(rows.eval_ids, rows.trees), [said == BETTER for said in rows.verdicts]))
        if rows.event is not None or not rows.ids:
            return
        if self._closed and not self._closed.isdisjoint(rows.experiments):
            self._close(rows)
        if not self._are_plain(rows):
            self._tries.miss(rows, self._skip)
            if BASELINE in rows.kinds:
                self._retire(rows)
            rows = self._competing(rows)
        if rows.ids and (rows := self._grounds.comparable(rows)).ids:
            for eval_id in dict.fromkeys(rows.eval_ids):
                self._stand(eval_id, rows)

    def _again(self) -> Iterator[tuple[bytes, bytes]]:
        """The trees with a seed that gave several values."""
        for eval_id, trees in self._trees.items():
            for name, tree in trees.items():
                if len(seen := set(tree.seeds)) < len(tree.seeds) and len(set(zip(tree.seeds, tree.values))) > len(seen):
                    yield eval_id, name

    def _close(self, rows: Rows) -> None:
        """Retire what there is of the versions that are closed."""
        gone = self.known.gone
        for name, slug, version, kind in zip(rows.ids, rows.experiments, rows.versions, rows.kinds):
            if slug in self._closed and kind in VERSIONS and (known := text(name)) not in gone.ids:
                why = gone.versions.get((text(slug), text(version) or 'v1'))
                if why is not None:
                    self.covered[known], self._events[known] = why.bug, max(why.event, known)
                    self._skip.add(name)

    def _are_plain(self, rows: Rows) -> bool:
        """Whether all of them compete, whatever they were measured on."""
        (low, high), values = self._bounds, rows.values
        return (
            rows.statuses.count(_OK) == len(rows.ids) and b'' not in rows.trees and b'' not in rows.eval_ids
            and isfinite(sum(values)) and low <= min(values) and max(values) <= high and self._skip.isdisjoint(rows.ids)
        )

    def _retire(self, rows: Rows) -> None:
        """Note the values of baselines that are retired."""
        (low, high), skip = self._bounds, self._skip
        columns = zip(rows.ids, rows.kinds, rows.statuses, rows.values, rows.data, rows.eval_ids, rows.trees)
        for name, kind, status, value, data, *key in columns:
            if kind == BASELINE and name in skip and status == _OK and b'' not in key and low <= value <= high:
                self._former.setdefault((key[0], key[1]), []).append((name, data, value))

    def _competing(self, rows: Rows) -> Rows:
        (low, high), skip = self._bounds, self._skip
        return only(rows, [
            status == _OK and tree != b'' and eval_id != b'' and low <= value <= high and name not in skip
            for name, status, tree, eval_id, value in zip(rows.ids, rows.statuses, rows.trees, rows.eval_ids, rows.values)
        ])

    def _stand(self, eval_id: bytes, rows: Rows) -> None:
        """Add the runs of one evaluation to their trees."""
        if rows.eval_ids.count(eval_id) < len(rows.ids):
            rows = only(rows, [one == eval_id for one in rows.eval_ids])
        self.latest = max(self.latest or (b'', b''), (max(rows.ids), eval_id))
        trees, places = self._trees.setdefault(eval_id, {}), self._seeds
        columns, mixed = zip(rows.trees, rows.seeds, rows.values, rows.kinds, rows.experiments), self.once.mixed
        for place, (name, seed, value, kind, slug) in enumerate(columns):
            tree = trees.get(name)
            if tree is None:
                tree = trees[name] = _tree(rows, place)
            elif kind == BASELINE and tree.kind is not Kind.BASELINE or mixed and _is_earlier(rows, place, tree):
                before = trees.pop(name)
                tree = trees[name] = _tree(rows, place)._replace(seeds=before.seeds, values=before.values, whose=before.whose)
            tree.whose.add(slug)
            tree.seeds.append(places.setdefault(seed, len(places)))
            tree.values.append(value)
        if self.known.tried:
            self._tries.give(eval_id, rows)


def of(path: Path, metric: Metric, more: Iterable[Result] = ()) -> Tally:
    """What a ledger comes to; a missing one is empty. What there is `more` counts as if it stood at its end."""
    try:
        file: BinaryIO = read.opened(path)
    except FileNotFoundError:
        file = BytesIO()
    with file:
        return through(file, metric, more)


def through(file: BinaryIO, metric: Metric, more: Iterable[Result] = ()) -> Tally:
    """Go through a ledger from its beginning, again where the first time showed that something counts otherwise."""
    last = [scan.one(row, metric) for row in more]
    made = Tally(metric, Known(), sure=False)
    _give(made, file, metric, last)
    while not made.is_settled:
        made = Tally(metric, made.shown(), sure=made.once.sure or made.once.unsure)
        _give(made, file, metric, last)
    return made


def _give(made: Tally, file: BinaryIO, metric: Metric, last: Sequence[Rows]) -> None:
    file.seek(0)
    made.take(Scan(file, metric))
    for rows in last:
        made.add(rows)


def _is_earlier(rows: Rows, place: int, tree: Tree) -> bool:
    return rows.ids[place] < tree.first and (rows.kinds[place] == BASELINE) == (tree.kind is Kind.BASELINE)


def _tree(rows: Rows, place: int) -> Tree:
    version, commit = text(rows.versions[place]) or 'v1', rows.commits[place].decode() or None
    whose, kind = text(rows.experiments[place]), Kind(rows.kinds[place].decode())
    return Tree(rows.ids[place], whose, version, commit, kind, array('I'), array('d'), set())
