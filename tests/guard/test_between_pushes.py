"""The trunk has had what a push has left it with: nothing that stood between that is something to go back to, or to bring again."""
from __future__ import annotations

from pathlib import Path

import pytest
from place import Place
from rulebook import told
from test_left_behind import HEADER
from test_server import bare, change, make, push

RULES = '  sections: [experiments/*/PLAN.md]\n  keep: [experiments/*/kept/**]\n'
GOAL = '# Plan\n\n## 1. Goal\n\nwin\n'
FAILED = f'{GOAL}\n## 2. Outcome\n\nit failed\n'
WELL = f'{GOAL}\n## 3. Second look\n\nall was well\n'
EVIDENCE = {'kept/bad.json': '{"fails": 7}\n'}


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """A server with a lab, and nothing of an experiment yet."""
    place = make(tmp_path, RULES, install=False)
    change(place, 'another ledger', results_DOT_tsv=HEADER)
    place.git('tag', 'begun')
    place.git('push', '-q', 'origin', 'main')
    bare(place).ok('hook', 'install', '--server')
    return place


def _has(place: Place, plan: str, message: str = 'a plan', *, only: bool = True, **files: str) -> str:
    """Commit that the experiment has a plan, and `only` that."""
    if only and (place.path / 'experiments/a').exists():
        place.git('rm', '-q', '-r', 'experiments/a')
    for name, text in {'PLAN.md': plan, **files}.items():
        place.write(f'experiments/a/{name}', text)
    return change(place, message)


def _measured(place: Place, plan: str = FAILED, start: str = 'main', **files: str) -> str:
    """The experiment from there on, with its row, both pushed; the trunk is checked out."""
    place.git('switch', '-q', '-C', 'exp/a', start)
    tip = _has(place, plan, 'exp(a): it', only=False, **files)
    place.git('switch', '-q', 'main')
    change(place, 'a row', results_DOT_tsv=f'{(place.path / "results.tsv").read_text()}{tip[:8]}\ta\t3.0\t{tip}\n')
    assert push(place, 'exp/a') == push(place, 'main') == ''
    return tip


def _merge(place: Place, *words: str) -> str:
    place.git('merge', '-q', '--no-ff', '--no-edit', *words)
    return push(place, 'main')


def _gone(place: Place) -> None:
    place.git('rm', '-q', '-r', 'experiments/a')
    change(place, 'gone')


def _tried(place: Place, plan: str, **files: str) -> str:
    """What the server says to nothing but that on the trunk, which is taken back here."""
    before = place.git('rev-parse', 'HEAD').stdout.strip()
    _has(place, plan, **files)
    said = told(push(place, 'main'))
    place.git('reset', '-q', '--hard', before)
    return said


def test_what_comes_and_goes_in_one_push_has_never_been_there(place: Place) -> None:
    _has(place, GOAL)
    assert push(place, 'main') == ''
    _measured(place)
    _has(place, FAILED)
    _has(place, GOAL)
    assert push(place, 'main') == ''

    assert _tried(place, WELL) == 'sections'


def test_nor_does_it_keep_an_honest_merge_away(place: Place) -> None:
    _measured(place)
    _has(place, WELL)
    place.git('revert', '--no-edit', 'HEAD')
    assert push(place, 'main') == ''

    assert _merge(place, 'exp/a') == ''


def test_nor_does_a_draft_that_was_withdrawn_before_anything_was_measured(place: Place) -> None:
    _has(place, WELL)
    assert push(place, 'main') == ''
    _gone(place)
    assert push(place, 'main') == ''
    _measured(place)

    assert _merge(place, 'exp/a') == ''


@pytest.mark.parametrize('merged', [False, True])
def test_what_was_on_a_side_is_not_had_when_the_trunk_is_led_through_it(place: Place, merged: bool) -> None:
    """Two pushes that change nothing: a merge of the side, and then one that has it for its first parent."""
    _measured(place, GOAL)
    assert _merge(place, 'exp/a') == ''
    if merged:
        _measured(place, **EVIDENCE)
        assert _merge(place, 'exp/a') == ''
    else:
        _measured(place)
    place.git('switch', '-q', '-C', 'side', 'begun')
    if merged:
        place.git('switch', '-q', '-C', 'other')
        _has(place, WELL)
        place.git('switch', '-q', 'side')
        place.git('merge', '-q', '--no-ff', '--no-edit', 'other')
        place.git('revert', '--no-edit', '-m', '1', 'HEAD')
    else:
        _has(place, FAILED)
        _gone(place)
    change(place, 'a note', NOTES='hi\n')
    place.git('switch', '-q', 'main')
    assert _merge(place, 'side') == ''
    place.git('switch', '-q', '-C', 'main', 'side')
    assert _merge(place, 'origin/main') == ''

    assert _tried(place, WELL) == ('keep+sections' if merged else 'sections')


