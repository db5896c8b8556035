"""How far chance moves what is measured: the runs of one tree, and the noise that trees have in common."""
from __future__ import annotations

import math
from array import array
from collections.abc import Collection, Hashable, Iterable, Sequence
from functools import cached_property

from gitexp.core.tuples import NamedTuple
from gitexp.ledger import seeds
from gitexp.ledger.seeds import Runs
from gitexp.verdict import student

STRAY = 10  # times the median sd, or a part of it: a tree that diverged, or leaks, says nothing about the noise of the others
PINNED = 1e-3  # level at which a tree scatters too little for its seeds to have made a difference
ALIKE = 1e-3  # times its sd: what moves a tree by far less was without effect, as the order in which numbers are added


class Noise(NamedTuple):
    """The standard deviation of one run, and the degrees of freedom of that estimate."""

    sd: float
    dof: float


class Sample:
    """All ok runs of one tree as (seed, value); `n` counts seeds, not runs.

    Of one seed the first counts: a repeat is no new evidence, be it that the lab repeats itself, or not. Runs without a seed
    count as one unknown seed, since nothing says that they differ.
    """

    def __init__(self, runs: Runs | Iterable[tuple[int | None, float]]) -> None:
        self.runs = runs if isinstance(runs, Runs) else Runs.of(runs)
        if not self.runs or not all(map(math.isfinite, self.runs.values)):
            raise ValueError('a sample needs at least one run, and only finite values')

    @cached_property
    def by_seed(self) -> dict[int | None, float]:
        return dict(self.runs)

    @property
    def known(self) -> tuple[int, ...]:
        """The seeds that are known, in order."""
        return tuple(seed for seed in self.runs.seeds if seed is not None)

    @property
    def n(self) -> int:
        return len(self.runs)

    @property
    def mean(self) -> float:
        return self.runs.mean

    @cached_property
    def sd(self) -> float | None:
        return spread(self.runs.values, self.mean)

    @cached_property
    def noise(self) -> Noise | None:
        return None if self.sd is None else Noise(self.sd, self.n - 1)


def floor(dof: float, shared: Noise) -> float:
    """The sd that several seeds fall below once in a thousand, by an F test, where chance moves them as it does others."""
    low, high = 0.0, 1.0
    for _ in range(50):
        middle = (low + high) / 2
        rare = student.beta(shared.dof / dof / middle / middle, dof / 2, shared.dof / 2) < PINNED
        low, high = (middle, high) if rare else (low, middle)
    return low * shared.sd


def pooled(samples: Iterable[Sample]) -> Noise | None:
    """The noise of one run, over all trees with more than one seed: the root of the pooled variance.

    Trees with the same values count once, to about a thousandth of their sd (a change without effect is no new evidence); one
    whose sd is ten times the median does not count (it diverged, and is judged by its own scatter), nor one with a tenth of it (it
    knows the answer, or its seed is pinned).
    """
    return _pool([sample.noise for sample in _settled(samples) if sample.noise])


def residual(samples: Iterable[Sample]) -> Noise | None:
    """The noise of one run that is left when what a seed does to every tree is taken out.

    It leaves out the trees that `pooled` does. Two-way residuals of each group of trees with the same seeds, with
    (trees - 1)(seeds - 1) degrees of freedom.
    """
    blocks: dict[tuple[int, ...], list[Sequence[float]]] = {}
    for sample in _settled(samples):
        known = sample.known
        if len(known) == sample.n > 1:
            blocks.setdefault(known, []).append(sample.runs.values)
    return _pool([_block(rows) for rows in blocks.values() if len(rows) > 1])


def spread(values: Collection[float], mean: float) -> float | None:
    """The standard deviation of values about their mean, None for a single one."""
    return math.dist(sorted(values), [mean] * len(values)) / math.sqrt(len(values) - 1) if len(values) > 1 else None


def _settled(samples: Iterable[Sample]) -> list[Sample]:
    """Each tree that was measured differently from the others, without the strays."""
    found: dict[Hashable, Sample] = {}
    for sample in samples:
        if sample.n > 1:
            found.setdefault(_rounded(sample), sample)
    different = found.values()
    scatters = sorted(sample.sd or 0.0 for sample in different)
    typical = scatters[(len(scatters) - 1) // 2] if scatters else 0.0
    return [sample for sample in different if not typical or typical <= STRAY * (sample.sd or 0.0) <= STRAY ** 2 * typical]


def _rounded(sample: Sample) -> Hashable:
    """Its seeds and values in steps of about a thousandth of its sd; a power of two, so that those that are alike have one step."""
    step = 2.0 ** math.frexp(ALIKE * sample.sd)[1] if sample.sd else 0.0
    return step, *sample.runs.seeds, *(round(value / step) if step else value for value in sample.runs.values)


def _block(rows: Sequence[Sequence[float]]) -> Noise:
    means = [seeds.mean(row) for row in rows]
    centred = [array('d', [value / 2 - mean / 2 for value in row]) for row, mean in zip(rows, means)]
    common = [seeds.mean(column) for column in zip(*centred)]
    dof = (len(rows) - 1) * (len(common) - 1)
    left = math.hypot(*(math.dist(row, common) for row in centred))
    return Noise(2 * left / math.sqrt(dof), dof)


def _pool(noises: Sequence[Noise]) -> Noise | None:
    dof = sum(noise.dof for noise in noises)
    return Noise(math.hypot(*(noise.sd * math.sqrt(noise.dof / dof) for noise in noises)), dof) if dof else None
