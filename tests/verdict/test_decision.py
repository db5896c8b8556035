from __future__ import annotations

import pytest

from gitexp.lab.config import Metric
from gitexp.ledger.result import Kind
from gitexp.ledger.standing import Standing, Standings
from gitexp.verdict import decide
from gitexp.verdict.verdict import Kind as Judged

METRIC = Metric('score', 'min', 0.01)


def tree(name: str, *values: float, kind: Kind = Kind.EVAL) -> Standing:
    """A tree with these values for the seeds 1, 2, 3 …"""
    return Standing(name, name, 'v1', None, 'e', kind, tuple(enumerate(values, 1)))


BASELINE = tree('base', 3.0, 3.01, 2.99, kind=Kind.BASELINE)
GOOD = tree('good', 2.9, 2.91, 2.89)


def decided(*trees: Standing, name: str = 'new', metric: Metric = METRIC) -> decide.Decision | None:
    return decide.among(Standings('e', trees), name, metric)


def test_the_reference_is_the_best_other_tree() -> None:
    new = tree('new', 2.8, 2.81, 2.79)
    first, second = decided(BASELINE, new), decided(BASELINE, GOOD, new)

    assert first and (first.against, first.verdict.kind) == ('the baseline', Judged.BETTER)
    assert second and (second.against, second.verdict.gain) == ('good v1', pytest.approx(0.1))


def test_a_loser_is_held_against_the_best_too() -> None:
    said = decided(BASELINE, GOOD, tree('new', 3.2, 3.21, 3.19))

    assert said and (said.against, said.verdict.kind) == ('good v1', Judged.WORSE)


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


def test_more_is_better_where_the_lab_says_so() -> None:
    said = decided(BASELINE, GOOD, tree('new', 3.2, 3.21, 3.19), metric=Metric('score', 'max', 0.01))

    assert said and (said.against, said.verdict.kind) == ('the baseline', Judged.BETTER)


def test_without_another_tree_there_is_no_verdict() -> None:
    assert decided(tree('new', 1.0)) is None
    assert decided(BASELINE) is None
