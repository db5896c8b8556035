"""What counts as one observation of a tree: a seed, by the first of its runs."""
from __future__ import annotations

import math
from array import array
from collections.abc import Collection, Iterable, Iterator, Sequence
from math import nan
from operator import lt


class Runs:
    """Each seed once, in order, with the value that came first; runs without one are one, the last, since nothing says that they differ.

    Whoever may run the worst seed again, and have that count as well, picks: a mean of the two is better than the first by chance alone.
    """

    __slots__ = 'seeds', 'values', 'mean'

    def __init__(self, seeds: Sequence[int | None], values: Sequence[float]) -> None:
        """Of all runs, in the order in which they count; what is in order already is kept as it is, not copied."""
        known = seeds[:-1] if seeds and seeds[-1] is None else seeds
        if None in known or not all(map(lt, known, known[1:])):  # type: ignore[arg-type]
            found = dict(zip(reversed(seeds), reversed(values)))
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

    def __len__(self) -> int:
        return len(self.values)

    def __iter__(self) -> Iterator[tuple[int | None, float]]:
        return zip(self.seeds, self.values)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Runs) and [*self] == [*other]

    def __repr__(self) -> str:
        return f'Runs.of({[*self]})'


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
