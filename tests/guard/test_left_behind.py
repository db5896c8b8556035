"""What the history of an experiment has and its branch has no more, or has in another form: with real merges and real pushes."""
from __future__ import annotations

from pathlib import Path

import pytest
from place import Place
from rulebook import told
from test_server import OPEN, at_server, bare, change, make, push, signed_by_ada, signing

GOAL, HYPOTHESIS = '## Goal\n\nwin by 1\n', '## Hypothesis\n\nlarger is better\n'
PLAN = f'# Plan\n\n{GOAL}\n{HYPOTHESIS}'
HEADER = 'id\texperiment\tscore\tcommit\n'
SECTIONS = '  sections: [experiments/*/PLAN.md]\n'
FILES = {'PLAN.md': PLAN, 'PROTOCOL.md': 'seeds 1 to 3\n', 'results_v1_leak/r.txt': 'bad\n'}
OTHER = PLAN.replace('win', 'lose').replace('larger', 'smaller')
FORGED = {'PLAN.md': OTHER, 'PROTOCOL.md': 'best of 20\n'}


def _ready(place: Place) -> Place:
    """A server that judges, with a ledger that says what was measured."""
    change(place, 'another ledger', results_DOT_tsv=HEADER)
    bare(place).git('fetch', '-q', str(place.path), 'main:main')
    bare(place).ok('hook', 'install', '--server')
    return place


def _measured(place: Place, *, orphan: bool = False) -> str:
    """An experiment on the server with a row about it on the trunk, which is checked out; returns what was measured."""
    place.git('switch', '-q', *(['--orphan', 'exp/a'] if orphan else ['-c', 'exp/a']))
    if orphan:
        place.git('checkout', '-q', 'main', '--', '.')
    _write(place, FILES)
    change(place, 'exp(a): the plan')
    tip = change(place, 'exp(a): what is measured', model_DOT_py='m = 2\n')
    assert push(place, 'exp/a') == ''
    _row(place, tip)
    return tip


def _row(place: Place, commit: str) -> None:
    place.git('switch', '-q', 'main')
    change(place, 'a row', results_DOT_tsv=f'{(place.path / "results.tsv").read_text()}{commit[:8]}\ta\t3.0\t{commit}\n')
    assert push(place, 'main') == ''


def _write(place: Place, files: dict[str, str]) -> None:
    for name, text in files.items():
        place.write(f'experiments/a/{name}', text)


def _edit(place: Place, old: str, new: str) -> None:
    _write(place, {'PLAN.md': (place.path / 'experiments/a/PLAN.md').read_text().replace(old, new)})


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return _ready(make(tmp_path, SECTIONS, install=False))


def test_a_merge_does_not_bring_another_plan_past_the_one_that_was_measured(place: Place) -> None:
    measured = _measured(place)
    for start, plan in ((f'{measured}^', OTHER), ('main', f'{OTHER}\n{GOAL}\n{HYPOTHESIS}')):
        place.git('switch', '-q', '-C', 'exp/a', measured)
        place.git('switch', '-q', '--detach', start)
        _write(place, {'PLAN.md': OTHER})
        side = change(place, 'exp(a): beside what is measured')
        place.git('switch', '-q', 'exp/a')
        place.git('merge', '-q', '--no-commit', side, check=False)
        _write(place, {**FILES, 'PLAN.md': plan})
        change(place, 'exp(a): in one')
        assert told(push(place, 'exp/a')) == 'sections'
        place.git('switch', '-q', '--detach', 'main')
        place.git('merge', '-q', '--no-edit', 'exp/a')
        assert told(push(place, 'HEAD:main')) == 'sections'


def test_a_branch_that_begins_where_the_trunk_has_taken_nothing_of_it_has_all_of_it(place: Place) -> None:
    measured = _measured(place)
    place.git('merge', '-q', '-s', 'ours', '--no-edit', 'exp/a')
    assert push(place, 'main') == ''
    place.git('switch', '-q', '-C', 'exp/a', 'main')
    assert push(place, 'exp/a') == '', 'the history has it'
    _write(place, FORGED)
    change(place, 'exp(a): begun anew')
    assert told(push(place, 'exp/a')) == 'keep+protocol+sections'
    place.git('checkout', '-q', measured, '--', 'experiments')
    change(place, 'exp(a): what it says to do is enough')
    assert told(push(place, 'exp/a')) != 'ok', 'but for the commit that broke it'
    place.git('reset', '-q', '--soft', 'main')
    change(place, 'exp(a): all of it')
    assert push(place, 'exp/a') == ''


