"""The trees of one evaluation, judged against each other by the noise of all of them, which is worked out once."""
from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable
from functools import cached_property
from operator import attrgetter

from gitexp.lab.config import Config, Metric
from gitexp.ledger.counting import Vain
from gitexp.ledger.result import WON, Kind, Result
from gitexp.ledger.seeds import Runs
from gitexp.ledger.standing import Standing, Standings
from gitexp.verdict import doubt, verdict
from gitexp.verdict.noise import Noise, Sample, floor, pooled, residual
from gitexp.verdict.verdict import Screen, Verdict

_GAINS = (verdict.Kind.BETTER, verdict.Kind.PROVISIONAL)
_LEAPT = f'it leaves out a gain of more than {verdict.JUMP} times everything gained before, which nobody has confirmed'
_UNFOUNDED = 'no baseline has been measured by this evaluation'
_UNSURE = 'what it is held against is retried, and nobody has confirmed it'


class Judged:
    """What stands against what under one evaluation.

    A tree is held against a champion: a baseline, or a tree that was better than the champion that it met. The highest
    mean of many trees is lucky, and held against it a true gain is missed: of gains of three sigma, simulated with 20
    trees that improve nothing, 71 % are found, against the champion 91 %.
    """

    def __init__(self, standings: Standings, metric: Metric, *, seeds: Collection[int] = (), required: bool = False) -> None:
        """`seeds` are those that it takes to be better, and a baseline where that is `required`."""
        self.standings = standings
        self.metric = metric
        self.seeds = seeds
        self.required = required

    @classmethod
    def of(cls, standings: Standings, config: Config) -> Judged:
        """By what a lab wants."""
        return cls(standings, config.metric, seeds=config.seeds, required=config.baseline.required)

    @cached_property
    def ranking(self) -> list[Standing]:
        """The trees, the best first, the earlier one of equals."""
        return self._ranked(self.standings.trees, attrgetter('mean'))

    @cached_property
    def baseline(self) -> Standing | None:
        return next((one for one in self.standings.trees if one.kind is Kind.BASELINE), None)

    @property
    def is_unfounded(self) -> bool:
        """Whether no gain is believed, for lack of a baseline."""
        return self.required and self.baseline is None

    @cached_property
    def champions(self) -> tuple[Standing, ...]:
        """The baselines, or else the first tree, and each tree that was better than the best of those before it.

        A baseline that lacks one of the seeds, as one that was interrupted, is none beside one that has them all.
        What was better in its day stays so, whatever has been learnt of the noise since: who measures junk makes noise. And a gain by
        seeds that may have been picked is one to be beaten all the same, since who may cast a doubt on it could take it out of the way;
        so is that by the best value of each seed.
        """
        baselines = [one for one in self.standings.trees if one.kind is Kind.BASELINE]
        found = [one for one in baselines if self.is_whole(one)] or baselines or list(self.standings.trees[:1])
        first, best = {one.tree for one in found}, self.hardest(found) if found else None
        for one in self.standings.trees:
            if best and one.tree not in first and self._beats(one, best):
                found.append(one)
                best = self.hardest([best, one])
        return tuple(found)

    @cached_property
    def _firm(self) -> list[Standing]:
        """The champions in their order, but for those that are a jump by what is known today: in their day a winner was retired."""
        names, found = {one.tree for one in self.champions}, list[Standing]()
        for one in self.standings.trees:
            if one.tree in names and not self._leaps(one, found):
                found.append(one)
        return found

    @property
    def champion(self) -> Standing | None:
        """What trees are held against, but its own."""
        return next(iter(self._podium), None)

    def leader(self, standing: Standing) -> Standing | None:
        """The best other champion, or without one the best other tree."""
        return self._foremost(lambda one: one.tree != standing.tree)

    def rival(self, standing: Standing) -> Standing | None:
        """The best champion of the other experiments, or without one their best tree: what an experiment has to beat.

        Its own earlier trees are not: a merge of the trunk, measured again, would never be better than before it. What another has
        measured as well is not its own. Nor is, of two winners that did not know of each other and are as good, the later one.
        """
        return self._foremost(lambda one: one.tree != standing.tree and not _are_of_one(one, standing) and self._holds(one, standing))

    def own_best(self, standing: Standing) -> Standing | None:
        """The best other champion of the same experiment, or without one its best other tree."""
        return self._foremost(lambda one: one.tree != standing.tree and _are_of_one(one, standing))

    def hardest(self, among: Iterable[Standing]) -> Standing:
        """What is hardest to beat of some trees, the first one of equals: that with the best mean of the best value of each seed."""
        return self._ranked(among, self._peak)[0]

    def verdict(self, standing: Standing, over: Standing, *, jumps: bool = True) -> Verdict:
        """How a tree compares with another; with `jumps`, a gain that is not to be believed is provisional until somebody confirms it."""
        if not jumps:
            return self._compared(standing, over, None, self.seeds)
        return self._believed(standing, over, self._gained_before(standing), self.seeds)

    def screen(self, standing: Standing, over: Standing) -> Screen | None:
        """Whether the first runs of a tree deserve more; None when no noise is known."""
        return verdict.screen(
            self.sample(standing), self.sample(over), noise=self._noise, residual=self._residual, direction=self.metric.direction,
        )

    def sample(self, standing: Standing) -> Sample:
        return self._samples[standing.tree]

    def sure_gain(self, standing: Standing, over: Standing) -> float:
        """What a tree gains by the worst value of each of its seeds over the best ones of another."""
        return self.metric.gain(self._ends(standing.runs)[0].mean, self._peak(over))

    def _beats(self, standing: Standing, over: Standing) -> bool:
        gain = self.metric.gain(self._peak(standing), self._peak(over))
        if gain <= self.metric.min_effect:
            return False
        if self.has_won(standing):
            return True
        before = self._gained(standing, over)
        if before is not None and verdict.jump(gain, before):
            return False
        one, other = self._at_best(standing), self._at_best(over)
        return standing.tree not in self._seedless and self._between(one, other, None, self.seeds).kind is verdict.Kind.BETTER

    def is_whole(self, standing: Standing) -> bool:
        """Whether a tree has a value of each seed that the lab names."""
        return {*self.seeds}.issubset(standing.runs.seeds)

    def _leaps(self, standing: Standing, firm: Iterable[Standing]) -> bool:
        """Whether a tree is a jump from the best of others."""
        others = [one for one in firm if one.tree != standing.tree]
        best = self.hardest(others) if others else None
        before = self._gained(standing, best) if best else None
        return best is not None and before is not None and verdict.jump(self.metric.gain(self._peak(standing), self._peak(best)), before)

    def has_won(self, standing: Standing) -> bool:
        """Whether it was better in its day, by a row of it or by one that confirms it."""
        row = self._confirmed(standing.tree)
        return standing.tree in self.standings.won or row is not None and row.verdict == WON

    def stands(self, standing: Standing) -> bool:
        """Whether a tree that has won is still better than what there was of others before it; what came later may hold it."""
        if not self.has_won(standing):
            return False
        before = self._foremost(lambda one: self._order[one.tree] < self._order[standing.tree] and not _are_of_one(one, standing))
        return before is not None and self.verdict(standing, before).kind is verdict.Kind.BETTER

    def _holds(self, other: Standing, standing: Standing) -> bool:
        """Whether a tree has to beat another: both may have won in clones of their own, and then one of them is taken."""
        is_later = self._order[other.tree] > self._order.get(standing.tree, math.inf)
        return not (is_later and self.has_won(standing) and self.has_won(other)) or self.stands(other)

    @cached_property
    def _order(self) -> dict[str, int]:
        return {one.tree: place for place, one in enumerate(self.standings.trees)}

    def _believed(self, standing: Standing, over: Standing, gained_before: float | None, seeds: Collection[int]) -> Verdict:
        """The same, with what else speaks against believing a gain."""
        if standing.tree in self._seedless:
            said = self._compared(standing, over, gained_before, ())
            near = 'nearly ' if self._measured[standing.tree].sd else ''
            why = f'its {standing.n} seeds gave {near}one value, where those of others differ, and count as one'
            return verdict.doubted(said, doubt.SEEDLESS, why)
        said = self._compared(standing, over, gained_before, seeds)
        luck = self._luck(standing, over) if said.kind in _GAINS and said.gain > 0 else None
        if luck:
            return verdict.doubted(said, doubt.RETRIED, luck)
        if said.kind in _GAINS and said.gain > 0 and doubt.JUMP not in said.flags and self._leaps(standing, self._firm):
            return verdict.doubted(said, doubt.JUMP, _LEAPT)
        beaten = said.kind in (verdict.Kind.WORSE, verdict.Kind.INCONCLUSIVE)
        return said._replace(why=f'{said.why}; {_UNSURE}') if beaten and (self._in_vain(over) or self._is_picked(over, over)) else said

    def _luck(self, standing: Standing, over: Standing) -> str | None:
        """Why what is compared may be what somebody has picked, None for nothing."""
        for seed, vain in self._in_vain(standing):
            return f'other runs of seed {seed} failed, did not compete or are retired: {vain.many}'
        if barren := self._barren(standing):
            return f'seed {barren[0]} was run as well, and gave no value that counts'
        for one, whose in ((standing, 'its own'), (over, "the other's")):
            if self._is_picked(one, standing):
                return f'some of {whose} runs are retired and others count'
        return self._doubt(standing, over)

    def _doubt(self, standing: Standing, over: Standing) -> str | None:
        """Why a tree is not better by all values that its seeds and the other's gave, None where it is, or somebody has confirmed that.

        Which of them came first is said by whoever ran them, in a clone of his own and as often as he likes, and shared the best.
        """
        ways = ((standing, 'its seed {}', 'worst'), (over, 'seed {} of the other', 'best'))
        several = [(who.format(seed), end) for one, who, end in ways for seed in one.runs.unsure()]
        if not several:
            return None
        if self.sure_gain(standing, over) >= self._seen(standing.tree, over.tree):
            return None
        said = self._between(Sample(self._ends(standing.runs)[0]), self._at_best(over), None, self.seeds)
        (who, end), *_ = several
        return None if said.kind in _GAINS and said.gain > 0 else f'{who} gave several values, and by the {end} of them it is not better'

    def _seen(self, tree: str, over: str) -> float:
        """The gain over another tree that somebody has confirmed, or else the largest one over any; without one it is infinite."""
        row = self._confirmed(tree)
        said = row.params.get('gains') if row else None
        gains = {key: gain for key, gain in said.items() if isinstance(gain, (int, float))} if isinstance(said, dict) else {}
        return gains.get(over, max(gains.values(), default=math.inf))

    def _is_picked(self, one: Standing, voucher: Standing) -> bool:
        """Whether some values of a tree are retired and others count, which nobody has confirmed since, of it or of the `voucher`."""
        when = self.standings.picked.get(one.tree)
        return when is not None and not any(self._confirmed(tree, when) for tree in (one.tree, voucher.tree))

    def _in_vain(self, standing: Standing) -> list[tuple[int, Vain]]:
        """The seeds of a tree that somebody may have run until they were lucky, with tries that nobody has confirmed since."""
        lost = self.standings.lost
        found = ((seed, lost.get((standing.tree, seed))) for seed in standing.runs.seeds if seed is not None) if lost else ()
        return [(seed, vain) for seed, vain in found if vain and not self._confirmed(standing.tree, vain.last)]

    def _barren(self, standing: Standing) -> list[int]:
        """The seeds past the named ones that were run and gave nothing, which nobody has confirmed since: the mean is over survivors."""
        known, here = {*standing.runs.seeds, *self.seeds}, standing.tree
        return sorted(
            seed for (tree, seed), last in self.standings.barren.items()
            if tree == here and seed not in known and not self._confirmed(here, last)
        )

    def _confirmed(self, tree: str, since: str = '') -> Result | None:
        """The row by which somebody vouches for a tree, for what was there to be looked at: if it was made after the row `since`."""
        row = self.standings.vouched.get(tree)
        return row if row and row.id > since else None

    def _compared(self, standing: Standing, over: Standing, gained_before: float | None, seeds: Collection[int]) -> Verdict:
        return self._between(self.sample(standing), self.sample(over), gained_before, seeds)

    def _between(self, one: Sample, other: Sample, gained_before: float | None, seeds: Collection[int]) -> Verdict:
        said = verdict.compare(
            one, other, noise=self._noise, residual=self._residual,
            trunk=self.sample(self.baseline).noise if self.baseline else None,
            direction=self.metric.direction, min_effect=self.metric.min_effect, named=seeds, gained_before=gained_before,
        )
        unfounded = said.kind is verdict.Kind.BETTER and self.is_unfounded
        return said._replace(kind=verdict.Kind.PROVISIONAL, why=f'{said.why}, but {_UNFOUNDED}') if unfounded else said

    def _foremost(self, meets: Callable[[Standing], bool]) -> Standing | None:
        return next(filter(meets, self._podium), None) or next(filter(meets, self.ranking), None)

    @cached_property
    def _podium(self) -> list[Standing]:
        """The champions, the best first."""
        return self._ranked(self.champions, self._peak)

    def _ranked(self, among: Iterable[Standing], value: Callable[[Standing], float]) -> list[Standing]:
        sign = 1 if self.metric.direction == 'min' else -1
        return sorted(among, key=lambda one: sign * value(one))

    def _ends(self, runs: Runs) -> tuple[Runs, Runs]:
        """With the worst value of each seed, and with the best one."""
        return (runs.most, runs.least) if self.metric.direction == 'min' else (runs.least, runs.most)

    def _peak(self, standing: Standing) -> float:
        """The mean of the best value of each seed: what it takes to beat a tree."""
        return self._ends(standing.runs)[1].mean

    def _at_best(self, standing: Standing) -> Sample:
        return Sample(self._ends(standing.runs)[1]) if standing.runs.unsure() else self.sample(standing)

    def _gained_before(self, standing: Standing) -> float | None:
        """How far the best champion but this tree is from where the lab began, and so the best one before it, if that is less."""
        before = self._foremost(lambda one: self._order[one.tree] < self._order[standing.tree])
        gains = [self._gained(standing, best) for best in (self.leader(standing), before) if best]
        return min((gain for gain in gains if gain is not None and gain > 0), default=next(iter(gains), None))

    def _gained(self, standing: Standing, best: Standing) -> float | None:
        """How far `best` is from the baseline, or without one from the first tree, or what is confirmed of the tree where that is more.

        None for a tree that is where the lab began itself.
        """
        row, start = self._confirmed(standing.tree), self.baseline or self.standings.trees[0]
        if start.tree == standing.tree:
            return None
        before = self._since_first(self._gainer(best, standing), start)
        if row is None or before <= 0:
            return before
        mean = row.params.get('mean')  # Not there in rows of old.
        return max(before, self.metric.gain(mean, self._peak(start))) if isinstance(mean, (int, float)) else None

    def _gainer(self, best: Standing, standing: Standing) -> Standing:
        """Who has gained what `best` has: a trunk that is measured again has gained nothing by itself, but what it has of winners."""
        if best.kind is not Kind.BASELINE or best.tree in self.standings.won:
            return best
        return next((one for one in self._winners if one.tree != standing.tree), self.baseline or best)

    @cached_property
    def _winners(self) -> list[Standing]:
        """The trees that were better in their day, the best first."""
        return self._ranked((one for one in self.standings.trees if one.tree in self.standings.won), self._peak)

    def _since_first(self, best: Standing, baseline: Standing) -> float:
        """How far `best` is from the baseline; where a tree has won, and the baseline is none the worse, from a retired one."""
        gained = self.metric.gain(self._peak(best), self._peak(baseline))
        if gained > 0 or not self.standings.won:
            return gained
        former = (self.metric.gain(self._peak(best), mean) for tree, mean in self.standings.former.items() if tree != best.tree)
        return next((more for more in former if more > 0), gained)

    @cached_property
    def _samples(self) -> dict[str, Sample]:
        one_run = {tree: Sample([next(iter(self._measured[tree].runs))]) for tree in self._seedless}
        return {**self._measured, **one_run}

    @cached_property
    def _measured(self) -> dict[str, Sample]:
        return {one.tree: Sample(one.runs) for one in self.standings.trees}

    @cached_property
    def _seedless(self) -> frozenset[str]:
        """The trees whose seeds all give one value, or nearly, though those of the trunk differ: the seed is not what was asked for.

        It may have been picked, and what is left is what a machine does to one seed.
        Where that happens on the trunk, it is how the lab is: it may be without chance, or coarse. Without a baseline it is asked of all
        other trees.
        """
        trunk, others = list[Sample](), dict[str, Sample]()
        for one in self.standings.trees:
            sample = self._measured[one.tree]
            if one.kind is Kind.BASELINE:
                trunk.append(sample)
            elif sample.n > 1:
                others[one.tree] = sample
        noise = pooled(trunk) or pooled(sample for sample in others.values() if sample.sd)
        if not noise or not noise.sd or any(sample.sd == 0 for sample in trunk):
            return frozenset()
        floors = {n: floor(n - 1, noise) for n in {sample.n for sample in others.values()}}
        names = {tree for tree, sample in others.items() if (sample.sd or 0.0) < floors[sample.n]}
        seen = {tree for tree in names if (row := self._confirmed(tree)) and row.params.get('seeds') != 1}  # Of one seed nobody sees it.
        return frozenset(names - seen)

    @cached_property
    def _noise(self) -> Noise | None:
        return pooled(self._whole)

    @cached_property
    def _residual(self) -> Noise | None:
        return residual(self._whole)

    @cached_property
    def _whole(self) -> list[Sample]:
        """Those of which nothing was picked, for its scatter neither."""
        picked = {one.tree for one in self.standings.trees if self._is_picked(one, one)} if self.standings.picked else ()
        return [sample for tree, sample in self._samples.items() if tree not in picked]


def _lines(standing: Standing) -> frozenset[str | None]:
    """What a tree belongs to: the experiments that have measured it, None for the trunk."""
    return frozenset((None,)) if standing.kind is Kind.BASELINE else standing.whose | {standing.experiment}


def _are_of_one(one: Standing, other: Standing) -> bool:
    """Whether two trees belong to one experiment alone, whatever the order of their rows."""
    return _lines(one) == _lines(other) and len(_lines(one)) == 1
