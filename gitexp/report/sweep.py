"""Whether the values of a swept number differ for sure: the metric as z-scores within what shares its seed."""
from __future__ import annotations

import math
import textwrap
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from statistics import StatisticsError, correlation, stdev
from typing import Any

from gitexp.core.errors import No
from gitexp.core.tuples import NamedTuple
from gitexp.lab.config import Metric
from gitexp.ledger import seeds
from gitexp.ledger.result import Kind, Result
from gitexp.report import counted, figures, pivot, table, view
from gitexp.report.pivot import Place
from gitexp.report.table import Column

_T, SEEDS = 2.0, 4  # what t and how many seeds tell a value apart
_ROUNDING = 1e-9  # of z-scores, which are of the size of 1
_NAMED = 10


class Pair(NamedTuple):
    """A seed with its places on the other axes: what values are compared within."""

    places: tuple[Place, ...]
    seed: int | None


class Left(NamedTuple):
    """A pair that is left out, and the values that it lacks."""

    pair: Pair
    lacks: tuple[Place, ...]


class Point(NamedTuple):
    """A value of the number by its z-scores, one of each pair; None where there is no telling, and `n` is 0 where it is left out.

    `average` is the mean of the metric over these pairs, or over its own where it is left out, since it `lacks` others; `trees` names what
    shares a pair in it.
    """

    value: Place
    n: int
    mean: float | None
    sd: float | None
    t: float | None
    average: float = 0.0
    lacks: tuple[Pair, ...] = ()
    trees: tuple[str, ...] = ()


class Sweep(NamedTuple):
    """`axes` are the others, `r` is how z goes with the number, `seeds` how many different ones were compared."""

    name: str
    metric: Metric
    axes: tuple[str, ...]
    values: tuple[Point, ...]
    r: float | None
    seeds: int
    left_out: tuple[Left, ...]

    @property
    def is_short(self) -> bool:
        """Whether there are too few seeds to tell anything apart."""
        return self.seeds < SEEDS

    def is_apart(self, value: Point) -> bool:
        return value.t is not None and abs(value.t) > _T and not self.is_short

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
    mixed = _mixed(runs, name, others)
    values = []
    for place in places:
        within = [pair for pair, one in scores.items() if place in one] or [pair for pair, said in cells.items() if place in said]
        lacks = tuple(sorted((pair for pair in scores if place not in cells[pair]), key=_order))
        point = _point(place, [one[place] for one in scores.values() if place in one])
        average = seeds.mean([cells[pair][place] for pair in within])
        values.append(point._replace(average=average, lacks=lacks, trees=mixed.get(place, ())))
    out = sorted(cells.keys() - scores, key=_order)
    left = (Left(pair, tuple(place for place in places if place in (block or places) and place not in cells[pair])) for pair in out)
    return Sweep(name, metric, others, tuple(values), _trend(scores.values()), len({pair.seed for pair in scores}), tuple(left))


def names(runs: Iterable[Result]) -> list[str]:
    """What runs say beside their metric."""
    return sorted({key for run in runs for key in run.metrics if pivot.place(run, key) is not None})


def text(said: Sweep, *, width: int) -> str:
    """A table of the values, then what follows from it."""
    columns = [
        Column(said.name, least=8), Column(said.metric.name, right=True),
        *(Column(name, right=True) for name in ('n', 'mean z', 'sd', 't')), Column('told apart'),
    ]
    scale = figures.scale(one.average for one in said.values)
    rows = [
        (
            pivot.label(one.value), scale.show(one.average), str(one.n), _rounded(one.mean), figures.spread(one.sd),
            _rounded(one.t) or 'undefined', _told(said, one),
        )
        for one in said.values
    ]
    better = 'lower' if said.metric.direction == 'min' else 'higher'
    head = f'{said.metric.name} by {said.name}, as z-scores at the same {", ".join(["seed", *said.axes])}; {better} is better'
    lines = [textwrap.fill(line, width) for line in (head, *_remarks(said))]
    return '\n'.join([lines[0], table.text(columns, rows, width=width), *lines[1:]])


