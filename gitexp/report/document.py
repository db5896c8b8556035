"""docs/experiment_results.md: what all runs come to, written anew from the ledger."""
from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from itertools import chain
from pathlib import Path
from typing import Any

from gitexp.core.tuples import NamedTuple
from gitexp.lab.config import REPORT, Metric
from gitexp.lab.lab import Lab
from gitexp.ledger import read, seeds
from gitexp.ledger.result import ABOUT, Result, Status
from gitexp.report import counted, figures, pivot, view
from gitexp.report.figures import Scale
from gitexp.report.pivot import Place, Section
from gitexp.verdict.noise import Noise

_WHEN = re.compile(rb'(?m)^Generated: .*$')


class Document(NamedTuple):
    """All runs in the order of their ids; `covered` names the bugs of those that are retired, `noise` is that of one run."""

    metric: Metric
    axes: tuple[str, ...]
    runs: tuple[Result, ...]
    covered: Mapping[str, str]
    sections: tuple[Section, ...]
    noise: Noise | None


def of(lab: Lab) -> Document:
    """What the ledger says now; the means are of what `counted` says."""
    found, config = read.read(lab), lab.config
    runs = [row for row in found.results if row.kind not in ABOUT]
    counts = counted.runs(lab, found)
    sections = pivot.sections(runs, {row.id for row in counts}, config.axes)
    return Document(config.metric, config.axes, tuple(runs), found.covered, tuple(sections), counted.noise(counts))


def write(lab: Lab, now: datetime) -> Path:
    """Write it into the lab, unless it says the same already; raises Refused when something else is there by that name."""
    path, page = lab.root / REPORT, text(of(lab), now)
    if not view.is_there(path) or _undated(path.read_bytes()) != _undated(view.encoded(page)):
        view.write(path, page, ours=view.OURS, top=lab.root)
    return path


def text(said: Document, now: datetime) -> str:
    """The same bytes for the same ledger, but for the line that says when."""
    ok = sum(run.status is Status.OK for run in said.runs)
    facts = {
        'Generated': f"{now.isoformat(timespec='seconds')} {view.SIGNED}", 'Total Experiments': len({run.experiment for run in said.runs}),
        'Total Runs': len(said.runs), 'Success Rate': f'{ok / len(said.runs):.1%}' if said.runs else 'no run yet',
    }
    lines = [view.TITLE, *(line for name, fact in facts.items() for line in (f'{name}: {fact}', ''))]
    return '\n'.join([*lines, *chain.from_iterable(_section(said, one) for one in said.sections)])


def _undated(page: bytes) -> bytes:
    return _WHEN.sub(b'', page, count=1)


def _section(said: Document, section: Section) -> list[str]:
    where = ', '.join(f'{axis} {pivot.label(one) or "-"}' for axis, one in zip(said.axes[2:], section.places))
    lines = [f'## {where}: Parameter Scaling' if where else '## Parameter Scaling', ''] if said.axes else ['## Results', '']
    if section.cells:
        lines += ['### Summary Table', '', *_summary(said, section), '', *_mixed(said, section)]
        lines += ['### Scaling Analysis', '', *_analysis(said, section), '']
    return [*lines, '### Individual Results', '', *_individual(said, section)]


def _summary(said: Document, section: Section) -> list[str]:
    """The first axis down, the second across."""
    scale = figures.scale(chain.from_iterable(section.cells.values()))
    across = section.columns if len(said.axes) > 1 else []
    head = [said.axes[0], *(f'{said.axes[1]} {pivot.label(column) or "-"}' for column in across), f'Avg {said.metric.name}']
    return _table(head, (
        [pivot.label(row), *(scale.show(section.mean(row, column)) for column in across), scale.show(section.average(row))]
        for row in section.rows
    ))


def _mixed(said: Document, section: Section) -> list[str]:
    """Which means are of several trees, and of which."""
    mixed = sorted((places for places, names in section.trees.items() if len(names) > 1), key=lambda one: [*map(pivot.order, one)])
    lines = [f'- {_at(said, places)}: {view.listed(section.trees[places])}' for places in mixed]
    return ['Of several trees are the means at', '', *lines, ''] if mixed else []


