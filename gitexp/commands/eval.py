"""git exp eval"""
from __future__ import annotations

import click

from gitexp.commands import here, measuring, options, out
from gitexp.core.errors import Usage
from gitexp.lab.config import Metric
from gitexp.measure import evaluate
from gitexp.measure.decide import Decision
from gitexp.measure.evaluate import Evaluation
from gitexp.report import figures


@click.command()
@click.option('--seed', type=click.IntRange(min=0), metavar='N', help='Run seed N only.')
@click.option('--seeds', 'count', type=click.IntRange(1, 1000), metavar='N',
              help="Run the first N of the lab's seeds. Default: all of them.")
@measuring.slug
@measuring.show
@options.as_json
@measuring.args
def eval(seed: int | None, count: int | None, slug: str | None, show: bool | None, as_json: bool, args: tuple[str, ...]) -> None:
    """Evaluate the committed tree and append a row.

    Runs the lab's commands on the commit of the experiment, in a checkout of its own, once for each seed. Every run
    that starts becomes a row of the ledger, whatever its end. Then says how the tree compares with the best other one.
    Exits 0 whatever the verdict.

    ARGS after -- are added to the evaluation's command line. They make it another evaluation: its rows compare with
    those that had the same ARGS.
    """
    if seed is not None and count is not None:
        raise Usage('--seed and --seeds exclude each other')
    lab = here.lab(afresh=True)
    seeds = [seed] if seed is not None else evaluate.seeds_of(lab.config, count)
    with measuring.voice(show) as voice:
        done = evaluate.evaluate(lab, here.experiment(lab, slug), seeds=seeds, words=args, voice=voice)
    if as_json:
        out.data({**measuring.as_json(done), 'decision': done.decision.as_json() if done.decision else None})
    else:
        _answer(done, lab.config.metric)
    if done.failure:
        raise done.failure


def _answer(done: Evaluation, metric: Metric) -> None:
    what = f'{done.subject.slug} {done.subject.version}'
    if done.decision:
        out.answer(f'{out.bold(done.decision.verdict.kind.value)}: {what} against {done.decision.against}')
        for line in _numbers(done.decision, metric):
            out.answer(f'    {line}')
    elif done.failure is None and any(result.verdict for result in done.results):
        out.answer(f'{out.bold("provisional")}: {what}, since there is nothing to hold it against')
        out.hint('git exp baseline')
    elif done.failure is None:
        out.answer(f'no verdict: {what} has no plausible value')


def _numbers(decision: Decision, metric: Metric) -> list[str]:
    said = decision.verdict
    scale = figures.scale([said.mean, said.reference_mean])
    return [
        f'{metric.name} {scale.show(said.mean)} (n={said.n}) against {scale.show(said.reference_mean)} (n={said.reference_n})',
        said.why,
        *(f'flag: {flag}' for flag in said.flags),
    ]
