"""The verdict by examples, by tables and by what must hold for any numbers."""
from __future__ import annotations

import math

import pytest
from hypothesis import assume, given, strategies as st

from gitexp.verdict import student, verdict
from gitexp.verdict.noise import Noise, Sample, pooled, residual
from gitexp.verdict.verdict import Kind

NOISE = Noise(1.0, 10)


def tree(*values, seeds=None):
    return Sample(tuple(zip(seeds or range(1, len(values) + 1), values)))


def judge(candidate, reference, **said):
    return verdict.compare(candidate, reference, **{'noise': NOISE, 'direction': 'max', 'min_effect': 0.0, **said})


@pytest.mark.parametrize('dof, five_percent, half_percent', [
    (1, 6.314, 63.657), (2, 2.920, 9.925), (3, 2.353, 5.841), (4, 2.132, 4.604), (10, 1.812, 3.169), (30, 1.697, 2.750),
    (1e6, 1.645, 2.576),
])
def test_students_t_is_that_of_the_tables(dof, five_percent, half_percent):
    assert student.survival(five_percent, dof) == pytest.approx(0.05, rel=1e-3)
    assert student.survival(half_percent, dof) == pytest.approx(0.005, rel=2e-3)
    assert student.survival(-five_percent, dof) == pytest.approx(0.95, rel=1e-3)
    assert student.survival(0.0, dof) == 0.5


def test_students_t_where_it_has_a_closed_form():
    for t in (1e-9, 0.1, 1.0, 7.0, 1e6):
        assert student.survival(t, 1) == pytest.approx(math.atan2(1, t) / math.pi, rel=1e-9)
        assert student.survival(t, 2) == pytest.approx((1 - t / math.sqrt(2 + t * t)) / 2, rel=1e-3, abs=1e-15)


@pytest.mark.parametrize('said, kind', [
    ({}, Kind.BETTER),
    ({'direction': 'min'}, Kind.WORSE),
    ({'min_effect': 2.0}, Kind.INCONCLUSIVE),
    ({'min_effect': 1.99}, Kind.BETTER),
    ({'noise': Noise(2.0, 10)}, Kind.INCONCLUSIVE),
    ({'noise': Noise(1.2, 10)}, Kind.BETTER),
    ({'noise': Noise(1.2, 2)}, Kind.INCONCLUSIVE),
    ({'noise': None}, Kind.PROVISIONAL),
    ({'noise': Noise(0.01, 1)}, Kind.PROVISIONAL),
    ({'noise': Noise(0.0, 2)}, Kind.BETTER),
    ({'gained_before': 0.19}, Kind.PROVISIONAL),
    ({'gained_before': 0.2}, Kind.BETTER),
    ({'gained_before': 0.0}, Kind.BETTER),
    ({'noise': Noise(9.0, 10), 'gained_before': 0.1}, Kind.INCONCLUSIVE),
])
def test_a_gain_of_two_over_three_seeds(said, kind):
    assert judge(tree(4.0, 5.0, 6.0), tree(3.0, 3.0, 3.0, seeds=(4, 5, 6)), **said).kind is kind


def test_a_verdict_says_its_numbers():
    said = judge(tree(0.9, 1.0, 1.1), tree(2.0, 2.0, seeds=(7, 8)), noise=Noise(0.1, 6), direction='min', min_effect=0.01)

    assert (said.kind, said.gain, said.n, said.reference_n) == (Kind.BETTER, pytest.approx(1.0), 3, 2)
    assert (said.mean, said.reference_mean, said.sd, said.paired, said.flags) == (pytest.approx(1.0), 2.0, 0.1, False, ())
    assert said.p == pytest.approx(student.survival(1 / (0.1 * math.sqrt(1 / 3 + 1 / 2)), 6))
    assert said.why.startswith('gain 1 is beyond the noise (p ') and said.why.endswith('noise sd 0.1, unpaired)')


