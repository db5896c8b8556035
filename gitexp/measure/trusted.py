"""What the runs of the unchanged trunk must show before anything is compared with them."""
from __future__ import annotations

import math
import os
from collections.abc import Callable, Sequence

from gitexp.core.errors import Refused
from gitexp.core.finding import Finding
from gitexp.lab.config import Baseline, Config, Metric
from gitexp.lab.lab import Lab
from gitexp.ledger import counting, read
from gitexp.ledger.result import Kind, Result, Status
from gitexp.ledger.retired import NOTHING, Retired
from gitexp.verdict import flags
from gitexp.verdict.noise import Sample

SEEDS = 3
_MINUTE = 60.0
_NOTHING = 'no run of it has given a value that counts'


def require(lab: Lab, eval_id: str) -> None:
    """Raise Refused until the baseline of an evaluation has passed, but in meta mode."""
    found = _judged(lab, *read.trunk(lab, eval_id))
    if [] in found or _lifted(lab):
        return
    if not found:
        raise Refused('nothing is evaluated before the unchanged trunk is: this evaluation has no baseline', hint='git exp baseline')
    first = found[-1][0]
    raise Refused(f'nothing is evaluated before a baseline has passed: {first.message}', hint=way(first))


def failing(lab: Lab, rows: Sequence[Result], gone: Retired) -> Finding | None:
    """What keeps the newest baseline of an evaluation from passing, or that there is none; None where one passes or is not asked for.

    `rows` and `gone` are what `read.trunk` says.
    """
    found = _judged(lab, rows, gone) if lab.config.baseline.required else [[]]
    if [] in found or _lifted(lab):
        return None
    return found[-1][0] if found else Finding('none', 'baseline', 'this evaluation has none', way='git exp baseline')


def way(found: Finding) -> str:
    """What to do where that keeps a baseline from passing."""
    return found.way if 'git exp baseline' in found.way else f'{found.way}; once mended: git exp baseline'


def refuse_picked(lab: Lab, tree: str, eval_id: Callable[[], str]) -> None:
    """Raise Refused for a tree of the trunk that cannot pass, however often it is run."""
    if not read.mentions(lab, Kind.SUPERSEDE.value):
        return
    rows, gone = read.trunk(lab, eval_id())
    runs = [row for row in rows if row.tree == tree and gone.why(row) is None]
    for one in _picked(rows, runs, gone, lab.config.metric):
        raise Refused(f'the baseline cannot pass: {one.message}', hint=way(one))


def errors(results: Sequence[Result], config: Config, gone: Retired = NOTHING) -> list[Finding]:
    """What keeps a baseline from being trusted."""
    return [one for one in findings(results, config, gone) if one.level == 'error']


def findings(results: Sequence[Result], config: Config, gone: Retired = NOTHING) -> list[Finding]:
    """Hold the runs of a baseline against what the lab wants of one; of `gone` only what was restored matters."""
    metric, wanted = config.metric, config.baseline
    runs = counted(results, metric, gone)
    checks = [
        _contention(results, metric), _count(runs) if runs else _none(results, config), _time(seconds(runs), wanted),
        _repeat(runs, metric, wanted), _noise(sample(runs), metric, wanted), _alike(runs), _plausible(runs, metric),
    ]
    return [found for found in checks if found]


def counted(results: Sequence[Result], metric: Metric, gone: Retired = NOTHING) -> list[Result]:
    """The runs that have a value to go by, plausible or not."""
    ground = counting.measured_on(results, metric, gone)
    return [one for one in results if one.status is Status.OK and one.value is not None and counting.why_not(one, metric, ground) is None]


def sample(runs: Sequence[Result]) -> Sample | None:
    """Their values by seed."""
    return Sample((run.seed, run.value) for run in runs if run.value is not None) if runs else None


def seconds(runs: Sequence[Result]) -> float | None:
    """The mean time of a run."""
    times = [run.seconds for run in runs if run.seconds is not None]
    return sum(times) / len(times) if times else None


