"""Whether the values of a swept number differ for sure: the metric as z-scores within what shares its seed."""
from __future__ import annotations

import math
import textwrap
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from statistics import StatisticsError, correlation, stdev
from typing import Any

from gitexp.core.errors import No
from gitexp.core.tuples import NamedTuple
from gitexp.lab.config import Metric
from gitexp.ledger import seeds
from gitexp.ledger.result import Result
from gitexp.report import figures, pivot, table
from gitexp.report.pivot import Place
from gitexp.report.table import Column

_T, _SEEDS = 2.0, 4  # what t and how many seeds tell a value apart
_ROUNDING = 1e-9  # of z-scores, which are of the size of 1
_NAMED = 10


class Pair(NamedTuple):
    """A seed with its places on the other axes: what values are compared within."""

    places: tuple[Place, ...]
    seed: int | None


class Point(NamedTuple):
    """A value of the number by its z-scores, one of each pair; None where there is no telling, and `n` is 0 where it is left out."""

    value: Place
    n: int
    mean: float | None
    sd: float | None
    t: float | None


class Sweep(NamedTuple):
    """`axes` are the others, `r` is how z goes with the number, `seeds` how many different ones were compared."""

    name: str
    metric: Metric
    axes: tuple[str, ...]
    values: tuple[Point, ...]
    r: float | None
    seeds: int
    left_out: tuple[Pair, ...]

    def is_apart(self, value: Point) -> bool:
        return value.t is not None and abs(value.t) > _T and self.seeds >= _SEEDS

    def is_better(self, value: Point) -> bool:
        return self.is_apart(value) and value.mean is not None and self.metric.gain(value.mean, 0.0) > 0

    @property
    def best(self) -> Point | None:
        """The one that is told apart for the better, and furthest."""
        return max(filter(self.is_better, self.values), key=lambda value: abs(value.mean or 0.0), default=None)


def of(runs: Collection[Result], name: str, *, axes: Iterable[str], metric: Metric) -> Sweep:
    """Compare the values of a number in runs that compete with each other; raises No where none says it."""
    others = tuple(axis for axis in axes if axis != name)
    cells = _cells(runs, name, others)
    if not cells:
        known = names(runs)
        said = ', '.join(map(repr, known[:_NAMED])) + (f' and {len(known) - _NAMED} more' if known[_NAMED:] else '')
        raise No(f"no run that counts says '{name}'", hint=f'they say {said}' if known else 'print it beside the metric, as in lr: 0.1')
    block = _block(cells.values())
    scores = {pair: _scores({place: said[place] for place in block}) for pair, said in cells.items() if block and block <= said.keys()}
    places = pivot.ordered(place for said in cells.values() for place in said)
    values = [_value(place, [one[place] for one in scores.values() if place in one]) for place in places]
    left_out = sorted(cells.keys() - scores, key=lambda pair: ([*map(pivot.order, pair.places)], pair.seed is None, pair.seed or 0))
    return Sweep(name, metric, others, tuple(values), _trend(scores.values()), len({pair.seed for pair in scores}), tuple(left_out))


def names(runs: Iterable[Result]) -> list[str]:
    """What runs say beside their metric."""
    return sorted({key for run in runs for key in run.metrics if pivot.place(run, key) is not None})


def text(said: Sweep, *, width: int) -> str:
    """A table of the values, then what follows from it."""
    columns = [
        Column(said.name, least=8), *(Column(name, right=True) for name in ('n', 'mean z', 'sd', 't')), Column('told apart'),
    ]
    rows = [
        (pivot.label(one.value), str(one.n), _rounded(one.mean), figures.spread(one.sd), _rounded(one.t) or 'undefined', _told(said, one))
        for one in said.values
    ]
    better, best = 'lower' if said.metric.direction == 'min' else 'higher', said.best
    head = f'{said.metric.name} by {said.name}, as z-scores at the same {", ".join(["seed", *said.axes])}; {better} is better'
    lines = [
        f'linear trend: r {_rounded(said.r) or "undefined"}',
        f'best: {said.name} {pivot.label(best.value)}' if best else f'no value of {said.name} is told apart as better than the rest',
        *([f'left out, since they lack values: {_listed(said)}'] if said.left_out else []),
    ]
    return '\n'.join([textwrap.fill(head, width), table.text(columns, rows, width=width), *(textwrap.fill(line, width) for line in lines)])


