"""What two clones have made under one name before they met, with real merges and pushes: both stay, and neither hides the other."""
from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from place import Place
from rulebook import gated, named, pushed, told
from test_server import bare, change, make, push

from gitexp.lab.lab import Lab
from gitexp.rules import asked

HEADER = 'id\texperiment\tscore\tcommit\n'
PLAN = '# Plan\n\n## Goal\n\nwin\n'
CURVE = 'experiments/a/results_v1_leak/viz/curve.svg'
BESIDE = 'experiments/a/results_v1_leak/viz/curve-2.svg'


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return _lab(tmp_path)


def _lab(tmp_path: Path, *, measured: bool = True) -> Place:
    """A measured experiment, and what two have made of it: one has measured and pushed that, or only pushed, two has it in a branch."""
    place = make(tmp_path, '  sections: [experiments/*/PLAN.md]\n', install=False)
    change(place, 'another ledger', results_DOT_tsv=HEADER)
    place.git('push', '-q', 'origin', 'main')
    bare(place).ok('hook', 'install', '--server')
    place.ok('hook', 'install')
    place.git('switch', '-q', '-c', 'exp/a')
    place.write('experiments/a/PLAN.md', PLAN)
    change(place, 'exp(a): planned')
    _measure(place)
    for who in ('one', 'two'):
        place.git('switch', '-q', '-C', who, 'exp/a')
        place.write('experiments/a/PLAN.md', _plan(who))
        place.write(CURVE, who)
        change(place, f'exp(a): {who}', model_DOT_py=f'm = "{who}"\n')
    place.git('switch', '-q', '-C', 'exp/a', 'one')
    if measured:
        _measure(place)
    assert push(place, 'main', 'exp/a') == ''
    place.git('switch', '-q', '-C', 'exp/a', 'two')
    return place


def _plan(*names: str) -> str:
    return PLAN + ''.join(f'\n## 9. v1 results\n\n{name}\n' for name in names)


def _measure(place: Place) -> None:
    """A row about HEAD on the trunk."""
    tip = place.git('rev-parse', 'HEAD').stdout.strip()
    place.git('switch', '-q', 'main')
    change(place, 'a row', results_DOT_tsv=f'{(place.path / "results.tsv").read_text()}{tip[:8]}\ta\t3.0\t{tip}\n')
    assert push(place, 'main') == ''
    place.git('switch', '-q', '-')


def _meet(place: Place, first: str, *, beside: str = BESIDE) -> str:
    """Merge what the server has, with one of the two first; what the hook says."""
    other = {'one': 'two', 'two': 'one'}[first]
    place.git('merge', '-q', '--no-commit', 'origin/exp/a', check=False)
    place.write('experiments/a/PLAN.md', _plan(first, other))
    place.write('model.py', 'm = 1\n')
    place.write(CURVE, first)
    place.write(beside, other)
    place.git('add', '-A')
    return place.git('commit', '-q', '-m', 'exp(a): both', check=False).stderr


def _gates(place: Place) -> Iterator[str]:
    """What is said of exp/a by an evaluation, the hook before a push, both checks, its server, and those of its merge or squash."""
    yield gated(place, 'a')
    yield pushed(place, 'exp/a')
    for ci in (False, True):
        yield named(asked.findings(asked.span(Lab.find(place.path), 'main..exp/a', branch='exp/a', environment={}, ci=ci), ci=ci))
    yield told(push(place, 'exp/a'))
    for how in ('--squash', '--no-ff'):
        place.git('switch', '-q', '-C', 'main', 'origin/main')
        place.git('merge', '-q', '--no-commit', how, 'exp/a')
        change(place, 'a')
        yield told(push(place, 'main:try', 'main') if how == '--no-ff' else pushed(place, 'main'))
    place.git('switch', '-q', 'exp/a')


@pytest.mark.parametrize('first', ['one', 'two'])
def test_what_two_have_measured_under_one_name_stands_in_either_order(place: Place, first: str) -> None:
    _measure(place)
    assert _meet(place, first) == ''
    assert set(_gates(place)) == {'ok'}


def test_what_was_measured_comes_first_where_the_other_one_was_only_pushed(tmp_path: Path) -> None:
    place = _lab(tmp_path, measured=False)
    _measure(place)
    assert _meet(place, 'one') == ''
    assert told(push(place, 'exp/a')) == 'keep+sections'
    place.git('reset', '-q', '--hard', 'two')
    assert _meet(place, 'two') == ''
    assert set(_gates(place)) == {'ok'}


def test_it_does_so_where_the_trunk_has_one_of_them_already(place: Place) -> None:
    _measure(place)
    place.git('switch', '-q', 'main')
    place.git('merge', '-q', '--no-ff', '--no-edit', 'one')
    assert push(place, 'main') == ''
    place.git('switch', '-q', 'exp/a')
    assert _meet(place, 'two') == ''
    place.git('merge', '-q', '--no-edit', 'main')
    assert set(_gates(place)) == {'ok'}


def test_what_nobody_has_measured_does_not_take_the_place_of_what_was(place: Place) -> None:
    assert _meet(place, 'two') == '', 'a hook does not know what comes of it'
    assert told(push(place, 'exp/a')) == 'keep+sections'
    _measure(place)
    assert told(push(place, 'exp/a')) == 'keep+sections', 'nor with what was measured already beside it'
    place.git('reset', '-q', '--soft', 'one^')
    place.without_hooks('commit', '-q', '-m', 'exp(a): in one line')
    _measure(place)
    assert told(push(place, '-f', 'exp/a')) == 'keep+sections'


def test_it_comes_below_and_beside_that(place: Place) -> None:
    assert _meet(place, 'one') == ''
    assert set(_gates(place)) == {'ok'}


@pytest.mark.parametrize('beside', [f'experiments/a/{name}' for name in ('c.svg', 'results_v1_leak/c.svg', 'results_v2_leak/viz/c.svg')])
def test_what_is_elsewhere_does_not_stand_beside(place: Place, beside: str) -> None:
    said = _meet(place, 'one', beside=beside)
    assert told(said) == 'keep'
    assert f'git show MERGE_HEAD:{CURVE} > {BESIDE}' in said


def test_both_may_count_again_and_go_on(place: Place) -> None:
    _measure(place)
    assert _meet(place, 'two') == ''
    assert push(place, 'exp/a') == ''
    place.git('mv', 'experiments/a/results_v1_leak', 'experiments/a/results')
    place.git('commit', '-q', '-m', 'exp(a): they count again')
    place.write('experiments/a/results/viz/curve.svg', 'more\n')
    place.commit('exp(a): more')
    assert set(_gates(place)) == {'ok'}
