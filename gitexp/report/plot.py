"""How plots look, for eyes that see colour differently and for printing: shapes differ too."""
from __future__ import annotations

import io
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from gitexp.core.errors import Refused
from gitexp.lab.config import Metric
from gitexp.report import table

KINDS = ('.png', '.svg', '.pdf')
NAMED = 10
# Okabe & Ito, Color Universal Design (2008), without its yellow, which is lost on white.
_COLOURS = ('#0072B2', '#D55E00', '#009E73', '#CC79A7', '#E69F00', '#56B4E9')
_SHAPES = ('o', 's', '^', 'D', 'v', 'P', 'X')
INK, FAINT, BAND, OTHERS = '#333333', '#999999', '#E3E3E3', '#C4C4C4'
_GRID = '#E8E8E8'
_TITLE = 72  # letters that there is room for

Look = tuple[str, str]  # a colour and a shape


def sheet() -> tuple[Any, Any]:
    """A figure and its axes; raises Refused without matplotlib."""
    try:
        from matplotlib.figure import Figure
    except ImportError:
        raise Refused('plots need matplotlib, which is not installed', hint="pip install 'gitexp[plot]'") from None
    figure = Figure(figsize=(9.6, 5.4), dpi=150, layout='constrained', facecolor='white')
    return figure, figure.add_subplot()


def saved(figure: Any, kind: str = KINDS[0], *, said: Mapping[str, str] | None = None) -> bytes:
    """The figure as a file of a kind, which says of itself what is `said`."""
    held = io.BytesIO()
    figure.savefig(held, format=kind[1:], metadata=said)
    return held.getvalue()


def frame(axes: Any, metric: Metric, title: str) -> None:
    """The metric upwards, and nothing around the points that is no help."""
    direction = 'lower is better' if metric.direction == 'min' else 'higher is better'
    axes.set_ylabel(f'{metric.name}  ({direction})', color=INK)
    axes.set_title(table.clipped(title, _TITLE), loc='left', color=INK, fontweight='bold')
    axes.grid(axis='y', color=_GRID, linewidth=0.8)
    axes.set_axisbelow(True)
    axes.tick_params(color=FAINT, labelcolor=INK)
    for side in ('top', 'right'):
        axes.spines[side].set_visible(False)
    for side in ('left', 'bottom'):
        axes.spines[side].set_color(FAINT)


def looks(names: Iterable[str]) -> dict[str, Look]:
    """A look for each name, of which there are at most NAMED before looks come again."""
    return {name: (_COLOURS[place % len(_COLOURS)], _SHAPES[place % len(_SHAPES)]) for place, name in enumerate(names)}


def shape(label: str, look: Look, **more: Any) -> Any:
    """A point for the legend."""
    return line(label, **{'linestyle': 'none', 'color': look[0], 'marker': look[1], 'markersize': 7, **more})


def line(label: str, **more: Any) -> Any:
    """A line for the legend."""
    from matplotlib.lines import Line2D
    return Line2D([], [], label=label, **{'color': INK, 'linewidth': 1.6, **more})


def patch(label: str) -> Any:
    """A band for the legend."""
    from matplotlib.patches import Patch
    return Patch(facecolor=BAND, label=label)


def legend(axes: Any, shown: Sequence[Any]) -> None:
    """Beside the plot, where nothing is hidden by it."""
    if shown:
        axes.legend(handles=shown, loc='upper left', bbox_to_anchor=(1.01, 1), frameon=False, labelcolor=INK, fontsize=9)
