from __future__ import annotations

from collections.abc import Collection
from typing import Any

import pytest

from gitexp.lab.config import Metric
from gitexp.ledger.counting import Vain
from gitexp.ledger.result import Kind, Result
from gitexp.ledger.seeds import Runs
from gitexp.ledger.standing import Standing, Standings
from gitexp.verdict import decide
from gitexp.verdict.judged import Judged as Judging
from gitexp.verdict.noise import Noise, floor
from gitexp.verdict.verdict import Kind as Judged

METRIC = Metric('score', 'min', 0.01)


def tree(name: str, *values: float, kind: Kind = Kind.EVAL) -> Standing:
    """A tree with these values for the seeds 1, 2, 3 …"""
    return Standing(name, name, 'v1', None, 'e', kind, Runs.of(enumerate(values, 1)))


def row(name: str) -> Result:
    return Result(name, '', 'someone', Kind.CONFIRM)


BASELINE = tree('base', 3.0, 3.01, 2.99, kind=Kind.BASELINE)
GOOD = tree('good', 2.9, 2.91, 2.89)


def decided(*trees: Standing, name: str = 'new', metric: Metric = METRIC, seeds: Collection[int] = ()) -> decide.Decision | None:
    return decide.among(Standings('e', trees), name, metric, seeds=seeds)


def rival(*trees: Standing) -> tuple[Standing | None, Standing | None]:
    """What the last of them has to beat, and the best of its own."""
    judged = Judging(Standings('e', trees), METRIC)
    return judged.rival(trees[-1]), judged.own_best(trees[-1])


def test_the_reference_is_the_best_other_tree() -> None:
    new = tree('new', 2.8, 2.81, 2.79)
    first, second = decided(BASELINE, new), decided(BASELINE, GOOD, new)

    assert first and (first.against, first.verdict.kind) == ('the baseline', Judged.BETTER)
    assert second and (second.against, second.verdict.gain) == ('good v1', pytest.approx(0.1))


def test_a_loser_is_held_against_the_best_too() -> None:
    said = decided(BASELINE, GOOD, tree('new', 3.2, 3.21, 3.19))

    assert said and (said.against, said.verdict.kind) == ('good v1', Judged.WORSE)


def test_only_what_an_experiment_alone_has_measured_is_its_own_whoever_was_first() -> None:
    new = tree('new', 2.8, 2.81, 2.79)
    own, shared = GOOD._replace(experiment='new'), GOOD._replace(whose=frozenset(('good', 'new')))
    assert rival(BASELINE, own, new) == (BASELINE, own)
    for first in ('good', 'new'):
        both = shared._replace(experiment=first)
        assert rival(BASELINE, both, new) == (both, None) and rival(BASELINE, own, new._replace(whose=frozenset(('other',)))) == (own, None)


def test_of_winners_in_clones_of_their_own_there_is_always_one_that_may_be_taken() -> None:
    one, two = tree('one', 2.9, 2.91, 2.89), tree('two', 2.885, 2.895, 2.875)
    judged = Judging(Standings('e', (BASELINE, one, two), won=frozenset(('one', 'two'))), METRIC)
    assert judged.verdict(two, one).kind is judged.verdict(one, two).kind is Judged.INCONCLUSIVE
    assert (judged.rival(one), judged.rival(two)) == (BASELINE, one)

    more = tree('more', 2.7, 2.71, 2.69)
    judged = Judging(Standings('e', (BASELINE, one, two, more), won=frozenset(('one', 'two', 'more'))), METRIC)
    assert (judged.rival(one), judged.rival(two), judged.rival(more)) == (more, more, two), 'what came later is better than all before it'

    again = BASELINE._replace(tree='again', runs=tree('again', 2.895, 2.905, 2.885).runs)
    judged = Judging(Standings('e', (BASELINE, one, again), won=frozenset(('one',))), METRIC)
    assert judged.rival(one) == again, 'a trunk that is measured later is not'


def test_another_tree_of_the_same_version_is_named_by_its_commit() -> None:
    said = decided(BASELINE, GOOD._replace(experiment='new', commit='c0ffee' * 6), tree('new', 2.8, 2.81, 2.79))

    assert said and said.against == 'new v1 at c0ffeec'


def test_the_best_tree_is_held_against_the_second() -> None:
    said = decided(BASELINE, GOOD, name='good')

    assert said and said.reference is BASELINE


