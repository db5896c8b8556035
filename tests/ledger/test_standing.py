"""How trees stand."""
from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitexp.lab.lab import Lab
from gitexp.ledger import read, seeds, standing, write
from gitexp.ledger.result import Kind, Result, Status
from gitexp.ledger.standing import Standing


def best_of(lab: Lab, eval_id: str | None = None) -> Standing | None:
    return standing.trees(lab, eval_id).best(lab.config.metric)


def test_a_tree_stands_by_the_mean_of_its_seeds(bare: Lab, row: Callable[..., Result]) -> None:
    rows = [row('1', value=1.0, seed=1), row('2', value=2.0, seed=2), row('3', value=4.0, seed=2)]
    write.append(bare, [*rows, row('4', tree='other', value=1.9)])

    [one, other] = standing.trees(bare).trees
    assert (tuple(one.runs), one.n, one.mean) == (((1, 1.0), (2, 2.0)), 2, 1.5)
    assert best_of(bare) == one != other


def test_a_run_that_is_no_row_yet_counts_as_it_will_as_one(bare: Lab, row: Callable[..., Result]) -> None:
    rows = [row('1', tree='base', kind=Kind.BASELINE), row('2', value=1.0), row('3', value=2.0), row('4', value=2.0, seed=2)]
    write.append(bare, rows)
    for more in (row('5', value=6.0, seed=3), row('6', tree='new'), row('7', value=9.0, seed=4, status=Status.FAILED)):
        asked = standing.trees(bare, more=[more])
        write.append(bare, [more])
        assert asked == standing.trees(bare)
        tree = asked.of('tree')
        assert tree and tuple(tree.runs) == ((1, 1.0), (2, 2.0), (3, 6.0))


def test_the_lucky_run_of_a_tree_does_not_make_it_the_best(bare: Lab, row: Callable[..., Result]) -> None:
    write.append(bare, [row('1', tree='lucky', value=0.1), row('2', tree='lucky', seed=2, value=9.0), row('3', tree='steady', value=1.0)])

    best = best_of(bare)
    assert best and best.tree == 'steady'


@pytest.mark.parametrize('spoilt', [
    {'status': Status.FAILED}, {'value': None}, {'value': -1.0}, {'eval_id': None}, {'tree': None},
    {'kind': Kind.RESTORE, 'params': {'restores': 'x'}},
])
def test_what_does_not_compete(make_bare: Callable[..., Lab], row: Callable[..., Result], spoilt: dict[str, Any]) -> None:
    bare = make_bare(bounds=[0, 100])
    write.append(bare, [row('1', tree='honest', value=5.0), row('2', **{'value': 0.5, 'tree': 'spoilt', **spoilt})])

    best = best_of(bare)
    assert best and best.tree == 'honest'
    assert [one.tree for one in standing.trees(bare).trees] == ['honest']


def test_other_evaluations_do_not_compete(bare: Lab, row: Callable[..., Result]) -> None:
    rows = [row('1', eval_id='old', value=0.1), row('2', eval_id='new', tree='t2')]
    write.append(bare, [*rows, row('3', eval_id='newest', status=Status.FAILED)])

    assert standing.trees(bare).eval_id == 'new'
    best = [best_of(bare), best_of(bare, 'old'), best_of(bare, 'none')]
    assert [one.tree if one else None for one in best] == ['t2', 'tree', None]


def test_supersede_and_restore(bare: Lab, row: Callable[..., Result]) -> None:
    def best() -> str | None:
        found = best_of(bare)
        return found and found.tree

    write.append(bare, [row('1', tree='honest', value=2.0), row('2', tree='leaky', value=0.1)])
    assert best() == 'leaky'
    write.append(bare, [row('3', kind=Kind.SUPERSEDE, value=None, tree=None, params={'bug': 'val-leak', 'covers': ['2']})])
    assert best() == 'honest'
    assert read.read(bare).covered == {'2': 'val-leak'}
    write.append(bare, [row('4', kind=Kind.RESTORE, value=None, tree=None, params={'restores': '3'})])
    assert best() == 'leaky'


