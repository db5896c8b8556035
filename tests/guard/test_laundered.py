"""What is said to be another project's, and the way back from there: with real pushes, and as CI sees it."""
from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest
from place import Place
from rulebook import told
from test_server import OPEN, bare, change, make, push

from gitexp.lab.lab import Lab
from gitexp.ledger import write
from gitexp.ledger.result import Kind, Result, Status

MORE = """\
  links-only: [data/**]
  human: [human_journal.md]
  sections: [experiments/*/PLAN.md]
humans: [bob@example.org]
"""
JOURNAL = '# Notes\n\n## 2026-01-02 second\nb\n\n## 2026-01-01 first\na\n'
HEAD, ONE, TWO, THREE = 'id\texperiment\tscore\tcommit\n', '1\told\t3.0\t\n', '2\told\t2.0\t\n', '3\told\t1.0\t\n'
PLAN = '# Plan\n\n## Goal\n\nwin\n'
EVIL = {
    'eval.py': 'print(0)\n', 'human_journal.md': '# Humans\n\n## do as you like\n', 'data/x': 'a copy\n',
    'notes_journal.md': JOURNAL.replace('b\n', 'not so:\nb\n'),
}


def _lab(tmp_path: Path) -> Place:
    place = make(tmp_path, MORE, install=False)
    place.write('gitexp.yaml', (place.path / 'gitexp.yaml').read_text().replace('[results.tsv]', '[results.tsv, LOG.txt]'))
    place.write('human_journal.md', '# Humans\n\n## stop\n')
    place.write('notes_journal.md', JOURNAL)
    place.write('results.tsv', f'{HEAD}{ONE}{TWO}')
    place.write('experiments/old/PLAN.md', PLAN)
    place.write('LOG.txt', 'run 5 was\nmeasured well\n')
    place.git('config', 'gitexp.hooks', 'removed')
    change(place)
    place.git('push', '-q', 'origin', 'main')
    bare(place).ok('hook', 'install', '--server')
    return place


def _tree(place: Place, base: str, files: dict[str, str]) -> str:
    """The tree of a commit, '' for none, with other files."""
    index = {'GIT_INDEX_FILE': str(place.path / '.git' / 'another')}
    place.git('read-tree', *([base] if base else ['--empty']), **index)
    for name, text in files.items():
        blob = place.git('hash-object', '-w', str(place.write('.git/text', text))).stdout.strip()
        place.git('update-index', '--add', '--cacheinfo', f'100644,{blob},{name}', **index)
    return place.git('write-tree', **index).stdout.strip()


def _commit(place: Place, tree: str, *parents: str) -> str:
    return place.git('commit-tree', '-m', 'x', *(word for one in parents for word in ('-p', one)), tree).stdout.strip()


def _across(place: Place, files: dict[str, str]) -> Iterable[str]:
    """Two states of the trunk: one has merged a history of its own and taken nothing, the next one what that has changed."""
    start = place.git('rev-parse', 'main').stdout.strip()
    good, evil = _tree(place, start, {}), _tree(place, start, files)
    root = _commit(place, good)
    changed = _commit(place, evil, root)
    taken = _commit(place, good, start, root)
    first = _commit(place, good, taken, changed)
    yield first
    yield _commit(place, evil, first, _commit(place, evil, taken, changed))


def test_what_was_merged_as_another_project_is_no_state_of_ours(tmp_path: Path) -> None:
    place = _lab(tmp_path)
    first, second = _across(place, EVIL)
    assert push(place, f'{first}:main') == '', 'as git subtree merges it'
    assert told(push(place, f'{second}:main')) == 'append-top+frozen+human+links-only'
    place.git('fetch', '-q')
    place.git('reset', '-q', '--hard', 'origin/main')
    assert place.exp('check', 'rules', '--ci', '--on', 'feature', f'..{second}') == 1
    assert told(place.said) == 'append-top+frozen+human+links-only'


SIDES = [
    ('results.tsv', f'{HEAD}{TWO}{ONE}', f'{HEAD}{TWO}{ONE}'),
    ('results.tsv', f'{HEAD}{THREE}', f'\n{HEAD}{ONE}{TWO}{THREE}'),
    ('results.tsv', f'{HEAD}{THREE}', f'{HEAD}{ONE}{TWO}{THREE}'.replace('\n', '\r\n')),
    ('LOG.txt', 'not\n', 'run 5 was\nnot\nmeasured well\n'),
    ('notes_journal.md', '## new\nx\n', JOURNAL.replace('## 2026-01-01', '## new\nx\n\n## 2026-01-01')),
    ('notes_journal.md', '## new\nx\n', JOURNAL.replace('## 2026-01-02', '## new\nx\n\n## 2026-01-02').replace('\n', '\r\n')),
    ('experiments/old/PLAN.md', '## Goal\n\nlose\n', f'## Goal\n\nlose\n\n{PLAN}'),
]


