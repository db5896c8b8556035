"""The plot of results, for eyes that see colour differently and for printing: shapes differ too."""
from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from gitexp.core import files
from gitexp.core.errors import Refused, Usage
from gitexp.report import figures
from gitexp.report.curve import Curve, Mark, Point

KINDS = ('.png', '.svg', '.pdf')
_NAMED = 10
# Okabe & Ito, Color Universal Design (2008), without its yellow, which is lost on white.
_COLOURS = ('#0072B2', '#D55E00', '#009E73', '#CC79A7', '#E69F00', '#56B4E9')
_SHAPES = ('o', 's', '^', 'D', 'v', 'P', 'X')
_INK, _FAINT, _BAND, _GRID, _OTHERS = '#333333', '#999999', '#E3E3E3', '#E8E8E8', '#C4C4C4'
_REACH = 6.0


def draw(curve: Curve, path: Path) -> None:
    """Write the plot in the form that the file's ending names; raises Refused without matplotlib, Usage for another ending."""
    if path.suffix.lower() not in KINDS:
        raise Usage(f"cannot draw '{path.name}': a plot ends in {', '.join(KINDS)}")
    try:
        from matplotlib.figure import Figure
    except ImportError:
        raise Refused('plots need matplotlib, which is not installed', hint="pip install 'gitexp[plot]'") from None
    figure = Figure(figsize=(9.6, 5.4), dpi=150, layout='constrained', facecolor='white')
    axes = figure.add_subplot()
    _fill(axes, curve)
    held = io.BytesIO()
    figure.savefig(held, format=path.suffix.lower()[1:])
    files.replace(path, held.getvalue())


def _fill(axes: Any, curve: Curve) -> None:
    last = max((point.place for point in curve.points), default=1)
    low, high = _limits(curve)
    _frame(axes, curve, last)
    axes.set_ylim(low, high)
    _baseline(axes, curve)
    _best(axes, curve, last)
    looks = _looks(curve)
    for name, look in looks.items():
        _points(axes, [point for point in curve.points if _name(point, looks) == name], look, (low, high))
    _strays(axes, curve, (low, high))
    _legend(axes, curve, looks)


def _frame(axes: Any, curve: Curve, last: int) -> None:
    direction = 'lower is better' if curve.metric.direction == 'min' else 'higher is better'
    axes.set_xlim(0.5, last + 0.5 + last * 0.01)
    axes.set_xlabel('run, in the order of start', color=_INK)
    axes.set_ylabel(f'{curve.metric.name}  ({direction})', color=_INK)
    axes.set_title(f'{curve.metric.name}: {len(curve.points)} runs', loc='left', color=_INK, fontweight='bold')
    axes.xaxis.get_major_locator().set_params(integer=True, min_n_ticks=1)
    axes.grid(axis='y', color=_GRID, linewidth=0.8)
    axes.set_axisbelow(True)
    axes.tick_params(color=_FAINT, labelcolor=_INK)
    for side in ('top', 'right'):
        axes.spines[side].set_visible(False)
    for side in ('left', 'bottom'):
        axes.spines[side].set_color(_FAINT)


def _baseline(axes: Any, curve: Curve) -> None:
    if curve.noise:
        mean, sd = curve.noise
        axes.axhspan(mean - sd, mean + sd, color=_BAND, linewidth=0, zorder=1)
        axes.axhline(mean, color=_FAINT, linewidth=1.2, linestyle=(0, (5, 3)), zorder=1.5)


def _best(axes: Any, curve: Curve, last: int) -> None:
    if curve.best:
        places = [place for place, _ in curve.best] + [last + 0.5]
        values = [value for _, value in curve.best]
        axes.step(places, [*values, values[-1]], where='post', color=_INK, linewidth=1.6, zorder=2)


