"""A run that changes what it is measured by, and changes it back."""
from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from place import CONFIG, IGNORED, Place
from gitexp.checkout.sentry import Sentry
from stories import experiment, reason, rows

MODEL = """\
import os, shutil, subprocess, sys
sys.dont_write_bytecode = True
shutil.copy2('{file}', 'aside')
open('{file}', 'w').write('bias = -3.0\\n')
sys.modules.pop('{module}', None)
import {module}
score = 3.0 + {module}.bias
os.replace('aside', '{file}')
"""
linux = pytest.mark.skipif(sys.platform != 'linux', reason='only Linux tells of folders that are moved')


@pytest.fixture
def biased(lab: Place) -> Place:
    """A lab whose evaluation uses two fixed files, one of them in a folder."""
    lab.write('eval.py', "import sys\nimport model\nprint('score:', model.score)\n")
    lab.write('bias.py', 'bias = 0.0\n')
    lab.write('guard/__init__.py', 'bias = 0.0\n')
    lab.write('gitexp.yaml', CONFIG.replace('eval.py,', 'eval.py, bias.py, guard,'))
    lab.commit('bias')
    return lab


@pytest.mark.parametrize(('file', 'module'), [('bias.py', 'bias'), ('guard/__init__.py', 'guard')])
def test_a_fixed_file_that_is_changed_and_put_back_costs_the_result(biased: Place, file: str, module: str) -> None:
    idea = experiment(biased, model_py=MODEL.format(file=file, module=module))

    assert idea.exp('eval', '--seed', '1') == 5
    row, = rows(biased)
    assert (row['status'], row['score'], row['verdict']) == ('violation', '', '')
    assert f'it wrote to or moved {file}, and put back what was there' in reason(row) and file in idea.talk


@linux
def test_a_folder_of_fixed_files_that_is_moved_away_and_back_does_too(biased: Place) -> None:
    swap = """\
import os, shutil
os.rename('guard', 'aside')
os.mkdir('guard')
open('guard/__init__.py', 'w').write('bias = -3.0\\n')
import guard
score = 3.0 + guard.bias
shutil.rmtree('guard')
os.rename('aside', 'guard')
"""
    idea = experiment(biased, model_py=swap)

    assert idea.exp('eval', '--seed', '1') == 5
    assert 'guard/, and put back' in reason(rows(biased)[0])


def test_training_is_watched_as_well(biased: Place) -> None:
    biased.write('gitexp.yaml', CONFIG.replace('eval.py,', 'eval.py, bias.py,') + 'train: sh train.sh\n')
    biased.commit('train')
    idea = experiment(biased, train_sh='cp -p bias.py aside && echo bias = 1 > bias.py && mv aside bias.py\n')

    assert idea.exp('eval', '--seed', '1') == 5
    assert 'bias.py' in reason(rows(biased)[0])


def test_a_run_that_only_reads_and_writes_beside_is_left_alone(biased: Place) -> None:
    cache = "import os\nos.makedirs('guard/__pycache__', exist_ok=True)\nopen('guard/__pycache__/mine', 'w').write('x')\n"
    beside = f"{cache}open('new', 'w').write('x')\n"
    idea = experiment(biased, model_py=f'import guard, bias\n{beside}score = 2.0\n')
    idea.ok('eval')

    assert [row['status'] for row in rows(biased)] == ['ok'] * 3


@pytest.mark.parametrize(('script', 'touched'), [
    ('cat fixed folder/deep', []),
    ('touch folder/new; rm folder/new; echo > other', []),
    ('cp -p fixed aside; echo x > fixed; cat aside > fixed; touch -r aside fixed', ['fixed']),
    ('mv fixed aside; echo x > fixed; mv aside fixed', ['fixed']),
    ('ln fixed aside; rm aside', ['fixed']),
    ('chmod +x fixed; chmod -x fixed', ['fixed']),
    ('rm fixed', ['fixed']),
    pytest.param('mv folder aside; mkdir folder; mv folder gone; mv aside folder', ['folder/'], marks=linux),
    pytest.param('mv ../{here} ../aside; mv ../aside ../{here}', ['./'], marks=linux),
])
def test_what_was_touched_is_named(tmp_path: Path, script: str, touched: list[str]) -> None:
    (tmp_path / 'folder').mkdir()
    (tmp_path / 'fixed').write_text('fixed\n')
    (tmp_path / 'folder' / 'deep').write_text('deep\n')
    with Sentry(tmp_path, ['fixed', 'folder/deep', 'missing']) as sentry:
        subprocess.run(script.replace('{here}', tmp_path.name), shell=True, cwd=tmp_path, check=True, stdout=subprocess.DEVNULL)

        assert sentry.touched() == touched