def test_a_history_of_its_own_is_no_side_of_ours(tmp_path: Path) -> None:
    place = _lab(tmp_path)
    said = []
    for name, theirs, made in SIDES:
        merge = _commit(place, _tree(place, 'main', {name: made}), 'main', _commit(place, _tree(place, '', {name: theirs})))
        said.append(told(push(place, f'{merge}:main')))
    assert said == [*('append-bottom',) * 4, 'append-top', 'append-top', 'sections']
    other = _commit(place, _tree(place, '', {'results.tsv': f'{HEAD}{THREE}'}))
    merge = _commit(place, _tree(place, 'main', {'results.tsv': f'{HEAD}{ONE}{TWO}{THREE}'}), 'main', other)
    assert push(place, f'{merge}:main') == '', 'an append is one, wherever it comes from'


def test_what_both_sides_began_is_published_byte_for_byte(tmp_path: Path) -> None:
    """A branch from before the files were there, which the judge of its commits has nothing to compare with."""
    place = _lab(tmp_path)
    early = place.git('rev-list', '--max-parents=0', 'main').stdout.strip()
    for name, theirs, made, rule in (
        ('experiments/old/PLAN.md', '## Goal\n\nlose\n', f'## Goal\n\nlose\n\n{PLAN}', 'sections'),
        ('LOG.txt', 'run 5 was\r\n', 'run 5 was\r\nmeasured well\r\n', 'append-bottom'),
    ):
        side = _commit(place, _tree(place, early, {name: theirs}), early)
        merge = _commit(place, _tree(place, 'main', {name: made}), 'main', side)
        assert told(push(place, f'{merge}:main')) == rule


def test_ci_sees_what_the_server_would_refuse(tmp_path: Path) -> None:
    place = _lab(tmp_path)
    start = place.git('rev-parse', 'main').stdout.strip()
    plans = {'experiments/a/PLAN.md': PLAN, 'experiments/a/PROTOCOL.md': 'p\n'}
    measured = _commit(place, _tree(place, start, plans), start)
    place.write('results.tsv', f'{HEAD}{ONE}{TWO}3\ta\t1.0\t{measured}\n')
    change(place, 'a row')
    assert push(place, 'main', f'{measured}:exp/a') == ''
    early = (place.path / 'results.tsv').read_text()
    for branch, files, rule in (
        ('feature', {'results.tsv': f'{early}1\told\t0.1\t\n'}, 'append-bottom'),
        ('feature', {name: text.replace('win', 'lose') for name, text in plans.items()}, 'sections'),
        ('exp/a', {**plans, 'experiments/a/PROTOCOL.md': 'q\n'}, 'protocol'),
    ):
        asked = _commit(place, _tree(place, 'main', files), 'main')
        assert told(push(place, f'{asked}:main')) == rule
        assert place.exp('check', 'rules', '--ci', '--on', branch, f'..{asked}') == 1
        assert told(place.said) == rule


def test_ci_sees_two_spellings_of_which_the_trunk_has_one_by_now(tmp_path: Path) -> None:
    place = _lab(tmp_path)
    start = place.git('rev-parse', 'main').stdout.strip()
    asked = _commit(place, _tree(place, start, {'experiments/a/PROTOCOL.md': 'p\n'}), start)
    place.write('experiments/a/Notes.md', 'n\n')
    change(place)
    assert place.exp('check', 'rules', '--ci', '--on', 'feature', f'..{asked}') == 0, place.said
    place.write('experiments/a/Protocol.md', 'q\n')
    change(place)
    assert place.exp('check', 'rules', '--ci', '--on', 'feature', f'..{asked}') == 1
    assert told(place.said) == 'protocol'


def test_ci_takes_an_honest_branch_that_the_trunk_has_left_behind(tmp_path: Path) -> None:
    place = _lab(tmp_path)
    place.git('switch', '-q', '-c', 'feature')
    change(place, 'mine', model_DOT_py='m = 2\n', notes_journal_DOT_md=JOURNAL.replace('## 2026-01-02', '## mine\nx\n\n## 2026-01-02'))
    place.git('switch', '-q', 'main')
    change(place, 'theirs', results_DOT_tsv=f'{HEAD}{ONE}{TWO}{THREE}', eval_DOT_py='print(2)\n',
           human_journal_DOT_md='# Humans\n\n## go\n',
           notes_journal_DOT_md=JOURNAL.replace('## 2026-01-02', '## theirs\nx\n\n## 2026-01-02'))
    assert place.exp('check', 'rules', '--ci', '--on', 'feature', '..feature') == 0, place.said


def test_what_people_have_written_may_be_published(tmp_path: Path) -> None:
    place = _lab(tmp_path)
    change(place, 'go', human_journal_DOT_md='# Humans\n\n## go\n')
    assert told(push(place, 'main')) == 'human'
    change(place, 'go', '--amend', '--author=Bob <bob@example.org>')
    place.git('switch', '-q', '-c', 'side', 'main^')
    change(place, 'beside', model_DOT_py='m = 2\n')
    place.git('switch', '-q', 'main')
    place.git('merge', '-q', '--no-edit', 'side')
    assert push(place, 'main') == ''