def _points(axes: Any, points: Sequence[Point], look: tuple[str, str], limits: tuple[float, float]) -> None:
    colour, shape = look
    for mark in Mark:
        marked = [point for point in points if point.mark is mark]
        places = [point.place for point in marked]
        values = [min(max(point.value, limits[0]), limits[1]) for point in marked]
        filled = colour if mark in (Mark.HONEST, Mark.JUMP) else 'none'
        edge = _edge(mark, colour)
        size, above = (_size(len(points)) / 2, 1.7) if colour == _OTHERS else (_size(len(points)), 3)
        axes.scatter(places, values, s=size, marker=shape, facecolor=filled, edgecolor=edge, linewidth=0.8, zorder=above, clip_on=False)
        if mark is Mark.SUPERSEDED:
            axes.scatter(places, values, s=size * 2.4, marker='x', color=colour, linewidth=1.1, zorder=4, clip_on=False)
        if mark is Mark.JUMP:
            axes.scatter(places, values, s=size * 4, marker='o', facecolor='none', edgecolor=_INK, linewidth=1.2, zorder=4, clip_on=False)


def _strays(axes: Any, curve: Curve, limits: tuple[float, float]) -> None:
    """The values of the points that are drawn at the edge."""
    for point in [point for point in curve.points if not limits[0] <= point.value <= limits[1]][:_NAMED]:
        above = point.value > limits[1]
        axes.annotate(
            f'{point.value:.3g} {"↑" if above else "↓"}', (point.place, limits[above]), (-6, -3 if above else 3),
            textcoords='offset points', ha='right', va='center', color=_INK, fontsize=8,
        )


def _edge(mark: Mark, colour: str) -> str:
    if mark in (Mark.HONEST, Mark.JUMP):
        return 'none' if colour == _OTHERS else 'white'
    return _FAINT if mark is Mark.FOREIGN else colour


def _size(many: int) -> float:
    return 46.0 if many <= 100 else 20.0 if many <= 1000 else 8.0


def _legend(axes: Any, curve: Curve, looks: dict[str, tuple[str, str]]) -> None:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    def shape(label: str, look: tuple[str, str], **more: Any) -> Any:
        return Line2D([], [], linestyle='none', color=look[0], marker=look[1], markersize=7, label=label, **more)

    shown: list[Any] = []
    if curve.best:
        shown.append(Line2D([], [], color=_INK, linewidth=1.6, label=f'best tree so far: {_value(curve, curve.best[-1][1])}'))
    if curve.noise:
        shown.append(Patch(facecolor=_BAND, label=f'baseline: {_value(curve, curve.noise[0])} ± {figures.spread(curve.noise[1])}'))
    shown += [shape(name, look, markeredgecolor='white') for name, look in looks.items()]
    marks = {point.mark for point in curve.points}
    if Mark.JUMP in marks:
        shown.append(shape('a jump: to be confirmed', (_INK, 'o'), markerfacecolor='none'))
    for bug in sorted({point.bug for point in curve.points if point.bug})[:_NAMED]:
        shown.append(shape(f'superseded: {bug}', (_FAINT, 'x')))
    if Mark.FOREIGN in marks:
        shown.append(shape('another evaluation', (_FAINT, 'o'), markerfacecolor='none'))
    if shown:
        axes.legend(handles=shown, loc='upper left', bbox_to_anchor=(1.01, 1), frameon=False, labelcolor=_INK, fontsize=9)


def _value(curve: Curve, value: float) -> str:
    return figures.scale(point.value for point in curve.points).show(value) or ''


def _looks(curve: Curve) -> dict[str, tuple[str, str]]:
    """A colour and a shape for the baseline, for the experiments that came furthest, and one for all others."""
    found: dict[str, float] = {}
    for point in curve.points:
        if not point.baseline:
            value = point.value if curve.metric.direction == 'min' else -point.value
            value += 0 if point.mark is Mark.HONEST else 1e300
            found[point.experiment] = min(value, found.get(point.experiment, value))
    named = sorted(found, key=lambda name: found[name])[:_NAMED]
    looks = {'baseline': (_FAINT, 'o')} if any(point.baseline for point in curve.points) else {}
    for place, name in enumerate(name for name in found if name in named):
        looks[name] = _COLOURS[place % len(_COLOURS)], _SHAPES[place % len(_SHAPES)]
    if len(found) > len(named):
        looks[f'{len(found) - len(named)} more'] = (_OTHERS, 'o')
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
    band = [curve.noise[0] - curve.noise[1], curve.noise[0] + curve.noise[1]] if curve.noise else []
    near = [value for value in values if low - reach <= value <= high + reach] + best + band
    margin = 0.06 * (max(near) - min(near)) or reach
    return min(near) - margin, max(near) + margin
