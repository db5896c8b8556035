"""git exp eval"""
from __future__ import annotations

from gitexp.commands import here, measuring, options, out
from gitexp.commands.declare import command, option, whole
from gitexp.core.errors import Usage
from gitexp.core.finding import few
from gitexp.experiment.same import Way
from gitexp.lab.config import Metric
from gitexp.lab.lab import Lab
from gitexp.ledger import counting
from gitexp.measure import evaluate, protocol
from gitexp.measure.evaluate import Evaluation
from gitexp.report import figures, flagged, since, table
from gitexp.verdict import doubt
from gitexp.verdict.decide import Decision
from gitexp.verdict.noise import Sample
from gitexp.verdict.verdict import Kind


@command(
    option('--seed', type=whole(0), metavar='N',
           help='Run seed N only. One that the lab has not named makes no verdict.'),
    option('--seeds', dest='count', type=whole(1, 1000), metavar='N',
           help="Run the first N of the lab's seeds, whatever the first one gives; past the last they count up."),
    option('--of', dest='version', metavar='vN', help='Evaluate again what the retired version vN has trained; goes with --with.'),
    option('--with', dest='fix', metavar='FIX', help='A name for what is different now, for results_vN_with_FIX.'),
    option('--despite', metavar='BUG', completes=options.bugs,
           help='Evaluate a tree whose results BUG has retired, since it was in no file of the tree.'),
    measuring.slug,
    measuring.show,
    options.as_json,
    measuring.args,
)
def eval(
    seed: int | None, count: int | None, version: str | None, fix: str | None, despite: str | None,
    slug: str | None, show: bool | None, as_json: bool, args: tuple[str, ...],
) -> None:
    """Evaluate the committed tree and append a row.

    Runs the lab's commands on the commit of the experiment, in a checkout of its own: with the first seed that the lab has
    named and, if that shows promise, with the others. Seeds that the tree has already are not run again, but with --seed.
    Every run that starts becomes a row of the ledger, whatever its end. Then says how the tree compares with the best
    other one; it takes as many seeds as the lab names to be better. Exits 0 whatever the verdict.

    It is refused until a baseline has passed (git exp baseline), and for a tree whose results a bug has retired.

    With --of vN --with FIX the committed evaluation code meets what each run of the retired version vN has trained: does it
    give other numbers, the bug was on the side of inference. The rows have the version vN_with_FIX and the commit that
    trained, and compete with nothing; what a run leaves goes to results_vN_with_FIX/.

    ARGS after -- are added to the evaluation's command line. They make it another evaluation: its rows compare with
    those that had the same ARGS, and no gain is believed before a baseline has been measured with them.
    """
    if seed is not None and count is not None:
        raise Usage('--seed and --seeds exclude each other')
    if version is not None or fix is not None:
        if version is None or fix is None or seed is not None or count is not None or despite is not None:
            raise Usage('--of and --with go together, and with no seeds', hint='git exp eval --of v1 --with FIX')
        from gitexp.commands import reevaluation  # Seldom wanted, and every evaluation would wait for it.
        reevaluation.run(version, fix, slug=slug, show=show, as_json=as_json, args=args)
        return
    lab = here.lab(afresh=True)
    seeds = protocol.of(lab.config, seed=seed, count=count)
    which = here.experiment(lab, slug, named=measuring.NAMED)
    with measuring.voice(show) as voice:
        done = evaluate.evaluate(lab, which, seeds=seeds, words=args, voice=voice, despite=despite)
    measuring.renew(lab, done.results)
    if as_json:
        decision = done.decision.as_json() if done.decision else None
        out.data({**measuring.as_json(done), 'decision': decision, 'screened_out': list(done.left)})
    else:
        own = done.decision is None and lab.git.run('rev-parse', f'{lab.trunk_commit}^{{tree}}').text == done.subject.tree
        _answer(done, lab.config.metric, own=own)
        _hint(lab, done, args, own=own)
    if done.failure:
        raise done.failure


