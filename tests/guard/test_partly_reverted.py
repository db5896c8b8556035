"""Some of several merges are taken back, with real pushes: what they brought stays away, or comes as a whole, as it was."""
from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from place import Place
from rulebook import told
from test_server import RULES, bare, change, make, push

PLAN = '# Plan\n\n## 1. Goal\n\nwin\n\n## 9. First\n\nit works\n'
FAILED = '\n## 10. Second\n\nit failed\n'
WELL = '\n## 10. Second\n\nall was well\n'
MORE = '\n## 11. Third\n\nmore data\n'
LINES = 'seed 1: 3.0\n'


@pytest.fixture
def place(tmp_path: Path) -> Place:
    place = make(tmp_path, install=False)
    rules = RULES.replace('[results.tsv]', '[results.tsv, experiments/*/seen.log]') + '  sections: [experiments/*/PLAN.md]\n'
    change(place, 'rules', gitexp_DOT_yaml=rules, results_DOT_tsv='id\texperiment\tscore\tcommit\n')
    place.git('push', '-q', 'origin', 'main')
    bare(place).ok('hook', 'install', '--server')
    return place


def _write(place: Place, plan: str, lines: str) -> None:
    place.write('experiments/a/PLAN.md', plan)
    place.write('experiments/a/seen.log', lines)


def _merged(place: Place, plan: str, lines: str, *, rebased: bool = False, early: bool = False) -> None:
    """What was measured with a plan, or before that, and merged."""
    place.git('switch', '-q', 'exp/a')
    measured = change(place, 'exp(a): it', model_DOT_py='m = 2\n')
    _write(place, plan, lines)
    end = change(place, 'exp(a): more')
    measured = measured if early else end
    place.git('switch', '-q', 'main')
    change(place, 'a row', results_DOT_tsv=f'{(place.path / "results.tsv").read_text()}{measured[:8]}\ta\t3.0\t{measured}\n')
    assert push(place, 'main', '+exp/a') == ''
    if rebased:
        place.git('rebase', '-q', 'main', 'exp/a')
        place.git('switch', '-q', 'main')
    place.git('merge', '-q', '--no-ff', '--no-edit', 'exp/a')
    assert push(place, 'main') == ''


def _reverted(place: Place) -> None:
    place.git('revert', '--no-edit', '-m', '1', 'HEAD')


def _by_branch(place: Place, plan: str, lines: str) -> str:
    _reverted(place)
    assert push(place, 'main') == ''
    place.git('switch', '-q', 'exp/a')
    place.git('merge', '-q', '--no-edit', 'main')
    _write(place, plan, lines)
    change(place, 'exp(a): on')
    said = told(push(place, '+exp/a'))
    place.git('switch', '-q', 'main')
    place.git('merge', '-q', '--no-ff', '--no-edit', 'exp/a')
    assert told(push(place, 'main')) == said, 'to the trunk as to the branch'
    return said


def _on_trunk(place: Place, plan: str, lines: str) -> str:
    _reverted(place)
    assert push(place, 'main') == ''
    return _in_one_push(place, plan, lines, reverted=True)


def _in_one_push(place: Place, plan: str, lines: str, *, reverted: bool = False) -> str:
    if not reverted:
        _reverted(place)
    _write(place, plan, lines)
    change(place, 'on')
    return told(push(place, 'main'))


@pytest.mark.parametrize(('plan', 'lines', 'said'), [
    (PLAN, LINES, 'ok'),
    (PLAN + MORE, LINES, 'ok'),
    (PLAN + FAILED, LINES, 'append-bottom'),
    (PLAN + FAILED, LINES + 'seed 2: 9.0\n', 'ok'),
    (PLAN + FAILED + MORE, LINES + 'seed 2: 9.0\nseed 3: 1.0\n', 'ok'),
    (PLAN + WELL, LINES, 'append-bottom+sections'),
    (PLAN + FAILED + WELL, LINES + 'seed 2: 9.0\n', 'ok'),
    (PLAN + WELL + FAILED, LINES + 'seed 2: 9.0\n', 'sections'),
    (PLAN, LINES + 'seed 2: 1.0\n', 'append-bottom+sections'),
], ids=['none', 'another', 'in-part', 'again', 'all-and-more', 'otherwise', 'below', 'above', 'line'])
@pytest.mark.parametrize(('way', 'form'), [
    (_by_branch, {}), (_on_trunk, {}), (_in_one_push, {}), (_on_trunk, {'rebased': True}), (_in_one_push, {'rebased': True}),
    (_on_trunk, {'early': True}), (_in_one_push, {'early': True}), (_on_trunk, {'early': True, 'rebased': True}),
], ids=['by-branch', 'on-trunk', 'in-one-push', 'rebased-on-trunk', 'rebased-in-one-push', 'early-on-trunk', 'early-in-one-push', 'both'])
def test_what_was_led_back_stays_away_or_comes_as_it_was(
    place: Place, way: Callable[[Place, str, str], str], form: dict[str, bool], plan: str, lines: str, said: str,
) -> None:
    place.git('switch', '-q', '-c', 'exp/a')
    _merged(place, PLAN, LINES, **form)
    _merged(place, PLAN + FAILED, LINES + 'seed 2: 9.0\n', **form)
    assert way(place, plan, lines) == said