@pytest.mark.parametrize('early', [False, True])
def test_what_another_line_began_with_is_nothing_to_go_back_to(place: Place, early: bool) -> None:
    """A plain commit, or a merge that is taken back, on an old commit; what is published is merged into that and stays as it is."""
    if early:
        _has(place, GOAL)
        assert push(place, 'main') == ''
        place.git('tag', '-f', 'begun')
    _measured(place, **EVIDENCE)
    if early:
        place.git('rebase', '-q', 'main', 'exp/a')
        place.git('switch', '-q', 'main')
    assert _merge(place, 'exp/a') == ''
    place.git('switch', '-q', '-C', 'side', 'begun')
    if early:
        place.git('switch', '-q', '-C', 'other')
        _has(place, WELL)
        place.git('switch', '-q', 'side')
        place.git('merge', '-q', '--no-ff', '--no-edit', 'other')
        place.git('revert', '--no-edit', '-m', '1', 'HEAD')
    else:
        _has(place, GOAL)
    place.git('switch', '-q', '-C', 'main')
    place.git('merge', '-q', '--no-ff', '--no-commit', '-X', 'theirs', 'origin/main', check=False)
    place.git('checkout', '-q', 'origin/main', '--', 'experiments')
    place.git('commit', '-q', '-m', 'a merge')
    assert place.git('diff', '--name-only', 'origin/main').stdout == '' and push(place, 'main') == ''

    plan = WELL if early else GOAL
    assert 'keep' in _tried(place, plan)
    assert _tried(place, plan, **EVIDENCE) == 'sections'


def test_what_stood_before_a_revert_is_nothing_to_go_back_to_from_another_merge(place: Place) -> None:
    place.git('switch', '-q', '-C', 'exp/a')
    _has(place, WELL, 'exp(a): a plan')
    place.git('switch', '-q', 'main')
    assert _merge(place, 'exp/a') == ''
    place.git('revert', '--no-edit', '-m', '1', 'HEAD')
    assert push(place, 'main') == ''
    place.git('switch', '-q', '-C', 'exp/a', 'begun')
    tip = _has(place, f'{WELL}\n## 4. Outcome\n\nit failed\n', 'exp(a): it', **EVIDENCE)
    place.git('switch', '-q', 'main')
    change(place, 'a row', results_DOT_tsv=f'{HEADER}1\ta\t3.0\t{tip}\n')
    assert push(place, '+exp/a') == push(place, 'main') == ''
    place.git('merge', '-q', '--no-ff', '--no-commit', 'exp/a', check=False)
    place.git('checkout', '-q', 'exp/a', '--', 'experiments')
    place.git('commit', '-q', '-m', 'a merge')
    assert push(place, 'main') == ''

    assert _tried(place, WELL) == 'keep+sections'


def test_what_came_and_went_on_another_line_comes_again_as_it_was(place: Place) -> None:
    first = _measured(place, GOAL, 'begun')
    assert _merge(place, 'exp/a') == ''
    place.git('tag', 'merged')
    _measured(place, FAILED, first)
    place.git('switch', '-q', '-C', 'main', 'merged')
    place.git('merge', '-q', '--no-ff', '--no-edit', 'exp/a')
    place.git('revert', '--no-edit', '-m', '1', 'HEAD')
    place.git('merge', '-q', '--no-ff', '--no-commit', 'origin/main', check=False)
    place.git('checkout', '-q', 'origin/main', '--', '.')
    place.git('commit', '-q', '-m', 'a merge')
    assert place.git('diff', '--name-only', 'origin/main').stdout == '' and push(place, 'main') == ''

    assert _tried(place, FAILED.replace('it failed', 'all was well')) == 'sections'
    assert _tried(place, FAILED) == 'ok'


@pytest.mark.parametrize('mended', [True, False])
def test_a_merge_is_taken_back_when_what_was_changed_since_was(place: Place, mended: bool) -> None:
    """The title of a plan is open, and stands in the way of a revert while it is another one."""
    _measured(place, FAILED, **EVIDENCE)
    assert _merge(place, 'exp/a') == ''
    merged = place.git('rev-parse', 'HEAD').stdout.strip()
    for number in range(2):
        _has(place, FAILED.replace('# Plan', f'# Plan {number}'), only=False)
        assert push(place, 'main') == ''
    if mended:
        place.git('revert', '--no-edit', 'HEAD', 'HEAD^')
        assert push(place, 'main') == ''
        place.git('revert', '--no-edit', '-m', '1', merged)
    else:
        _gone(place)

    assert told(push(place, 'main')) == ('ok' if mended else 'keep+sections')


@pytest.mark.parametrize('measured', [True, False])
def test_a_merge_is_not_taken_back_to_one_that_was_never_published(place: Place, measured: bool) -> None:
    """Alone the first merge would lack what was measured since; of what was not measured nothing is asked."""
    first = _measured(place, GOAL)
    place.git('switch', '-q', 'exp/a')
    _has(place, FAILED, 'exp(a): more', **EVIDENCE)
    assert push(place, 'exp/a') == ''
    place.git('switch', '-q', 'main')
    if measured:
        _measured(place, FAILED, 'exp/a')
    place.git('merge', '-q', '--no-ff', '--no-edit', first)
    place.git('merge', '-q', '--no-ff', '--no-edit', 'exp/a')
    place.git('revert', '--no-edit', '-m', '1', 'HEAD')

    assert told(push(place, 'main')) == ('keep+sections' if measured else 'ok')
