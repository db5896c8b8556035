"""A branch of an experiment that is written anew, with real pushes: what was measured is what people can still read."""
from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from place import Place
from rulebook import named, pushed, told
from test_server import OPEN, at_server, bare, change, make, push

from gitexp.core.finding import Finding
from gitexp.git.command import Git
from gitexp.guard import push as push_rules
from gitexp.guard import server
from gitexp.guard.push import Update
from gitexp.lab.lab import Lab
from gitexp.rules import asked

PLAN = '# Plan\n\n## Goal\n\nwin by 1\n'
HEADER = 'id\texperiment\tscore\tcommit\n'


def _lab(tmp_path: Path, *, measured: bool = True) -> Place:
    """An experiment on the server, with a row about it on the trunk."""
    place = make(tmp_path, '  sections: [experiments/*/PLAN.md]\n', install=False)
    place.git('rm', '-q', 'results.tsv')
    place.git('commit', '-q', '-m', 'another ledger')
    place.write('results.tsv', HEADER)
    place.commit('another ledger')
    place.git('push', '-q', '-f', 'origin', 'main')
    bare(place).ok('hook', 'install', '--server')
    place.git('switch', '-q', '-c', 'exp/a')
    for name in ('PROTOCOL.md', 'results_v1_bug/r.txt', 'exp_log/x.log', 'PLAN.md'):
        place.write(f'experiments/a/{name}', PLAN if name == 'PLAN.md' else f'{name}\n')
    tip = change(place, 'exp(a): what was measured')
    assert push(place, 'exp/a') == ''
    place.git('switch', '-q', 'main')
    if measured:
        place.write('results.tsv', f'{HEADER}1\ta\t3.0\t{tip}\n')
        change(place, 'a row')
        assert push(place, 'main') == ''
    return place


def _anew(place: Place, **files: str) -> None:
    """Begin exp/a once more, from before its row."""
    place.git('switch', '-q', '-C', 'exp/a', 'main~1' if place.git('log', '--format=%s', '-1', 'main').stdout == 'a row\n' else 'main')
    for name, text in {'PLAN': PLAN, 'PROTOCOL': 'PROTOCOL.md\n', **files}.items():
        place.write(f'experiments/a/{name}.md', text)
    place.write('experiments/a/results_v1_bug/r.txt', 'results_v1_bug/r.txt\n')
    change(place, 'exp(a): begun anew')


@pytest.mark.parametrize(('name', 'text', 'rule'), [
    ('PLAN', PLAN.replace('by 1', 'by nothing'), 'sections'), ('PROTOCOL', 'another\n', 'protocol'),
    ('PLAN', PLAN + '\n## More\n\ntext\n', 'ok'), ('notes', 'text\n', 'ok'),
])
def test_what_was_measured_is_not_replaced_by_force_nor_by_another_branch_of_that_name(
    tmp_path: Path, name: str, text: str, rule: str,
) -> None:
    place = _lab(tmp_path)
    _anew(place, **{name: text})
    assert told(push(place, '-f', 'exp/a')) == rule
    place.git('switch', '-q', 'main')
    place.git('merge', '-q', '--no-edit', 'exp/a')
    assert told(push(place, 'main')) == rule, 'nor by way of the trunk'
    place.git('reset', '-q', '--hard', 'origin/main')
    assert push(place, ':exp/a') == ''
    assert told(push(place, 'exp/a')) == rule


def test_a_row_about_the_new_history_does_not_make_the_old_one_void(tmp_path: Path) -> None:
    place = _lab(tmp_path)
    _anew(place, PLAN=PLAN.replace('by 1', 'by nothing'))
    tip = place.git('rev-parse', 'HEAD').stdout.strip()
    assert push(place, 'HEAD:parked', ':exp/a') == ''
    place.git('switch', '-q', 'main')
    place.write('results.tsv', (place.path / 'results.tsv').read_text() + f'2\ta\t3.0\t{tip}\n')
    change(place, 'a row')
    assert told(push(place, 'main', 'exp/a')) == 'sections', 'with the row'
    assert push(place, 'main') == ''
    assert told(push(place, 'exp/a')) == 'sections'


