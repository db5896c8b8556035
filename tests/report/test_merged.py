"""What is said of a winner when the trunk has it."""
from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

import notebook
from notebook import Notebook

Make = Callable[..., Any]
VALUES = [2.0, 2.01, 2.02]


@pytest.fixture
def won(make_lab: Make) -> Notebook:
    """A baseline of 3, and 'quad', which has won by 1."""
    book = notebook.blank(make_lab)
    measured(book, book.lab, 'baseline', [3.0, 3.01, 3.02])
    quad = experiment(book, 'quad')
    measured(book, quad, 'quad', VALUES, verdict='better')
    return book


def experiment(book: Notebook, slug: str) -> Any:
    book.lab.git('worktree', 'add', '-q', '-b', f'exp/{slug}', f'5_worktrees/{slug}')
    place = book.lab.at(f'5_worktrees/{slug}')
    place.write('model.py', f'score = 2.0  # {slug}\n')
    place.write(f'experiments/{slug}/PLAN.md', '# The plan\n')
    place.commit(f'exp({slug}): try')
    return place


def measured(book: Notebook, place: Any, name: str, values: Sequence[float | None], **more: Any) -> None:
    """Rows for what a place has committed."""
    commit, tree = place.git('rev-parse', 'HEAD', 'HEAD^{tree}').stdout.split()
    book.runs(name, '-', values, commit=commit, tree=tree, **more)


def merged(book: Notebook, slug: str = 'quad', values: Sequence[float | None] = VALUES) -> None:
    """As the manual says for who works alone."""
    book.lab.git('merge', '-q', '--no-ff', '--no-edit', f'exp/{slug}')
    measured(book, book.lab, 'baseline', values)


def moved(book: Notebook) -> None:
    """Another tree of the trunk, so that no merge has that of an experiment."""
    book.lab.write('notes.txt', 'new\n')
    book.lab.git('add', 'notes.txt')
    book.lab.git('commit', '-q', '-m', 'notes')


def listed(book: Notebook) -> dict[str, list[str]]:
    """State, runs, seeds, mean, gain and verdict of each experiment, as `list` has them."""
    return {line.split()[0]: line.split()[1:7] for line in book.answers('list').splitlines()[1:]}


def commit(book: Notebook, name: str) -> str:
    return str(book.lab.git('rev-parse', '--short=7', name).stdout.strip())


def test_a_winner_whose_tree_is_the_trunks_is_listed_as_it_was(won: Notebook) -> None:
    assert listed(won)['quad'] == ['open', '3', '3', '2.0100', '+1.0000', 'better']
    merged(won)

    assert won.lab.git('diff', '--quiet', 'main', 'exp/quad', check=False).returncode == 0
    assert listed(won) == {'quad': ['merged', '3', '3', '2.0100', '+1.0000', 'better']}
    shown = won.says('show', 'quad')
    assert shown.out.startswith('quad: merged\n') and shown.out.splitlines()[-1].split()[3:] == ['3', '2.0100', '0.01', '+1.0000', 'better']
    assert shown.talk == 'hint: git exp close quad\n'


def test_a_winner_is_not_held_against_the_trunk_that_holds_it(won: Notebook) -> None:
    moved(won)
    merged(won)

    assert won.lab.git('diff', '--quiet', 'main', 'exp/quad', check=False).returncode == 1
    assert listed(won)['quad'] == ['merged', '3', '3', '2.0100', '+1.0000', 'better']
    shown = json.loads(won.answers('show', 'quad', '--json'))
    [tree] = shown['trees']
    assert (shown['state'], tree['verdict'], tree['why']) == ('merged', 'better', 'than what was there before it, and the trunk holds it')
    assert [one['verdict'] for one in json.loads(won.answers('list', '--json'))] == ['better']
    won.lab.git('worktree', 'remove', '--force', '5_worktrees/quad')
    assert listed(won)['quad'][0] == 'merged' and won.says('show', 'quad').talk == 'hint: git exp new SLUG\n'