@pytest.mark.parametrize('said, words', [
    ({'noise': None}, 'gain 2, but the noise is not known'),
    ({'min_effect': 3}, 'gain 2 is not over min_effect 3'),
    ({'noise': Noise(5.0, 4)}, 'gain 2 is within the noise'),
    ({'noise': Noise(0.5, 4), 'direction': 'min'}, 'loss 2 is beyond the noise'),
    ({'noise': Noise(0.5, 4), 'gained_before': 0.1}, 'gain 2 is more than 10 times everything gained before'),
    ({'residual': Noise(0.5, 6)}, 'paired on 2 seeds)'),
])
def test_a_verdict_says_why(said, words):
    assert words in judge(tree(5.0, 5.0), tree(3.0, 3.0, 3.0), **said).why


def test_a_small_gain_shows_when_seeds_are_paired():
    trees = [tree(1.00, 2.00, 3.00), tree(1.01, 1.99, 3.02), tree(1.12, 2.11, 3.10)]
    said = {'noise': pooled(trees), 'residual': residual(trees)}

    assert judge(trees[2], trees[0], **said).paired
    assert judge(trees[2], trees[0], **said).kind is Kind.BETTER
    assert judge(trees[2], trees[0], **said).sd == pytest.approx(said['residual'].sd * math.sqrt(2))
    assert judge(tree(1.12, 2.11, 3.10, seeds=(4, 5, 6)), trees[0], **said).kind is Kind.INCONCLUSIVE


def test_the_residual_is_that_of_a_randomised_block():
    one, two = tree(1.0, 2.0, 3.0), tree(2.0, 2.0, 5.0)

    assert residual([one, two]) == Noise(pytest.approx(math.sqrt(0.5)), 2)
    assert residual([one, two, tree(7.0, 9.0, seeds=(8, 9)), tree(1.0)]) == residual([one, two])
    assert residual([one]) is None


@pytest.mark.parametrize('candidate, reference, paired', [
    (tree(1, 2, 3, 4, 6), tree(1, 2, 3, 4, 5), True),
    (tree(1, 2, 3, 4, 6), tree(1, 2, 3, 4, 5, 7), True),
    (tree(1, 2, 3, 4), tree(1, 2, 3, 5), False),
    (tree(1, 2, 3, 4, 6), tree(1, 2, 3, 4, 5, seeds=(2, 3, 4, 5, 6)), False),
    (tree(1, 2, 3, 4, 6, seeds=(None, 2, 3, 4, 5)), tree(1, 2, 3, 4, 5, seeds=(None, 2, 3, 4, 5)), False),
])
def test_two_trees_alone_are_paired_on_five_shared_seeds(candidate, reference, paired):
    assert judge(candidate, reference).paired is paired


@pytest.mark.parametrize('seeds, paired', [((1, 2, 3), True), ((1, 2), True), ((1, 2, 3, 4), True), ((2, 3, 4), False), ((4, 5), False)])
def test_seeds_are_paired_when_one_side_ran_none_that_the_other_lacks(seeds, paired):
    assert judge(tree(1.0, 2.0, 3.0), tree(*seeds, seeds=seeds), residual=Noise(0.1, 4)).paired is paired


@pytest.mark.parametrize('reference, said', [
    (tree(1.0, 1.1, 0.9), {'noise': Noise(0.1, 8), 'residual': Noise(1e-6, 4)}),
    (tree(1.0, 1.1, 0.9), {'noise': Noise(1e-6, 20)}),
    (tree(1.0), {'noise': Noise(1e-6, 20), 'trunk': Noise(0.1, 2)}),
    (tree(1.0, 1.0 + 1e-6, 1.0 - 1e-6), {'noise': Noise(1e-6, 20), 'trunk': Noise(0.1, 2)}),
])
def test_the_noise_of_others_is_not_all_that_one_seed_is_judged_by(reference, said):
    lucky = judge(tree(1.15), reference, **said)

    assert (lucky.kind, lucky.paired, lucky.sd) == (Kind.INCONCLUSIVE, False, pytest.approx(0.1))
    assert judge(reference, tree(1.15), **said).kind is Kind.INCONCLUSIVE
    assert judge(tree(1.9), reference, **said).kind is Kind.BETTER


def test_what_scatters_alike_by_one_estimate_has_the_freedom_of_that():
    said = judge(tree(1.5), tree(1.0, 1.1, 0.9), noise=Noise(1e-6, 20))

    assert said.p == pytest.approx(student.survival(0.5 / (0.1 * math.sqrt(1 + 1 / 3)), 2))


