"""What counts as one observation of a tree: a seed, however often it was run."""
from __future__ import annotations

import math
from collections.abc import Collection, Iterable


def averaged(runs: Iterable[tuple[int | None, float]]) -> tuple[tuple[int | None, float], ...]:
    """Each seed once with the mean of its runs; runs without a seed are one seed, since nothing says that they differ."""
    said = tuple(runs)
    if len(dict(said)) == len(said):
        return said
    seeds: dict[int | None, list[float]] = {}
    for seed, value in said:
        seeds.setdefault(seed, []).append(value)
    return tuple((seed, mean(values)) for seed, values in seeds.items())


def mean(values: Collection[float]) -> float:
    """The mean, in any order the same; within what it averages, so that equal values have it and it never overflows."""
    if len(values) == 1:
        return next(iter(values))
    scale = 2.0 ** -len(values).bit_length()
    return min(max(math.fsum([value * scale for value in values]) / len(values) / scale, min(values)), max(values))