def test_a_clock_that_was_behind_after_the_merge_hides_it_not(won: Notebook) -> None:
    """git looks no further than dates tell it to."""
    moved(won)
    merged(won)
    for number in range(8):
        won.lab.git('commit', '-q', '--allow-empty', '-m', f'{number}', GIT_COMMITTER_DATE='2001-01-01T00:00:00Z')
    tip = won.lab.git('rev-parse', 'exp/quad').stdout
    assert tip in won.lab.git('rev-list', 'exp/quad', '^main').stdout, 'git has learnt to look on'

    assert listed(won)['quad'] == ['merged', '3', '3', '2.0100', '+1.0000', 'better']
    assert won.says('show', 'quad').out.splitlines()[-1].split()[-1] == 'better'


def test_what_goes_on_after_a_merge_is_judged_as_ever(won: Notebook) -> None:
    moved(won)
    merged(won)
    won.lab.at('5_worktrees/quad').write('model.py', 'score = 1.9\n')
    won.lab.at('5_worktrees/quad').commit('exp(quad): more')

    assert listed(won)['quad'][0] == 'open' and listed(won)['quad'][5] == 'inconclusive'
    assert won.says('show', 'quad').out.splitlines()[-1].split()[-1] == 'inconclusive'


def test_the_best_tree_is_called_better_when_the_trunk_holds_it(won: Notebook) -> None:
    moved(won)
    won.runs('baseline', 'e', VALUES, commit=won.lab.git('rev-parse', 'main').stdout.strip())
    assert ': inconclusive' in won.answers('best').splitlines()[0]
    merged(won)

    said = won.answers('best')
    assert said.splitlines()[0].partition(' at ')[0].endswith('1.0000 better than the first baseline') and 'champion' not in said
    assert '  verdict   better: than what was there before it, and the trunk holds it\n' in said
    assert json.loads(won.answers('best', '--json'))['verdict'] == 'better'
    assert '1.0000 better than the first baseline' in won.says('status').out


def test_a_trunk_that_lacks_a_winner_is_held_against_it(won: Notebook) -> None:
    """As after the merge of another one."""
    cub = experiment(won, 'cub')
    measured(won, cub, 'cub', [1.5, 1.51, 1.52], verdict='better')
    moved(won)
    merged(won, 'cub', [1.5, 1.51, 1.52])

    assert listed(won)['cub'][::5] == ['merged', 'better']
    assert listed(won)['quad'][::5] == ['open', 'worse']
    won.lab.git('merge', '-q', '-X', 'ours', '--no-edit', 'exp/quad')
    assert listed(won)['quad'][::5] == ['merged', 'better'], 'in its day'
    assert won.says('show', 'quad').out.splitlines()[-1].split()[-1] == 'better'


def test_a_winner_that_more_seeds_took_its_win_from_gets_it_from_no_merge(won: Notebook) -> None:
    measured(won, won.lab.at('5_worktrees/quad'), 'quad', [*VALUES, *[4.0, 4.01, 4.02] * 2])
    before = listed(won)['quad'][1:]
    assert before[-1] != 'better'
    won.lab.git('merge', '-q', '--no-ff', '--no-edit', 'exp/quad')

    assert listed(won)['quad'] == ['merged', *before]
    assert [one['verdict'] for one in json.loads(won.answers('show', 'quad', '--json'))['trees']] == before[-1:]
    assert json.loads(won.answers('best', '--json'))['verdict'] == 'inconclusive'


@pytest.mark.parametrize(('values', 'trunk', 'said'), [
    ([1.99], [2.3, 2.31, 2.32], 'provisional'), ([1.99, 2.0, 2.01], [1.99, 2.01, 2.0], 'inconclusive'),
])
def test_a_tree_that_has_not_won_itself_gets_nothing_by_a_merge(
    won: Notebook, values: list[float], trunk: list[float], said: str,
) -> None:
    place = won.lab.at('5_worktrees/quad')
    place.write('model.py', 'score = 1.99\n')
    place.commit('exp(quad): tweak')
    measured(won, place, 'quad', values)
    moved(won)
    merged(won, values=trunk)

    assert listed(won)['quad'][::5] == ['merged', said]
    assert [one['verdict'] for one in json.loads(won.answers('show', 'quad', '--json'))['trees']] == ['better', said]
    assert json.loads(won.answers('best', '--json'))['verdict'] == said