def test_the_residual_of_all_trees_goes_before_that_of_two():
    assert judge(tree(1, 2, 3, 4, 6), tree(1, 2, 3, 4, 5), residual=Noise(0.7, 4)).sd == pytest.approx(0.7 * math.sqrt(2))


def test_no_residual_at_all_is_not_believed_where_there_is_noise():
    assert not judge(tree(0.91, 0.92, 0.93), tree(0.90, 0.91, 0.92), residual=Noise(1e-17, 4), noise=Noise(0.01, 6)).paired


def test_runs_of_one_seed_are_one_observation_the_first():
    assert tree(1.0, 1.0, 3.0, seeds=(1, 1, 2)).n == 2
    assert tree(1.0, 2.0, 3.0, seeds=(1, 1, 2)).mean == 2.0
    assert tree(5.0, 5.0, 5.0, seeds=(1, 1, 1)).sd is None
    assert tree(5.0, 5.0, 5.1, seeds=(None, None, None)).n == 1


def test_the_noise_is_pooled_over_the_trees_with_repeats():
    assert pooled([tree(1.0, 2.0, 3.0), tree(10.0, 14.0), tree(7.0)]) == Noise(pytest.approx(math.sqrt(10 / 3)), 3)
    assert pooled([tree(1.0), tree(2.0)]) is None
    assert pooled([]) is None


def test_changes_without_effect_add_no_certainty():
    baseline = tree(1.0, 1.1, 1.2)
    same = [tree(1.2, 1.1, 1.0, seeds=(3, 2, 1)), tree(1.0, 1.3, 1.1, 1.2, seeds=(1, 1, 2, 3))] * 20

    assert pooled([baseline, *same]) == pooled([baseline])
    assert residual([baseline, *same]) is None


def test_changes_that_move_the_last_digits_alone_add_no_certainty():
    baseline = tree(1.0, 1.1, 1.2)
    nudged = [tree(*(value * (1 + number * 1e-8) for value in (1.0, 1.1, 1.2))) for number in range(20)]

    assert pooled([baseline, *nudged]) == pooled([baseline])
    assert residual([baseline, *nudged]) is None
    assert residual([baseline, tree(1.001, 1.1, 1.2)]) and residual([baseline, tree(0.0, 0.1, 0.2)]) == Noise(pytest.approx(0), 2)


def test_one_diverged_tree_does_not_drown_the_others():
    calm = [tree(1.0, 1.1, 1.2), tree(1.0, 1.2, 1.3), tree(0.9, 1.1, 1.2)]
    diverged = tree(1.0, 1.1, 1e6)

    assert pooled([*calm, diverged]) == pooled(calm)
    assert pooled([*calm, diverged, *map(tree, range(9))]) == pooled(calm)
    assert residual([*calm, diverged]) == residual(calm)
    leaking = tree(0.1, 0.101, 0.102)
    assert pooled([*calm, leaking]) == pooled(calm) and residual([*calm, leaking]) == residual(calm)
    said = judge(diverged, calm[0], noise=pooled(calm))
    assert (said.kind, said.flags) == (Kind.INCONCLUSIVE, ('unstable',))


def test_a_tree_that_scatters_more_is_judged_by_its_own_scatter():
    wild, calm = tree(2.0, 10.0, 4.0), tree(0.9, 1.0, 1.1)

    assert judge(wild, calm, noise=Noise(0.5, 40)).flags == ('unstable',)
    assert judge(wild, calm, noise=Noise(0.5, 40)).kind is Kind.INCONCLUSIVE
    assert judge(wild, calm, noise=Noise(5.0, 40), residual=Noise(0.5, 40)).flags == ('unstable',)
    assert judge(wild, calm, noise=Noise(5.0, 40)).flags == ()


def test_a_metric_without_noise_needs_only_the_smallest_effect():
    same, more = tree(3.0, 3.0, 3.0), tree(3.5, 3.5, 3.5)
    noise = pooled([same, more])

    assert noise == Noise(0.0, 4)
    assert judge(more, same, noise=noise).kind is Kind.BETTER
    assert judge(more, same, noise=noise).flags == ('noiseless',)
    assert judge(same, more, noise=noise).kind is Kind.WORSE
    assert judge(more, same, noise=noise, min_effect=0.5).kind is Kind.INCONCLUSIVE
    assert judge(same, same, noise=noise).kind is Kind.INCONCLUSIVE


