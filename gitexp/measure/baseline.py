"""What the unchanged trunk measures, and how far chance moves it."""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from gitexp.core.finding import Finding
from gitexp.lab.config import Baseline, Metric
from gitexp.lab.lab import Lab
from gitexp.ledger.result import Result, Status
from gitexp.measure import evaluate, subject
from gitexp.measure.evaluate import Evaluation
from gitexp.measure.verdict import Sample
from gitexp.measure.voice import Voice

SEEDS = 3
_MINUTE = 60.0


@dataclass(frozen=True)
class Measured:
    """`findings` are what is wrong with the baseline; those of level 'warning' do not fail it. Seconds are the mean of a run."""

    evaluation: Evaluation
    sample: Sample | None
    seconds: float | None
    findings: list[Finding]

    @property
    def passes(self) -> bool:
        return self.evaluation.failure is None and all(one.level == 'warning' for one in self.findings)


def baseline(lab: Lab, *, count: int = SEEDS, words: Sequence[str] = (), voice: Voice) -> Measured:
    """Measure the trunk's commit with so many seeds, and the first of them once more."""
    seeds = evaluate.seeds_of(lab.config, count)
    done = evaluate.measure(lab, subject.trunk(lab), seeds=[*seeds, seeds[0]], words=words, voice=voice)
    return judged(done, lab.config.metric, lab.config.baseline)


def judged(done: Evaluation, metric: Metric, wanted: Baseline) -> Measured:
    """Hold the runs of a baseline against what a baseline must be."""
    runs = [result for result in done.results if result.status is Status.OK and result.value is not None]
    sample = Sample(tuple((run.seed, run.value) for run in runs if run.value is not None)) if runs else None
    times = [run.seconds for run in runs if run.seconds is not None]
    seconds = sum(times) / len(times) if times else None
    checks = [_time(seconds, wanted), _repeat(runs, metric, wanted), _noise(sample, metric), *_plausible(runs, metric)]
    return Measured(done, sample, seconds, [found for found in checks if found])


def _time(seconds: float | None, wanted: Baseline) -> Finding | None:
    if seconds is None or wanted.minutes[0] * _MINUTE <= seconds <= wanted.minutes[1] * _MINUTE:
        return None
    shortest, longest = wanted.minutes
    short = seconds < shortest * _MINUTE
    return Finding(
        'minutes', 'baseline',
        f'a run takes {seconds / _MINUTE:.2g} minutes, {"less" if short else "more"} than the {shortest if short else longest:g} wanted',
        way=f'train longer or evaluate more, so that effects show; or, if that is meant: baseline: {{minutes: [0, {longest:g}]}}' if short
        else 'train or evaluate less, so that a day holds enough runs',
        where='gitexp.yaml, baseline: minutes',
    )


def _repeat(runs: Sequence[Result], metric: Metric, wanted: Baseline) -> Finding | None:
    """The last run repeats the seed of the first."""
    if len(runs) < 2 or runs[0].seed != runs[-1].seed:
        return None
    first, again = runs[0].value, runs[-1].value
    assert first is not None and again is not None
    if abs(first - again) <= wanted.tolerance:
        return None
    return Finding(
        'determinism', 'baseline', f'seed {runs[0].seed} gave {metric.name} {first!r}, and {again!r} when it was run again',
        way='seed every source of chance, fix the order of the data and the split; or allow for it: baseline: {tolerance: X}',
        where='gitexp.yaml, baseline: tolerance',
    )


def _noise(sample: Sample | None, metric: Metric) -> Finding | None:
    sd = sample.sd if sample else None
    if sd is None or not metric.min_effect or sd < metric.min_effect:
        return None
    return Finding(
        'noise', 'baseline', f'the seeds differ by sd {sd:.2g}, and the smallest effect wanted is {metric.min_effect:g}', level='warning',
        way='use more evaluation data, a smaller model, or a proxy metric with less noise; comparing at equal seeds may be enough',
        where='gitexp.yaml, metric: min_effect',
    )


def _plausible(runs: Sequence[Result], metric: Metric) -> list[Finding]:
    odd = [run.value for run in runs if run.value is not None and not metric.plausible(run.value)]
    return [Finding(
        'bounds', 'baseline', f'{metric.name} {odd[0]:.6g} is outside the plausible {list(metric.bounds or ())} and does not compete',
        way='correct the evaluation, or the bounds', where='gitexp.yaml, metric: bounds',
    )] if odd else []
