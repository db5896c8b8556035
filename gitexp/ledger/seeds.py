"""What counts as one observation of a tree: a seed, by the first of its runs."""
from __future__ import annotations

import math
from array import array
from collections.abc import Collection, Iterable, Iterator, Sequence
from math import nan
from operator import itemgetter, lt

from gitexp.ledger.result import Result, Status


class Runs:
    """Each seed once, in order, with the value that came first; runs that name none are one as well, since nothing says that they differ.

    Whoever may run the worst seed again, and have that count as well, picks: a mean of the two is better than the first by chance alone.
    Which came first, though, is said by whoever ran them, and where a seed gave several values the other ones cast a doubt: `least` and
    `most` are the same with the smallest and the greatest value of each seed.
    """

    __slots__ = 'seeds', 'values', 'mean', '_ends'

    def __init__(self, seeds: Sequence[int | None], values: Sequence[float]) -> None:
        """Of all runs, in the order in which they count; what is in order already is kept as it is, not copied."""
        known = seeds[:-1] if seeds and seeds[-1] is None else seeds
        self._ends: tuple[Runs, Runs] | None = None
        if None in known or not all(map(lt, known, known[1:])):  # type: ignore[arg-type]
            found = dict(zip(reversed(seeds), reversed(values)))
            if len(found) < len(seeds):
                self._ends = _ends(seeds, values)
            nameless = [(None, found.pop(None))] if None in found else []
            seeds, values = zip(*sorted(found.items()), *nameless)
        self.seeds = seeds
        self.values = values
        self.mean = mean(values) if values else nan

    @classmethod
    def of(cls, runs: Iterable[tuple[int | None, float]]) -> Runs:
        """The same of pairs."""
        said = [*runs]
        return cls([seed for seed, _ in said], array('d', [value for _, value in said]))

    @property
    def least(self) -> Runs:
        return self._ends[0] if self._ends else self

    @property
    def most(self) -> Runs:
        return self._ends[1] if self._ends else self

    def unsure(self) -> list[int | None]:
        """The seeds that gave several values."""
        return [seed for (seed, one), (_, other) in zip(self.least, self.most) if one != other] if self._ends else []

    def __len__(self) -> int:
        return len(self.values)

    def __iter__(self) -> Iterator[tuple[int | None, float]]:
        return zip(self.seeds, self.values)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Runs) and [*self] == [*other]

    def __repr__(self) -> str:
        return f'Runs.of({[*self]})'


def of_last(rows: Iterable[Result]) -> Runs:
    """The runs with a value of the tree that was measured last: those of several trees say nothing together."""
    valued = sorted((row for row in rows if row.value is not None and row.status is Status.OK), key=lambda row: row.id)
    return Runs.of((row.seed, row.value or 0.0) for row in valued if row.tree == valued[-1].tree)


def _ends(seeds: Sequence[int | None], values: Sequence[float]) -> tuple[Runs, Runs] | None:
    """The runs with the smallest and with the greatest value of each seed, None where each gave one."""
    ordered = sorted(zip(seeds, values), key=itemgetter(1))
    least, most = dict(reversed(ordered)), dict(ordered)
    return (Runs.of(least.items()), Runs.of(most.items())) if least != most else None


def mean(values: Collection[float]) -> float:
    """The mean, in any order the same; within what it averages, so that equal values have it and it never overflows."""
    if len(values) == 1:
        return next(iter(values))
    try:
        middle = math.fsum(values) / len(values)
    except OverflowError:
        scale = 2.0 ** -len(values).bit_length()
        middle = math.fsum([value * scale for value in values]) / len(values) / scale
    return min(max(middle, min(values)), max(values))
