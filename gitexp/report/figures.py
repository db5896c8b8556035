"""Measured values as a person reads them."""
from __future__ import annotations

import math
from collections.abc import Iterable

from gitexp.core.tuples import NamedTuple

_FIGURES = 5


class Scale(NamedTuple):
    """As many decimals as show five figures of a typical value, so that a column lines up."""

    decimals: int

    def show(self, value: float | None) -> str | None:
        """The value, None for None; a value of another magnitude keeps its figures."""
        if value is None:
            return None
        size = abs(value)
        if size and not 10.0 ** -self.decimals <= size < 1e7:
            return f'{value:.4g}'
        return f'{value:.{self.decimals}f}'

    def change(self, value: float | None) -> str | None:
        """The value with its sign."""
        said = self.show(value)
        return said if value is None or said is None or value < 0 else f'+{said}'


def scale(values: Iterable[float | None]) -> Scale:
    """The scale of the middle one of the values."""
    sizes = sorted(abs(value) for value in values if value and math.isfinite(value))
    if not sizes:
        return Scale(_FIGURES - 1)
    return Scale(min(max(_FIGURES - 1 - math.floor(math.log10(sizes[len(sizes) // 2])), 0), 8))


def spread(value: float | None) -> str | None:
    """A standard deviation or a chance, which deserve two figures."""
    return None if value is None else f'{value:.0f}' if 100 <= abs(value) < 1e7 else f'{value:.2g}'


def seconds(value: float | None) -> str | None:
    """A duration in seconds: one decimal for the short ones."""
    return None if value is None else f'{value:.1f}' if value < 100 else f'{value:.0f}'
