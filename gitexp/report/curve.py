"""What the plot of results shows: points in the order of their start, the noise of the baseline, the best so far."""
from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from math import isfinite

from gitexp.lab.config import Metric
from gitexp.ledger import counting, retired
from gitexp.ledger.result import Kind, Result, Status
from gitexp.verdict.noise import Sample


class Mark(Enum):
    """What a point is worth: an honest run, one that a bug has spoilt, one from another evaluation."""

    HONEST = 'honest'
    JUMP = 'jump'
    SUPERSEDED = 'superseded'
    FOREIGN = 'foreign'


@dataclass(frozen=True)
class Point:
    """`place` counts the runs shown, from 1; `bug` names what retired it."""

    place: int
    value: float
    experiment: str
    tree: str | None
    seed: int | None
    baseline: bool
    mark: Mark
    bug: str | None = None


@dataclass(frozen=True)
class Curve:
    """`best` holds the mean of the best tree after each honest run; `noise` is the baseline's mean and sd over its seeds."""

    metric: Metric
    points: tuple[Point, ...]
    best: tuple[tuple[int, float], ...]
    noise: tuple[float, float] | None


def curve(
    results: Iterable[Result], *, metric: Metric, covered: Mapping[str, str], jumps: Collection[str] = (), prefer: str | None = None,
) -> Curve:
    """The curve of the rows that have a plausible value.

    One evaluation counts: `prefer` if it has a row, else that of the newest. `jumps` are the trees whose gain is too good to
    be believed at once.
    """
    known = list(results)
    shown = [row for row in known if row.status is Status.OK and row.value is not None and metric.plausible(row.value)]
    data = counting.measured_on((row for row in known if row.id not in covered), metric, retired.of(known))
    silent = {row.id for row in shown if row.id not in covered and counting.why_not(row, metric, data)}
    points = tuple(_points([row for row in shown if row.value is not None and isfinite(row.value)], covered, silent, jumps, prefer))
    return Curve(metric, points, tuple(_best(points, metric)), _noise(points))


def _points(
    rows: list[Result], covered: Mapping[str, str], silent: Collection[str], jumps: Collection[str], prefer: str | None,
) -> Iterator[Point]:
    known = [row for row in rows if row.id not in covered and row.eval_id]  # Rows that were imported name no evaluation.
    newest = max(known, key=lambda row: row.id).eval_id if known else None
    current = prefer if any(row.eval_id == prefer for row in known) else newest
    for place, row in enumerate(rows, 1):
        assert row.value is not None
        mark = Mark.FOREIGN if row.id in silent else _mark(row, current, covered, jumps)
        yield Point(place, row.value, row.experiment, row.tree, row.seed, row.kind is Kind.BASELINE, mark, covered.get(row.id))


def _mark(row: Result, current: str | None, covered: Mapping[str, str], jumps: Collection[str]) -> Mark:
    if row.id in covered:
        return Mark.SUPERSEDED
    if row.eval_id != current:
        return Mark.FOREIGN
    return Mark.JUMP if row.tree in jumps else Mark.HONEST


def _best(points: Iterable[Point], metric: Metric) -> Iterator[tuple[int, float]]:
    """A tree counts by the mean of its runs so far, so a re-run can take a win away."""
    first = min if metric.direction == 'min' else max
    runs: dict[str, tuple[float, int]] = {}
    means: dict[str, float] = {}
    best: float | None = None
    for point in points:
        if point.mark in (Mark.HONEST, Mark.JUMP):
            tree = point.tree or f'run {point.place}'
            total, n = runs.get(tree, (0.0, 0))
            before, means[tree] = means.get(tree), (total + point.value) / (n + 1)
            runs[tree] = total + point.value, n + 1
            # Only the best tree getting worse can bring another one up: all the rest is one comparison.
            best = first(means.values()) if best is None or before == best else first(best, means[tree])
            yield point.place, best


def _noise(points: Iterable[Point]) -> tuple[float, float] | None:
    runs = tuple((point.seed, point.value) for point in points if point.baseline and point.mark is Mark.HONEST)
    return (Sample(runs).mean, Sample(runs).sd or 0.0) if runs else None