def test_a_row_may_be_retired_before_it_is_written(bare: Lab, row: Callable[..., Result]) -> None:
    """As after a merge of two clones whose clocks differ."""
    retired = row('1', kind=Kind.SUPERSEDE, value=None, params={'bug': 'b', 'covers': ['3']})
    write.append(bare, [retired, row('2', eval_id='old', tree='honest'), row('3', eval_id='new', tree='leaky', value=0.1)])

    best = best_of(bare)
    assert best and best.tree == 'honest' and best == standing.trees(bare).best(bare.config.metric)


def test_a_restore_may_stand_before_what_it_undoes(bare: Lab, row: Callable[..., Result]) -> None:
    restored = row('1', kind=Kind.RESTORE, value=None, params={'restores': '4'})
    retired = row('4', kind=Kind.SUPERSEDE, value=None, params={'bug': 'b', 'covers': ['2']})
    write.append(bare, [restored, row('2', tree='back', value=0.1), row('3', tree='other'), retired])

    best = best_of(bare)
    assert best and best.tree == 'back'


@pytest.mark.parametrize(('ends', 'lost'), [
    ('xx.', 2), ('x.', None), ('xo.', 2), ('xmx.', 3), ('.xx', None), ('x.x', None), ('.xx.', None), ('xh.', 2), ('h.', None), ('xx', 2),
    ('xux.', 2), ('bb.', 2), ('b.', None), ('xb.', 2), ('r.', 1), ('.r', 1), ('rx.', 2), ('.rx', 1), ('ux.', None), ('q.', None),
    ('cc.', 2), ('c.', None), ('dd.', None),
])
def test_how_often_a_seed_was_run_before_it_gave_a_value(
    make_bare: Callable[..., Lab], row: Callable[..., Result], ends: str, lost: int | None,
) -> None:
    said: dict[str, dict[str, Any]] = {
        '.': {}, 'x': {'status': Status.FAILED}, 'o': {'status': Status.OOM}, 'm': {'status': Status.INTERRUPTED},
        'h': {'status': Status.THERMAL_ABORT}, 'u': {'status': Status.FAILED, 'params': {'undeclared': True}},
        'c': {'env': {'contended': True}}, 'd': {'env': {'contended': True}, 'params': {'undeclared': True}},
        'b': {'value': 1e9}, 'r': {}, 'q': {'params': {'undeclared': True}},
    }
    bare = make_bare(bounds=[0, 100], time_limited=True)
    rows = [row(f'{number}', **{**({'value': None} if end in 'xomhu' else {}), **said[end]}) for number, end in enumerate(ends)]
    retired = [one.id for one, end in zip(rows, ends) if end in 'rq']
    bug = row('b', kind=Kind.SUPERSEDE, value=None, tree=None, params={'bug': 'b', 'covers': retired})
    write.append(bare, [*reversed(rows), row('a', seed=2), *([bug] if retired else [])])

    found = standing.trees(bare)
    assert {key: vain.many for key, vain in found.lost.items()} == ({} if lost is None else {('tree', 1): lost})
    nothing = [f'{at}' for at, end in enumerate(ends) if end in 'xomhbc']
    assert found.barren == ({('tree', 1): nothing[-1]} if nothing else {})
    assert found == standing.among(read.read(bare), bare.config.metric)


@pytest.mark.parametrize(('story', 'by'), [
    ('..R', None), ('r.R', 'R'), ('.rR', 'R'), ('rR.', None), ('rrR.', None), ('r.RsS', 'S'), ('rsRS.', None), ('r.RsS.', 'S'),
    ('rR.sS', 'S'), ('xR.', None), ('x.R', None), ('r.R-', None), ('rsR.S', 'S'), ('rsR.S-', 'R'), ('o.R', None), ('q.R', None),
])
def test_whether_what_is_left_of_a_tree_was_there_when_the_rest_was_retired(
    bare: Lab, row: Callable[..., Result], story: str, by: str | None,
) -> None:
    """'R' retires the runs before it but for '.' and 's', 'S' those; '-' undoes the last."""
    rows = [row('0', kind=Kind.BASELINE, tree='base', env={'lab_data_md5': 'a'}), row('1', tree='base', env={'lab_data_md5': 'a'})]
    gone: dict[str, str] = {}
    for number, end in enumerate(story, 2):
        name = f'{number}'
        if end in 'RS':
            covers = [f'{at}' for at, one in enumerate(story[:number - 2], 2) if (one == 's' if end == 'S' else one in 'rxoq')]
            rows.append(row(name, kind=Kind.SUPERSEDE, value=None, tree=None, params={'bug': 'b', 'covers': covers}))
            gone[end] = name
        elif end == '-':
            rows.append(row(name, kind=Kind.RESTORE, value=None, tree=None, params={'restores': f'{number - 1}'}))
        else:
            rows.append(row(name, seed=number, **{
                'x': {'status': Status.FAILED, 'value': None}, 'o': {'env': {'lab_data_md5': 'b'}}, 'q': {'params': {'undeclared': True}},
            }.get(end, {})))
    for order in (rows, rows[::-1]):
        bare.ledger.unlink(missing_ok=True)
        write.append(bare, order)

        found = standing.trees(bare)
        assert found.picked == ({'tree': gone[by]} if by else {})
        assert found == standing.among(read.read(bare), bare.config.metric)


