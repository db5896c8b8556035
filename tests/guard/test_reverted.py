"""What leaves the trunk, with real pushes: an experiment goes as a whole, and as it came; and a protocol does not go on its branch."""
from __future__ import annotations

from pathlib import Path

import pytest
from place import Place
from rulebook import told
from test_server import OPEN, bare, change, make, push

HEADER = 'id\texperiment\tscore\tcommit\n'
PLAN = '# Plan\n\n## Goal\n\nwin\n'
WORSE = 'experiments/a/results_v2_worse/r.txt'


@pytest.fixture
def place(tmp_path: Path) -> Place:
    place = make(tmp_path, '  keep: [KEPT.md]\n  sections: [experiments/*/PLAN.md]\n', install=False)
    change(place, 'another ledger', results_DOT_tsv=HEADER)
    place.git('push', '-q', 'origin', 'main')
    bare(place).ok('hook', 'install', '--server')
    return place


def _row(place: Place, commit: str) -> None:
    change(place, 'a row', results_DOT_tsv=f'{(place.path / "results.tsv").read_text()}{commit[:8]}\ta\t3.0\t{commit}\n')


def _measured(place: Place, *, merged: bool = True) -> None:
    """An experiment that is measured, and merged."""
    place.git('switch', '-q', '-c', 'exp/a')
    for name in ('PROTOCOL.md', 'results/r.txt'):
        place.write(f'experiments/a/{name}', f'{name}\n')
    measured = change(place, 'exp(a): it')
    place.git('switch', '-q', 'main')
    _row(place, measured)
    if merged:
        place.git('merge', '-q', '--no-ff', '--no-edit', 'exp/a')


def _gone(place: Place) -> str:
    """What the server says when all of the experiment is deleted; it is there again where it was refused."""
    place.git('rm', '-q', '-r', 'experiments/a')
    change(place, 'gone')
    said = told(push(place, 'main'))
    place.git('reset', '-q', '--hard', 'HEAD^' if said != 'ok' else 'HEAD')
    return said


def test_what_a_plain_commit_has_brought_does_not_go_with_a_row(place: Place) -> None:
    first = place.git('rev-parse', 'HEAD').stdout.strip()
    place.write(WORSE, 'worse\n')
    change(place, 'a: v2')
    _row(place, first)
    assert push(place, 'main') == ''
    assert _gone(place) == 'keep'
    place.ok('hook', 'install')
    place.git('rm', '-q', '-r', 'experiments/a')
    assert 'rule: keep' in place.git('commit', '-q', '-m', 'gone', check=False).stderr
    place.ok('hook', 'remove')
    place.git('reset', '-q', '--hard')
    _measured(place)
    assert push(place, 'main', 'exp/a') == ''
    assert _gone(place) == 'keep+protocol', 'nor with what a merge has brought'


def test_nor_does_it_where_a_pull_has_made_it_another_line(place: Place) -> None:
    place.write(WORSE, 'worse\n')
    plain = change(place, 'a: v2')
    _row(place, plain)
    assert push(place, 'main') == ''
    place.git('switch', '-q', '-c', 'mine', 'main~3')
    change(place, 'mine', model_DOT_py='m = 2\n')
    place.git('merge', '-q', '--no-edit', 'main')
    place.git('branch', '-q', '-M', 'mine', 'main')
    assert push(place, 'main') == ''
    assert _gone(place) == 'keep'


def test_nor_does_it_on_a_branch_for_the_trunk_after_such_a_pull(place: Place) -> None:
    place.write(WORSE, 'worse\n')
    _row(place, change(place, 'a: v2'))
    assert push(place, 'main') == ''
    place.git('switch', '-q', '-c', 'mine', 'main~3')
    change(place, 'mine', model_DOT_py='m = 2\n')
    place.git('merge', '-q', '--no-edit', 'main')
    place.git('branch', '-q', '-M', 'mine', 'main')
    place.git('rm', '-q', '-r', 'experiments/a')
    change(place, 'gone')
    assert told(push(place, 'main~1:main', 'main:fix')) == 'keep', 'with the pull'
    assert push(place, 'main~1:main') == ''
    assert told(push(place, 'main:fix')) == 'keep'


def test_what_was_retired_where_the_trunk_is_goes_as_it_came_and_as_often(place: Place) -> None:
    _measured(place)
    place.git('mv', 'experiments/a/results', 'experiments/a/results_v1_leak')
    change(place, 'retired')
    assert push(place, 'main', 'exp/a') == ''
    assert _gone(place) == 'ok'
    place.git('revert', '--no-edit', 'HEAD')
    assert push(place, 'main') == ''
    assert _gone(place) == 'ok'


