"""The plot of results: runs in the order of their start, the best so far, the noise of the baseline."""
from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from gitexp.core import files
from gitexp.core.errors import Usage
from gitexp.report import figures, plot
from gitexp.report.curve import Curve, Mark, Noise, Point
from gitexp.report.plot import Look

_REACH = 6.0
_HOLLOW = (Mark.SUPERSEDED, Mark.SILENT)
_WIDE = 32  # letters in the legend


def draw(curve: Curve, path: Path) -> None:
    """Write the plot in the form that the file's ending names; raises Refused without matplotlib, Usage for another ending."""
    kind = path.suffix.lower()
    if kind not in plot.KINDS:
        raise Usage(f"cannot draw '{path.name}': a plot ends in {', '.join(plot.KINDS)}")
    figure, axes = plot.sheet()
    fill(axes, curve)
    files.replace(path, plot.saved(figure, kind))


def fill(axes: Any, curve: Curve, title: str | None = None) -> None:
    """The points of a curve, with the best and the noise."""
    last = max((point.place for point in curve.points), default=1)
    low, high = _limits(curve)
    plot.frame(axes, curve.metric, title or f'{curve.metric.name}: {len(curve.points)} runs')
    axes.set_xlim(0.5, last + 0.5 + last * 0.01)
    axes.set_xlabel('run, in the order of start', color=plot.INK)
    axes.xaxis.get_major_locator().set_params(integer=True, min_n_ticks=1)
    axes.set_ylim(low, high)
    _baseline(axes, curve)
    _best(axes, curve, last)
    looks = _looks(curve)
    for name, look in looks.items():
        _points(axes, [point for point in curve.points if _name(point, looks) == name], look, (low, high))
    _strays(axes, curve, (low, high))
    _legend(axes, curve, looks)


def _baseline(axes: Any, curve: Curve) -> None:
    if curve.noise:
        mean, sd = curve.noise.mean, curve.noise.sd
        axes.axhspan(mean - sd, mean + sd, color=plot.BAND, linewidth=0, zorder=1)
        axes.axhline(mean, color=plot.FAINT, linewidth=1.2, linestyle=(0, (5, 3)), zorder=1.5)


def _best(axes: Any, curve: Curve, last: int) -> None:
    if curve.best:
        places = [place for place, _ in curve.best] + [last + 0.5]
        values = [value for _, value in curve.best]
        axes.step(places, [*values, values[-1]], where='post', color=plot.INK, linewidth=1.6, zorder=2)


def _points(axes: Any, points: Sequence[Point], look: Look, limits: tuple[float, float]) -> None:
    colour, shape = look
    for mark in Mark:
        marked = [point for point in points if point.mark is mark]
        places = [point.place for point in marked]
        values = [min(max(point.value, limits[0]), limits[1]) for point in marked]
        filled = 'none' if mark in _HOLLOW else colour
        edge = _edge(mark, colour)
        size, above = (_size(len(points)) / 2, 1.7) if colour == plot.OTHERS else (_size(len(points)), 3)
        axes.scatter(places, values, s=size, marker=shape, facecolor=filled, edgecolor=edge, linewidth=0.8, zorder=above, clip_on=False)
        if mark is Mark.SUPERSEDED:
            axes.scatter(places, values, s=size * 2.4, marker='x', color=colour, linewidth=1.1, zorder=4, clip_on=False)
        if mark is Mark.JUMP:
            ring = {'marker': 'o', 'facecolor': 'none', 'edgecolor': plot.INK, 'linewidth': 1.2}
            axes.scatter(places, values, s=size * 4, zorder=4, clip_on=False, **ring)


def _strays(axes: Any, curve: Curve, limits: tuple[float, float]) -> None:
    """The values of the points that are drawn at the edge."""
    for point in [point for point in curve.points if not limits[0] <= point.value <= limits[1]][:plot.NAMED]:
        above = point.value > limits[1]
        axes.annotate(
            f'{point.value:.3g} {"↑" if above else "↓"}', (point.place, limits[above]), (-6, -3 if above else 3),
            textcoords='offset points', ha='right', va='center', color=plot.INK, fontsize=8,
        )