def _remarks(said: Sweep) -> Iterator[str]:
    if any(one.n and one.t is None for one in said.values):
        yield 't is undefined where z is of one seed, or the same at all of them: sd 0, which t divides by'
    yield f'linear trend: r {_rounded(said.r) or "undefined"}'
    best = said.best
    if said.is_short:
        many = f'only {said.seeds} seed{"" if said.seeds == 1 else "s"}' if said.seeds else 'no seed'
        yield f'{many} can be compared, and {SEEDS} are needed to tell a value apart'
    else:
        yield f'best: {said.name} {pivot.label(best.value)}' if best else f'no value of {said.name} is told apart as better than the rest'
    short = [one for one in said.values if one.lacks]
    values = [f'{said.name} {_word(one.value)} (no {view.listed([_named(said, pair) for pair in one.lacks])})' for one in short]
    if values:
        yield f'values left out, since they lack seeds: {_first(values)}'
    pairs = [f'{_named(said, one.pair)} (no {said.name} {view.listed([*map(_word, one.lacks)]) or "else"})' for one in said.left_out]
    if pairs:
        yield f'seeds left out, since they lack values: {_first(pairs)}'
    for one in said.values:
        if one.trees:
            yield f'{said.name} {pivot.label(one.value)} is, at the same seed, the mean of several trees: {view.listed(one.trees)}'


def way(said: Sweep, runs: Iterable[Result], wanted: Iterable[int]) -> str | None:
    """How to get to as many seeds as it takes: what lacks some of those that are wanted; None where it is no matter of that."""
    found: dict[Place, dict[str, set[int | None]]] = {}
    for run in runs:
        place = pivot.place(run, said.name)
        if place is not None:
            whose = '' if run.kind is Kind.BASELINE else run.experiment
            found.setdefault(place, {}).setdefault(whose, set()).add(run.seed)
    if not said.is_short or len(found) < 2:
        return None
    short = [whose for whose in found.values() if not set().union(*whose.values()).issuperset(wanted)]
    slugs = dict.fromkeys(slug for whose in short for slug in whose)
    mine = [slug for slug in slugs if slug]
    ways = [f'git exp baseline --seeds {SEEDS}'] if '' in slugs else []
    return '; '.join([*ways, *([f'git exp eval --seeds {SEEDS}, in {view.listed(mine)}'] if mine else [])]) or None


def json(said: Sweep) -> dict[str, Any]:
    """Every figure."""
    return {
        'name': said.name, 'metric': said.metric.name, 'direction': said.metric.direction, 'axes': list(said.axes), 'seeds': said.seeds,
        'values': [{**one._asdict(), 'apart': said.is_apart(one), 'better': said.is_better(one)} for one in said.values],
        'r': said.r, 'best': said.best and said.best.value,
        'left_out': [{**one.pair._asdict(), 'lacks': list(one.lacks)} for one in said.left_out],
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


def _mixed(runs: Iterable[Result], name: str, others: Sequence[str]) -> dict[Place, tuple[str, ...]]:
    """The values at which several trees share a pair, with the names of all of these."""
    found: dict[tuple[Place, ...], dict[str | None, str]] = {}
    for run in runs:
        place = pivot.place(run, name)
        if place is not None and run.value is not None:
            key = place, run.seed, *(pivot.place(run, axis) for axis in others)
            found.setdefault(key, {}).setdefault(run.tree, counted.name(run))
    mixed: dict[Place, dict[str, None]] = {}
    for key, trees in found.items():
        if len(trees) > 1:
            mixed.setdefault(key[0], {}).update(dict.fromkeys(trees.values()))
    return {place: tuple(trees) for place, trees in mixed.items()}


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


def _order(pair: Pair) -> tuple[object, ...]:
    return [*map(pivot.order, pair.places)], pair.seed is None, pair.seed or 0


def _point(place: Place, scores: Sequence[float]) -> Point:
    n = len(scores)
    mean = seeds.mean(scores) if n else None
    sd = stdev(scores) if n > 1 else None
    if mean is None or sd is None or sd <= _ROUNDING:
        return Point(place, n, mean, sd and 0.0, None)
    return Point(place, n, mean, sd, mean / (sd / math.sqrt(n)))


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


def _told(said: Sweep, value: Point) -> str:
    if not value.n:
        return 'left out'
    if said.is_short:
        return f'needs {SEEDS} seeds'
    if value.t is None:
        way = 'lower' if (value.mean or 0.0) < -_ROUNDING else 'higher' if (value.mean or 0.0) > _ROUNDING else 'the same'
        return f'{way} at every seed' if value.n > 1 else 'no'
    return ('better' if said.is_better(value) else 'worse') if said.is_apart(value) else 'no'


def _named(said: Sweep, pair: Pair) -> str:
    seed = f'seed {"none" if pair.seed is None else pair.seed}'
    return seed + ''.join(f', {axis} {pivot.label(place) or "-"}' for axis, place in zip(said.axes, pair.places))


def _word(place: Place) -> str:
    return pivot.label(place) or '-'


def _first(names: Sequence[str]) -> str:
    more = len(names) - _NAMED
    return '; '.join([*names[:_NAMED], *([f'{more} more'] if more > 0 else [])])