def test_what_was_retired_beforehand_was_retired_when_it_was_measured(bare: Lab, row: Callable[..., Result]) -> None:
    """A version is closed in a clone that tells nobody until it is seen what comes of it elsewhere."""
    closed = row('1', experiment='mine', version='v1_b', kind=Kind.SUPERSEDE, value=None, tree=None, params={'bug': 'b', 'covers': []})
    for late, picked in (('5', {'tree': '5'}), ('0', {})):
        bare.ledger.unlink(missing_ok=True)
        write.append(bare, [row('2'), row('3', seed=2), row(late, seed=3, experiment='mine'), closed])

        found = standing.trees(bare)
        assert (found.picked, [one.n for one in found.trees]) == (picked, [2])
        assert found == standing.among(read.read(bare), bare.config.metric)


def test_what_a_row_names_was_there_before_it_by_whatever_clock(bare: Lab, row: Callable[..., Result]) -> None:
    """As where the clock was ahead and has been set right since: what is measured anew was not there when all was retired."""
    ahead = [row('7'), row('8', seed=2)]
    retired = row('3', kind=Kind.SUPERSEDE, value=None, tree=None, params={'bug': 'b', 'covers': ['7', '8']})
    for more, picked in (([], {}), ([row('2', seed=3)], {'tree': '3'})):
        bare.ledger.unlink(missing_ok=True)
        write.append(bare, [*ahead, retired, row('5'), *more])

        found = standing.trees(bare)
        assert found.picked == picked and found == standing.among(read.read(bare), bare.config.metric)


@pytest.mark.parametrize(('story', 'by'), [
    ('beE', None), ('ebE', None), ('befE', 'E'), ('ebfE', 'E'), ('befEF', None), ('bcB', 'B'), ('ebcB', 'B'), ('befEB', 'B'),
    ('ebB', 'B'), ('ebBc', None), ('ebBEc', None), ('ebBcE', None), ('ebBcC', 'C'),
])
def test_runs_of_a_baseline_and_those_of_experiments_with_its_tree_are_each_retired_as_a_whole(
    bare: Lab, row: Callable[..., Result], story: str, by: str | None,
) -> None:
    """'b' and 'c' are runs of the baseline, 'e' and 'f' of experiments; a capital retires those of its letter."""
    rows: list[Result] = []
    for number, letter in enumerate(story):
        if letter.isupper():
            covers = [f'{at}' for at, one in enumerate(story[:number]) if one == letter.lower()]
            rows.append(row(f'{number}', kind=Kind.SUPERSEDE, value=None, tree=None, params={'bug': 'b', 'covers': covers}))
        else:
            rows.append(row(f'{number}', seed=number, kind=Kind.BASELINE if letter in 'bc' else Kind.EVAL))
    for order in (rows, rows[::-1]):
        bare.ledger.unlink(missing_ok=True)
        write.append(bare, order)

        found = standing.trees(bare)
        assert found.picked == ({'tree': f'{story.index(by)}'} if by else {})
        assert found == standing.among(read.read(bare), bare.config.metric)


def test_of_a_seed_that_gives_several_values_the_first_counts_wherever_it_stands(bare: Lab, row: Callable[..., Result]) -> None:
    values = {'1': (1, 2.0), '2': (2, 4.0), '3': (1, 1.0), '4': (None, 3.0), '5': (2, 9.0)}
    said = [row(name, seed=seed, value=value) for name, (seed, value) in values.items()]
    for order in (said, said[::-1], said[2:] + said[:2]):
        bare.ledger.unlink(missing_ok=True)
        write.append(bare, order)

        found = standing.trees(bare)
        assert [tuple(one.runs) for one in found.trees] == [((1, 2.0), (2, 4.0), (None, 3.0))]
        assert found == standing.among(read.read(bare), bare.config.metric)


