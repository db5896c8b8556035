"""git exp eval --of vN --with FIX: what a retired version has trained, before and after a fix."""
from __future__ import annotations

from typing import Any

from gitexp.commands import here, measuring, out
from gitexp.lab.config import Metric
from gitexp.ledger.result import Result
from gitexp.measure import again
from gitexp.measure.again import Again
from gitexp.report import figures, table
from gitexp.report.table import Column


def run(version: str, fix: str, *, slug: str | None, show: bool | None, as_json: bool, args: tuple[str, ...]) -> None:
    """Evaluate again, and print what came of it."""
    lab = here.lab(afresh=True)
    with measuring.voice(show) as voice:
        done = again.evaluate_again(lab, here.experiment(lab, slug, named=measuring.NAMED), version, fix, words=args, voice=voice)
    measuring.renew(lab, [after for _, after in done.pairs])
    if as_json:
        out.data(_data(done))
    else:
        _answer(done, version, lab.config.metric)
    if done.failure:
        raise done.failure


def _answer(done: Again, version: str, metric: Metric) -> None:
    scale = figures.scale(row.value for pair in done.pairs for row in pair)
    rows = [
        (before.id, before.commit and before.commit[:10], None if before.seed is None else str(before.seed), _value(before, scale),
         _value(after, scale), scale.change(_gain(before, after, metric)))
        for before, after in done.pairs
    ]
    columns = [
        Column('trained by', spare=1), Column('at commit'), Column('seed', right=True), Column(version, right=True),
        Column('now', right=True), Column('gain', right=True),
    ]
    out.answer(f"{done.slug} {done.version}: {metric.name} by the evaluation of {done.commit[:10]}; nothing was trained")
    out.answer(table.text(columns, rows, width=out.room()))


def _value(row: Result, scale: figures.Scale) -> str | None:
    return row.status.value if row.value is None else scale.show(row.value)


def _gain(before: Result, after: Result, metric: Metric) -> float | None:
    return None if before.value is None or after.value is None else metric.gain(after.value, before.value)


def _data(done: Again) -> dict[str, Any]:
    return {
        'experiment': done.slug, 'version': done.version, 'inference_commit': done.commit,
        'runs': [
            {'of': before.id, 'id': after.id, 'seed': after.seed, 'commit': after.commit, 'before': before.value, 'value': after.value,
             'status': after.status.value}
            for before, after in done.pairs
        ],
        'failed': done.failure.message if done.failure else None,
    }
