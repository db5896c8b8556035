"""Student's t and the distributions beside it."""
from __future__ import annotations

import math

_STILL = 1e-15
_TINY = 1e-300  # Stands for 0 in a denominator.


def survival(t: float, dof: float) -> float:
    """P(T > t) of Student's t: for t >= 0 half of I_x(dof/2, 1/2), x = dof/(dof + t^2) (Abramowitz & Stegun 26.7.1)."""
    half = 0.5 * beta(t * t / dof, dof / 2, 0.5)
    return half if t >= 0 else 1.0 - half


def beta(odds: float, a: float, b: float) -> float:
    """The regularised incomplete beta I_x(a, b) at x = 1/(1 + odds)."""
    if odds == 0:
        return 1.0
    if b == 1:
        return math.exp(-a * math.log1p(odds))
    if odds * (a + 1) < b + 1 + 3 * math.sqrt(b + 1):  # Up to here it converges fast, and 1 - I keeps 12 digits.
        return 1.0 - _fraction(1 / odds, b, a)
    return _fraction(odds, a, b)


def _fraction(odds: float, a: float, b: float) -> float:
    """I_x(a, b) by its continued fraction (DLMF 8.17.22), evaluated until it stands still (Lentz, Applied Optics 15, 1976)."""
    x = 1 / (1 + odds)
    log = math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) - a * math.log1p(odds) - b * math.log1p(1 / odds)
    upper = 1.0
    value = lower = 1 / (1 - (a + b) * x / (a + 1) or _TINY)
    for m in range(1, 100 + int(10 * math.sqrt(a + b))):
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        for term in (even, odd):
            lower = 1 / (1 + term * lower or _TINY)
            upper = 1 + term / upper or _TINY
            step = lower * upper
            value *= step
        if abs(step - 1) < _STILL:
            break
    return math.exp(log) / a * value
