"""Whether the values of a swept number differ: by hand, by another reckoning, and from real rows."""
from __future__ import annotations

import json
import math
import random
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

import notebook
from gitexp.core.errors import No
from gitexp.lab.config import Metric
from gitexp.ledger.result import Kind, Result
from gitexp.report import sweep
from gitexp.report.sweep import Left, Pair, Sweep
from place import CONFIG, Place
from stories import experiment

Make = Callable[..., Any]
Table = dict[int | None, Sequence[float]]
LOSS = Metric('loss', 'min')
BY_HAND = """\
loss by lr, as z-scores at the same seed; lower is better
lr    loss  n  mean z   sd          t  told apart
1   3.2750  4   -0.75  0.5      -3.00  better
2   5.8000  4   -0.25  0.5      -1.00  no
3   9.0750  4    1.00    0  undefined  higher at every seed
t is undefined where z is of one seed, or the same at all of them: sd 0, which t
divides by
linear trend: r 0.88
best: lr 1
"""
EVAL = """\
import sys
sys.path.insert(0, '.')
import model
print('lr:', model.lr)
print('score:', model.scores[int(sys.argv[1]) - 1])
"""


def row(lr: object, seed: int | None, value: float, **more: object) -> Result:
    return Result('r', '', 'idea', Kind.EVAL, value=value, seed=seed, metrics={'lr': lr, **more})


def rows(table: Table) -> list[Result]:
    """The runs of lr 1, 2, ... by seed."""
    return [row(lr, seed, value) for seed, values in table.items() for lr, value in enumerate(values, 1)]


def swept(runs: Sequence[Result], *axes: str, metric: Metric = LOSS) -> Sweep:
    return sweep.of(runs, 'lr', axes=axes, metric=metric)


def figures(said: Sweep) -> list[tuple[object, ...]]:
    return [(one.value, one.n, one.t if one.t is None else round(one.t, 9)) for one in said.values]


def test_a_sweep_that_can_be_reckoned_by_hand() -> None:
    said = swept(rows({1: (1, 2, 3), 2: (10, 20, 30), 3: (0.1, 0.2, 0.3), 4: (2, 1, 3)}))

    assert figures(said) == [(1, 4, -3.0), (2, 4, -1.0), (3, 4, None)] and said.r == pytest.approx(7 / 8)
    assert sweep.text(said, width=80) + '\n' == BY_HAND


@pytest.mark.parametrize(('runs', 'wanted', 'r'), [
    (rows({1: (1, 2, 3)}), [(1, 1, None), (2, 1, None), (3, 1, None)], 1.0),
    (rows({1: (1, 2), 2: (3, 4)}), [(1, 2, None), (2, 2, None)], 1.0),
    (rows({1: (5, 5), 2: (5, 5)}), [(1, 2, None), (2, 2, None)], None),
    (rows({1: (1,)}), [(1, 0, None)], None),
    ([row('adam', 1, 1.0), row('sgd', 1, 2.0)], [('adam', 1, None), ('sgd', 1, None)], None),
    (rows({1: (1.7e308, -1.7e308), 2: (0.0, 1.0)}), [(1, 2, 0.0), (2, 2, 0.0)], 0.0),
])
def test_where_there_is_no_telling(runs: list[Result], wanted: list[tuple[object, ...]], r: float | None) -> None:
    said = swept(runs)

    assert figures(said) == wanted and said.r == (r if r is None else pytest.approx(r)) and said.best is None
    for place, (_, _, t) in enumerate(wanted):
        assert (' undefined ' in sweep.text(said, width=80).splitlines()[2 + place]) == (t is None)


def test_three_seeds_are_too_few_and_higher_may_be_better() -> None:
    table: Table = {1: (1, 2, 3), 2: (1, 2, 3.1), 3: (1, 2, 3.2)}
    said = sweep.text(swept(rows(table)), width=80)
    assert '  needs 4 seeds' in said and 'only 3 seeds can be compared, and 4 are needed' in said and swept(rows(table)).best is None
    table[4] = 1, 2, 3.3
    low, high = swept(rows(table)).best, swept(rows(table), metric=Metric('accuracy', 'max')).best

    assert low and low.value == 1 and high and high.value == 3


@pytest.mark.parametrize(('table', 'left_out', 'counts'), [
    ({1: (1, 2, 3), 2: (1, 2, 4), 3: (1, 2)}, [3], [2, 2, 2]),
    ({1: (1, 2, 3, 9), 2: (1, 2, 4), 3: (1, 2, 5)}, [], [3, 3, 3, 0]),
    ({1: (1, 2, 9, 9), 2: (1, 2), 3: (1, 2), None: (1,)}, [None], [3, 3, 0, 0]),
])
def test_only_the_same_seeds_compare(table: Table, left_out: list[int | None], counts: list[int]) -> None:
    said = swept(rows(table))

    assert [one.n for one in said.values] == counts and [one.pair.seed for one in said.left_out] == left_out
    assert said.values == swept([one for one in rows(table) if one.seed not in left_out]).values