@pytest.mark.parametrize(('story', 'vouched'), [
    ('aC', True), ('Ca', False), ('abC', True), ('bC', False), ('bCa', False), ('aCRb', False), ('abCR', False), ('abCRa', False),
    ('vC', False), ('aCRv', False), ('aCRb-', True), ('oC', False),
])
def test_a_confirmation_is_of_what_one_version_of_an_experiment_had_measured(
    bare: Lab, row: Callable[..., Result], story: str, vouched: bool,
) -> None:
    """'a' and 'b' measure one tree, 'v' in another version, 'o' by another evaluation; 'C' confirms it for 'a', 'R' retires 'a' so far."""
    rows = [row('0', kind=Kind.BASELINE, tree='base')]
    for number, end in enumerate(story, 1):
        name = f'{number}'
        rows.append({
            'C': row(name, experiment='a', kind=Kind.CONFIRM, value=None, tree=None, params={'confirms': 'tree'}),
            'R': row(name, kind=Kind.SUPERSEDE, value=None, tree=None,
                     params={'bug': 'b', 'covers': [one.id for one in rows if one.experiment == 'a' and one.kind is Kind.EVAL]}),
            '-': row(name, kind=Kind.RESTORE, value=None, tree=None, params={'restores': f'{story.find("R") + 1}'}),
            'v': row(name, experiment='a', version='v2'), 'o': row(name, experiment='a', eval_id='other'),
        }.get(end) or row(name, experiment=end))
    for order in (rows, rows[::-1]):
        bare.ledger.unlink(missing_ok=True)
        write.append(bare, order)

        found = standing.trees(bare, rows[0].eval_id)
        assert ('tree' in found.vouched) is vouched
        assert found == standing.among(read.read(bare), bare.config.metric, rows[0].eval_id)


def test_nothing_is_the_best_of_nothing(bare: Lab) -> None:
    assert best_of(bare) is None
    assert standing.trees(bare) == standing.Standings(None, ())
    bare.ledger.write_text('commit\tscore\n1234567\t0.5\n')
    assert best_of(bare) is None


def test_of_equals_the_earlier_tree_wins(bare: Lab, row: Callable[..., Result]) -> None:
    runs = [(seed, tree) for seed in range(3) for tree in range(3)]
    write.append(bare, [row(f'{seed}{tree}', tree=f'tree {tree}', seed=seed, value=0.1 * (1 + seed)) for seed, tree in runs])

    best = best_of(bare)
    assert best and best.tree == 'tree 0'


@pytest.mark.parametrize('columns', [
    'score id experiment status kind eval_id tree', 'tree eval_id kind status experiment id score',
    'tree eval_id score kind experiment id status', 'id tree status score kind experiment eval_id',
    'tree status score kind experiment eval_id id', 'id tree status score experiment eval_id kind',
])
def test_a_ledger_from_another_system_with_its_own_order(bare: Lab, columns: str) -> None:
    said = [{'id': '1', 'tree': 'far', 'score': '3'}, {'id': '2', 'tree': 'near', 'score': '1'}]
    plain = {'experiment': 'e', 'status': 'ok', 'kind': 'eval', 'eval_id': 'x'}
    lines = ['\t'.join({**plain, **row}[name] for name in columns.split()) for row in said]
    bare.ledger.write_bytes('\r\n'.join([columns.replace(' ', '\t'), *lines, '']).encode())

    best = best_of(bare)
    assert best and (best.tree, best.mean) == ('near', 1.0)


@given(value=st.floats(allow_nan=False, allow_infinity=False), often=st.integers(1, 9))
def test_the_mean_of_equals_is_what_they_are(value: float, often: int) -> None:
    assert seeds.mean([value] * often) == value


@given(values=st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1), chance=st.randoms())
def test_the_mean_lies_within_and_does_not_depend_on_the_order(values: list[float], chance: random.Random) -> None:
    mean = seeds.mean(values)
    assert min(values) <= mean <= max(values)
    chance.shuffle(values)
    assert seeds.mean(values) == mean