def _answer(done: Evaluation, metric: Metric, *, own: bool) -> None:
    """`own`: what was measured is the tree of the trunk."""
    what = f'{done.subject.slug} {done.subject.version}'
    if done.decision:
        out.answer(f'{out.bold(done.decision.verdict.kind.value)}: {what} against {done.decision.against}')
        for line in [*_numbers(done.decision, metric), *_flags(done.decision), *_screened(done, done.decision)]:
            out.answer(f'    {line}')
    elif done.failure is None and (not done.results or any(result.verdict for result in done.results)):
        out.answer(f'{out.bold("provisional")}: {what}, since {"it is the trunk itself" if own else "there is nothing to hold it against"}')
    elif done.failure is None:
        out.answer(f'no verdict: {_silent(done, what)}')


def _numbers(decision: Decision, metric: Metric) -> list[str]:
    said = decision.verdict
    scale = figures.scale([said.mean, said.reference_mean])
    return [
        f'{metric.name} {scale.show(said.mean)} (n={said.n}) against {scale.show(said.reference_mean)} (n={said.reference_n})',
        said.why,
    ]


def _flags(decision: Decision) -> list[str]:
    one, other = (Sample(standing.runs).sd for standing in (decision.candidate, decision.reference))
    said = (f'flag: {flagged.told(flag, sd=one, other=other)}' for flag in decision.verdict.flags)
    return [line for flag in said for line in table.wrapped(flag, out.width() - 4).split('\n')]


def _screened(done: Evaluation, decision: Decision) -> list[str]:
    """What the first seed was short of."""
    if not done.left or decision.screen is None:
        return []
    step = f'{"gains" if decision.screen.gain >= 0 else "loses"} {abs(decision.screen.gain):.3g}'
    wanted = f'only a gain of {decision.screen.wanted:.2g} is promising'
    return [f'the first seed {step}, and {wanted}: {evaluate.named(done.left)} not run']


def _silent(done: Evaluation, what: str) -> str:
    """Why nothing is said of the runs."""
    if done.results and all(counting.UNDECLARED in result.params for result in done.results):
        return 'a seed that the lab has not named counts for nothing'
    return f'{what} has no value that counts'


def _hint(lab: Lab, done: Evaluation, args: tuple[str, ...], *, own: bool) -> None:
    """What to do next, where something is open."""
    slug, wanted = done.subject.slug, len(lab.config.seeds)
    if done.decision and done.decision.verdict.kind in (Kind.WORSE, Kind.INCONCLUSIVE):
        if since.is_idle(lab, done.subject.commit, slug=slug):
            out.hint(f"it is the code of '{lab.trunk}' so far: change something, commit it, and again: git exp eval")
            return
        if lacks := since.lacking(lab, done.subject.commit, slug=slug):
            out.hint(f"it lacks what '{lab.trunk}' has changed, {few(lacks)}: git merge {lab.trunk}, and again: git exp eval")
    if done.left:
        out.hint(f'to run all the same: git exp eval --seeds {wanted}')
    elif done.decision and done.decision.unfounded and done.decision.verdict.kind is Kind.PROVISIONAL:
        out.hint(_first(lab, done.decision.unfounded, args))
    elif done.decision and done.decision.verdict.gain > 0 and doubt.of(done.decision.verdict.flags):
        out.hint(f"look for a leak; if there is one: git exp supersede {slug} --bug NAME; if not: git exp confirm {slug} --because WHY")
    elif done.decision and done.failure is None and done.decision.verdict.kind is Kind.PROVISIONAL and done.decision.verdict.n < wanted:
        out.hint('git exp eval')
    elif done.decision is None and done.failure is None and (not done.results or any(result.verdict for result in done.results)):
        out.hint('change something and commit it' if own else _baseline(args))
    elif done.decision and done.failure is None and done.decision.verdict.kind is Kind.BETTER:
        out.hint(f'git exp eval, which git exp submit {slug} goes by' if args else f'git exp submit {slug}')


def _first(lab: Lab, way: Way, args: tuple[str, ...]) -> str:
    """What comes before a gain is believed."""
    if way is Way.MERGE:
        return f'git merge {lab.trunk}, then: git exp eval'
    return f"git -C '{lab.root}' pull, then: {_baseline(args)}" if way is Way.PULL else _baseline(args)


def _baseline(args: tuple[str, ...]) -> str:
    """How to measure that of the same evaluation."""
    import shlex  # Seldom asked.
    return f'git exp baseline -- {shlex.join(args)}' if args else 'git exp baseline'