def test_a_write_through_memory_is_seen(tmp_path: Path) -> None:
    import mmap
    (tmp_path / 'fixed').write_text('fixed\n')
    with Sentry(tmp_path, ['fixed']) as sentry:
        with open(tmp_path / 'fixed', 'r+b') as file, mmap.mmap(file.fileno(), 0) as memory:
            memory[0:1] = b'F'
            memory[0:1] = b'f'

        assert sentry.touched() == ['fixed']


def test_an_input_that_is_committed_is_fixed_as_well(lab: Place) -> None:
    lab.write('gitexp.yaml', f'{CONFIG}inputs: [data]\n')
    lab.write('data/val.txt', '7')
    lab.write('eval.py', "import model\nprint('score:', open('data/val.txt').read())\n")
    lab.commit('data')
    idea = experiment(lab, model_py="open('data/val.txt', 'w').write('0')\n")

    assert idea.exp('eval', '--seed', '1') == 5
    assert reason(rows(lab)[-1]) == 'it changed data/val.txt'


@pytest.mark.parametrize('more', ['', 'train: python3 -c "import model"\nsealed: true\n'])
def test_so_is_what_a_committed_link_leads_to(lab: Place, tmp_path: Path, more: str) -> None:
    (tmp_path / 'elsewhere').mkdir()
    (tmp_path / 'elsewhere/val.txt').write_text('7')
    lab.write('gitexp.yaml', f'{CONFIG}inputs: [data]\n{more}')
    (lab.path / 'data').symlink_to(tmp_path / 'elsewhere')
    lab.write('eval.py', "%sprint('score:', open('data/val.txt').read())\n" % ('' if more else 'import model\n'))
    lab.commit('data')
    idea = experiment(lab, model_py="open('data/val.txt', 'w').write('0')\n")

    assert idea.exp('eval', '--seed', '1') == 5
    assert reason(rows(lab)[-1]).startswith('the inputs changed while it ran')
    assert experiment(lab, 'other').exp('eval', '--seed', '1') == 0
    assert json.loads(rows(lab)[-1]['env'])['data_md5']


def test_a_committed_link_leads_to_nothing_that_an_experiment_may_change(lab: Place) -> None:
    lab.write('corpus/val.txt', '7')
    lab.write('eval.py', "print('score:', open('data/val.txt').read())\n")
    (lab.path / 'data').mkdir()
    (lab.path / 'data/val.txt').symlink_to('../corpus/val.txt')
    lab.write('gitexp.yaml', f'{CONFIG}inputs: [data]\n')
    lab.commit('data')
    idea = experiment(lab, corpus__val_txt='0')

    assert idea.exp('eval', '--seed', '1') == 3
    assert "the input 'data/val.txt' is a link to 'corpus/val.txt', which an experiment may change" in idea.talk
    lab.write('gitexp.yaml', f'{CONFIG}inputs: [data, corpus]\n')
    lab.commit('all of it')
    other = experiment(lab, 'other')
    other.ok('eval', '--seed', '1')
    assert rows(lab)[-1]['score'] == '7.0'


def test_a_committed_link_to_what_git_ignores_leads_to_that_of_the_lab(lab: Place, tmp_path: Path) -> None:
    lab.write('store/val.txt', '7')
    lab.write('.gitignore', f'{IGNORED}/store/\n')
    lab.write('eval.py', "print('score:', open('data/val.txt').read())\n")
    (lab.path / 'data').mkdir()
    (lab.path / 'data/val.txt').symlink_to('../store/val.txt')
    lab.write('gitexp.yaml', f'{CONFIG}inputs: [data/val.txt]\n')
    lab.commit('data')
    experiment(lab).ok('eval', '--seed', '1')
    assert rows(lab)[-1]['score'] == '7.0' and json.loads(rows(lab)[-1]['env'])['data_md5']

    (tmp_path / 'far.txt').write_text('8')
    (lab.path / 'data/val.txt').unlink()
    (lab.path / 'data/val.txt').symlink_to('../../far.txt')
    lab.commit('beside the lab')
    other = experiment(lab, 'other')
    assert other.exp('eval', '--seed', '1') == 3
    assert 'leads elsewhere from a checkout than from' in other.talk


def test_an_input_that_only_grows_is_an_input(lab: Place) -> None:
    lab.write('cases.txt', '7\n')
    lab.write('eval.py', "print('score:', len(open('cases.txt').readlines()))\n")
    config = CONFIG.replace('append-bottom: [', 'append-bottom: [cases.txt, ')
    lab.write('gitexp.yaml', f'{config}inputs: [cases.txt]\n')
    lab.commit('cases')
    idea = experiment(lab)
    idea.ok('eval', '--seed', '1')
    lab.write('cases.txt', '7\n8\n')
    lab.commit('more')

    assert idea.exp('eval', '--seed', '2') != 0
    idea.git('merge', '-q', '-m', 'exp(idea): merge', 'main')
    idea.ok('eval', '--seed', '2')
    one, other = rows(lab)
    assert one['eval_id'] != other['eval_id'] and (one['score'], other['score']) == ('1.0', '2.0')
