"""What the plot of results shows: points in the order of their start, the noise of the baseline, the best so far."""
from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from math import isfinite

from gitexp.lab.config import Metric
from gitexp.ledger import seeds
from gitexp.ledger.result import ABOUT, Kind, Result, Status
from gitexp.verdict.noise import Sample


class Mark(Enum):
    """What a point is worth: an honest run, one that a bug has spoilt, one that competes with nothing."""

    HONEST = 'honest'
    JUMP = 'jump'
    SUPERSEDED = 'superseded'
    SILENT = 'silent'


@dataclass(frozen=True)
class Point:
    """`place` counts the runs shown, from 1; `why` names the bug that retired it, or what keeps it from competing."""

    place: int
    value: float
    row: Result
    mark: Mark
    why: str | None = None

    @property
    def experiment(self) -> str:
        return self.row.experiment

    @property
    def baseline(self) -> bool:
        return self.row.kind is Kind.BASELINE

    @property
    def competes(self) -> bool:
        return self.mark in (Mark.HONEST, Mark.JUMP)


@dataclass(frozen=True)
class Noise:
    """Mean and sd of a baseline over its seeds; `commit` tells which, where there are `others`."""

    mean: float
    sd: float
    commit: str | None
    others: int


@dataclass(frozen=True)
class Curve:
    """`best` holds the mean of the best tree after each run that competes; `noise` is that of the first baseline, which gains are over."""

    metric: Metric
    points: tuple[Point, ...]
    best: tuple[tuple[int, float], ...]
    noise: Noise | None


def curve(
    results: Iterable[Result], *, metric: Metric, covered: Mapping[str, str] = {}, silent: Mapping[str, str] = {},
    jumps: Collection[str] = (),
) -> Curve:
    """The curve of the rows that have a plausible value.

    `covered` and `silent` are by id what has retired rows, and what keeps others from competing; `jumps` are the trees whose gain is too
    good to be believed at once.
    """
    points = tuple(_points((row for row in results if row.kind not in ABOUT), metric, covered, silent, jumps))
    return Curve(metric, points, tuple(_best(points, metric)), _noise(points))


def _points(
    rows: Iterable[Result], metric: Metric, covered: Mapping[str, str], silent: Mapping[str, str], jumps: Collection[str],
) -> Iterator[Point]:
    valued = ((row, row.value) for row in rows if row.status is Status.OK and row.value is not None and isfinite(row.value))
    for place, (row, value) in enumerate(((row, value) for row, value in valued if metric.plausible(value)), 1):
        if row.id in covered:
            yield Point(place, value, row, Mark.SUPERSEDED, covered[row.id])
        elif row.id in silent:
            yield Point(place, value, row, Mark.SILENT, silent[row.id])
        else:
            yield Point(place, value, row, Mark.JUMP if row.tree in jumps else Mark.HONEST)


def _best(points: Iterable[Point], metric: Metric) -> Iterator[tuple[int, float]]:
    """A tree counts by the mean of its seeds so far, so another one can take a win away."""
    first = min if metric.direction == 'min' else max
    runs: dict[str | None, dict[int | None, tuple[str, float]]] = {}
    means: dict[str | None, float] = {}
    best: float | None = None
    for point in points:
        if point.competes:
            tree, seed, run = point.row.tree, point.row.seed, (point.row.id, point.value)
            known = runs.setdefault(tree, {})
            known[seed] = min(run, known.get(seed, run))
            before, means[tree] = means.get(tree), seeds.mean([value for _, value in known.values()])
            # Only the best tree getting worse can bring another one up: all the rest is one comparison.
            best = first(means.values()) if best is None or before == best else first(best, means[tree])
            yield point.place, best


def _noise(points: Iterable[Point]) -> Noise | None:
    competing = [point for point in points if point.competes]
    baselines = [point.row for point in competing if point.baseline]
    if not baselines:
        return None
    tree, others = baselines[0].tree, len({row.tree for row in baselines}) - 1
    runs = sorted((point.row.id, point.row.seed, point.value) for point in competing if point.row.tree == tree)
    sample = Sample((seed, value) for _, seed, value in runs)
    return Noise(sample.mean, sample.sd or 0.0, baselines[0].commit, others)
