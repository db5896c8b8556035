"""All trees judged at once."""
from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as some

from gitexp.lab.config import Metric
from gitexp.ledger.result import Kind, Result, Status
from gitexp.ledger.seeds import Runs
from gitexp.ledger.standing import Standing, Standings
from gitexp.verdict import decide
from gitexp.verdict.judged import Judged

VALUES = some.lists(some.integers(0, 1000).map(lambda value: value / 100), min_size=1, max_size=4)


@given(some.lists(VALUES, max_size=6), some.sampled_from(['min', 'max']), some.integers(0, 5))
def test_among_experiments_a_verdict_is_the_one_that_an_evaluation_says(trees: list[list[float]], direction: str, baseline: int) -> None:
    metric = Metric('m', direction, min_effect=0.01)
    kinds = [Kind.BASELINE if number == baseline else Kind.EVAL for number in range(len(trees))]
    standings = Standings('e', tuple(
        Standing(f'{number}', f'idea-{number}', 'v1', None, 'e', kinds[number], Runs.of(enumerate(values)))
        for number, values in enumerate(trees)
    ))
    judged = Judged(standings, metric)

    for one in standings.trees:
        reference, said = judged.rival(one), decide.among(standings, one.tree, metric)
        assert (reference and judged.verdict(one, reference)) == (said and said.verdict)
        assert reference == (said and said.reference)


def test_an_experiment_is_not_held_against_its_own_past_and_still_cannot_leap() -> None:
    def tree(name: str, experiment: str, value: float) -> Standing:
        kind = Kind.BASELINE if experiment == 'baseline' else Kind.EVAL
        return Standing(name, experiment, 'v1', None, 'e', kind, Runs.of((seed, value + seed / 1000) for seed in (1, 2, 3)))

    before, now = tree('b', 'idea', 2.9), tree('c', 'idea', 0.5)
    judged = Judged(Standings('e', (tree('a', 'baseline', 3.0), before, now)), Metric('m', 'min'))

    assert judged.rival(now) == judged.baseline
    assert judged.own_best(now) == before
    assert judged.verdict(now, judged.standings.trees[0]).flags[0] == 'jump'
    assert judged.verdict(before, judged.standings.trees[0]).kind.value == 'better'


def test_a_baseline_that_was_interrupted_is_no_champion_beside_a_whole_one() -> None:
    def tree(name: str, seeds: tuple[int, ...], value: float) -> Standing:
        return Standing(name, 'baseline', 'v1', None, 'e', Kind.BASELINE, Runs.of((seed, value + seed / 1000) for seed in seeds))

    first, stopped, whole = tree('a', (1, 2, 3), 3.0), tree('b', (1, 2), 1.0), tree('c', (1, 2, 3), 2.0)

    def champions(*trees: Standing, won: frozenset[str] = frozenset()) -> tuple[Standing, ...]:
        return Judged(Standings('e', trees, won=won), Metric('m', 'min'), seeds=(1, 2, 3)).champions
    assert champions(first, stopped, whole) == (first, whole)
    assert champions(stopped) == (stopped,)
    assert champions(first, stopped, won=frozenset('b')) == (first, stopped)


def test_a_mean_over_the_seeds_that_survived_is_not_believed() -> None:
    def tree(name: str, kind: Kind, value: float) -> Standing:
        return Standing(name, name, 'v1', None, 'e', kind, Runs.of((seed, value + seed / 1000) for seed in (1, 2, 3, 4)))
    base, idea = tree('base', Kind.BASELINE, 3.0), tree('idea', Kind.EVAL, 2.9)
    vouched = Result('9', '', 'idea', Kind.CONFIRM, Status.OK, params={'confirms': 'idea'})

    def said(barren: dict[tuple[str, int], str], **more: Any) -> tuple[str, tuple[str, ...]]:
        judged = Judged(Standings('e', (base, idea), barren=barren, **more), Metric('m', 'min'), seeds=(1, 2, 3))
        found = judged.verdict(idea, base)
        return found.kind.value, found.flags
    assert said({}) == said({('idea', 4): '5', ('other', 6): '5', ('idea', 2): '5'}) == ('better', ())
    assert said({('idea', 6): '5'}) == ('provisional', ('retried',))
    assert said({('idea', 6): '5'}, vouched={'idea': vouched}) == ('better', ())