def test_a_pair_shares_all_other_axes_and_repeats_are_averaged() -> None:
    runs = [row(lr, seed, 10 * depth + lr + seed, depth=depth) for depth in (1, 2) for seed in (1, 2) for lr in (1, 2, 4)]
    said = swept([*runs, row(1, 7, 0.0, depth=2)], 'depth', 'lr')

    assert [one.n for one in said.values] == [4, 4, 4] and said.axes == ('depth',) and said.seeds == 2
    assert said.left_out == (Left(Pair((2,), 7), (2, 4)),)
    assert 'seeds left out, since they lack values: seed 7, depth 2 (no lr 2, 4)' in sweep.text(said, width=80)
    assert swept([*rows({1: (1, 2, 3)}), row(1, 1, 3.0)]).values == swept(rows({1: (2, 2, 3)})).values


@given(some.integers(2, 6).flatmap(lambda many: some.lists(some.lists(some.integers(-99, 99), min_size=many, max_size=many), min_size=2)))
def test_t_is_what_another_reckoning_says(seeds: list[list[int]]) -> None:
    scores: list[list[float]] = [[] for _ in seeds[0]]
    for values in seeds:
        mean = sum(values) / len(values)
        sd = math.sqrt(sum((value - mean) ** 2 for value in values) / (len(values) - 1))
        for place, value in enumerate(values):
            scores[place].append((value - mean) / sd if sd else 0.0)
    for one, z in zip(swept(rows(dict(enumerate(seeds)))).values, scores):
        mean = sum(z) / len(z)
        sd = math.sqrt(sum((value - mean) ** 2 for value in z) / (len(z) - 1))
        assert one.mean == pytest.approx(mean, abs=1e-9) and one.sd == pytest.approx(sd, abs=1e-9)
        assert one.t is None if sd < 1e-9 else one.t == pytest.approx(mean / sd * math.sqrt(len(z)), rel=1e-6, abs=1e-9)


TABLES = some.dictionaries(some.integers(1, 6), some.lists(some.integers(-99, 99), min_size=1, max_size=5), min_size=1)


@given(TABLES, some.floats(1e-6, 1e6), some.randoms(use_true_random=False))
def test_neither_the_unit_nor_the_order_of_rows_matters(table: Table, unit: float, source: random.Random) -> None:
    runs = rows(table)
    said, shuffled = swept(runs), source.sample(runs, len(runs))
    scaled = swept([one._replace(value=(one.value or 0.0) * unit) for one in runs])

    assert swept(shuffled) == said
    for one, other in zip(said.values, scaled.values, strict=True):
        assert (one.value, one.n, one.t is None) == (other.value, other.n, other.t is None)
        assert one.mean is other.mean is None or one.mean == pytest.approx(other.mean, abs=1e-9)


def test_a_number_that_no_run_says_is_refused_with_those_that_they_say(make_lab: Make) -> None:
    with pytest.raises(No, match="no run that counts says 'lr'"):
        swept([])
    book = notebook.blank(make_lab)
    assert book.says('report', '--sweep', 'lr').talk.endswith('hint: print it beside the metric, as in lr: 0.1\n')
    book.runs('idea', 'a', [1.0], metrics={'lr': 0.1, 'depth': 3, 'done': True})
    book.supersede('idea', 'leak', book.runs('idea', 'b', [1.0], metrics={'width': 1}))

    said = "git exp: no run that counts says 'lrr'\nhint: they say 'depth', 'lr'\n"
    assert book.says('report', '--sweep', 'lrr') == notebook.Said(1, '', said)
    assert book.answers('report', '--sweep', 'lr').splitlines()[2].split() == [
        '0.1', '1.0000', '0', '-', '-', 'undefined', 'left', 'out',
    ]


@pytest.mark.parametrize('more', [{'params': {'args': ['--lr', '0.01']}}, {'params': {'args': ['lr=0.01']}}, {'metrics': {'lr': 0.01}}])
def test_runs_of_other_evaluations_are_said_to_be_left_out(make_lab: Make, more: dict[str, Any]) -> None:
    book = notebook.blank(make_lab)
    book.runs('idea', 'a', [1.0, 1.1], metrics={'depth': 3})
    book.runs('idea', 'a', [0.8, 0.9], eval_id='other', **more)
    gone = book.runs('idea', 'a', [0.7], seed=3, eval_id='other', **more)
    book.supersede('idea', 'leak', gone)
    book.runs('idea', 'a', [1.2], eval_id='third', params={'args': ['--lrs', 'lr']})
    hint = 'hint: to compare values of lr: a commit for each, and git exp eval without ARGS\n' if 'params' in more else ''
    told = f"left out: 2 runs of other evaluations with 'lr'\n{hint}"

    said = book.says('report', '--sweep', 'lr')
    assert said.code == 1 and said.talk.startswith(f"{told}git exp: no run that counts says 'lr'\n")
    book.runs('usual', 'b', [1.0], metrics={'lr': 0.1})
    said = book.says('report', '--sweep', 'lr')
    assert said.code == 0 and said.talk == told