@pytest.mark.parametrize(('text', 'rule'), [
    (PLAN + '\n## Hypothesis\n\nother\n', 'sections'), (PLAN + '\n## Hypothesis\n\nlower\n', 'ok'), (PLAN, 'ok'),
])
def test_a_plan_that_was_on_the_trunk_before_is_the_one_that_was_measured(tmp_path: Path, text: str, rule: str) -> None:
    place = _lab(tmp_path, measured=False)
    place.git('merge', '-q', '--no-ff', '--no-edit', 'exp/a')
    place.git('switch', '-q', '-C', 'exp/a', 'main')
    place.write('experiments/a/PLAN.md', PLAN + '\n## Hypothesis\n\nlower\n')
    tip = change(place, 'exp(a): what was measured')
    place.git('switch', '-q', 'main')
    place.write('results.tsv', f'{HEADER}1\ta\t3.0\t{tip}\n')
    change(place, 'a row')
    assert push(place, 'main', 'exp/a') == ''
    place.write('experiments/a/PLAN.md', text)
    place.write('experiments/a/notes.md', 'as it came out\n')
    change(place, 'more about a')
    assert told(push(place, 'main')) == rule


def test_retired_results_are_not_left_out(tmp_path: Path) -> None:
    place = _lab(tmp_path)
    place.git('switch', '-q', '-C', 'exp/a', 'main')
    assert told(push(place, '-f', 'exp/a')) == 'keep+protocol+sections', 'nor is the branch moved to where none of it is'
    place.git('checkout', '-q', 'origin/exp/a', '--', 'experiments')
    place.git('mv', 'experiments/a/results_v1_bug', 'experiments/a/results')
    change(place, 'exp(a): they count again')
    assert push(place, '-f', 'exp/a') == ''


def test_that_they_counted_before_is_not_since_then_whatever_the_clock_said(tmp_path: Path) -> None:
    place = _lab(tmp_path, measured=False)
    place.git('switch', '-q', 'exp/a')
    place.git('mv', 'experiments/a/results_v1_bug', 'experiments/a/results')
    change(place, 'exp(a): they count again')
    place.git('mv', 'experiments/a/results', 'experiments/a/results_v1_bug')
    again = place.git('rev-parse', 'HEAD').stdout.strip()
    for number in range(12):
        place.write('model.py', f'm = {number}\n')
        place.git('add', '-A')
        place.without_hooks('commit', '-q', '-m', 'exp(a): retired', GIT_COMMITTER_DATE='2001-01-01T00:00:00Z')
    tip = place.git('rev-parse', 'HEAD').stdout.strip()
    assert push(place, 'exp/a') == ''
    place.git('switch', '-q', 'main')
    place.write('results.tsv', f'{HEADER}1\ta\t3.0\t{tip}\n')
    change(place, 'a row')
    assert push(place, 'main') == ''
    place.git('switch', '-q', 'exp/a')
    place.git('reset', '-q', '--hard', again)
    place.write('experiments/a/results/r.txt', 'another figure\n')
    change(place, 'exp(a): begun anew')
    assert told(push(place, '-f', 'exp/a')) == 'keep'


def test_results_that_count_again_go_on_and_come_to_the_trunk_once_more(tmp_path: Path) -> None:
    place = _lab(tmp_path)
    place.git('merge', '-q', '--no-ff', '--no-edit', 'exp/a')
    place.git('switch', '-q', 'exp/a')
    place.git('mv', 'experiments/a/results_v1_bug', 'experiments/a/results')
    change(place, 'exp(a): restored')
    place.write('experiments/a/results/r.txt', 'better\n')
    change(place, 'exp(a): measured again')
    assert push(place, 'main', 'exp/a') == ''
    place.git('switch', '-q', 'main')
    place.git('rm', '-q', '-r', 'experiments/a/results_v1_bug')
    place.write('experiments/a/results/r.txt', 'better\n')
    change(place, 'taken by hand')
    assert told(push(place, 'main')) == 'keep', 'they never counted again'
    place.git('reset', '-q', '--hard', 'origin/main')
    place.git('switch', '-q', 'exp/a')
    place.git('merge', '-q', '--no-edit', 'main')
    assert push(place, 'exp/a') == '', 'nor does the trunk that has them retired take them back'
    place.git('switch', '-q', 'main')
    place.git('merge', '-q', '--no-ff', '--no-edit', 'exp/a')
    assert push(place, 'main') == ''