def test_what_was_reverted_on_the_trunk_comes_back_as_it_was_though_something_else_came_first(place: Place) -> None:
    _measured(place)
    place.git('merge', '-q', '--no-ff', '--no-edit', 'exp/a')
    place.git('revert', '--no-edit', '-m', '1', 'HEAD')
    _write(place, {'README.md': 'why it was taken back\n'})
    change(place, 'a note')
    assert push(place, 'main') == ''
    _write(place, FORGED)
    change(place, 'once more')
    assert told(push(place, 'main')) == 'keep+protocol+sections'
    place.git('reset', '-q', '--hard', 'HEAD^')
    place.git('switch', '-q', 'exp/a')
    place.git('merge', '-q', '--no-edit', 'main')
    assert push(place, 'exp/a') == '', 'a branch takes in the trunk as it is'
    place.git('switch', '-q', 'main')
    _write(place, FILES)
    change(place, 'back')
    assert push(place, 'main') == ''


def test_what_was_measured_in_a_history_of_its_own_is_not_another_project(place: Place) -> None:
    measured = _measured(place, orphan=True)
    _write(place, FORGED)
    place.git('add', '-A')
    tree = place.git('write-tree').stdout.strip()
    merge = place.git('commit-tree', '-p', 'main', '-p', measured, '-m', 'exp(a): take in main', tree).stdout.strip()
    assert told(push(place, f'{merge}:exp/a')) == 'keep+protocol+sections'
    assert told(push(place, f'{merge}:main')) == 'keep+protocol+sections'


def test_results_that_have_counted_again_may_be_retired_anew(place: Place) -> None:
    _measured(place)
    place.git('switch', '-q', 'exp/a')
    for old, new in (('results_v1_leak', 'results'), ('results', 'results_v1_other')):
        place.git('mv', f'experiments/a/{old}', f'experiments/a/{new}')
        change(place, f'exp(a): {new}')
    assert push(place, 'exp/a') == ''
    place.git('switch', '-q', 'main')
    place.git('merge', '-q', '--no-ff', '--no-edit', 'exp/a')
    assert push(place, 'main') == ''


def test_sections_that_the_trunk_and_a_branch_have_added_are_merged(place: Place) -> None:
    _measured(place)
    place.git('merge', '-q', '--squash', 'exp/a')
    change(place, 'a')
    _edit(place, HYPOTHESIS, f'{HYPOTHESIS}\n## Results\n\nas Bob sees it\n')
    change(place, 'what came of it')
    assert push(place, 'main') == ''
    place.git('switch', '-q', 'exp/a')
    _edit(place, HYPOTHESIS, f'{HYPOTHESIS}\n## Results\n\nas Ada sees it\n')
    tip = change(place, 'exp(a): results')
    assert push(place, 'exp/a') == ''
    _row(place, tip)
    place.git('switch', '-q', 'exp/a')
    place.git('merge', '-q', '--no-commit', 'main', check=False)
    _write(place, {'PLAN.md': f'{PLAN}\n## Results\n\nas Bob sees it\n\n## Results\n\nas Ada sees it\n'})
    change(place, 'exp(a): take in main')
    assert push(place, 'exp/a') == ''
    assert push(place, 'exp/a:main') == ''


def test_a_rule_that_comes_later_does_not_ask_for_what_the_trunk_has_had_before(tmp_path: Path) -> None:
    place = _ready(make(tmp_path, install=False))
    _measured(place)
    place.git('merge', '-q', '--no-ff', '--no-edit', 'exp/a')
    _edit(place, 'by 1', 'by 2')
    change(place, 'nobody minds')
    assert push(place, 'main') == ''
    place.write('gitexp.yaml', (place.path / 'gitexp.yaml').read_text().replace('rules:\n', f'rules:\n{SECTIONS}'))
    place.without_hooks('commit', '-q', '-a', '-m', 'a rule')
    bare(place).git('fetch', '-q', str(place.path), '+main:main')
    _edit(place, HYPOTHESIS, f'{HYPOTHESIS}\n## Results\n\nworse\n')
    change(place, 'what came of it')
    assert push(place, 'main', 'HEAD:exp/a') == ''
    _edit(place, 'by 2', 'by 3')
    change(place, 'but from now on somebody does')
    assert told(push(place, 'HEAD:exp/a')) == told(push(place, 'main')) == 'sections'


