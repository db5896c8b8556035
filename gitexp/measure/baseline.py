"""What the unchanged trunk measures, and how far chance moves it."""
from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from gitexp.core.finding import Finding
from gitexp.lab.config import Config
from gitexp.lab.lab import Lab
from gitexp.measure import evaluate, protocol, subject, trusted, yardstick
from gitexp.measure.evaluate import Evaluation
from gitexp.measure.protocol import Seeds
from gitexp.measure.voice import Voice
from gitexp.verdict.noise import Sample


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


def baseline(
    lab: Lab, *, count: int = trusted.SEEDS, words: Sequence[str] = (), written: Collection[str] = (), voice: Voice,
) -> Measured:
    """Measure the trunk's commit with so many seeds, and the first of them once more; what is `written` by git exp may be uncommitted.

    Raises Refused where that could not pass.
    """
    seeds, trunk = protocol.first(lab.config, count), subject.trunk(lab, written=written)
    trusted.refuse_picked(lab, trunk.tree, lambda: yardstick.of(lab).name(lab.config, words))
    done = evaluate.measure(lab, trunk, seeds=Seeds((*seeds, seeds[0])), words=words, voice=voice)
    return judged(done, lab.config)


def judged(done: Evaluation, config: Config) -> Measured:
    """Hold the runs of a baseline against what a baseline must be."""
    runs = trusted.counted(done.results, config.metric)
    return Measured(done, trusted.sample(runs), trusted.seconds(runs), trusted.findings(done.results, config))