def test_what_the_branch_has_told_needs_not_be_told_again_by_a_squash(tmp_path: Path) -> None:
    place = _lab(tmp_path)
    place.git('switch', '-q', 'exp/a')
    place.git('mv', 'experiments/a/results_v1_bug', 'experiments/a/results')
    change(place, 'exp(a): restored')
    place.write('experiments/a/results/r.txt', 'better\n')
    change(place, 'exp(a): measured again')
    assert push(place, 'exp/a') == ''
    place.git('reset', '-q', '--soft', 'main~1')
    change(place, 'exp(a): all of it as one')
    assert push(place, '-f', 'exp/a') == ''


@pytest.mark.parametrize('kept', [True, False])
def test_what_is_put_where_they_were_and_never_retired_does_not_count_again(tmp_path: Path, kept: bool) -> None:
    place = _lab(tmp_path)
    _anew(place)
    place.git('rm', '-q', '-r', 'experiments/a/results_v1_bug')
    place.write('experiments/a/results/r.txt', 'results_v1_bug/r.txt\n')
    place.git('add', '-A')
    place.git('commit', '-q', '--amend', '-m', 'exp(a): as they were')
    if kept:
        place.write('experiments/a/results_v1_bug/r.txt', 'another number\n')
    place.write('experiments/a/results/r.txt', 'better\n')
    change(place, 'exp(a): better')
    assert told(push(place, '-f', 'exp/a')) == 'keep'


def test_an_honest_rebase_and_an_amended_message_are_taken(tmp_path: Path) -> None:
    place = _lab(tmp_path)
    place.git('switch', '-q', 'exp/a')
    place.git('rebase', '-q', 'main')
    assert push(place, '-f', 'exp/a') == ''
    place.git('commit', '-q', '--amend', '-m', 'exp(a): in other words')
    assert push(place, '-f', 'exp/a') == ''
    place.write('experiments/a/PLAN.md', PLAN + '\n## Results\n\nworse\n')
    change(place, 'exp(a): results')
    assert push(place, 'exp/a') == ''
    place.git('switch', '-q', 'main')
    place.git('merge', '-q', '--squash', 'exp/a')
    change(place, 'a')
    assert push(place, 'main') == ''


@pytest.mark.parametrize(('goal', 'rule'), [('by 2', 'ok'), ('by 1', 'sections')])
def test_a_plan_that_was_edited_before_its_first_run_is_rebased_as_it_was(tmp_path: Path, goal: str, rule: str) -> None:
    place = _lab(tmp_path, measured=False)
    place.git('switch', '-q', 'exp/a')
    place.write('experiments/a/PLAN.md', PLAN.replace('by 1', 'by 2'))
    tip = change(place, 'exp(a): another goal')
    assert push(place, 'exp/a') == ''
    place.git('switch', '-q', 'main')
    change(place, 'a row', results_DOT_tsv=f'{HEADER}1\ta\t3.0\t{tip}\n')
    assert push(place, 'main') == ''
    bare(place).git('update-ref', 'refs/heads/kept', tip)
    place.git('switch', '-q', 'exp/a')
    place.ok('hook', 'install')
    place.git('rebase', '-q', 'main')
    place.ok('hook', 'remove')
    assert push(place, '-f', 'exp/a') == ''
    place.write('experiments/a/PLAN.md', f'{PLAN.replace("by 1", goal)}\n## More\n\ntext\n')
    change(place, 'exp(a): the plan')
    assert told(push(place, 'exp/a')) == rule


@pytest.mark.parametrize('squashed', [False, True])
def test_what_several_have_made_of_a_plan_before_its_first_run_is_rebased_in_one_line(tmp_path: Path, squashed: bool) -> None:
    place = _lab(tmp_path, measured=False)
    place.git('switch', '-q', 'exp/a')
    _planned(place, 'win by 1\n', '\n\n## Data\n\nall\n\n\n\n## Prediction\n\nlost\n')
    place.git('switch', '-q', '-c', 'other')
    _planned(place, 'lost', 'won')
    _planned(place, 'won', 'won by far')
    place.git('switch', '-q', 'exp/a')
    _planned(place, 'all', 'half')
    place.git('merge', '-q', '--no-edit', 'other')
    _run(place)

    place.git('rebase', '-q', 'main')
    if squashed:
        place.git('reset', '-q', '--soft', 'HEAD~4')
        change(place, 'exp(a): a plan')
    assert push(place, '-f', 'exp/a') == ''
    _planned(place, 'by far', 'by little')
    assert told(push(place, 'exp/a')) == 'sections'