def _at(said: Document, places: tuple[Place, Place]) -> str:
    return ', '.join(f'{axis} {pivot.label(one) or "-"}' for axis, one in zip(said.axes[:2], places))


def _analysis(said: Document, section: Section) -> list[str]:
    if said.metric.direction != 'min':
        return [f'No fit: higher {said.metric.name} is better, and the power law is one of errors.']
    try:
        fit = section.fit(said.noise)
    except ValueError as error:
        return [f'No fit: {error}.']
    r2 = '-' if fit.r2 is None else f'{fit.r2:.4f}'
    change = f'{abs(fit.reduction):.0f}% error {"reduction" if fit.reduction >= 0 else "increase"}'
    axis = said.axes[0]
    sure = '' if fit.r2 is not None or not fit.alpha else ', by two sizes, which any law fits: a third one shows whether it is one'
    return [
        f'{said.metric.name} = {fit.factor:.4g} * {axis} ^ -{fit.alpha:.4g}'.replace('^ --', '^ '), '',
        f'- Alpha (α): {fit.alpha:.4f}', f'- R²: {r2}', f'- Interpretation: {fit.strength} scaling; 10x {axis} yields ~{change}{sure}',
    ]


def _individual(said: Document, section: Section) -> list[str]:
    """A table for each place on the first axis, for each experiment where there is none."""
    found: dict[Place, list[Result]] = {}
    for run in section.runs:
        found.setdefault(pivot.place(run, said.axes[0]) if said.axes else run.experiment, []).append(run)
    scale = figures.scale(run.value for run in section.runs)
    heads = {one: ' '.join([*said.axes[:1], pivot.label(one) or '-']) for one in pivot.ordered(found)}
    return [line for one, head in heads.items() for line in (f'#### {head}', '', *_runs(said, found[one], scale), '')]


def _runs(said: Document, runs: Iterable[Result], scale: Scale) -> list[str]:
    axes = said.axes[1:2]
    head = ['Experiment', 'Version', 'Commit', *axes, 'Seed', said.metric.name, 'Status', 'Verdict', 'Seconds']
    return _table(head, (
        [
            run.experiment, run.version, run.commit and run.commit[:10], *(pivot.label(pivot.place(run, axis)) for axis in axes),
            None if run.seed is None else str(run.seed), scale.show(run.value), run.status.value,
            f'bug: {said.covered[run.id]}' if run.id in said.covered else run.verdict, figures.seconds(run.seconds),
        ]
        for run in runs
    ))


def _table(head: Sequence[str], rows: Iterable[Sequence[str | None]]) -> list[str]:
    return [_line(head), _line(['---'] * len(head)), *map(_line, rows)]


def _line(cells: Iterable[str | None]) -> str:
    return f'| {" | ".join("-" if one is None else " ".join(one.split()).replace("|", chr(92) + "|") for one in cells)} |'


def as_json(said: Document) -> dict[str, Any]:
    """The same as values."""
    return {
        'experiments': len({run.experiment for run in said.runs}), 'runs': len(said.runs),
        'ok': sum(run.status is Status.OK for run in said.runs), 'axes': list(said.axes),
        'sections': [_values(said, one) for one in said.sections if said.axes],
    }


def _values(said: Document, section: Section) -> dict[str, Any]:
    why = None
    try:
        fit = section.fit(said.noise) if said.metric.direction == 'min' else None
    except ValueError as error:
        fit, why = None, str(error)
    cells = [
        {'places': [*places], 'mean': seeds.mean(values), 'n': len(values), 'trees': [*section.trees[places]]}
        for places, values in section.cells.items()
    ]
    return {
        'places': list(section.places), 'cells': cells,
        'fit': fit and {**fit._asdict(), 'strength': fit.strength, 'reduction': fit.reduction}, 'no_fit': why,
    }