def test_noise_comes_from_all_trees() -> None:
    alone = decided(tree('base', 3.0, kind=Kind.BASELINE), tree('new', 2.8))
    known = decided(BASELINE, GOOD, tree('new', 2.8))

    assert alone and alone.verdict.kind is Judged.PROVISIONAL and alone.verdict.sd is None
    assert known and known.verdict.kind is Judged.BETTER and known.verdict.sd == pytest.approx(0.01)


def test_a_gain_ten_times_all_before_is_a_jump() -> None:
    said = decided(BASELINE, GOOD, tree('new', 1.0, 1.01, 0.99))

    assert said and said.verdict.flags == ('jump',) and said.verdict.kind is Judged.PROVISIONAL
    first = decided(BASELINE, tree('new', 1.0, 1.01, 0.99))
    assert first and first.verdict.kind is Judged.BETTER


def test_without_a_baseline_gains_are_counted_from_the_first_tree() -> None:
    said = decided(BASELINE._replace(kind=Kind.EVAL), GOOD, tree('new', 1.0, 1.01, 0.99))

    assert said and said.verdict.flags == ('jump',) and said.verdict.kind is Judged.PROVISIONAL
    first = decided(BASELINE._replace(kind=Kind.EVAL), tree('new', 1.0, 1.01, 0.99))
    assert first and first.verdict.kind is Judged.BETTER


def test_one_lucky_seed_is_no_champion() -> None:
    new, lucky = tree('new', 2.8, 2.81, 2.79), tree('lucky', 2.7)
    said, shown = decided(BASELINE, lucky, new, seeds=(1, 2, 3)), decided(BASELINE, lucky, new, seeds=(1,))

    assert said and (said.against, said.verdict.kind) == ('the baseline', Judged.BETTER)
    assert shown and shown.against == 'lucky v1', 'which it is where the lab asks for no more'
    won = Standings('e', (BASELINE, lucky, new), won=frozenset({'lucky'}))
    held = decide.among(won, 'new', METRIC, seeds=(1, 2, 3))
    assert held and held.against == 'lucky v1', 'and where it has been better in its day'


def test_more_is_better_where_the_lab_says_so() -> None:
    said = decided(BASELINE, GOOD, tree('new', 3.2, 3.21, 3.19), metric=Metric('score', 'max', 0.01))

    assert said and (said.against, said.verdict.kind) == ('the baseline', Judged.BETTER)


FLAT = tree('new', 2.5, 2.5, 2.5)


def test_seeds_that_all_give_one_value_are_one_where_those_of_others_differ() -> None:
    said = decided(BASELINE, GOOD, FLAT)

    assert said and (said.verdict.kind, said.verdict.flags, said.verdict.n) == (Judged.PROVISIONAL, ('seedless',), 1)
    again = decided(BASELINE, GOOD, tree('flat', 2.6, 2.6, 2.6)._replace(experiment='new'), FLAT)
    assert again and again.verdict.flags == ('seedless',), 'nor does a second try of the same make it usual'
    assert again.reference.tree == 'good', 'what is not believed is no champion'
    two = decided(BASELINE, GOOD, tree('flat', 2.6, 2.6, 2.6), FLAT)
    assert two and two.verdict.flags == ('seedless',), 'nor that of another experiment'
    worse = decided(BASELINE, GOOD, tree('new', 3.5, 3.5, 3.5))
    assert worse and (worse.verdict.kind, worse.verdict.n) == (Judged.WORSE, 1)


@pytest.mark.parametrize(('apart', 'flags'), [(1e-7, ('seedless',)), (2e-4, ('seedless',)), (4e-4, ())])
def test_what_a_machine_does_to_one_seed_makes_no_three_of_it(apart: float, flags: tuple[str, ...]) -> None:
    """Neither alone, nor among trees that share so little that it could be paired; the baseline scatters by 0.01."""
    pinned = tree('new', 2.6, 2.6 + apart, 2.6 - apart)
    for others in ([], [GOOD], [tree(f'idle{many}', 3.0 + 1e-7 * many, 3.01, 2.99) for many in range(3)]):
        said = decided(BASELINE, *others, pinned)
        assert said and tuple(flag for flag in said.verdict.flags if flag == 'seedless') == flags


def test_a_thousandth_of_honest_trees_scatter_so_little() -> None:
    """The floor against the F distribution of two and two degrees of freedom, which has a closed form: x / (1 + x)."""
    low = floor(2, Noise(5.0, 2)) / 5.0
    assert low ** 2 / (1 + low ** 2) == pytest.approx(1e-3)
    assert floor(1, Noise(1.0, 1e9)) == pytest.approx(0.0012533, rel=1e-3), 'the normal distribution'
    assert floor(9, Noise(1.0, 40)) < floor(99, Noise(1.0, 40)) < 1