def test_a_tree_that_was_taken_out_of_the_branch_gets_nothing_by_its_merge(won: Notebook) -> None:
    place = won.lab.at('5_worktrees/quad')
    place.git('commit', '-q', '--amend', '-m', 'exp(quad): again')
    place.write('model.py', 'score = 2.5\n')
    place.git('commit', '-q', '-a', '--amend', '-m', 'exp(quad): less')
    measured(won, place, 'quad', [2.5, 2.51, 2.52], verdict='better')
    moved(won)
    merged(won, values=[2.0, 2.01, 2.02])

    assert listed(won)['quad'][::5] == ['merged', 'inconclusive']
    assert [line.split()[-1] for line in won.says('show', 'quad').out.splitlines()[-2:]] == ['inconclusive', 'better']


def test_a_winner_whose_merge_was_reverted_is_not_called_merged(won: Notebook) -> None:
    won.lab.git('merge', '-q', '--no-ff', '--no-edit', 'exp/quad')
    assert listed(won)['quad'][0] == 'merged' and 'quad: merged' in won.says('show', 'quad').out
    won.lab.git('revert', '--no-edit', '-m', '1', 'HEAD')
    assert listed(won)['quad'][0] == 'open' and 'quad: merged' not in won.says('show', 'quad').out


def test_what_never_won_is_not_called_merged(won: Notebook) -> None:
    idle = experiment(won, 'idle')
    measured(won, idle, 'idle', [3.0, 3.01, 3.02], verdict='inconclusive')
    moved(won)
    merged(won, 'idle', [3.0, 3.01, 3.02])

    assert listed(won)['idle'][0] == 'open' and listed(won)['idle'][5] == 'worse'
    assert won.says('show', 'idle').out.startswith('idle: open\n')


def test_a_colleague_sees_what_is_merged_by_the_branch_at_the_remote(won: Notebook, tmp_path: Path) -> None:
    won.lab.git('init', '-q', '--bare', str(tmp_path / 'shared.git'))
    won.lab.git('remote', 'add', 'origin', str(tmp_path / 'shared.git'))
    won.lab.git('push', '-q', 'origin', 'exp/quad')
    moved(won)
    merged(won)
    won.lab.git('worktree', 'remove', '--force', '5_worktrees/quad')
    won.lab.git('branch', '-q', '-D', 'exp/quad')

    assert listed(won)['quad'][::5] == ['merged', 'better']
    assert won.says('show', 'quad').out.startswith('quad: merged\n')


def test_status_in_a_winner_that_is_merged_says_to_close_it(won: Notebook) -> None:
    won.lab.ok('hook', 'install')
    place = won.lab.at('5_worktrees/quad').path
    assert notebook.ask(place, 'status').talk == 'hint: git exp submit\n'
    merged(won)

    assert notebook.ask(place, 'status').talk == 'hint: git exp close quad\n'


def test_of_two_baselines_each_is_called_by_what_it_is(won: Notebook) -> None:
    assert won.answers('best').startswith('quad v1: val_bpb 2.0100, 3 seeds, 1.0000 better than the baseline\n')
    first = commit(won, 'main')
    merged(won)
    trunk = commit(won, 'main')

    said = won.answers('best').splitlines()
    assert said[0] == f'the trunk at {trunk}: val_bpb 2.0100, 3 seeds, 1.0000 better than the first baseline at {first}'
    assert f'  verdict   nothing is better than the trunk at {trunk}' in said
    assert any(line.startswith(f'  baseline  the first baseline at {first}: 3.0100 (n=3): better by 1.0000') for line in said)
    assert f'best   the trunk at {trunk}: val_bpb 2.0100' in won.says('status').out

    cub = experiment(won, 'cub')
    measured(won, cub, 'cub', [1.5, 1.51, 1.52], verdict='better')
    said = won.answers('best').splitlines()
    assert said[0] == f'cub v1: val_bpb 1.5100, 3 seeds, 1.5000 better than the first baseline at {first}'
    assert f'  verdict   better against the trunk at {trunk}' in said
    assert f'  against   the trunk at {trunk}: 2.0100 (n=3)' in said