EVIDENCE = ['PROTOCOL.md', 'results_v1_leak/bad.txt', 'results_v1_leak/worse.txt']


def _with_evidence(place: Place) -> str:
    """What was measured and merged twice, of which the second time brought evidence, and is taken back; returns what it brought."""
    place.git('switch', '-q', '-c', 'exp/a')
    _merged(place, PLAN, LINES)
    place.git('switch', '-q', 'exp/a')
    for name in EVIDENCE:
        place.write(f'experiments/a/{name}', 'it failed\n')
    place.git('switch', '-q', 'main')
    _merged(place, PLAN + FAILED, LINES + 'seed 2: 9.0\n')
    brought = place.git('rev-parse', 'HEAD').stdout.strip()
    _reverted(place)
    return brought


@pytest.mark.parametrize('pushed', [True, False], ids=['two pushes', 'one'])
@pytest.mark.parametrize(('plan', 'lines', 'said'), [
    (PLAN + MORE, LINES, 'ok'),
    (PLAN + FAILED, LINES, 'append-bottom+keep+protocol'),
    (PLAN + FAILED + MORE, LINES + 'seed 2: 9.0\n', 'keep+protocol'),
    (PLAN, LINES + 'seed 2: 9.0\n', 'keep+protocol+sections'),
], ids=['another', 'section', 'and-more', 'line'])
def test_what_left_beside_it_comes_with_what_comes_again(place: Place, pushed: bool, plan: str, lines: str, said: str) -> None:
    brought = _with_evidence(place)
    assert not pushed or push(place, 'main') == ''
    _write(place, plan, lines)
    change(place, 'on')
    assert told(push(place, 'main')) == said
    for many, so in {2: 'keep', 3: 'ok'}.items() if said != 'ok' else ():
        place.git('reset', '-q', '--hard', 'HEAD^')
        _write(place, PLAN + FAILED + MORE, LINES + 'seed 2: 9.0\n')
        for name in EVIDENCE[:many]:
            place.git('checkout', brought, '--', f'experiments/a/{name}')
        change(place, f'with {many} of it')
        assert told(push(place, 'main')) == so


BAD = 'experiments/a/results_v1_leak/bad.txt'


def _revert(place: Place, *commits: str) -> None:
    for commit in commits:
        place.git('revert', '--no-edit', *(['-m', '1'] if place.git('rev-list', '--merges', f'{commit}^!').stdout else []), commit)
        assert push(place, 'main') == ''


def _head(place: Place) -> str:
    return str(place.git('rev-parse', 'HEAD').stdout.strip())


def _tried(place: Place, plan: str, lines: str, *, branch: str = 'main', **files: str) -> str:
    """What the server says to that by a plain commit, which is taken back here."""
    before = _head(place)
    _write(place, plan, lines)
    change(place, 'on' if branch == 'main' else 'exp(a): on', **files)
    said = told(push(place, branch))
    place.git('reset', '-q', '--hard', before)
    return said


def test_of_several_merges_that_were_taken_back_one_by_one_nothing_comes_in_part(place: Place) -> None:
    place.git('switch', '-q', '-c', 'exp/a')
    _merged(place, PLAN, LINES)
    first = _head(place)
    _merged(place, PLAN + FAILED, LINES)
    second = _head(place)
    place.git('switch', '-q', 'exp/a')
    place.write(BAD, 'it failed\n')
    _merged(place, PLAN + FAILED + MORE, LINES)
    third = _head(place)
    _revert(place, third, second)
    assert place.git('diff', '--name-only', first, 'HEAD', '--', 'experiments').stdout == ''

    forged = MORE.replace('more data', 'all was well')
    assert _tried(place, PLAN + FAILED + forged, LINES) == _tried(place, PLAN + forged, LINES) == 'keep+sections'
    assert _tried(place, PLAN + MORE, LINES) == 'keep+sections'
    assert _tried(place, PLAN + FAILED + MORE, LINES) == 'keep'
    assert _tried(place, PLAN, LINES, **{BAD.replace('.', '_DOT_'): 'it failed\n'}) == 'sections'
    again = _head(place)
    _revert(place, again, f'{again}^')
    assert place.git('diff', '--name-only', third, 'HEAD', '--', 'experiments').stdout == '', 'in their order they do'