def _plan(place: Place, text: str) -> None:
    place.write('experiments/a/PLAN.md', text)


def _reverted(place: Place, commit: str = 'HEAD', *words: str) -> str:
    """What the server says to the revert of a merge."""
    place.git('revert', '--no-edit', '-m', '1', *words, commit)
    return told(push(place, 'main'))


def _rebased_and_merged(place: Place) -> None:
    place.git('switch', '-q', 'exp/a')
    place.git('rebase', '-q', 'main')
    place.git('switch', '-q', 'main')
    place.git('merge', '-q', '--no-ff', '--no-edit', 'exp/a')


def test_each_merge_may_be_taken_back_whatever_was_measured_and_where_the_plan_came_first(place: Place) -> None:
    _plan(place, PLAN)
    change(place, 'the plan')
    place.git('switch', '-q', '-c', 'exp/a')
    place.write('experiments/a/PROTOCOL.md', 'seeds 1 to 3\n')
    measured = change(place, 'exp(a): it')
    place.git('switch', '-q', 'main')
    _row(place, measured)
    _rebased_and_merged(place)
    first = place.git('rev-parse', 'HEAD').stdout.strip()
    place.git('switch', '-q', 'exp/a')
    _plan(place, f'{PLAN}\n## Results\n\n3.0\n')
    place.write(WORSE, 'worse\n')
    measured = change(place, 'exp(a): v2')
    place.git('push', '-q', 'origin', 'exp/a:early')
    place.git('switch', '-q', 'main')
    _row(place, measured)
    _rebased_and_merged(place)
    place.git('switch', '-q', 'exp/a')
    measured = change(place, 'exp(a): v3', model_DOT_py='m = 3\n')
    place.git('switch', '-q', 'main')
    _row(place, measured)
    place.write('experiments/a/README.md', 'a note that no rule keeps\n')
    change(place, 'a note')
    assert push(place, 'main', 'exp/a') == ''

    place.git('rm', '-q', WORSE)
    change(place, 'only the worse')
    assert told(push(place, 'main')) == 'keep', 'in part it is not'
    place.git('reset', '-q', '--hard', 'HEAD^')
    place.ok('hook', 'install')
    assert _reverted(place, 'HEAD~2') == 'ok'
    assert _reverted(place, first) == 'ok'
    assert not (place.path / 'experiments/a/PROTOCOL.md').exists()
    _plan(place, f'{PLAN}\n## Taken back\n\nit leaked\n')
    place.git('add', '-A')
    place.git('commit', '-q', '-m', 'why')
    place.ok('hook', 'remove')
    assert push(place, 'main') == '', 'which a plain commit goes on from'
    _plan(place, PLAN)
    change(place, 'never mind')
    assert told(push(place, 'main')) == 'sections', 'and that stays'


def test_what_a_plain_commit_has_put_into_a_file_that_a_merge_has_brought_stays(place: Place) -> None:
    _measured(place)
    _plan(place, PLAN)
    change(place, 'a plan')
    _plan(place, f'{PLAN}\n## Conclusion\n\nit is a leak\n')
    change(place, 'a conclusion')
    assert push(place, 'main', 'exp/a') == ''
    assert _gone(place) == 'protocol+sections'


def test_what_comes_back_comes_as_it_left_and_not_as_it_was_measured(place: Place) -> None:
    _measured(place, merged=False)
    measured = place.git('rev-parse', 'exp/a').stdout.strip()
    place.git('switch', '-q', 'exp/a')
    place.write(WORSE, 'worse\n')
    change(place, 'exp(a): retired')
    place.git('switch', '-q', 'main')
    place.git('merge', '-q', '--no-ff', '--no-edit', 'exp/a')
    whole = place.git('rev-parse', 'HEAD').stdout.strip()
    assert push(place, 'main', 'exp/a') == ''
    for pushed in (False, True):
        place.git('rm', '-q', '-r', 'experiments/a')
        change(place, 'gone')
        assert not pushed or push(place, 'main') == ''
        place.git('checkout', '-q', measured, '--', 'experiments')
        change(place, 'as it was measured')
        assert told(push(place, 'main')) == 'keep'
        place.git('reset', '-q', '--hard', 'origin/main')
    place.git('checkout', '-q', whole, '--', 'experiments')
    change(place, 'as it left')
    assert push(place, 'main') == ''