@signing
def test_a_protocol_that_a_person_has_changed_stays_changed(tmp_path: Path) -> None:
    place = _ready(signed_by_ada(tmp_path))
    _measured(place)
    place.git('switch', '-q', 'exp/a')
    _write(place, {'PROTOCOL.md': 'seeds 4 to 6\n'})
    change(place, OPEN)
    place.git('switch', '-q', 'main')
    place.git('merge', '-q', '--no-ff', '--no-edit', 'exp/a')
    _write(place, {'PROTOCOL.md': 'seeds 7 to 9\n'})
    change(place, OPEN)
    assert push(place, 'main', 'exp/a') == ''
    place.git('config', 'commit.gpgSign', 'false')
    place.git('switch', '-q', 'exp/a')
    tip = change(place, 'exp(a): on', model_DOT_py='m = 3\n')
    assert push(place, 'exp/a') == ''
    assert at_server(place, 'refs/heads/exp/a') == tip


@signing
def test_a_protocol_does_not_go_back_to_what_a_person_has_changed(tmp_path: Path) -> None:
    place = _ready(signed_by_ada(tmp_path))
    place.git('switch', '-q', '-c', 'exp/a')
    _write(place, FILES)
    change(place, 'exp(a): the plan')
    _write(place, {'PROTOCOL.md': 'seeds 4 to 6\n'})
    before = change(place, OPEN)
    _write(place, {'PROTOCOL.md': 'seeds 7 to 9\n'})
    tip = change(place, OPEN)
    assert push(place, 'exp/a') == ''
    _row(place, tip)
    place.git('config', 'commit.gpgSign', 'false')
    place.git('switch', '-q', '-C', 'exp/a', before)
    change(place, 'exp(a): as before', model_DOT_py='m = 3\n')
    assert told(push(place, '-f', 'exp/a')) == 'protocol'


def _planted(place: Place, files: dict[str, str]) -> str:
    """A measured experiment on the server, which has other files of such names on its trunk since before the row; returns where it is."""
    place.git('switch', '-q', '-c', 'exp/a')
    place.git('switch', '-q', 'main')
    _write(place, dict.fromkeys(files, '# Another\n'))
    change(place, 'planted')
    place.git('switch', '-q', 'exp/a')
    _write(place, files)
    measured = change(place, 'exp(a): what is measured', model_DOT_py='m = 2\n')
    assert push(place, 'exp/a') == ''
    _row(place, measured)
    return measured


def test_what_the_trunk_has_goes_on_though_what_was_measured_was_never_pushed(place: Place) -> None:
    """As after a squash, which leaves the branch behind; nothing new comes."""
    for slug in ('a', 'b'):
        place.write(f'experiments/{slug}/PLAN.md', PLAN)
    change(place, 'the plans')
    assert push(place, 'main') == ''
    change(place, 'rows', results_DOT_tsv=HEADER + ''.join(f'{slug}\t{slug}\t3.0\t{"f" * 40}\n' for slug in 'ab'))
    assert push(place, 'main') == ''

    place.write('experiments/a/PLAN.md', f'{PLAN}\n## Outcome\n\nwon\n')
    change(place, 'the outcome')
    assert push(place, 'main') == ''
    place.write('experiments/b/PROTOCOL.md', 'seeds 1 to 3\n')
    change(place, 'a protocol')
    assert 'its rows name commits that were never pushed' in push(place, 'main')


@pytest.mark.parametrize('how', ['by its side', 'by the branch', 'after it has departed'])
def test_what_is_planted_does_not_take_the_place_of_what_the_trunk_comes_to_reach(place: Place, how: str) -> None:
    measured = _planted(place, {name: FILES[name] for name in FILES if name != 'PLAN.md'})
    if how == 'by the branch':
        place.git('switch', '-q', 'exp/a')
        place.git('merge', '-q', '--no-commit', 'main', check=False)
        place.git('checkout', '-q', 'main', '--', 'experiments')
        change(place, 'exp(a): take in main')
        place.git('switch', '-q', 'main')
    if how == 'after it has departed':
        assert push(place, ':exp/a') == ''
    place.git('merge', '-q', '-s', 'ours', '--no-edit', 'exp/a')
    assert told(push(place, 'main')) == 'keep+protocol'
    place.git('reset', '-q', '--hard', measured)
    assert push(place, '-f', 'main:exp/a') == '', 'and so the branch has it'


@pytest.mark.parametrize('departed', [False, True])
def test_nor_of_what_was_retired_since_it_was_measured(place: Place, departed: bool) -> None:
    _planted(place, {})
    _write(place, {'results_v1_leak/r.txt': 'fine\n'})
    change(place, 'planted')
    place.git('switch', '-q', 'exp/a')
    _write(place, FILES)
    change(place, 'exp(a): retired')
    assert push(place, 'main', 'exp/a') == ''
    assert not departed or push(place, ':exp/a') == ''
    place.git('switch', '-q', 'main')
    place.git('merge', '-q', '--no-commit', 'exp/a', check=False)
    _write(place, {'results_v1_leak/r.txt': 'fine\n'})
    change(place, 'a')
    assert told(push(place, 'main')) == 'keep'
    _write(place, {'results_v1_leak/r-2.txt': 'bad\n'})
    change(place, 'a', '--amend')
    assert push(place, 'main') == '', 'but one stands beside the other one'


