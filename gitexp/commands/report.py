"""git exp report"""
from __future__ import annotations

from datetime import datetime, timezone
from pathlib import Path

from gitexp.commands import here, measuring, options, out
from gitexp.commands.declare import command, option
from gitexp.core.errors import Usage
from gitexp.lab.lab import Lab
from gitexp.ledger import read
from gitexp.measure import protocol
from gitexp.report import counted, document, log, view


def _numbers() -> list[str]:
    """What runs say beside their metric."""
    from gitexp.report import sweep
    lab = Lab.find(Path.cwd())
    return sweep.names(counted.runs(lab, read.read(lab)))


def _retired() -> list[str]:
    """The versions of this experiment that a bug has retired."""
    from gitexp.report import compared
    lab = Lab.find(Path.cwd())
    return [*compared.retired(read.read(lab), lab.current.slug)] if lab.current else []


@command(
    option('--csv', metavar='FILE',
           help='Write all runs into FILE instead, as CSV, or to standard output where that is -; one that prints n_trials is a search '
                '(hpo), any other training.'),
    option('--sweep', metavar='NAME', completes=_numbers,
           help='Say instead which values of NAME, a number that runs print beside their metric, differ from the rest.'),
    option('--compare', metavar='vN', completes=_retired,
           help='Draw instead the metric of the current version, and beside it that of vN, which a bug has retired.'),
    options.slug,
    options.as_json,
)
def report(csv: str | None, sweep: str | None, compare: str | None, slug: str | None, as_json: bool) -> None:
    """Write docs/experiment_results.md from the ledger.

    Once it is there, each run that succeeds writes it anew; a page without its line "Generated: ... by git exp report" is left
    alone, and one that would say the same keeps its date. Where gitexp.yaml names axes:, numbers that a run prints beside its
    metric, the means of what counts are shown with the first one down and the second one across: of each tree and seed its first
    run, with the trees where there are several at one place. Then comes the power law that fits their fall with the first axis
    best, unless they both fall and rise by more than the noise, or differ by less; each further axis makes sections. It is a
    view: remove it, and it is written again as it was.

    With --sweep, the runs that count are compared where they share their seed and their places on the other axes; of trees
    that share NAME too, the mean is taken, and they are named. There the metric becomes a z-score over the values of NAME, and
    t of a value is the mean of its z over its standard error. Told apart is what has |t| > 2 with four seeds or more. Only the
    same seeds compare: what lacks some values is left out, or the values are that most lack, and either is named. It is a
    glance and no verdict: of five values that do not differ, one is told apart in half of all sweeps with four seeds, in a
    quarter with sixteen. Of two values z says only which one is lower, so that t is undefined where that is the same at every
    seed.

    With --compare, after a fix, two plots go into results/viz/ of the experiment whose worktree this is, or of SLUG:
    metric_curve.png is the metric of the current version over its runs, or over the steps where they have written it into
    EXP_OUT/metrics.jsonl; before_after_vN.png is the metric of each seed then and now, and the means. The gain is that at the
    seeds of both, if there are any; PLAN.md gets it where its section about the root cause has left the Delta open, and the
    fix has all the seeds. They are drawn anew over their own kind, and over nothing else. Then viz: of gitexp.yaml, where it
    is given, draws what the metric does not show.
    """
    if sum(one is not None for one in (csv, sweep, compare)) > 1:
        raise Usage('--csv, --sweep and --compare exclude each other')
    if as_json and csv is not None:
        raise Usage('--json and --csv exclude each other')
    if slug is not None and compare is None:
        raise Usage(f"'{slug}' is one word too many: an experiment is named for --compare only")
    lab = here.lab()
    if sweep is not None:
        _sweep(lab, sweep, as_json=as_json)
    elif compare is not None:
        _compare(lab, slug, compare, as_json=as_json)
    elif csv == '-':
        out.answer(view.encoded(log.text(lab)).decode().removesuffix('\n'))
    elif csv is not None:
        view.write(Path(csv), log.text(lab), ours=log.OURS)
        out.answer(Path(csv).absolute())
    elif as_json:
        out.data(document.as_json(document.of(lab)))
    else:
        out.answer(document.write(lab, datetime.now(timezone.utc)))


def _sweep(lab: Lab, name: str, *, as_json: bool) -> None:
    from gitexp.report import sweep
    contents = read.read(lab)
    runs = counted.runs(lab, contents)
    if others := counted.elsewhere(lab, contents, name):
        out.talk(f"left out: {len(others)} {'run' if len(others) == 1 else 'runs'} of other evaluations with '{name}'")
    if any(row.params.get('args') for row in others):  # They are what makes it another one.
        out.hint(f'to compare values of {name}: a commit for each, and git exp eval without ARGS')
    found = sweep.of(runs, name, axes=lab.config.axes, metric=lab.config.metric)
    if as_json:
        out.data(sweep.json(found))
        return
    out.answer(sweep.text(found, width=out.width()))
    way = sweep.way(found, runs, protocol.first(lab.config, sweep.SEEDS))
    if way:
        out.hint(way)


def _compare(lab: Lab, slug: str | None, version: str, *, as_json: bool) -> None:
    from gitexp.report import compared, overlay, viz
    which = here.experiment(lab, slug)
    found = compared.of(lab, which, version)
    drawn = overlay.draw(found, which)
    many = compared.seeds_to_run(found, lab.config)
    noted = found.is_fair and not many and compared.noted(found, which)
    if not as_json:
        out.answer(compared.text(found))
        out.answer('\n'.join(map(str, drawn.values())))
        if many:
            out.hint(f'to compare at all seeds of {version}: git exp eval --seeds {many}')
        elif noted:
            out.hint('PLAN.md says now what the fix has changed (Delta): commit it, with the plots')
    more: list[Path] | None = None
    try:
        if lab.config.viz:
            with measuring.voice(None) as voice:
                more = viz.draw(lab, which, found, lab.config.viz, voice=voice)
    finally:  # Whatever becomes of what the lab draws itself, the numbers are there.
        if as_json:
            own = {'viz': None if more is None else [*map(str, more)]} if lab.config.viz else {}
            out.data({**compared.json(found), **{name: str(path) for name, path in drawn.items()}, **own})
        elif more:
            out.answer('\n'.join(map(str, more)))