def test_the_merge_of_a_measured_experiment_may_be_reverted_and_comes_back_whole(tmp_path: Path) -> None:
    place = _lab(tmp_path)
    place.git('switch', '-q', '-c', 'exp/a')
    for name in ('PLAN.md', 'PROTOCOL.md', 'results_v1_bug/r.txt'):
        place.write(f'experiments/a/{name}', PLAN)
    measured = change(place, 'exp(a): it', model_DOT_py='m = 2\n')
    place.git('switch', '-q', 'main')
    change(place, 'a row', results_DOT_tsv=f'{HEAD}{ONE}{TWO}3\ta\t1.0\t{measured}\n')
    place.git('merge', '-q', '--no-edit', 'exp/a')
    assert push(place, 'main', 'exp/a') == ''

    place.git('rm', '-q', 'experiments/a/PLAN.md')
    change(place, 'the plan alone')
    assert told(push(place, 'main')) == 'sections'
    place.git('reset', '-q', '--hard', 'origin/main')
    place.ok('hook', 'install')
    place.git('revert', '-n', '-m', '1', 'HEAD')
    place.git('commit', '-q', '-m', 'taken back')
    assert push(place, 'main') == ''
    place.ok('hook', 'remove')

    for name in ('PLAN.md', 'PROTOCOL.md'):
        place.write(f'experiments/a/{name}', PLAN)
    change(place, 'half of it')
    assert told(push(place, 'main')) == 'keep'
    place.git('reset', '-q', '--hard', 'HEAD^')
    place.git('revert', '--no-edit', 'HEAD')
    assert push(place, 'main') == ''


def test_so_may_that_of_an_experiment_that_was_retired_since(tmp_path: Path) -> None:
    place = make(tmp_path, MORE, install=False)
    place.git('rm', '-q', 'results.tsv')
    change(place, 'a ledger of its own')
    place.git('push', '-q', 'origin', 'main')
    bare(place).ok('hook', 'install', '--server')
    place.git('switch', '-q', '-c', 'exp/a')
    place.write('experiments/a/PLAN.md', PLAN)
    measured = change(place, 'exp(a): it')
    place.git('switch', '-q', 'main')
    write.append(Lab.find(place.path), [Result(
        id='01m7zare8ydm5njw', time='2026-01-03T00:00:00+00:00', experiment='a', kind=Kind.EVAL, version='v1', commit=measured,
        value=1.0, status=Status.OK, seed=1, tree='0' * 40, eval_id='e',
    )])
    change(place, 'a row')
    place.git('merge', '-q', '--no-ff', '--no-edit', 'exp/a')
    place.ok('supersede', 'a', '--bug', 'leak', '--yes')
    place.git('commit', '-q', '-a', '-m', 'retired')
    assert push(place, 'main', 'exp/a') == ''

    place.git('revert', '--no-edit', '-m', '1', 'HEAD^')
    assert push(place, 'main') == ''
    assert not (place.path / 'experiments').exists()


@pytest.mark.parametrize(('first', 'second'), [('exp/a', 'exp/b'), ('side', 'other')])
def test_what_one_branch_merges_of_another_project_is_not_judged_for_the_next(tmp_path: Path, first: str, second: str) -> None:
    place = _lab(tmp_path)
    foreign = _commit(place, _tree(place, 'main', {'eval.py': 'print(0)\n'}))
    further = _commit(place, _tree(place, foreign, {'more.txt': 'x\n'}), foreign)
    merge = _commit(place, _tree(place, 'main', {}), 'main', foreign)
    assert push(place, f'{merge}:{first}') == '' and push(place, f':{first}') == ''
    alone = told(push(place, f'{further}:{second}'))
    assert alone != 'ok' and told(push(place, f'{merge}:{first}', f'{further}:{second}')) == alone


def test_what_a_person_vouches_for_on_one_branch_is_not_open_on_another(tmp_path: Path) -> None:
    place = make(tmp_path, 'humans: [ada@example.org]\n', words=('--identity', 'PUSHER'))
    lifted = change(place, OPEN, eval_DOT_py='print(2)\n')
    assert push(place, f'{lifted}:exp/ada', PUSHER='ada@example.org') == ''
    change(place, model_DOT_py='m = 2\n')
    alone = told(push(place, 'HEAD:exp/eve', PUSHER='eve@example.org'))
    place.git('checkout', '-q', '--detach', 'HEAD')
    tip = change(place, 'exp(ada): on', model_DOT_py='m = 3\n')
    assert alone == 'frozen' == told(push(place, f'{tip}:exp/ada', 'main:exp/eve', PUSHER='eve@example.org'))
