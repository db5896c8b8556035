"""The plots that follow a fix, in results/viz/: the metric of the current version, and the metric of each seed then and now."""
from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Mapping
from pathlib import Path
from sys import float_info
from typing import Any

from gitexp.core import files
from gitexp.lab.lab import Experiment
from gitexp.ledger.result import Result
from gitexp.report import curve, figures, plot, progress, view
from gitexp.report.compared import Compared
from gitexp.tracking import stream

CURVE, OVERLAY = 'metric_curve.png', 'before_after_{}.png'
_OURS = re.compile(rb'\x89PNG\r\n\x1a\n.{0,100}tEXtSoftware\0' + view.SIGNED.encode(), re.S)
_DRAWN = 4000  # points of a line: more than a plot has room for
_MARKS = 8  # of a line
_WIDE = 28  # letters below a side
_BAR = 0.16


def draw(said: Compared, which: Experiment) -> dict[str, Path]:
    """Draw both into the worktree; raises Refused without matplotlib, and where other plots have their names."""
    folder = which.folder / 'results' / 'viz'
    drawn = {folder / CURVE: metric_curve(said, which), folder / OVERLAY.format(said.before.version): before_after(said)}
    for path in drawn:
        view.check(path, _OURS)
    for path, figure in drawn.items():
        files.replace(path, plot.saved(figure, said={'Software': view.SIGNED}), top=which.root)
    return dict(zip(('metric_curve', 'before_after'), drawn))


def metric_curve(said: Compared, which: Experiment) -> Any:
    """Over the steps where runs have said them, else over the runs."""
    figure, axes = plot.sheet()
    rows = said.after.rows
    lines = [(row.seed, points) for row in rows if (points := _stream(which, row, said.metric.name))]
    if not lines:
        progress.fill(axes, curve.curve(rows, metric=said.metric), f'{said.experiment} {said.after.version}')
        return figure
    some = f', {len(lines)} of {len(rows)} runs' if len(lines) < len(rows) else ''
    plot.frame(axes, said.metric, f'{said.experiment} {said.after.version}{some}')
    axes.set_xlabel(stream.STEP, color=plot.INK)
    axes.xaxis.get_major_locator().set_params(integer=True, min_n_ticks=1)
    looks = _looks(seed for seed, _ in lines)
    for place, (seed, points) in enumerate(lines):
        apart = max(1, len(points) // _MARKS)
        axes.plot(*zip(*points), markevery=(place * apart // len(lines), apart), **{**looks[_name(seed)], 'markersize': 5})
    _legend(axes, looks)
    return figure


def before_after(said: Compared) -> Any:
    """A line for each seed that both have, a point for any other."""
    figure, axes = plot.sheet()
    plot.frame(axes, said.metric, f'{said.experiment} {said.before.version} and {said.after.version}')
    sides = (said.before, said.after)
    looks = _looks(seed for side in sides for seed in side.runs)
    for seed in {**said.before.runs, **said.after.runs}:
        known = [(place, side.runs[seed]) for place, side in enumerate(sides) if seed in side.runs]
        axes.plot(*zip(*known), clip_on=False, **looks[_name(seed)])
    scale = figures.scale(value for side in sides for value in side.runs.values())
    for place, side in enumerate(sides):
        _mean(axes, place, side.mean, f'mean {scale.show(side.mean)}\nn={len(side.runs)}')
    axes.set_xlim(-0.6, 1.6)
    before = textwrap.fill(f'{said.before.version}, retired: {said.before.bug}', _WIDE)
    axes.set_xticks((0, 1), [before + ('' if said.is_fair else '\nby another evaluation'), f'{said.after.version}, now'])
    axes.margins(y=0.12)
    axes.ticklabel_format(axis='y', useOffset=False)
    _legend(axes, looks)
    return figure


def _mean(axes: Any, place: int, value: float, words: str) -> None:
    """A bar, with its words on the side where no line is."""
    way = -1 if place == 0 else 1
    axes.plot([place - _BAR, place + _BAR], [value] * 2, color=plot.INK, linewidth=2.4, zorder=2)
    axes.annotate(
        words, (place + way * _BAR, value), (way * 6, 0), textcoords='offset points', ha='right' if way < 0 else 'left', va='center',
        color=plot.INK, fontsize=9,
    )


def _stream(which: Experiment, row: Result, metric: str) -> list[tuple[float, float]]:
    """The metric by step, as a run has written it; of a step that is there twice the last."""
    found: dict[float, float] = {}
    for point in stream.points(which.folder / 'results' / row.id / stream.FILE):
        value = point.values.get(metric)
        if point.step is not None and value is not None and all(abs(one) <= float_info.max for one in (point.step, value)):
            found[float(point.step)] = value
    points = sorted(found.items())
    return points[::-(len(points) // _DRAWN + 1)][::-1]


def _looks(seeds: Iterable[int | None]) -> dict[str, dict[str, Any]]:
    """How the line of each seed is drawn; past those that can be told apart all are alike, and lie below."""
    names = [_name(seed) for seed in sorted(set(seeds), key=lambda seed: (seed is None, seed))]
    own = plot.looks(names[:plot.NAMED])
    found = {}
    for name in names:
        colour, shape = own.get(name, (plot.OTHERS, 'o'))
        found[name] = {'color': colour, 'marker': shape, 'markersize': 7, 'markeredgecolor': 'white', 'linewidth': 1.4}
        found[name]['zorder'] = 3 if name in own else 1.8
    return found


def _legend(axes: Any, looks: Mapping[str, Mapping[str, Any]]) -> None:
    named = [plot.line(name, **look) for name, look in looks.items()]
    more = len(named) - plot.NAMED
    for one in named[plot.NAMED:][:1]:
        one.set_label(f'{more} more')
    plot.legend(axes, named[:plot.NAMED + 1])


def _name(seed: int | None) -> str:
    return 'no seed' if seed is None else f'seed {seed}'