@pytest.mark.parametrize('way', ['--rebase-merges', '--no-rebase-merges'])
def test_a_plan_is_rebased_whatever_way_it_came_to_be_what_was_measured(tmp_path: Path, way: str) -> None:
    place = _lab(tmp_path, measured=False)
    place.git('switch', '-q', 'exp/a')
    _planned(place, 'win by 1\n', 'win by 1\n\n- a\n- b\n- c\n\nseeds 1\n')
    place.git('switch', '-q', '-c', 'other')
    _planned(place, 'seeds 1', 'seeds 2')
    _planned(place, 'seeds 2', 'seeds 3')
    place.git('switch', '-q', 'exp/a')
    _planned(place, 'by 1', 'by 2')
    _planned(place, 'by 2', 'by 1')
    place.git('merge', '-q', '--no-edit', 'other')
    _run(place)

    place.git('rebase', '-q', way, 'main')
    assert push(place, '-f', 'exp/a') == ''
    place.git('switch', '-q', 'main')
    place.git('merge', '-q', '--no-edit', '--no-ff', 'exp/a')
    assert push(place, 'main') == ''


@pytest.mark.parametrize('way', ['rebased', 'merged', 'picked', 'known in part'])
def test_each_gate_refuses_another_plan_in_a_history_that_does_not_go_on_from_the_run(tmp_path: Path, way: str) -> None:
    place = _lab(tmp_path)
    if way == 'known in part':
        change(place, 'a row', results_DOT_tsv=f'{(place.path / "results.tsv").read_text()}2\ta\t3.0\t{"1" * 40}\n')
        assert push(place, 'main') == ''
    row = place.git('rev-parse', 'main').stdout.strip()
    place.git('switch', '-q', '-C', 'exp/a', 'main' if way in ('rebased', 'known in part') else 'main~1')
    place.git('checkout', '-q', 'origin/exp/a', '--', 'experiments')
    change(place, 'exp(a): anew')
    if way == 'merged':
        place.git('merge', '-q', '--no-edit', 'main')
    elif way == 'picked':
        place.git('cherry-pick', row)
    assert push(place, '-f', 'exp/a') == ''
    at = _planned(place, 'by 1', 'by nothing')
    assert set(_said(place)) == {'sections'}
    if way == 'rebased':
        place.git('switch', '-q', '-C', 'exp/a', f'{at}^')
        change(place, 'exp(a): beside it', **{'experiments/a/plan_DOT_md': PLAN.replace('by 1', 'by nothing')})
        assert told(push(place, '-f', 'exp/a')) == 'sections'


def test_another_experiment_does_not_change_a_plan_beside_what_was_measured_by_it(tmp_path: Path) -> None:
    place = _lab(tmp_path)
    place.git('merge', '-q', '--squash', 'exp/a')
    change(place, 'a')
    assert push(place, 'main') == ''
    place.git('switch', '-q', '-c', 'exp/b')
    _planned(place, 'by 1', 'by nothing')
    assert told(push(place, 'exp/b')) == 'sections'
    for branch in ('exp/c', 'exp/a', 'side'):
        place.git('switch', '-q', '-C', branch)
        _planned(place, 'by nothing', 'by 1')
        assert told(push(place, '-f', 'exp/b', branch)) == 'sections', 'what goes on from there and puts it right is another branch'
        place.git('switch', '-q', 'exp/b')
    _planned(place, 'by nothing', 'by 1')
    assert push(place, 'exp/b') == '', 'the result counts'


def _said(place: Place) -> Iterator[str]:
    """What is said of exp/a by its server, by the hook before a push, by both checks, and by the server of its merge and its squash."""
    yield told(push(place, '-f', 'exp/a'))
    yield pushed(place, 'exp/a')
    for ci in (False, True):
        chosen = asked.span(Lab.find(place.path), 'main..exp/a', branch='exp/a', environment={}, ci=ci)
        yield named(asked.findings(chosen, ci=ci))
    for how in ('--no-ff', '--squash'):
        place.git('switch', '-q', '-C', 'main', 'origin/main')
        place.git('merge', '-q', '--no-commit', how, 'exp/a')
        change(place, 'a')
        yield told(push(place, 'main'))
    place.git('switch', '-q', '-C', 'main', 'origin/main')