def _judged(lab: Lab, rows: Sequence[Result], gone: Retired) -> list[list[Finding]]:
    """What is wrong with the runs of each tree of the trunk that nothing has retired, the newest at the end."""
    return [
        [*_picked(rows, runs, gone, lab.config.metric), *errors(runs, lab.config, gone)]
        for runs in _trees([row for row in rows if gone.why(row) is None])
    ]


def _trees(rows: Sequence[Result]) -> list[list[Result]]:
    found: dict[str | None, list[Result]] = {}
    for row in rows:
        found.setdefault(row.tree, []).append(row)
    return list(found.values())


def _picked(rows: Sequence[Result], runs: Sequence[Result], gone: Retired, metric: Metric) -> list[Finding]:
    """What is left of a tree of which some `rows` are retired, and not its `runs`, may be left for its value."""
    data = counting.measured_on(runs, metric, gone)
    found = counting.picked(rows, [one for one in runs if counting.competes(one, metric, data)], metric, gone, data)
    if not found:
        return []
    name, = found.values()
    bug = next(why.bug for why in gone.ids.values() if why.event == name)
    return [Finding(
        'picked', 'baseline', f"because of '{bug}' some of its runs are retired and others count, so that the mean may be picked",
        way=f'retire the rest too: git exp supersede baseline --bug {bug} --eval-id {runs[0].eval_id}',
        where='docs/verdict.md',
    )]


def _lifted(lab: Lab) -> bool:
    from gitexp.rules import meta  # Seldom asked.
    return meta.of(lab.git, lab.trunk_commit, os.environ, lab.config.humans).on


def _contention(results: Sequence[Result], metric: Metric) -> Finding | None:
    if not any(counting.why_not(one, metric) == counting.CONTENDED for one in results):
        return None
    return Finding(
        'contention', 'baseline', 'a run had to share its GPU, so that it has done less in its time', level='warning',
        way='wait until the GPU is free', where='gitexp.yaml, metric: time_limited',
    )


def _none(results: Sequence[Result], config: Config) -> Finding:
    """The last run says why; where it has failed, the next one would fail as well."""
    last = results[-1] if results else None
    reason = last.env.get('reason') if last else None
    log = f'{config.paths.experiments}/{last.experiment}/exp_log/{last.id}*.log' if last else ''
    return Finding(
        'seeds', 'baseline', _NOTHING + (f': {reason}' if reason else ''),
        way=f'see its log in the root: less {log}' if reason else f'git exp baseline --seeds {SEEDS}', where='gitexp.yaml, baseline',
    )


def _count(runs: Sequence[Result]) -> Finding | None:
    n = len({run.seed for run in runs})
    if n >= SEEDS:
        return None
    return Finding(
        'seeds', 'baseline', f'{n} {"seed says" if n == 1 else "seeds say"} too little of the noise: it takes {SEEDS}',
        way=f'git exp baseline --seeds {SEEDS}', where='gitexp.yaml, baseline',
    )


def _time(mean: float | None, wanted: Baseline) -> Finding | None:
    shortest, longest = wanted.minutes
    if mean is None or shortest * _MINUTE <= mean <= longest * _MINUTE:
        return None
    short = mean < shortest * _MINUTE
    mended = 'train longer or evaluate more, so that effects show' if short else 'train or evaluate less, so that a day holds enough runs'
    allowed = f'[0, {longest:g}]' if short else f'[{shortest:g}, {10 * math.ceil(mean / _MINUTE / 10)}]'
    return Finding(
        'minutes', 'baseline',
        f'a run takes {mean / _MINUTE:.2g} minutes, {"less" if short else "more"} than the {shortest if short else longest:g} wanted',
        way=_either(mended, f'{"short" if short else "long"} runs are meant', f'baseline: {{minutes: {allowed}}}'),
        where='gitexp.yaml, baseline: minutes',
    )


