"""How a metric falls with size: the power law that fits it best."""
from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from statistics import NormalDist, correlation, linear_regression

from gitexp.core.tuples import NamedTuple

# Twice, and once, the exponent for parameters of Kaplan et al., 2020, Scaling Laws for Neural Language Models: 0.076.
_STRONG, _MODERATE = 0.15, 0.08
_LEVEL = 0.05


class Mean(NamedTuple):
    """Of `n` runs of one size."""

    size: float
    error: float
    n: int


class Fit(NamedTuple):
    """error = factor * size ** -alpha; `r2` is the share of the variance of log error that it explains.

    It is None where there is no variance, or no third point.
    """

    alpha: float
    factor: float
    r2: float | None

    @property
    def strength(self) -> str:
        return 'strong' if self.alpha > _STRONG else 'moderate' if self.alpha > _MODERATE else 'weak'

    @property
    def reduction(self) -> float:
        """By how many percent ten times the size takes the error down; negative where it goes up."""
        return (1 - 10 ** -self.alpha) * 100


def fit(points: Iterable[tuple[float, float]]) -> Fit:
    """Fit sizes and their errors by least squares in log-log space.

    Raises ValueError, which says why, for fewer than two sizes, for what is not positive, and for a law that no number holds.
    """
    points = [*points]
    if any(number <= 0 for point in points for number in point):
        raise ValueError('a power law is for positive numbers')
    sizes, errors = [math.log(size) for size, _ in points], [math.log(error) for _, error in points]
    if len({*sizes}) < 2:
        raise ValueError('a power law takes two sizes at least')
    slope, intercept = linear_regression(sizes, errors)
    try:
        found = Fit(-slope, math.exp(intercept), correlation(sizes, errors) ** 2 if len(points) > 2 and len({*errors}) > 1 else None)
        steep = not (math.isfinite(found.alpha) and math.isfinite(found.reduction) and 0 < found.factor < math.inf)
    except OverflowError:
        steep = True
    if steep:
        raise ValueError('the sizes are too near each other for errors so far apart')
    return found


def require_steady(means: Sequence[Mean], sd: float | None) -> None:
    """Raises ValueError, which says where, unless the means only fall or only rise; `sd` is the noise of one run.

    What counts as a fall or a rise are means whose intervals do not meet, which all are right together in 95 % (Bonferroni).
    """
    wide = NormalDist().inv_cdf(1 - _LEVEL / 2 / max(len(means), 1)) * (sd or 0.0)
    reach = [wide / math.sqrt(one.n) for one in means]
    bounds = [(one.error - by, one.error + by, one.size) for one, by in zip(means, reach)]
    fall, rise = _step(bounds), _step([(-high, -low, size) for low, high, size in bounds])
    by = 'no tree has several seeds to tell the noise by' if sd is None else 'both by more than the noise'
    if fall and rise:
        raise ValueError(f'the means fall from {_way(fall)} and rise from {_way(rise)}; {by}')
    if sd and not fall and not rise:
        raise ValueError('the means differ by no more than the noise')


def _step(bounds: Iterable[tuple[float, float, float]]) -> tuple[float, float] | None:
    """The sizes between which there is the greatest fall, None where there is none."""
    greatest, found, top, start = 0.0, None, -math.inf, 0.0
    for low, high, size in bounds:
        if top - high > greatest:
            greatest, found = top - high, (start, size)
        if low > top:
            top, start = low, size
    return found


def _way(step: tuple[float, float]) -> str:
    return ' to '.join(f'{size:.15g}' for size in step)