def test_trees_that_agree_exactly_do_not_make_the_others_strays():
    assert pooled([tree(0.9, 0.9), tree(0.8, 0.8), tree(0.8, 0.9)]) == Noise(pytest.approx(math.sqrt(0.005 / 3)), 3)


@pytest.mark.parametrize('value', [0.1, 1 / 3, 1e300, 5e-324])
def test_equal_values_scatter_by_exactly_nothing(value):
    assert (tree(value, value, value).mean, tree(value, value, value).sd) == (value, 0.0)


def test_scatter_too_small_to_divide_by_is_none():
    assert judge(tree(0.0, 0.0, 0.0, 5e-324), tree(0.0), noise=Noise(0.0, 4)).kind is Kind.INCONCLUSIVE


def test_a_rerun_can_take_a_win_away():
    baseline = tree(1.0, 1.1, 1.2, seeds=(7, 8, 9))

    assert judge(tree(1.5), baseline, noise=Noise(0.1, 4)).kind is Kind.BETTER
    assert judge(tree(1.5, 1.1, 1.0), baseline, noise=Noise(0.1, 4)).kind is Kind.INCONCLUSIVE


def test_extra_seeds_of_one_side_can_take_a_paired_win_away():
    reference, shared = tree(1.0, 2.0, 3.0), (1.1, 2.1, 3.1)

    assert judge(tree(*shared), reference, residual=Noise(0.01, 8)).kind is Kind.BETTER
    assert judge(tree(*shared, 0.5, 0.5), reference, residual=Noise(0.01, 8)).kind is Kind.INCONCLUSIVE


def test_easier_seeds_of_one_side_make_no_gain_of_a_paired_win():
    reference, shared = tree(1.0, 2.0, 3.0), (1.1, 2.1, 3.1)
    for extra in ((), (9.0,), (9.0, 9.0)):
        said = judge(tree(*shared, *extra), reference, residual=Noise(0.01, 8), min_effect=0.2)
        assert said.kind is Kind.INCONCLUSIVE and said.gain == pytest.approx(0.1)
    said = judge(tree(0.9, 1.9, 2.9, -9.0), reference, residual=Noise(0.01, 8), min_effect=0.2)
    assert said.kind is Kind.INCONCLUSIVE and said.gain == pytest.approx(-0.1)


@pytest.mark.parametrize(('one', 'gain', 'said'), [
    (3.4, 0.4, 'gain 0.4 at equal seeds is within the noise (p 0.37'),
    (2.9, 0.0, 'gain 0 at equal seeds is not over min_effect 0 (p 0.5'),
    (1.0, -1.0, 'loss 1 is within the noise (p 0.2'),
    (5.0, 2.0, 'gain 2 at equal seeds is within the noise (p 0.0'),
])
def test_the_gain_that_is_told_is_the_one_that_is_tested(one, gain, said):
    """The first seed is a good one of the reference as well, whose mean is 2.0."""
    found = judge(tree(one), tree(3.0, 1.5, 1.5), noise=Noise(1.0, 4))

    assert found.gain == pytest.approx(gain) and found.why.startswith(said)


def test_easier_seeds_of_one_side_make_no_gain_where_nothing_is_paired():
    noise, extra = Noise(0.3, 8), (9.0, 9.0, 9.0)
    for candidate, reference in (
        (tree(1.1, 2.1, 3.1, *extra), tree(1.0, 2.0, 3.0)), (tree(1.1, 2.1, 3.1), tree(1.0, 2.0, 3.0, -9.0, -9.0, -9.0)),
        (tree(1.1, 2.1, 3.1, *extra), tree(1.0, 2.0, 3.0, -9.0, seeds=(1, 2, 3, 7))), (tree(1.1), tree(1.0, -9.0)),
    ):
        for min_effect in (0.0, 0.2):
            said = judge(candidate, reference, noise=noise, min_effect=min_effect, named=(1, 2, 3)[:candidate.n])
            assert not said.paired and said.kind is Kind.INCONCLUSIVE and said.gain == pytest.approx(0.1)
            back = judge(reference, candidate, noise=noise, min_effect=min_effect)
            assert back.kind is not Kind.BETTER
    assert judge(tree(5.0, 6.0, 7.0, 5.0), tree(1.0, 2.0, 3.0), noise=noise).gain == pytest.approx(3.75), 'harder ones take away'
    assert judge(tree(5.0, 6.0, 7.0), tree(5.0, 2.0, 3.0, seeds=(3, 4, 5)), noise=noise, named=(1, 2, 3)).kind is Kind.BETTER