def _run(place: Place) -> None:
    """Publish what is measured, and its row."""
    tip = change(place, 'exp(a): code', model_DOT_py='m = 2\n')
    assert push(place, 'exp/a') == ''
    place.git('switch', '-q', 'main')
    change(place, 'a row', results_DOT_tsv=f'{HEADER}1\ta\t3.0\t{tip}\n')
    assert push(place, 'main') == ''
    place.git('switch', '-q', 'exp/a')


def _planned(place: Place, old: str, new: str) -> str:
    plan = place.path / 'experiments/a/PLAN.md'
    place.write('experiments/a/PLAN.md', plan.read_text().replace(old, new))
    return change(place, f'exp(a): {new.strip()}')


def test_a_branch_that_was_before_its_first_run_takes_no_other_plan_beside_that(tmp_path: Path) -> None:
    place = _lab(tmp_path, measured=False)
    place.git('switch', '-q', 'exp/a')
    tip = change(place, 'exp(a): code', model_DOT_py='m = 2\n')
    place.git('switch', '-q', 'main')
    change(place, 'a row', results_DOT_tsv=f'{HEADER}1\ta\t3.0\t{tip}\n')
    assert push(place, 'main') == ''
    place.git('switch', '-q', '-c', 'other', 'exp/a^')
    _planned(place, 'by 1', 'by nothing')
    place.git('switch', '-q', 'exp/a')
    place.git('merge', '-q', '--no-edit', 'other')
    assert told(push(place, 'exp/a')) == 'sections'
    assert push(place, f'{tip}:exp/a') == ''


def test_what_comes_after_a_run_stays_on_a_branch_that_does_not_reach_it_any_more(tmp_path: Path) -> None:
    place = _lab(tmp_path)
    _anew(place)
    place.write('experiments/a/PLAN.md', PLAN + '\n## Success\n\nbelow 3\n')
    change(place, 'exp(a): a criterion')
    assert push(place, '-f', 'exp/a') == ''
    place.write('experiments/a/PLAN.md', PLAN + '\n## Success\n\nbelow 9\n')
    change(place, 'exp(a): another one')
    assert told(push(place, 'exp/a')) == 'sections'


def test_what_another_ledger_says_was_measured_stays_so(tmp_path: Path) -> None:
    place = make(tmp_path, 'humans: [ada@example.org]\n', install=False)
    rules = (place.path / 'gitexp.yaml').read_text().replace('  append-bottom: [results.tsv]\n', '  sections: [experiments/*/PLAN.md]\n')
    place.write('experiments/a/PLAN.md', PLAN)
    change(place, 'a run', gitexp_DOT_yaml=rules, results_DOT_tsv=f'{HEADER}1\ta\t3.0\t\n')
    place.git('push', '-q', 'origin', 'main')
    bare(place).ok('hook', 'install', '--server', '--identity', 'PUSHER')
    change(place, OPEN, gitexp_DOT_yaml=f'{rules}paths: {{ledger: more.tsv}}\n')
    said = push(place, 'main', PUSHER='ada@example.org')
    assert told(said) == 'rows' and 'former: [results.tsv]' in said
    with_both = f'{rules}paths: {{ledger: more.tsv, former: [results.tsv]}}\n'
    change(place, OPEN, '--amend', gitexp_DOT_yaml=with_both, more_DOT_tsv=HEADER)
    assert push(place, 'main', PUSHER='ada@example.org') == ''
    for name, text, rule in (('results.tsv', HEADER, 'append-bottom'), ('experiments/a/PLAN.md', PLAN.replace('1', '2'), 'sections')):
        place.write(name, text)
        change(place, 'exp(a): it')
        assert told(push(place, 'main')) == rule
        place.git('reset', '-q', '--hard', 'HEAD^')
    place.git('switch', '-q', '-c', 'exp/b')
    change(place, 'exp(b): rows', results_DOT_tsv=f'{HEADER}1\ta\t3.0\t\n2\tb\t1.0\t\n')
    assert told(push(place, 'exp/b')) == 'rows'


def test_before_its_first_run_an_experiment_may_be_begun_anew(tmp_path: Path) -> None:
    place = _lab(tmp_path, measured=False)
    _anew(place, PLAN=PLAN.replace('1', '2'), PROTOCOL='another\n')
    assert push(place, '-f', 'exp/a') == ''
    assert at_server(place, 'refs/heads/exp/a') == place.git('rev-parse', 'HEAD').stdout.strip()