@pytest.mark.parametrize('others', [
    [tree('base', 3.0, 3.0, 3.0, kind=Kind.BASELINE), GOOD], [tree('base', 3.0, 3.0, 3.0, kind=Kind.BASELINE)],
], ids=['so is the baseline', 'no noise at all'])
def test_where_that_is_usual_it_says_nothing(others: list[Standing]) -> None:
    said = decided(*others, FLAT)

    assert said and (said.verdict.kind, said.verdict.n) == (Judged.BETTER, 3) and 'seedless' not in said.verdict.flags


@pytest.mark.parametrize(('key', 'vouched', 'flags'), [
    (('new', 2), {}, ('retried',)), (('new', 9), {}, ()), (('good', 2), {}, ()),
    (('new', 2), {'new': row('6')}, ()), (('new', 2), {'new': row('4')}, ('retried',)),
])
def test_a_seed_that_was_run_in_vain_makes_a_gain_provisional(
    key: tuple[str, int], vouched: dict[str, Result], flags: tuple[str, ...],
) -> None:
    standings = Standings('e', (BASELINE, GOOD, tree('new', 2.8, 2.81, 2.79)), vouched, {key: Vain(2, '5')})
    said = decide.among(standings, 'new', METRIC)

    assert said and said.verdict.flags == flags
    assert said.verdict.kind is (Judged.PROVISIONAL if flags else Judged.BETTER)


def test_of_what_is_left_of_a_tree_the_scatter_counts_no_more_than_the_mean() -> None:
    quiet = tree('quiet', *(3.2 + 0.013 * (number % 2) for number in range(30)))
    known = Standings('e', (BASELINE, quiet, tree('new', 2.985, 2.995, 2.975)))

    for said, kind in (
        (known, Judged.BETTER), (known._replace(picked={'quiet': '5'}), Judged.INCONCLUSIVE),
        (known._replace(picked={'quiet': '5'}, vouched={'quiet': row('4')}), Judged.INCONCLUSIVE),
        (known._replace(picked={'quiet': '5'}, vouched={'quiet': row('6')}), Judged.BETTER),
    ):
        found = decide.among(said, 'new', METRIC)
        assert found and found.verdict.kind is kind


@pytest.mark.parametrize(('picked', 'vouched', 'flags'), [
    ('new', {}, ('retried',)), ('good', {}, ('retried',)), ('base', {}, ()), ('new', {'new': '6'}, ()), ('new', {'new': '4'}, ('retried',)),
    ('new', {'good': '6'}, ('retried',)), ('good', {'good': '6'}, ()), ('good', {'new': '6'}, ()), ('good', {'new': '4'}, ('retried',)),
])
def test_what_is_left_of_either_tree_makes_a_gain_provisional(picked: str, vouched: dict[str, str], flags: tuple[str, ...]) -> None:
    noisy = tree('noisy', 3.1, 3.12, 3.11)
    standings = Standings('e', (BASELINE, noisy, GOOD, tree('new', 2.8, 2.81, 2.79)), picked={picked: '5'})
    said = Judging(standings._replace(vouched={name: row(when) for name, when in vouched.items()}), METRIC)

    found = said.verdict(standings.trees[-1], GOOD)
    assert found.flags == flags and found.kind is (Judged.PROVISIONAL if flags else Judged.BETTER)


def test_what_was_better_in_its_day_has_been_gained_whatever_noise_has_been_made_since() -> None:
    junk = [tree(f'junk {number}', 3.1, 3.1 + 0.085 + number / 1000, 3.1 - 0.085) for number in range(3)]
    standings = Standings('e', (BASELINE, tree('good', 2.95, 2.96, 2.94), *junk, tree('new', 1.0, 1.01, 0.99)))
    lucky = standings._replace(won={'good'}, trees=(BASELINE, tree('good', 3.1, 3.11, 3.09), *junk, standings.trees[-1]))

    for said, flags in ((standings, ()), (standings._replace(won={'good'}), ('jump',)), (lucky, ())):
        found = decide.among(said, 'new', METRIC)
        assert found and found.verdict.flags == flags
    vouched = standings._replace(vouched={'good': row('6')._replace(verdict='better')})
    assert [one.tree for one in Judging(vouched, METRIC).champions][:2] == ['base', 'good']