def json(said: Sweep) -> dict[str, Any]:
    """Every figure."""
    return {
        'name': said.name, 'metric': said.metric.name, 'direction': said.metric.direction, 'axes': list(said.axes), 'seeds': said.seeds,
        'values': [{**one._asdict(), 'apart': said.is_apart(one), 'better': said.is_better(one)} for one in said.values],
        'r': said.r, 'best': said.best and said.best.value,
        'left_out': [pair._asdict() for pair in said.left_out],
    }


def _cells(runs: Iterable[Result], name: str, others: Sequence[str]) -> dict[Pair, dict[Place, float]]:
    """The metric by pair and by value; runs that share both are one observation."""
    found: dict[Pair, dict[Place, list[float]]] = {}
    for run in runs:
        place = pivot.place(run, name)
        if place is not None and run.value is not None:
            pair = Pair(tuple(pivot.place(run, axis) for axis in others), run.seed)
            found.setdefault(pair, {}).setdefault(place, []).append(run.value)
    return {pair: {place: seeds.mean(values) for place, values in said.items()} for pair, said in found.items()}


def _block(found: Iterable[Iterable[Place]]) -> frozenset[Place]:
    """The values to compare in the pairs that have all of them, such that most degrees of freedom are left; none where no pair has two.

    A z-score says where a value is among those beside it: with others beside it, it is another scale.
    """
    many = Counter(map(frozenset, found))
    shared = {one & other for one in many for other in many}
    by_name = sorted((one for one in shared if len(one) > 1), key=lambda one: [*map(pivot.order, pivot.ordered(one))])
    pairs = {one: sum(n for said, n in many.items() if one <= said) for one in by_name}
    return max(by_name, key=lambda one: ((pairs[one] - 1) * (len(one) - 1), len(one)), default=frozenset())


def _scores(said: Mapping[Place, float]) -> dict[Place, float]:
    """By how many standard deviations each is over their mean; 0 where all are one."""
    top = max(map(abs, said.values())) or 1.0  # No square overflows then.
    sizes = {place: value / top for place, value in said.items()}
    mean, sd = seeds.mean(sizes.values()), stdev(sizes.values())
    return {place: (size - mean) / sd if sd else 0.0 for place, size in sizes.items()}


def _value(place: Place, scores: Sequence[float]) -> Point:
    n = len(scores)
    if n < 2:
        return Point(place, n, seeds.mean(scores) if n else None, None, None)
    mean, sd = seeds.mean(scores), stdev(scores)
    return Point(place, n, mean, sd, mean / (sd / math.sqrt(n))) if sd > _ROUNDING else Point(place, n, mean, 0.0, None)


def _trend(scores: Iterable[Mapping[Place, float]]) -> float | None:
    """Pearson's r of z and the number; None where it is a word, or one only."""
    points = [(place, z) for one in scores for place, z in one.items()]
    numbers = [place for place, _ in points if isinstance(place, (int, float))]
    top = max(map(abs, numbers), default=0) or 1
    try:
        return correlation([one / top for one in numbers], [z for _, z in points]) if len(numbers) == len(points) else None
    except StatisticsError:
        return None


def _rounded(value: float | None) -> str | None:
    return None if value is None else f'{round(value, 2) + 0.0:.2f}'  # Zero without a sign.


def _told(said: Sweep, value: Point) -> str | None:
    if value.t is None:
        return 'left out' if not value.n else 'same at every seed' if value.n > 1 else None
    if abs(value.t) > _T and not said.is_apart(value):
        return f'no: {said.seeds} seed{"" if said.seeds == 1 else "s"}'
    return ('better' if said.is_better(value) else 'worse') if said.is_apart(value) else 'no'


def _listed(said: Sweep) -> str:
    shown = [
        f'seed {"none" if pair.seed is None else pair.seed}'
        + ''.join(f', {axis} {pivot.label(place) or "-"}' for axis, place in zip(said.axes, pair.places))
        for pair in said.left_out[:_NAMED]
    ]
    more = len(said.left_out) - len(shown)
    return '; '.join([*shown, *([f'{more} more'] if more else [])])