def test_an_experiment_does_not_come_without_anything_that_was_measured(tmp_path: Path) -> None:
    place = _lab(tmp_path, measured=False)
    place.git('switch', '-q', '-C', 'exp/b', 'main')
    place.write('experiments/b/PLAN.md', PLAN)
    tip = change(place, 'exp(b): what was measured')
    place.git('switch', '-q', 'main')
    place.write('results.tsv', f'{HEADER}1\tb\t3.0\t{tip}\n')
    change(place, 'a row')
    assert push(place, 'main') == ''
    place.git('switch', '-q', 'exp/b')
    place.write('experiments/b/PLAN.md', PLAN.replace('by 1', 'by nothing'))
    change(place, 'exp(b): as I always said', '--amend')
    said = push(place, 'exp/b')
    assert 'exp/b: its rows name commits that were never pushed' in said
    assert f'git push origin {tip}:refs/heads/exp/b' in said
    place.git('switch', '-q', 'main')
    place.git('merge', '-q', '--no-ff', '--no-edit', 'exp/b')
    assert 'never pushed' in push(place, 'main'), 'nor by way of the trunk'

    assert push(place, f'{tip}:refs/heads/exp/b') == ''
    assert told(push(place, '-f', 'exp/b')) == 'sections', 'which is there to be compared with now'
    assert told(push(place, 'main')) == 'sections'
    place.git('switch', '-q', '-C', 'exp/b', tip)
    change(place, 'exp(b): in other words', '--amend')
    assert push(place, '-f', 'exp/b') == ''


def test_what_a_server_asks_for_is_pushed_whatever_was_measured_since(tmp_path: Path) -> None:
    place = _lab(tmp_path)
    first = place.git('rev-parse', 'exp/a').stdout.strip()
    assert push(place, ':exp/a') == ''
    _anew(place, PLAN=PLAN + '\n## More\n\ntext\n')
    tip = place.git('rev-parse', 'HEAD').stdout.strip()
    place.git('switch', '-q', 'main')
    place.write('results.tsv', (place.path / 'results.tsv').read_text() + f'2\ta\t3.0\t{tip}\n')
    change(place, 'another row')
    place.ok('hook', 'install')

    place.git('push', '-q', 'origin', 'main')
    for words in ((f'{first}:refs/heads/exp/a',), ('-f', 'exp/a')):
        place.git('push', '-q', 'origin', *words)


def test_what_comes_back_is_held_against_what_is_here_of_what_was_measured(tmp_path: Path) -> None:
    place = _lab(tmp_path, measured=False)
    place.git('merge', '-q', '--no-ff', '--no-edit', 'exp/a')
    place.git('revert', '--no-edit', '-m', '1', 'HEAD')
    rows = ''.join(f'{number}\ta\t3.0\t{oid}\n' for number, oid in enumerate((place.git('rev-parse', 'exp/a').stdout.strip(), 'f' * 40)))
    place.write('results.tsv', HEADER + rows)
    change(place, 'rows, one of them about what somebody else has')
    assert push(place, 'main') == ''

    place.git('revert', '--no-edit', 'HEAD~')
    place.ok('hook', 'install')
    place.git('push', '-q', 'origin', 'main')


def test_what_is_planted_on_the_trunk_is_no_state_of_an_experiment_that_is_no_part_of_it(tmp_path: Path) -> None:
    place = _lab(tmp_path, measured=False)
    for name, text in {'PLAN.md': PLAN.replace('by 1', 'by nothing'), 'PROTOCOL.md': 'another\n', 'results_v1_bug/r.txt': 'fine\n'}.items():
        place.write(f'experiments/a/{name}', text)
    tip = place.git('rev-parse', 'exp/a').stdout.strip()
    change(place, 'a row, and notes', results_DOT_tsv=f'{HEADER}1\ta\t3.0\t{tip}\n')
    assert push(place, 'main') == ''
    place.git('switch', '-q', 'exp/a')
    place.git('checkout', '-q', 'main', '--', 'experiments/a')
    change(place, 'exp(a): as the trunk has it')
    assert told(push(place, 'exp/a')) == 'keep+protocol+sections'


def _retired_since(place: Place) -> str:
    """What comes to the branch after its row; returns what was measured."""
    place.git('switch', '-q', 'exp/a')
    measured = place.git('rev-parse', 'HEAD').stdout.strip()
    place.write('experiments/a/results_v2_leak/r.txt', 'bad\n')
    place.write('experiments/a/PLAN.md', f'{PLAN}\n## Root cause\n\na leak\n')
    change(place, 'exp(a): retired, and why')
    assert push(place, 'exp/a') == ''
    return measured