def test_a_forge_takes_a_merge_back_on_a_branch_of_its_own(place: Place) -> None:
    _measured(place)
    assert push(place, 'main', 'exp/a') == ''
    place.ok('hook', 'install')
    place.git('switch', '-q', '-c', 'revert-a')
    place.git('revert', '-n', '-m', '1', 'HEAD')
    place.git('commit', '-q', '-m', 'taken back')
    assert push(place, 'revert-a') == ''
    assert place.exp('check', 'rules', '--ci', '--on', 'revert-a', 'main..revert-a') == 0, place.said
    place.git('switch', '-q', 'main')
    place.git('merge', '-q', '--no-ff', '--no-edit', 'revert-a')
    assert push(place, 'main') == ''
    assert not (place.path / 'experiments').exists()


def test_a_protocol_is_not_deleted_to_be_made_anew(place: Place) -> None:
    place.ok('hook', 'install')
    place.git('switch', '-q', '-c', 'exp/a')
    place.write('experiments/a/PROTOCOL.md', 'seeds 1 to 3\n')
    change(place, 'exp(a): protocol')
    place.git('rm', '-q', 'experiments/a/PROTOCOL.md')
    assert 'rule: protocol' in place.git('commit', '-q', '-m', 'exp(a): none', check=False).stderr
    change(place, 'exp(a): none')
    place.write('experiments/a/PROTOCOL.md', 'best of 20\n')
    change(place, 'exp(a): another')
    assert told(push(place, 'exp/a')) == 'protocol'


def test_what_a_person_has_on_one_branch_is_nothing_to_another_in_the_same_push(tmp_path: Path) -> None:
    place = make(tmp_path, 'humans: [ada@example.org]\n', install=False)
    change(place, 'another ledger', results_DOT_tsv=HEADER)
    place.git('push', '-q', 'origin', 'main')
    bare(place).ok('hook', 'install', '--server', '--identity', 'PUSHER')
    _measured(place, merged=False)
    assert push(place, 'exp/a') == push(place, 'main') == ''
    place.git('switch', '-q', '-c', 'draft', 'exp/a')
    place.write('experiments/a/PROTOCOL.md', 'the best seed\n')
    draft = change(place, OPEN)
    assert push(place, 'draft', PUSHER='ada@example.org') == ''
    change(place, 'a word more')

    place.git('switch', '-q', '-C', 'exp/a', 'main')
    place.git('checkout', '-q', draft, '--', 'experiments')
    change(place, 'exp(a): anew')
    for branches in (['+exp/a'], ['draft', '+exp/a']):
        assert told(push(place, *branches, PUSHER='bot@example.org')) == 'protocol'


def test_what_a_person_has_pushed_to_a_branch_does_not_keep_others_from_it(tmp_path: Path) -> None:
    place = make(tmp_path, 'humans: [ada@example.org]\n', words=('--identity', 'PUSHER'))
    place.git('switch', '-q', '-c', 'exp/a')
    place.write('experiments/a/PROTOCOL.md', 'seeds 1 to 3\n')
    change(place, 'exp(a): protocol')
    place.write('experiments/a/PROTOCOL.md', 'seeds 1 to 5\n')
    change(place, OPEN)
    assert told(push(place, 'exp/a', PUSHER='bot@example.org')) == 'protocol'
    assert push(place, 'exp/a', PUSHER='ada@example.org') == ''
    change(place, 'exp(a): lower', model_DOT_py='m = 2\n')
    assert told(push(place, 'exp/a:exp/b', PUSHER='bot@example.org')) == 'protocol', 'to that branch, and to no other'
    assert told(push(place, 'exp/a:main', PUSHER='bot@example.org')) == 'protocol'
    assert push(place, 'exp/a', PUSHER='bot@example.org') == ''
    place.git('commit', '-q', '--amend', '--no-edit', '--date=2026-01-05T00:00:00', check=False)
    place.write('experiments/a/PROTOCOL.md', 'seeds 1 to 9\n')
    change(place, OPEN)
    assert told(push(place, '-f', 'exp/a', PUSHER='bot@example.org')) == 'protocol'


@pytest.mark.parametrize(('left', 'said'), [(False, 'ok'), (True, 'keep')])
def test_results_count_again_by_one_commit_where_a_file_of_both_versions_is_alike(place: Place, left: bool, said: str) -> None:
    for name, text in {'results_v1_leak/r.txt': 'one\n', 'results/r.txt': 'two\n'}.items():
        place.write(f'experiments/a/{name}', text)
        place.write(f'experiments/a/{name.replace("r.txt", "c.json")}', 'alike\n')
    change(place, 'a: v2')
    assert push(place, 'main') == ''
    place.git('mv', 'experiments/a/results', 'experiments/a/results_v2_other')
    place.git('mv', 'experiments/a/results_v1_leak', 'experiments/a/results')
    if left:
        place.write('experiments/a/results_v1_leak/r.txt', 'one\n')
    change(place, 'a: v1 counts again')
    assert told(push(place, 'main')) == said