@pytest.mark.parametrize(('won', 'former', 'flags'), [
    ({'good'}, {'base': 3.0}, ('jump',)), ({'good'}, {'good': 3.0}, ()), (set[str](), {'base': 3.0}, ()), ({'good'}, {}, ()),
])
def test_what_was_gained_over_a_retired_baseline_was_gained(won: set[str], former: dict[str, float], flags: tuple[str, ...]) -> None:
    good = tree('good', 2.9, 2.91, 2.89, kind=Kind.BASELINE)
    found = decide.among(Standings('e', (good, tree('new', 1.0, 1.01, 0.99)), won=won, former=former), 'new', METRIC)
    assert found and found.verdict.flags == flags


@pytest.mark.parametrize(('others', 'won', 'flags'), [
    ((), set(), ()), ((), {'new'}, ()), ((GOOD,), {'good'}, ('jump',)), ((GOOD,), {'good', 'new'}, ('jump',)),
])
def test_a_trunk_that_is_measured_again_has_gained_nothing_but_what_it_has_of_winners(
    others: tuple[Standing, ...], won: set[str], flags: tuple[str, ...],
) -> None:
    again = tree('again', 2.88, 2.89, 2.87, kind=Kind.BASELINE)
    found = decide.among(Standings('e', (BASELINE, *others, again, tree('new', 1.0, 1.01, 0.99)), won=won), 'new', METRIC)

    assert found and (found.against, found.verdict.flags) == ('the trunk at again', flags)


def test_what_was_better_in_its_day_is_to_be_beaten_though_it_would_be_a_jump_today() -> None:
    great = tree('great', 1.0, 1.01, 0.99)
    standings = Standings('e', (BASELINE, GOOD, great, tree('new', 2.5, 2.51, 2.49)))

    for won, against, kind in ((set[str](), 'good v1', Judged.BETTER), ({'great'}, 'great v1', Judged.WORSE)):
        said = decide.among(standings._replace(won=won), 'new', METRIC)
        assert said and (said.against, said.verdict.kind) == (against, kind)


@pytest.mark.parametrize('doubt', [{'lost': {('good', 1): Vain(1, '5')}}, {'picked': {'good': '5'}}])
def test_a_gain_in_doubt_is_one_to_be_beaten(doubt: dict[str, Any]) -> None:
    noisy = tree('noisy', 3.1, 3.12, 3.11)
    for value, kind in ((2.95, Judged.WORSE), (2.9, Judged.INCONCLUSIVE)):
        standings = Standings('e', (BASELINE, noisy, GOOD, tree('new', value, value + 0.01, value - 0.01)), **doubt)
        said = decide.among(standings, 'new', METRIC)
        assert said and (said.against, said.verdict.kind) == ('good v1', kind)
        assert said.verdict.why.endswith('what it is held against is retried, and nobody has confirmed it')


@pytest.mark.parametrize(('seen', 'flags'), [
    ({'seeds': 1, 'mean': 1.0}, ()), ({'seeds': 3, 'mean': 2.5}, ()), ({'seeds': 3, 'mean': 2.89}, ('jump',)), ({}, ()),
])
def test_a_confirmed_jump_is_confirmed_up_to_ten_times_what_was_seen(seen: dict[str, Any], flags: tuple[str, ...]) -> None:
    standings = Standings('e', (BASELINE, GOOD, tree('new', 1.0, 1.01, 0.99)), {'new': row('6')._replace(params=seen)})
    said = decide.among(standings, 'new', METRIC)

    assert said and said.verdict.flags == flags


@pytest.mark.parametrize(('seen', 'flags'), [({'seeds': 3, 'mean': 2.5}, ()), ({'seeds': 1, 'mean': 2.5}, ('seedless',)), ({}, ())])
def test_what_seeds_do_is_not_seen_of_one(seen: dict[str, Any], flags: tuple[str, ...]) -> None:
    standings = Standings('e', (BASELINE, GOOD, FLAT), {'new': row('6')._replace(params=seen)})
    said = decide.among(standings, 'new', METRIC)

    assert said and said.verdict.flags == flags


def test_without_another_tree_there_is_no_verdict() -> None:
    assert decided(tree('new', 1.0)) is None
    assert decided(BASELINE) is None