def test_what_is_the_same_at_all_seeds_of_one_side_is_no_gain_by_others():
    said = judge(tree(1.0, 2.0, 3.0, 9.0, 9.0, 9.0), tree(1.0, 2.0, 3.0), noise=Noise(0.1, 8), residual=Noise(0.0, 8))
    assert said.kind is Kind.INCONCLUSIVE and said.p == 0.5


@pytest.mark.parametrize('first, said, worth', [
    (1.4, {}, False), (1.6, {}, True), (0.0, {'noise': None}, None), (0.0, {'noise': Noise(1.0, 1)}, None),
    (0.6, {'direction': 'min'}, False), (0.4, {'direction': 'min'}, True),
    (1.3, {'residual': Noise(0.5, 8)}, True), (1.2, {'residual': Noise(0.5, 8)}, False), (1.6, {'residual': Noise(1.5, 8)}, True),
    (1.3, {'residual': Noise(0.5, 2)}, True), (1.3, {'residual': Noise(0.5, 1)}, False),
])
def test_a_first_run_is_promising_beyond_half_a_sigma(first, said, worth):
    screen = verdict.screen(tree(first), tree(1.0, 1.0, 1.0), **{'noise': NOISE, 'direction': 'max', **said})

    assert (screen and screen.passed) is worth


def test_fewer_seeds_than_decide_are_never_better():
    said = [judge(tree(*[9.0] * n), tree(1.0, 1.0, 1.0), named=(1, 2, 3)) for n in (1, 2, 3, 4)]

    assert [one.kind for one in said] == [Kind.PROVISIONAL, Kind.PROVISIONAL, Kind.BETTER, Kind.BETTER]
    assert said[0].why.endswith(', but only 1 of the 3 seeds that decide has a value')
    assert judge(tree(9.0, 9.0, 9.0, seeds=(1, 3, 4)), tree(1.0, 1.0, 1.0), named=(1, 2, 3)).kind is Kind.PROVISIONAL, 'another for 2'
    assert judge(tree(-9.0), tree(1.0, 1.0, 1.0), named=(1, 2, 3)).kind is Kind.WORSE


@pytest.mark.parametrize('gain, before, flagged', [
    (10.1, 1.0, True), (10.0, 1.0, False), (5.0, 0.0, False), (5.0, -1.0, False), (-20.0, 1.0, False),
])
def test_a_jump_exceeds_ten_times_everything_gained_before(gain, before, flagged):
    assert verdict.jump(gain, before) is flagged


def test_a_jump_without_a_noise_estimate_is_flagged_too():
    assert judge(tree(9.0), tree(1.0), noise=None, gained_before=0.1).flags == ('jump',)


@pytest.mark.parametrize('runs', [(), ((1, math.nan),), ((1, 1.0), (2, math.inf))])
def test_a_sample_has_finite_runs(runs):
    with pytest.raises(ValueError, match='a sample needs at least one run'):
        Sample(runs)


seeds = st.one_of(st.none(), st.integers(0, 5))
finite = st.floats(allow_nan=False, allow_infinity=False)
extreme = st.one_of(finite, st.sampled_from([0.0, -0.0, 5e-324, -5e-324, 1.7976931348623157e308, -1.7976931348623157e308, 1.0]))
steps = st.integers(-200, 200).map(lambda step: step / 64)  # exact in binary, so that shifting and negating are exact too


def samples(values):
    return st.lists(st.tuples(seeds, values), min_size=1, max_size=7).map(tuple).map(Sample)


@st.composite
def cases(draw, values=steps):
    """A candidate, a reference, and what is said about them."""
    trees = [draw(samples(values)) for _ in range(draw(st.integers(2, 5)))]
    said = {'direction': draw(st.sampled_from(['min', 'max'])), 'min_effect': draw(st.sampled_from([0.0, 0.1, 1.3]))}
    return trees, said