def _edge(mark: Mark, colour: str) -> str:
    if mark not in _HOLLOW:
        return 'none' if colour == plot.OTHERS else 'white'
    return plot.FAINT if mark is Mark.SILENT else colour


def _size(many: int) -> float:
    return 46.0 if many <= 100 else 20.0 if many <= 1000 else 8.0


def _legend(axes: Any, curve: Curve, looks: dict[str, Look]) -> None:
    shown: list[Any] = []
    if curve.best:
        shown.append(plot.line(f'best tree so far: {_value(curve, curve.best[-1][1])}'))
    if curve.noise:
        shown.append(plot.patch(_noise(curve, curve.noise)))
    shown += [plot.shape(name, look, markeredgecolor='white') for name, look in looks.items()]
    marks = {point.mark for point in curve.points}
    if Mark.JUMP in marks:
        shown.append(plot.shape('a jump: to be confirmed', (plot.INK, 'o'), markerfacecolor='none'))
    for bug in _reasons(curve, Mark.SUPERSEDED)[:plot.NAMED]:
        shown.append(plot.shape(f'superseded: {bug}', (plot.FAINT, 'x')))
    if Mark.SILENT in marks:
        told = textwrap.fill(f'does not compete: {", ".join(_reasons(curve, Mark.SILENT))}', _WIDE)
        shown.append(plot.shape(told, (plot.FAINT, 'o'), markerfacecolor='none'))
    plot.legend(axes, shown)


def _reasons(curve: Curve, mark: Mark) -> list[str]:
    return sorted({point.why for point in curve.points if point.mark is mark and point.why})


def _noise(curve: Curve, noise: Noise) -> str:
    """The baseline, and which one where there are several."""
    said = f'baseline: {_value(curve, noise.mean)} ± {figures.spread(noise.sd)}'
    return said if not noise.others else f'{said}\n(the first, {(noise.commit or "unknown")[:7]}, of {noise.others + 1})'


def _value(curve: Curve, value: float) -> str:
    return figures.scale(point.value for point in curve.points).show(value) or ''


def _looks(curve: Curve) -> dict[str, Look]:
    """A colour and a shape for the baseline, for the experiments that came furthest, and one for all others."""
    found: dict[str, float] = {}
    for point in curve.points:
        if not point.baseline:
            value = point.value if curve.metric.direction == 'min' else -point.value
            value += 0 if point.mark is Mark.HONEST else 1e300
            found[point.experiment] = min(value, found.get(point.experiment, value))
    named = sorted(found, key=lambda name: found[name])[:plot.NAMED]
    looks = {'baseline': (plot.FAINT, 'o')} if any(point.baseline for point in curve.points) else {}
    looks.update(plot.looks(name for name in found if name in named))
    if len(found) > len(named):
        looks[f'{len(found) - len(named)} more'] = (plot.OTHERS, 'o')
    return looks


def _name(point: Point, looks: Iterable[str]) -> str:
    if point.baseline:
        return 'baseline'
    return point.experiment if point.experiment in looks else next(reversed(list(looks)))


def _limits(curve: Curve) -> tuple[float, float]:
    """Everything, but for strays far out of the middle half, which are drawn at the edge."""
    values = sorted(point.value for point in curve.points)
    if not values:
        return 0.0, 1.0
    low, high = values[len(values) // 4], values[-1 - len(values) // 4]
    reach = _REACH * (high - low) or abs(values[-1] - values[0]) or abs(high) * 0.05 or 1.0
    best = [value for _, value in curve.best]
    band = [curve.noise.mean - curve.noise.sd, curve.noise.mean + curve.noise.sd] if curve.noise else []
    near = [value for value in values if low - reach <= value <= high + reach] + best + band
    margin = 0.06 * (max(near) - min(near)) or reach
    return min(near) - margin, max(near) + margin