def test_a_branch_that_was_deleted_comes_again_with_what_it_had(tmp_path: Path) -> None:
    place = _lab(tmp_path)
    measured = _retired_since(place)
    assert push(place, ':exp/a') == ''
    assert told(push(place, f'{measured}:exp/a')) == 'keep+sections'
    assert push(place, f'{measured}:other', f'{measured}:exp/b') == ''
    place.git('rebase', '-q', 'main')
    assert push(place, 'exp/a') == '', 'in another history as well'


@pytest.mark.parametrize('comes', [False, True])
def test_a_branch_that_goes_on_and_departs_meanwhile_is_judged_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, comes: bool,
) -> None:
    place = _lab(tmp_path)
    tip, judged = at_server(place, 'exp/a'), push_rules.elsewhere
    assert not comes or push(place, ':exp/a') == ''
    update = Update(tip, 'refs/heads/exp/a', None) if comes else Update(None, 'refs/heads/exp/a', tip)

    def slowly(ground: push_rules.Ground, asked: Sequence[Update]) -> list[Finding]:
        found = judged(ground, asked)
        _retired_since(place)
        assert push(place, ':exp/a') == ''
        return found
    monkeypatch.setattr(push_rules, 'elsewhere', slowly)
    assert [one.rule for one in server.findings(Git(bare(place).path), 'main', [update], pusher=None)] == ['moved']
    assert told(push(place, f'{tip}:exp/a')) == 'keep+sections'
    assert push(place, 'exp/a') == ''


def test_a_branch_that_was_emptied_comes_again_with_what_it_had(tmp_path: Path) -> None:
    place = _lab(tmp_path)
    measured = _retired_since(place)
    retired = place.git('rev-parse', 'HEAD').stdout.strip()
    place.git('switch', '-q', 'main')
    place.git('merge', '-q', '-s', 'ours', '--no-edit', 'exp/a')
    place.git('switch', '-q', 'exp/a')
    place.git('merge', '-q', '--no-edit', 'main')
    assert push(place, 'main') == push(place, 'exp/a') == ''
    for way in ('exp/a', ':exp/a', 'exp/a'):
        place.git('checkout', '-q', measured, '--', 'experiments')
        change(place, 'exp(a): on')
        assert told(push(place, 'exp/a')) == 'keep+sections'
        place.git('reset', '-q', '--hard', 'HEAD^')
        assert push(place, way) == ''
    place.git('checkout', '-q', retired, '--', 'experiments')
    change(place, 'exp(a): on, with all of it')
    assert push(place, 'exp/a') == ''


def test_a_merge_that_is_taken_back_may_go_from_the_branch_as_a_whole(tmp_path: Path) -> None:
    place = _lab(tmp_path)
    place.git('merge', '-q', '--no-ff', '--no-edit', 'exp/a')
    _retired_since(place)
    place.git('switch', '-q', 'main')
    place.git('merge', '-q', '--no-ff', '--no-edit', 'exp/a')
    place.git('revert', '--no-edit', '-m', '1', 'HEAD')
    assert push(place, 'main') == ''
    place.git('switch', '-q', 'exp/a')
    place.git('merge', '-q', '--no-edit', 'main')
    assert place.git('diff', '--name-only', 'main', '--', 'experiments').stdout == ''
    place.write('experiments/a/results_v2_leak/r.txt', 'bad\n')
    change(place, 'exp(a): a part of it')
    assert told(push(place, 'exp/a')) == 'sections'
    place.git('reset', '-q', '--hard', 'HEAD^')
    assert push(place, 'exp/a') == ''


def test_what_was_pushed_before_it_was_measured_is_no_plan_to_keep(tmp_path: Path) -> None:
    place = _lab(tmp_path, measured=False)
    place.git('switch', '-q', 'exp/a')
    place.write('experiments/a/PLAN.md', PLAN.replace('by 1', 'by 2'))
    tip = change(place, 'exp(a): another goal')
    place.git('switch', '-q', 'main')
    change(place, 'a row', results_DOT_tsv=f'{HEADER}1\ta\t3.0\t{tip}\n')
    place.git('push', '-q', 'origin', f'{tip}:refs/heads/early')
    assert push(place, 'main') == '', 'the row comes first'
    assert push(place, 'exp/a') == ''