def test_what_won_while_the_winner_was_retired_is_no_ground_for_another_jump() -> None:
    leak, deeper = tree('leak', 1.0, 1.01, 0.99), tree('new', 0.5, 0.51, 0.49)
    standings = Standings('e', (BASELINE, GOOD, leak, deeper), won={'good', 'leak'})

    said = decide.among(standings, 'new', METRIC)
    assert said and (said.against, said.verdict.kind, said.verdict.flags) == ('leak v1', Judged.PROVISIONAL, ('jump',))
    vouched = row('9')._replace(verdict='better', params={'mean': 1.0})
    for honest in (standings._replace(vouched={'leak': vouched}), standings._replace(trees=(BASELINE, leak, GOOD, deeper))):
        said = decide.among(honest, 'new', METRIC)
        assert said and said.verdict.kind is Judged.BETTER


def several(value: float = 2.8, vouched: dict[str, Any] | None = None, **more: tuple[tuple[int, float], ...]) -> Judging:
    """The baseline, what is good, and what is new: with more runs of their seeds, before or behind the others."""
    def measured(one: Standing) -> Standing:
        return one._replace(runs=Runs.of((*more.get(f'{one.tree}_before', ()), *one.runs, *more.get(one.tree, ()))))
    trees = BASELINE, GOOD, tree('new', value, value + 0.01, value - 0.01)
    said = {'new': row('9')._replace(params=vouched)} if vouched is not None else {}
    return Judging(Standings('e', tuple(map(measured, trees)), said), METRIC)


@pytest.mark.parametrize(('more', 'why'), [
    ({}, None),
    ({'new': ((2, 2.81),), 'good': ((3, 2.89),)}, None),
    ({'new': ((2, 2.82),), 'good': ((1, 2.88),), 'base': ((1, 2.0),)}, None),
    ({'new': ((2, 2.7),)}, None),
    ({'new': ((2, 3.1),)}, 'its seed 2 gave several values, and by the worst of them it is not better'),
    ({'new_before': ((2, 2.79),)}, None),
    ({'good': ((1, 2.6),)}, 'seed 1 of the other gave several values, and by the best of them it is not better'),
    ({'good': ((1, 3.5),)}, None),
])
def test_a_gain_holds_by_all_values_that_a_seed_gave(more: dict[str, Any], why: str | None) -> None:
    judged = several(**more)
    _, good, new = judged.standings.trees
    said = judged.verdict(new, good)

    assert (said.kind, said.flags[:1]) == ((Judged.PROVISIONAL, ('retried',)) if why else (Judged.BETTER, ()))
    assert why is None or said.why.endswith(f', but {why}')


@pytest.mark.parametrize(('more', 'gains', 'kind'), [
    ({'new': ((2, 3.1),)}, {'good': 0.004}, Judged.PROVISIONAL),
    ({'new': ((2, 3.1),)}, {'good': 0.0032}, Judged.BETTER),
    ({'new': ((2, 3.1), (2, 2.0))}, {'good': 0.0032}, Judged.BETTER),
    ({'new': ((2, 3.2),)}, {'good': 0.0032}, Judged.PROVISIONAL),
    ({'new': ((2, 3.1),), 'good': ((1, 2.8),)}, {'good': 0.0032}, Judged.PROVISIONAL),
    ({'new': ((2, 3.1),)}, {'good': 0.0032, 'base': 0.1}, Judged.BETTER),
    ({'new': ((2, 3.1),)}, {'former': 0.0032}, Judged.BETTER),
    ({'new': ((2, 3.1),)}, {'former': 0.0032, 'base': 0.1}, Judged.PROVISIONAL),
    ({'new': ((2, 3.1),)}, {'good': None}, Judged.PROVISIONAL),
    ({'new': ((2, 3.1),)}, None, Judged.PROVISIONAL),
    ({'new': ((2, 3.1),)}, 'all', Judged.PROVISIONAL),
])
def test_what_is_confirmed_is_what_was_gained_by_the_values_of_that_day(more: dict[str, Any], gains: Any, kind: Judged) -> None:
    judged = several(vouched={'gains': gains}, **more)
    _, good, new = judged.standings.trees

    assert judged.verdict(new, good).kind is kind


def test_a_champion_stays_one_by_the_best_that_its_seeds_gave() -> None:
    judged = several(2.95, good_before=((1, 3.2), (2, 3.21), (3, 3.19)))
    base, good, new = judged.standings.trees

    assert good.mean == pytest.approx(3.2)
    assert judged.champions == (base, good) and judged.rival(new) == good
    assert judged.verdict(new, good).flags[:1] == ('retried',)