def _repeat(runs: Sequence[Result], metric: Metric, wanted: Baseline) -> Finding | None:
    """A seed that was run twice must give the same value."""
    values: dict[int | None, list[float]] = {}
    for run in runs:
        values.setdefault(run.seed, []).append(run.value if run.value is not None else 0.0)
    repeated = {seed: said for seed, said in values.items() if seed is not None and len(said) > 1}
    if not repeated:
        return Finding(
            'determinism', 'baseline', 'no seed has been run twice', way='git exp baseline', where='gitexp.yaml, baseline: tolerance',
        ) if runs else None
    seed, said = max(repeated.items(), key=lambda one: max(one[1]) - min(one[1]))
    if max(said) - min(said) <= wanted.tolerance:
        return None
    other = next(value for value in said if value != said[0])
    return Finding(
        'determinism', 'baseline', f'seed {seed} gave {metric.name} {said[0]!r}, and {other!r} when it was run again',
        way=_either('seed every source of chance, fix the order of the data and the split', 'that is as near as it gets',
                    f'baseline: {{tolerance: {_number(2 * (max(said) - min(said)))}}}'),
        where='gitexp.yaml, baseline: tolerance',
    )


def _noise(found: Sample | None, metric: Metric, wanted: Baseline) -> Finding | None:
    sd = found.sd if found else None
    if sd and wanted.max_sd is None and not metric.min_effect:
        return Finding(
            'noise', 'baseline', f'the seeds differ by sd {sd:.2g}, and nothing says whether that is much', level='warning',
            way='write in gitexp.yaml the smallest gain that matters: metric: {min_effect: …}; below the sd, baseline: {max_sd: …} too',
            where='gitexp.yaml, metric: min_effect',
        )
    if not sd or (sd <= wanted.max_sd if wanted.max_sd is not None else sd < metric.min_effect):
        return None
    asked = f'baseline.max_sd is {wanted.max_sd:g}' if wanted.max_sd is not None else f'the smallest effect wanted is {metric.min_effect:g}'
    return Finding(
        'noise', 'baseline', f'the seeds differ by sd {sd:.2g}, and {asked}',
        way=_either('use more evaluation data, a smaller model, or a proxy metric with less noise',
                    'comparing at equal seeds is known to be enough', f'baseline: {{max_sd: {_number(2 * sd)}}}'),
        where='gitexp.yaml, metric: min_effect',
    )


def _alike(runs: Sequence[Result]) -> Finding | None:
    """Every gain would be more than a noise of 0."""
    if len({run.seed for run in runs}) == 1 or len({run.value for run in runs}) != 1:
        return None
    return Finding(
        flags.NOISELESS, 'baseline', flags.MEANINGS[flags.NOISELESS], level='warning', where='docs/verdict.md',
        way='write {seed} into the command, or have it read $EXP_SEED; where nothing in it is left to chance, all is well',
    )


def _plausible(runs: Sequence[Result], metric: Metric) -> Finding | None:
    odd = [run.value for run in runs if run.value is not None and not metric.plausible(run.value)]
    return Finding(
        'bounds', 'baseline', f'{metric.name} {odd[0]:.6g} is outside the plausible {list(metric.bounds or ())} and does not compete',
        way=_either('correct the evaluation', 'the value is real', 'bounds that hold it'), where='gitexp.yaml, metric: bounds',
    ) if odd else None


def _either(mended: str, meant: str, allowed: str) -> str:
    """What a person may do: what is allowed is read from gitexp.yaml at every evaluation, what is mended has not been measured."""
    return (f'{mended}, and run git exp baseline again; or, if {meant}, write in gitexp.yaml: {allowed}; '
            'then nothing need be run again')


def _number(value: float) -> str:
    """A number of one digit as YAML takes it, which reads 1e-05 as a text."""
    return f'{value:.1g}'.replace('e', '.0e')
