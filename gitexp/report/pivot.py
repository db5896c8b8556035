"""The runs of a ledger over the axes of a lab: what a run printed beside its metric, by the names that gitexp.yaml says."""
from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from sys import float_info

from gitexp.core.tuples import NamedTuple
from gitexp.ledger import seeds
from gitexp.ledger.result import Result
from gitexp.report import counted, scaling
from gitexp.report.scaling import Fit, Mean
from gitexp.verdict.noise import Noise

Place = float | str | None  # on an axis; None where a run does not say


class Section(NamedTuple):
    """The runs that share their places on all axes past the second; `cells` are the values that count, by the first two axes.

    `trees` names for each cell what these are of.
    """

    places: tuple[Place, ...]
    runs: tuple[Result, ...]
    cells: Mapping[tuple[Place, Place], Sequence[float]]
    trees: Mapping[tuple[Place, Place], Sequence[str]]

    @property
    def rows(self) -> list[Place]:
        return ordered(row for row, _ in self.cells)

    @property
    def columns(self) -> list[Place]:
        return ordered(column for _, column in self.cells)

    def mean(self, row: Place, column: Place) -> float | None:
        values = self.cells.get((row, column))
        return seeds.mean(values) if values else None

    def average(self, row: Place) -> float:
        """Of all runs in a row."""
        return seeds.mean(self._values(row))

    def fit(self, noise: Noise | None) -> Fit:
        """How the average falls along the first axis; raises ValueError, which says why there is no telling, by the noise of one run."""
        rows = [row for row in self.rows if isinstance(row, (int, float))]
        means = [Mean(row, self.average(row), len(self._values(row))) for row in rows]
        found = scaling.fit((one.size, one.error) for one in means)
        scaling.require_steady(means, noise.sd if noise else None)
        return found

    def _values(self, row: Place) -> list[float]:
        return [value for (one, _), values in self.cells.items() if one == row for value in values]


def sections(runs: Iterable[Result], counts: Collection[str], axes: Sequence[str]) -> list[Section]:
    """Runs by their places on the axes, each section with those that count, by their ids `counts`."""
    found: dict[tuple[Place, ...], list[Result]] = {}
    for run in runs:
        found.setdefault(tuple(place(run, axis) for axis in axes[2:]), []).append(run)
    return [_section(places, found[places], counts, axes) for places in sorted(found, key=lambda places: [*map(order, places)])]


def place(run: Result, axis: str) -> Place:
    """Where a run is on an axis: by a word, or by a number that can be reckoned with."""
    said = run.metrics.get(axis)
    if isinstance(said, bool) or not isinstance(said, (int, float, str)):
        return None
    return said if isinstance(said, str) or abs(said) <= float_info.max else None


def label(place: Place) -> str | None:
    """A place as it is read; a whole number without a point."""
    return f'{place:.15g}' if isinstance(place, (int, float)) else place


def ordered(places: Iterable[Place]) -> list[Place]:
    """Numbers by size, then words, then what does not say; each once."""
    return sorted(dict.fromkeys(places), key=order)


def order(place: Place) -> tuple[int, float, str]:
    """What places are sorted by."""
    if place is None:
        return 2, 0.0, ''
    return (1, 0.0, place) if isinstance(place, str) else (0, place, '')


def _section(places: tuple[Place, ...], runs: Sequence[Result], counts: Collection[str], axes: Sequence[str]) -> Section:
    cells: dict[tuple[Place, Place], list[float]] = {}
    trees: dict[tuple[Place, Place], dict[str | None, str]] = {}
    for run in runs:
        row, column = (place(run, axis) for axis in (*axes, '', '')[:2])
        if run.id in counts and run.value is not None and row is not None:
            cells.setdefault((row, column), []).append(run.value)
            trees.setdefault((row, column), {}).setdefault(run.tree, counted.name(run))
    return Section(places, tuple(runs), cells, {key: tuple(names.values()) for key, names in trees.items()})