def _planned_early(place: Place) -> str:
    """An experiment whose plan the trunk has as it was before the branch edited it and measured; returns what was measured."""
    place.git('switch', '-q', '-c', 'exp/a')
    _write(place, {'PLAN.md': OTHER})
    change(place, 'exp(a): a plan')
    place.git('switch', '-q', 'main')
    place.git('merge', '-q', '--no-ff', '--no-edit', 'exp/a')
    place.git('switch', '-q', 'exp/a')
    _write(place, {'PLAN.md': PLAN})
    measured = change(place, 'exp(a): another one, before any run')
    assert push(place, 'main', 'exp/a') == ''
    _row(place, measured)
    return measured


def test_a_plan_that_was_merged_early_and_edited_before_its_first_run_is_merged_as_it_was_measured(place: Place) -> None:
    _planned_early(place)
    place.ok('hook', 'install')
    place.git('merge', '-q', '--no-ff', '--no-edit', 'exp/a')
    place.ok('hook', 'remove')
    assert push(place, 'main') == ''
    _edit(place, 'by 1', 'by 2')
    change(place, 'since then it stays')
    assert told(push(place, 'main')) == 'sections'


def test_the_early_plan_goes_below_it_where_that_is_no_merge(place: Place) -> None:
    _planned_early(place)
    place.git('merge', '-q', '--squash', 'exp/a')
    change(place, 'a')
    assert told(push(place, 'main')) == 'sections'
    _write(place, {'PLAN.md': f'{PLAN}\n{OTHER.partition("Plan")[2].strip()}\n'})
    change(place, 'a', '--amend')
    assert push(place, 'main') == ''


def test_the_trunk_does_not_keep_the_early_plan_instead_of_it(place: Place) -> None:
    _planned_early(place)
    place.ok('hook', 'install')
    said = place.git('merge', '-q', '-s', 'ours', '--no-edit', 'exp/a', check=False).stderr
    assert told(said) == 'sections'
    place.without_hooks('reset', '-q', '--hard')
    place.ok('hook', 'remove')
    place.git('switch', '-q', 'exp/a')
    change(place, 'exp(a): as the trunk has it', **{'experiments/a/PLAN_DOT_md': OTHER})
    place.git('switch', '-q', 'main')
    place.git('merge', '-q', '--no-ff', '--no-edit', 'exp/a')
    assert told(push(place, 'main')) == 'sections', 'nor by a commit of the branch'


def test_what_the_trunk_has_taken_on_is_not_asked_back_by_a_merge(tmp_path: Path) -> None:
    place = _ready(make(tmp_path, f'{SECTIONS}humans: [ada@example.org]\n', install=False))
    bare(place).ok('hook', 'install', '--server', '--identity', 'PUSHER')
    measured = _measured(place)
    place.git('merge', '-q', '--squash', 'exp/a')
    change(place, 'a')
    assert push(place, 'main') == ''
    _write(place, {'PROTOCOL.md': 'seeds 4 to 6\n'})
    change(place, OPEN)
    assert push(place, 'main', PUSHER='ada@example.org') == ''
    place.git('merge', '-q', '-s', 'ours', '--no-edit', 'exp/a')
    assert push(place, 'main', PUSHER='bot@example.org') == ''
    assert at_server(place, 'refs/heads/exp/a') == measured


def test_a_file_that_was_there_before_the_row_makes_no_way_for_what_was_never_measured(place: Place) -> None:
    _write(place, {'results_v9_plot/p.txt': 'x\n'})
    change(place, 'a plot')
    place.git('switch', '-q', '-c', 'exp/a')
    _write(place, FILES)
    measured = change(place, 'exp(a): what is measured')
    _row(place, measured)
    place.git('switch', '-q', 'exp/a')
    _write(place, FORGED)
    change(place, 'exp(a): as I always said', '--amend')
    place.git('switch', '-q', 'main')
    place.git('merge', '-q', '--no-ff', '--no-edit', 'exp/a')
    said = push(place, 'main')
    assert f'git push origin {measured}:refs/heads/exp/a' in said
    assert push(place, f'{measured}:refs/heads/exp/a') == ''
    assert told(push(place, 'main')) == 'protocol+sections'
