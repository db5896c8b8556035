"""What a hostile or broken run, ledger or folder must not bring about."""
from __future__ import annotations

import os

import pytest

from gitexp.core import deep
from place import CONFIG, Place, powerless
from stories import experiment, rows

POISON = """\
import os, sys
sys.dont_write_bytecode = True
os.system('git update-index {flag} helper.py')
open('helper.py', 'w').write('extra = 99.0\\n')
score = 3.0
"""
HELPED = """\
import sys
sys.path.insert(0, '.')
import model
from helper import extra
print('score:', model.score + extra)
"""


@pytest.fixture
def helped(lab: Place) -> Place:
    """A lab whose evaluation also uses a file that is tracked and not protected."""
    lab.write('helper.py', 'extra = 0.0\n')
    lab.write('eval.py', HELPED)
    lab.commit('use a helper')
    return lab


@pytest.mark.parametrize('flag', ['--skip-worktree', '--assume-unchanged', '--refresh'])
def test_a_run_cannot_leave_anything_for_the_next_one(helped: Place, flag: str) -> None:
    helped.ok('new', 'bad')
    bad = helped.at('5_worktrees/bad')
    bad.write('model.py', POISON.format(flag=flag))
    bad.git('commit', '-qam', 'exp(bad): poison')
    bad.exp('eval', '--seed', '1')

    helped.ok('baseline')
    assert helped.said.startswith('baseline: score 3.000')


def test_the_header_again_with_a_row_that_is_known_costs_nothing(lab: Place) -> None:
    lab.ok('baseline')
    ledger = (lab.path / 'results.tsv').read_text().splitlines(keepends=True)
    lab.write('results.tsv', ''.join(ledger + ledger[:2]))
    lab.ok('new', 'idea')
    lab.at('5_worktrees/idea').ok('eval', '--seed', '1')

    assert 'score 3.0' in lab.ok('best')


def test_a_ledger_that_cannot_take_rows_is_noticed_before_the_run(lab: Place) -> None:
    lab.ok('baseline')
    lab.write('results.tsv', 'name\tnumber\none\t1\n')

    assert lab.exp('baseline') == 3
    assert 'has no column' in lab.talk and 'seed 1' not in lab.talk


def test_a_pipe_in_the_place_of_the_ledger_is_not_waited_for(lab: Place) -> None:
    os.mkfifo(lab.path / 'results.tsv')

    for words in (['best'], ['results'], ['list'], ['baseline']):
        assert lab.exp(*words) == 3
        assert 'is no file' in lab.talk


def test_a_nul_in_a_command_is_refused_when_it_is_read(lab: Place) -> None:
    lab.write('gitexp.yaml', 'metric: {name: score, direction: min}\neval: "echo a\\0b"\n')
    lab.commit('nul')

    assert lab.exp('status') == 2
    assert 'gitexp.yaml:2: eval has a NUL character' in lab.talk


def test_a_worktree_that_was_moved_is_not_forgotten(lab: Place) -> None:
    lab.ok('new', 'idea')
    os.rename(lab.path / '5_worktrees/idea', lab.path / '5_worktrees/elsewhere')

    assert lab.exp('close', 'idea') == 3
    assert 'git worktree repair' in lab.talk
    lab.git('worktree', 'repair', '5_worktrees/elsewhere')


DEEP = '''\
import os
top = os.getcwd()
for where, name, many in ('experiments/first/results/x', 'd', 1500), ('elsewhere/.git', 'e' * 200, 30), ('json', 'f', 1200):
    os.chdir(top)
    os.makedirs(where)
    os.chdir(where)
    for _ in range(many):
        os.mkdir(name)
        os.chdir(name)
    open('end', 'w').close()
'''


def test_folders_deeper_than_a_program_can_call_itself_cost_no_row(lab: Place, request: pytest.FixtureRequest) -> None:
    lab.write('gitexp.yaml', CONFIG.replace('python3 eval.py {seed}', 'sh eval.sh'))
    lab.write('eval.sh', 'python3 try.py; ls; echo score: 2\n')
    lab.commit('deep')
    request.addfinalizer(lambda: deep.remove(lab.path))  # pytest cannot.
    first = experiment(lab, 'first', try_py=DEEP)
    first.ok('eval', '--seed', '1')
    assert [(row['experiment'], row['score']) for row in rows(lab)] == [('first', '2.0')]
    second = experiment(lab, 'second', try_py='')
    second.ok('eval', '--seed', '1')

    log, = (second.path / 'experiments/second/exp_log').glob('*.log')
    assert {'elsewhere', 'json'}.isdisjoint(log.read_text().split())
    lab.ok('supersede', 'first', '--bug', 'deep', '--yes')
    lab.ok('close', 'first')
    assert len(list(deep.walk(lab.path / 'experiments/first'))) > 1500


@pytest.mark.parametrize('leave', ['chmod 311 src', 'chmod 311 .', 'mkdir -p a/b/c; chmod 0 a/b a'])
def test_a_folder_that_cannot_be_listed_hides_nothing_from_the_next_run(lab: Place, leave: str) -> None:
    """Nor does it keep anybody from the checkout."""
    lab.write('gitexp.yaml', CONFIG.replace('python3 eval.py {seed}', 'sh eval.sh'))
    lab.write('src/kept', '')
    lab.write('eval.sh', 'sh try.sh; ls src; echo score: 2\n')
    lab.commit('a folder')
    lab.before = powerless()
    first = experiment(lab, 'first', try_sh=f'echo > src/left; {leave}\n')
    assert first.exp('eval', '--seed', '1') == (5 if leave == 'chmod 311 .' else 0)
    second = experiment(lab, 'second', try_sh='')
    second.ok('eval', '--seed', '1')

    log, = (second.path / 'experiments/second/exp_log').glob('*.log')
    assert log.read_text() == 'kept\nscore: 2\n'