@pytest.mark.parametrize(('empty', 'filled'), [('', 'it failed\n'), ('- score:\n', '- score: 9.0\n')], ids=['section', 'field'])
def test_what_was_filled_by_what_was_taken_back_is_not_filled_otherwise(place: Place, empty: str, filled: str) -> None:
    outcome = f'{PLAN}\n## 10. Outcome\n\n'
    place.git('switch', '-q', '-c', 'exp/a')
    _merged(place, outcome + empty, LINES)
    _merged(place, outcome + filled, LINES)
    _revert(place, _head(place))

    assert _tried(place, outcome + filled.replace('failed', 'won').replace('9', '1'), LINES) == 'sections'
    assert _tried(place, outcome + filled, LINES) == 'ok'


@pytest.mark.parametrize('name', [BAD.replace('bad', 'Bad'), 'experiments/a/Protocol.md'])
def test_nor_does_another_spelling_come_in_its_place(place: Place, name: str) -> None:
    _with_evidence(place)
    assert push(place, 'main') == ''
    assert set(_tried(place, PLAN, LINES, **{name.replace('.', '_DOT_'): 'all was well\n'}).split('+')) >= {'keep', 'protocol', 'sections'}
    assert _tried(place, f'{PLAN}\n## 10.  SECOND\n\nall was well\n', LINES) != 'ok'


def test_what_is_new_comes_beside_what_was_taken_back(place: Place) -> None:
    place.git('switch', '-q', '-c', 'exp/a')
    first = PLAN + '\n## 9.5 Outcome\n\n- score:\n'
    place.write('experiments/a/results/r.txt', 'three\n')
    _merged(place, first, LINES)
    place.git('switch', '-q', 'exp/a')
    place.write(BAD.replace('v1', 'v3'), 'it failed\n')
    _merged(place, first + FAILED, LINES)
    _revert(place, _head(place))

    filled = first.replace('score:', 'score: 3.0')
    _write(place, filled, LINES)
    place.write('experiments/a/results_v2_drift/r.txt', 'new\n')
    change(place, 'on')
    assert told(push(place, 'main')) == 'ok'
    place.git('mv', 'experiments/a/results', 'experiments/a/results_v1_leak')
    _write(place, filled + MORE, LINES)
    change(place, 'retired')
    assert told(push(place, 'main')) == 'ok'
    assert _tried(place, filled + MORE, LINES, **{BAD.replace('v1', 'v3').replace('.', '_DOT_'): 'it failed\n'}) == 'sections'


def test_one_of_two_merges_that_were_taken_back_comes_again_with_what_is_new(place: Place) -> None:
    """As git's manual says: the revert is reverted on the branch, and that goes on and is merged."""
    place.git('switch', '-q', '-c', 'exp/a')
    _merged(place, PLAN, LINES)
    _merged(place, PLAN + FAILED, LINES)
    _revert(place, _head(place))
    place.git('switch', '-q', 'exp/a')
    place.git('merge', '-q', '--no-edit', 'main')
    _merged(place, PLAN + MORE, LINES)
    _revert(place, _head(place))
    place.git('switch', '-q', 'exp/a')
    place.git('merge', '-q', '--no-edit', 'main')
    place.git('revert', '--no-edit', 'main')
    new = '\n## 12. Fourth\n\nless of it\n'

    assert _tried(place, PLAN + MORE.replace('more', 'less'), LINES, branch='exp/a') == 'sections'
    assert _tried(place, PLAN + FAILED + MORE.replace('more', 'less'), LINES, branch='exp/a') == 'sections'
    assert _tried(place, PLAN + MORE + new, LINES, branch='exp/a') == 'ok'


@pytest.mark.parametrize(('again', 'said'), [(False, 'ok'), (True, 'sections')])
def test_a_branch_is_as_the_trunk_that_it_has_merged(place: Place, again: bool, said: str) -> None:
    place.git('switch', '-q', '-c', 'exp/a')
    _merged(place, PLAN, LINES)
    place.git('switch', '-q', 'exp/a')
    place.write(BAD, 'it failed\n')
    _merged(place, PLAN + FAILED, LINES)
    _revert(place, _head(place))
    place.git('switch', '-q', 'exp/a')
    place.git('merge', '-q', '--no-edit', 'main')

    assert place.git('diff', '--name-only', 'main', '--', 'experiments').stdout == ''
    assert told(push(place, 'exp/a')) == 'ok'
    part = {BAD.replace('.', '_DOT_'): 'it failed\n'} if again else {}
    assert _tried(place, PLAN + MORE, LINES, branch='exp/a', **part) == said
