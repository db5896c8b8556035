"""What counts as one observation of a tree: a seed, by the first of its runs."""
from __future__ import annotations

import math
from collections.abc import Collection, Iterable


def first(runs: Iterable[tuple[int | None, float]]) -> tuple[tuple[int | None, float], ...]:
    """Each seed once, in order, with the value that comes first; runs without one are one, since nothing says that they differ.

    Whoever may run the worst seed again, and have that count as well, picks: a mean of the two is better than the first by chance alone.
    """
    found = dict(reversed([*runs]))
    nameless = ((None, found.pop(None)),) if None in found else ()
    return (*sorted(found.items()), *nameless)


def mean(values: Collection[float]) -> float:
    """The mean, in any order the same; within what it averages, so that equal values have it and it never overflows."""
    if len(values) == 1:
        return next(iter(values))
    scale = 2.0 ** -len(values).bit_length()
    return min(max(math.fsum([value * scale for value in values]) / len(values) / scale, min(values)), max(values))