@pytest.mark.parametrize('words', ['--csv a.csv --sweep lr', '--sweep lr --compare v1', '--csv a.csv --compare v1'])
def test_one_report_at_a_time(make_lab: Make, words: str) -> None:
    said = notebook.blank(make_lab).says('report', *words.split())

    assert said == notebook.Said(2, '', 'git exp: --csv, --sweep and --compare exclude each other\n')


def test_a_sweep_of_real_runs(make_lab: Make) -> None:
    lab: Place = make_lab(config=f'{CONFIG}seeds: [1, 2, 3, 4]\n', **{'eval.py': EVAL})
    experiment(lab, 'usual', model_py='lr, scores = 0.1, [5.0, 6.0, 7.1, 8.0]\n').ok('eval', '--seeds', '4')
    experiment(lab, 'lower', model_py='lr, scores = 0.01, [4.0, 5.0, 6.0, 7.0]\n').ok('eval', '--seeds', '4')
    experiment(lab, 'higher', model_py='lr, scores = 1.0, [8.0, 8.5, 9.0, 9.1]\n').ok('eval', '--seeds', '4')
    experiment(lab, 'spoilt', model_py='lr, scores = 10.0, [0.1, 0.1, 0.1, 0.1]\n').ok('eval', '--seeds', '4')
    lab.ok('supersede', 'spoilt', '--bug', 'leak', '--yes')

    first, _, *lines = lab.ok('report', '--sweep', 'lr').splitlines()
    assert first == 'score by lr, as z-scores at the same seed; lower is better'
    assert [line.split()[0] for line in lines[:3]] == ['0.01', '0.1', '1']
    said = json.loads(lab.ok('report', '--sweep', 'lr', '--json'))
    assert (said['best'], said['seeds'], said['metric']) == (0.01, 4, 'score') and said['r'] > 0.9
    assert [one['apart'] for one in said['values']] == [True, True, True] and all(one['n'] == 4 for one in said['values'])


def test_what_lacks_seeds_is_named_with_the_way_on(make_lab: Make) -> None:
    book = notebook.blank(make_lab)
    book.runs('baseline', 'b', [3.0, 3.1, 3.2], metrics={'lr': 0.1})
    book.runs('low', 'a', [2.0, 2.1, 2.2, 2.3], metrics={'lr': 0.01})
    book.runs('high', 'c', [4.0], metrics={'lr': 1})
    said = book.says('report', '--sweep', 'lr')

    assert said.out == """\
val_bpb by lr, as z-scores at the same seed; lower is better
lr    val_bpb  n  mean z  sd          t  told apart
0.01   2.1000  3   -0.71   0  undefined  needs 4 seeds
0.1    3.1000  3    0.71   0  undefined  needs 4 seeds
1      4.0000  0       -   -  undefined  left out
t is undefined where z is of one seed, or the same at all of them: sd 0, which t
divides by
linear trend: r 1.00
only 3 seeds can be compared, and 4 are needed to tell a value apart
values left out, since they lack seeds: lr 1 (no seed 2, seed 3)
seeds left out, since they lack values: seed 4 (no lr 0.1)
"""
    assert said.talk == 'hint: git exp baseline --seeds 4; git exp eval --seeds 4, in high\n'

    book.runs('baseline', 'b', [3.3], seed=4, metrics={'lr': 0.1})
    book.runs('again', 'd', [2.0, 2.0, 2.0, 2.0], metrics={'lr': 0.01})
    told = book.answers('report', '--sweep', 'lr')
    assert '0.01   2.0750  4   -0.71   0  undefined  lower at every seed\n' in told
    assert 'lr 0.01 is, at the same seed, the mean of several trees: low v1 at aaaaaaa,\nagain v1 at ddddddd\n' in told


def test_a_repeated_seed_is_no_other_observation(make_lab: Make) -> None:
    book = notebook.blank(make_lab)
    book.runs('baseline', 'b', [3.0, 3.2], metrics={'lr': 0.1})
    book.runs('low', 'a', [2.0, 2.0], metrics={'lr': 0.01})
    before = book.says('report', '--sweep', 'lr')
    book.runs('baseline', 'b', [9.0], metrics={'lr': 0.1})

    assert book.says('report', '--sweep', 'lr') == before and '3.1000' in before.out
