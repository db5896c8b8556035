"""git exp baseline"""
from __future__ import annotations

from gitexp.commands import here, measuring, options, out
from gitexp.commands.declare import command, option, whole
from gitexp.core.errors import No
from gitexp.lab.config import FILE, Metric
from gitexp.measure import baseline as measured, trusted
from gitexp.measure.baseline import Measured
from gitexp.report import figures


@command(
    option('--seeds', dest='count', type=whole(1, 1000), metavar='N', default=trusted.SEEDS,
           help=f"Run the first N of the lab's seeds, and the first once more; it takes three to pass. Default: {trusted.SEEDS}."),
    measuring.show,
    options.as_json,
    measuring.args,
)
def baseline(count: int, show: bool | None, as_json: bool, args: tuple[str, ...]) -> None:
    """Measure the unchanged trunk and its seed noise.

    Verdicts are made with this noise, and nothing is evaluated before a baseline has passed. It fails, exit 1, when a run
    takes less or more minutes than the lab wants, when the same seed gives another value the second time, when seeds differ by
    as much as the smallest effect, or when a value is not plausible; its rows are written all the same.

    ARGS after -- are added to the evaluation's command line, as for git exp eval.
    """
    lab = here.lab(afresh=True)
    with measuring.voice(show) as voice:
        done = measured.baseline(lab, count=count, words=args, written=measuring.written(lab), voice=voice)
    measuring.renew(lab, done.evaluation.results)
    if as_json:
        _data(done)
    else:
        _answer(done, lab.config.metric)
    if done.evaluation.failure:
        raise done.evaluation.failure
    if not done.passes:
        way = f'what {FILE} says a person changes: META_MODE=1 git commit {FILE}'
        raise No('the baseline does not pass', hint=way if any(FILE in one.way for one in done.findings) else None)


def _answer(done: Measured, metric: Metric) -> None:
    if done.sample:
        shown = figures.scale([done.sample.mean]).show(done.sample.mean)
        sd = figures.spread(done.sample.sd) or 'unknown'
        out.answer(f'baseline: {metric.name} {shown}, sd {sd}, n={done.sample.n}, {figures.seconds(done.seconds)} s a run')
    for one in done.findings:
        out.answer(f'{one.level}: {one.message}')
        out.answer(f'    rule: {one.rule} ({one.where})')
        out.answer(f'    do:   {one.way}')


def _data(done: Measured) -> None:
    sample = done.sample
    out.data({
        **measuring.as_json(done.evaluation), 'passes': done.passes, 'findings': [one.as_json() for one in done.findings],
        'mean': sample.mean if sample else None, 'sd': sample.sd if sample else None, 'n': sample.n if sample else 0,
        'seconds': done.seconds,
    })
