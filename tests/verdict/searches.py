"""Simulated searches: trees whose true gain is known, and the rules by which somebody may believe that one is better.

The unit is sigma, the standard deviation of one run. `shared` is the part of its variance that a seed does to every tree alike.
"""
from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random
from typing import NamedTuple

from gitexp.verdict import verdict
from gitexp.verdict.noise import Sample, pooled, residual
from gitexp.verdict.verdict import Kind, Verdict

SEEDS = (1, 2, 3)  # that the lab has named


class Lab:
    """Runs trees; the same seed of the same tree may be run once only."""

    def __init__(self, random: Random, shared: float) -> None:
        self._random = random
        self._own = (1 - shared) ** 0.5
        self._shared = shared ** 0.5
        self._common: dict[int, float] = {}

    def run(self, seed: int, gain: float = 0.0, scatter: float = 1.0) -> float:
        if seed not in self._common:
            self._common[seed] = self._random.gauss(0, self._shared)
        return gain + self._common[seed] + scatter * self._random.gauss(0, self._own)

    def tree(self, gain: float = 0.0, scatter: float = 1.0, seeds: Sequence[int] = SEEDS) -> Sample:
        return Sample(tuple((seed, self.run(seed, gain, scatter)) for seed in seeds))


class Tried(NamedTuple):
    """What was measured of a candidate, whether it is taken for better, and by how much it is said to be; `best` has what that got, too."""

    sample: Sample
    won: bool
    claim: float
    best: Sample | None = None


# Tries a candidate of a true gain against the best so far; the other trees are known too.
Rule = Callable[[Lab, float, Sample, Sequence[Sample]], Tried]


def judged(candidate: Sample, best: Sample, trees: Sequence[Sample]) -> Verdict:
    """The verdict as `git exp eval` says it."""
    known = [*trees, candidate]
    return verdict.compare(
        candidate, best, noise=pooled(known), residual=residual(known), direction='max', min_effect=0.0,
        named=SEEDS,
    )


def ours(lab: Lab, gain: float, best: Sample, trees: Sequence[Sample]) -> Tried:
    """One seed and, if it shows promise, the others: `git exp eval`."""
    first = lab.tree(gain, seeds=SEEDS[:1])
    known = [*trees, first]
    screen = verdict.screen(first, best, noise=pooled(known), residual=residual(known), direction='max')
    if screen and not screen.passed:
        return Tried(first, False, 0.0)
    return _weighed(Sample((*first.runs, *lab.tree(gain, seeds=SEEDS[1:]).runs)), best, trees)


def every_seed(lab: Lab, gain: float, best: Sample, trees: Sequence[Sample], scatter: float = 1.0) -> Tried:
    """All seeds, whatever the first gives: `git exp eval --seeds 3`."""
    return _weighed(lab.tree(gain, scatter), best, trees)


def peeking(lab: Lab, gain: float, best: Sample, trees: Sequence[Sample]) -> Tried:
    """Looks after each seed, and stops at the first that looks like a win."""
    runs: tuple[tuple[int | None, float], ...] = ()
    for seed in SEEDS:
        runs += ((seed, lab.run(seed, gain)),)
        tried = _weighed(Sample(runs), best, trees)
        if tried.won:
            break
    return tried


def extending(lab: Lab, gain: float, best: Sample, trees: Sequence[Sample]) -> Tried:
    """Adds a seed for as long as there is no win, up to nine."""
    tried = every_seed(lab, gain, best, trees)
    for seed in range(len(SEEDS) + 1, 10):
        if tried.won:
            break
        tried = _weighed(Sample((*tried.sample.runs, (seed, lab.run(seed, gain)))), best, trees)
    return tried


def extending_both(lab: Lab, gain: float, best: Sample, trees: Sequence[Sample]) -> Tried:
    """Adds a seed to either side in turn for as long as there is no win, up to nine each."""
    others, tried = [tree for tree in trees if tree is not best], every_seed(lab, gain, best, trees)
    for seed in range(len(SEEDS) + 1, 10):
        one = Sample((*tried.sample.runs, (seed, lab.run(seed, gain))))
        more = Sample((*best.runs, (seed, lab.run(seed)))) if best.n < seed else best
        for against in (best, more):
            if not tried.won:
                best, tried = against, _weighed(one, against, [*others, against])
    return tried._replace(best=best)


def keep_if_better(lab: Lab, gain: float, best: Sample, trees: Sequence[Sample]) -> Tried:
    """One run each, and the larger number wins."""
    one = lab.tree(gain, seeds=SEEDS[:1])
    claim = one.runs.values[0] - best.runs.values[0]
    return Tried(one, claim > 0, claim)


def best_of_three(lab: Lab, gain: float, best: Sample, trees: Sequence[Sample]) -> Tried:
    """Three runs each, of which the best is shown."""
    one = lab.tree(gain)
    claim = max(value for _, value in one.runs) - max(value for _, value in best.runs)
    return Tried(one, claim > 0, claim)


def mean_of_three(lab: Lab, gain: float, best: Sample, trees: Sequence[Sample]) -> Tried:
    """Three runs each, and the larger mean wins."""
    one = lab.tree(gain)
    return Tried(one, one.mean > best.mean, one.mean - best.mean)


class Search(NamedTuple):
    """What a search of rounds that improve nothing came to; `claims` is the gain believed after each."""

    wins: int
    claims: list[float]
    trees: list[Sample]
    best: Sample


def search(rule: Rule, shared: float, *, number: int = 0, rounds: int = 100) -> Search:
    """Try candidates of no true gain, each against the best so far; the first is a baseline of three seeds."""
    lab = Lab(Random(number), shared)
    best = lab.tree()
    trees, wins, claims = [best], 0, [0.0]
    for _ in range(rounds):
        tried = rule(lab, 0.0, best, trees)
        if tried.best:
            trees[trees.index(best)] = best = tried.best
        trees.append(tried.sample)
        claims.append(claims[-1] + (tried.claim if tried.won else 0.0))
        if tried.won:
            wins, best = wins + 1, tried.sample
    return Search(wins, claims[1:], trees, best)


def false_wins(rule: Rule, shared: float, *, searches: int, rounds: int = 100) -> float:
    """Wins in 100 rounds that improve nothing."""
    return 100 * sum(search(rule, shared, number=number, rounds=rounds).wins for number in range(searches)) / (searches * rounds)


def found(rule: Rule, gain: float, shared: float, *, trees: int, tries: int) -> float:
    """The share of candidates with this true gain over the baseline that win, when so many trees are known."""
    wins = 0
    for number in range(tries):
        lab = Lab(Random(number), shared)
        known = [lab.tree() for _ in range(trees)]
        wins += rule(lab, gain, known[0], known).won
    return wins / tries


def _weighed(candidate: Sample, best: Sample, trees: Sequence[Sample]) -> Tried:
    said = judged(candidate, best, trees)
    return Tried(candidate, said.kind is Kind.BETTER, said.gain)