def known(trees):
    return {'noise': pooled(trees), 'residual': residual(trees)}


def clear(said, min_effect):
    """Keep away from where rounding decides."""
    assume(abs(abs(said.gain) - min_effect) > 1e-9 and (said.p is None or abs(said.p - verdict.LEVEL) > 1e-9))
    return said


FLIP = {Kind.BETTER: Kind.WORSE, Kind.WORSE: Kind.BETTER}
OTHER = {'min': 'max', 'max': 'min'}


@given(cases())
def test_swapping_the_sides_flips_the_verdict(case):
    trees, said = case
    one = judge(trees[0], trees[1], **known(trees), **said)
    two = judge(trees[1], trees[0], **known(trees), **said)

    assert two.kind is FLIP.get(one.kind, one.kind)
    assert two.gain == -one.gain
    assert one.gain == 0 or two.p == one.p


@given(cases())
def test_negating_the_metric_and_its_direction_changes_nothing(case):
    trees, said = case
    negated = [Sample(tuple((seed, -value) for seed, value in sample.runs)) for sample in trees]
    one = clear(judge(trees[0], trees[1], **known(trees), **said), said['min_effect'])
    two = judge(negated[0], negated[1], **known(negated), **{**said, 'direction': OTHER[said['direction']]})

    assert (two.kind, two.gain) == (one.kind, one.gain)


@given(cases(), st.integers(-1000, 1000))
def test_shifting_every_value_changes_nothing(case, shift):
    trees, said = case
    shifted = [Sample(tuple((seed, value + shift) for seed, value in sample.runs)) for sample in trees]
    one = clear(judge(trees[0], trees[1], **known(trees), **said), said['min_effect'])
    two = judge(shifted[0], shifted[1], **known(shifted), **said)

    assert (two.kind, two.paired, two.gain) == (one.kind, one.paired, pytest.approx(one.gain, abs=1e-9))


@given(cases(), st.randoms(use_true_random=False))
def test_the_order_of_seeds_and_trees_does_not_matter(case, random):
    trees, said = case
    mixed = [Sample(tuple(random.sample([*sample.by_seed.items()], sample.n))) for sample in trees]
    one = judge(trees[0], trees[1], **known(trees), **said)
    two = judge(mixed[0], mixed[1], **known(random.sample(mixed, len(mixed))), **said)

    assert (two.kind, two.gain, two.n, two.paired) == (one.kind, one.gain, one.n, one.paired)
    assert two.p == (None if one.p is None else pytest.approx(one.p, rel=1e-9, abs=1e-12))


@given(cases(), st.floats(0, 10))
def test_a_larger_smallest_effect_makes_nothing_better(case, more):
    trees, said = case
    one = judge(trees[0], trees[1], **known(trees), **said)
    two = judge(trees[0], trees[1], **known(trees), **{**said, 'min_effect': said['min_effect'] + more})

    assert two.kind in (one.kind, Kind.INCONCLUSIVE)


@given(cases(values=extreme), st.one_of(st.none(), finite))
def test_no_finite_numbers_raise(case, gained_before):
    trees, said = case
    one = judge(trees[0], trees[1], **known(trees), **said, gained_before=gained_before)

    assert one.p is None or 0 <= one.p <= 1
    assert not math.isnan(one.gain) and one.why
    screen = verdict.screen(trees[0], trees[1], **known(trees), direction='max')
    assert screen is None or not math.isnan(screen.gain) and not math.isnan(screen.wanted)


@given(samples(extreme))
def test_a_mean_lies_among_its_values(sample):
    values = sample.by_seed.values()

    assert min(values) <= sample.mean <= max(values)
    assert sample.sd is None or (sample.sd == 0) == (len(set(values)) == 1) or sample.sd < 1e-300


@given(st.floats(-1e200, 1e200), st.floats(0.5, 1e7))
def test_students_t_is_a_probability_and_symmetric(t, dof):
    assert 0 <= student.survival(t, dof) <= 1
    assert student.survival(t, dof) + student.survival(-t, dof) == pytest.approx(1)
