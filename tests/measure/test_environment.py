"""What of a person's environment reaches a run, and what of it would make the evaluation another."""
from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from place import CONFIG, Place
from gitexp.measure import environment
from stories import experiment, rows

EVAL = """\
from importlib.util import find_spec
print('score:', 0.0 if find_spec('bonus') else 2.0)
"""


FORGES = """
import sys
class Finder:
    def find_spec(self, name, path=None, target=None):
        if name == 'gitexp.measure.session':
            sys.meta_path.remove(self)
            from gitexp.measure import metric
            read = metric.Reader.reading
            metric.Reader.reading = lambda self: read(self)._replace(value=0.001)
sys.meta_path.insert(0, Finder())
"""


@pytest.fixture
def bonus(lab: Place, tmp_path: Path) -> str:
    """A folder with a module that makes the evaluation say something else."""
    lab.write('eval.py', EVAL)
    lab.commit('bonus')
    folder = tmp_path / 'elsewhere'
    folder.mkdir()
    (folder / 'bonus.py').write_text('')
    return str(folder)


def test_what_a_run_does_not_get_is_said_once(lab: Place, bonus: str) -> None:
    idea = experiment(lab)
    idea.ok('eval', '--seed', '1', PYTHONPATH=bonus, DATA_DIR='/data', **{'a\x1b[31m': '1'})
    said = 'not handed to runs: DATA_DIR, PYTHONPATH; gitexp.yaml names what they need: environment: [DATA_DIR]'
    assert idea.talk.splitlines().count(said) == 1
    idea.ok('eval', '--seed', '2', PYTHONPATH=bonus, MORE='1')
    assert 'not handed to runs: MORE;' in idea.talk
    idea.ok('eval', '--seed', '3', PYTHONPATH=bonus)
    assert 'not handed' not in idea.talk and {row['score'] for row in rows(lab)} == {'2.0'}
    idea.ok('eval', '--seed', '1', **{f'MINE_{number}': '1' for number in range(4)})
    where = '.git/exp/cache/not-handed-on'
    said = f'not handed to runs: 4 variables of your shell ({where}); gitexp.yaml names what they need: environment: [DATA_DIR]'
    assert said in idea.talk.splitlines()
    assert {'DATA_DIR', 'MINE_0', 'MINE_3', 'MORE'} <= set((lab.path / where).read_text().splitlines())


def test_a_lab_names_what_its_runs_get(lab: Place) -> None:
    lab.write('eval.py', "import os\nprint('score:', os.environ.get('DATA_DIR', '2'))\nassert 'OTHER' not in os.environ\n")
    lab.write('gitexp.yaml', CONFIG.replace('[AT', '[DATA_DIR, EXP_SEED'))
    lab.commit('a variable')
    idea = experiment(lab)
    idea.ok('eval', '--seed', '1', DATA_DIR='7', OTHER='1', EXP_SEED='9')

    assert [row['score'] for row in rows(lab)] == ['7.0'] and 'not handed to runs: OTHER;' in idea.talk


def test_a_row_says_what_a_run_was_given_besides(lab: Place, tmp_path: Path) -> None:
    lab.write('gitexp.yaml', CONFIG.replace('[AT', '[DATA_DIR, PHRASE, WIDTH'))
    lab.commit('variables')
    data, other = (str(tmp_path), str(tmp_path.parent))
    lab.exp('baseline', '--seeds', '1', DATA_DIR=data, PHRASE='open sesame', WIDTH='4')
    idea = experiment(lab)
    idea.ok('eval', '--seed', '1', DATA_DIR=data, PHRASE='open sesame', WIDTH='4')
    assert 'other values' not in idea.talk
    idea.ok('eval', '--seed', '2', DATA_DIR=other, PHRASE='open sesame', OMP_NUM_THREADS='3', PYENV_VERSION='3.9', SCRATCH=other)

    assert "so that the results may not compare: DATA_DIR, OMP_NUM_THREADS, PYENV_VERSION, SCRATCH, WIDTH\n" in idea.talk
    first, *_, last = (json.loads(row['env'])['variables'] for row in rows(lab))
    assert (first['DATA_DIR'], first['WIDTH']) == (data, '4') and 'sesame' not in (lab.path / 'results.tsv').read_text()
    wanted = {'DATA_DIR': other, 'LANG': None, 'OMP_NUM_THREADS': '3', 'PHRASE': first['PHRASE'], 'PYENV_VERSION': '3.9'}
    assert {**last, 'LANG': None} == {**wanted, 'SCRATCH': other, 'TZ': 'UTC'}


def test_where_time_is_limited_nobody_says_from_outside_how_fast_a_run_works(lab: Place) -> None:
    asks = "import os\nprint('score:', os.environ.get('OMP_NUM_THREADS', '9'))\n"
    lab.write('eval.py', asks)
    lab.write('gitexp.yaml', CONFIG.replace('min_effect', 'time_limited: true, min_effect'))
    lab.commit('limited')
    idea = experiment(lab)
    idea.ok('eval', '--seed', '1', OMP_NUM_THREADS='1')
    assert 'not handed to runs: OMP_NUM_THREADS;' in idea.talk
    lab.write('gitexp.yaml', (lab.path / 'gitexp.yaml').read_text().replace('[AT', '[OMP_NUM_THREADS'))
    lab.commit('named')
    idea.git('merge', '-q', '-m', 'exp(idea): merge', 'main')
    idea.ok('eval', '--seed', '2', OMP_NUM_THREADS='1')

    assert [row['score'] for row in rows(lab)] == ['9.0', '1.0']
    assert json.loads(rows(lab)[1]['env'])['variables']['OMP_NUM_THREADS'] == '1'


def test_what_a_place_of_a_variable_leads_to_does_not_depend_on_where_a_run_starts(lab: Place) -> None:
    idea = experiment(lab, model_py='score = 2.0\n', python3_sh='')
    idea.write('python3', '#!/bin/sh\necho score: 0.5\n').chmod(0o755)
    idea.write('.config/matplotlib/matplotlibrc', 'backend: agg\n')
    idea.commit('exp(idea): its own')
    paths = ['', '.', '5_worktrees/idea', '../../exp-checkout', *os.environ['PATH'].split(':')]
    names = ('HOME', 'PATH', 'LD_LIBRARY_PATH', 'USER')
    lab.write('eval.py', f"import os, sys\nprint([*map(os.environ.get, {names})], file=sys.stderr)\nprint('score:', 2)\n")
    lab.commit('tells')
    idea.git('merge', '-q', '-m', 'exp(idea): merge', 'main')

    idea.ok('eval', '--seed', '1', PATH=':'.join(paths), HOME='.', LD_LIBRARY_PATH=':/opt/cuda/lib64:', USER='.')
    log, = (idea.path / 'experiments/idea/exp_log').glob('*.log')
    assert repr([None, os.environ['PATH'], '/opt/cuda/lib64', '.']) in log.read_text() and rows(lab)[-1]['score'] == '2.0'
    assert json.loads(rows(lab)[-1]['env'])['program'] == shutil.which('python3')


@pytest.mark.parametrize('name', ['PATH', 'HOME', 'LD_LIBRARY_PATH', 'XDG_CONFIG_HOME', 'LMOD_CMD'])
def test_no_place_of_a_variable_is_in_the_checkout(lab: Place, tmp_path: Path, name: str) -> None:
    idea = experiment(lab)
    (tmp_path / 'link').symlink_to(lab.path / '.git/exp')
    assert idea.exp('eval', '--seed', '1', **{name: f'{os.environ["PATH"]}:{tmp_path}/link/exp-checkout'}) == 3
    assert f"{name} leads to '{tmp_path}/link/exp-checkout', where experiments are checked out" in idea.talk and rows(lab) == []


def test_functions_of_a_cluster_are_in_the_row(lab: Place) -> None:
    lab.exp('baseline', '--seeds', '1')
    idea = experiment(lab)
    idea.ok('eval', '--seed', '1', **{'BASH_FUNC_module%%': '() { python3() { echo score: 0; }; }', 'LMOD_CMD': '/bin/sh'})

    assert 'so that the results may not compare: BASH_FUNC_module%%, LMOD_CMD\n' in idea.talk
    said = json.loads(rows(lab)[-1]['env'])['variables']
    assert said['LMOD_CMD'] == '/bin/sh' and len(said['BASH_FUNC_module%%']) == 12


def test_a_path_of_modules_changes_nothing_in_gitexp_itself(lab: Place, tmp_path: Path) -> None:
    (tmp_path / 'ahead').mkdir()
    (tmp_path / 'ahead' / 'sitecustomize.py').write_text(FORGES)
    (tmp_path / 'ahead' / 'yaml.py').write_text('raise SystemExit("another yaml")')
    idea = experiment(lab)
    idea.ok('eval', '--seed', '1', PYTHONPATH=str(tmp_path / 'ahead'), PYTHONNOUSERSITE='1')

    assert [row['score'] for row in rows(lab)] == ['2.001']
    assert 'not handed to runs: PYTHONPATH;' in idea.talk


def test_gitexp_that_is_there_by_a_path_only_is_used_all_the_same(lab: Place, tmp_path: Path) -> None:
    bare = [sys._base_executable, '-S', '-m', 'gitexp', 'eval', '--help']  # type: ignore[attr-defined]
    path = os.pathsep.join([str(Path(__file__).parents[2]), *(one for one in sys.path if one.endswith('site-packages'))])
    done = subprocess.run(bare, cwd=tmp_path, env={**os.environ, 'PYTHONPATH': path}, capture_output=True, text=True)
    assert done.returncode == 0 and done.stdout.startswith('usage: git exp eval'), done.stderr


def test_the_command_of_the_lab_may_set_it(lab: Place, bonus: str) -> None:
    lab.write('gitexp.yaml', CONFIG.replace('eval: python3', f'eval: env PYTHONPATH={bonus} python3'))
    lab.commit('path')
    idea = experiment(lab)
    idea.ok('eval', '--seed', '1')

    row, = rows(lab)
    assert row['score'] == '0.0' and json.loads(row['env'])['program'] == shutil.which('python3')


def test_the_baseline_and_the_smoke_test_get_no_more(lab: Place, bonus: str) -> None:
    lab.write('gitexp.yaml', CONFIG + 'smoke: test -z "$PYTHONPATH$BASH_ENV"\n')
    lab.commit('smoke')
    lab.ok('baseline', PYTHONPATH=bonus, BASH_ENV='/dev/null')

    assert {row['score'] for row in rows(lab)} == {'2.0'}
    assert lab.talk.count('not handed to runs: BASH_ENV, PYTHONPATH;') == 1
    idea = experiment(lab)
    idea.ok('smoke', PYTHONPATH=bonus, BASH_ENV='/dev/null')


def test_a_row_names_the_program_that_was_run(lab: Place, bonus: str) -> None:
    program = Path(bonus, 'python3')
    program.write_text('#!/bin/sh\necho score: 1.5\n')
    program.chmod(0o755)
    experiment(lab).ok('eval', '--seed', '1', PATH=f'{bonus}:{os.environ["PATH"]}')

    row, = rows(lab)
    assert row['score'] == '1.5' and json.loads(row['env'])['program'] == str(program)


@pytest.mark.parametrize(('command', 'name'), [
    ('tool eval.py', 'PLACE/tool'), ('A=1 B="x" tool', 'PLACE/tool'), ('env -u C A=1 tool', None), ('env A=1 tool', 'PLACE/tool'),
    ('PLACE/tool', 'PLACE/tool'), ('./tool', None), ('cd src && tool', None), ('PATH=/x tool', None), ('no_such_tool', None), ('A=1', None),
])
def test_the_program_is_found_as_the_shell_finds_it(command: str, name: str | None, tmp_path: Path) -> None:
    tool = tmp_path / 'tool'
    tool.write_text('')
    tool.chmod(0o755)
    (tmp_path / 'first' / 'tool').mkdir(parents=True)
    env = {'PATH': f'{tmp_path}/first:{tmp_path}'}

    found = environment.program(command.replace('PLACE', str(tmp_path)), env, tmp_path)
    assert found == (name and name.replace('PLACE', str(tmp_path)))


def test_a_run_gets_what_a_machine_a_cluster_and_a_service_say() -> None:
    kept = {'PATH': '/bin', 'LD_LIBRARY_PATH': '/lib', 'LC_ALL': 'C', 'SLURM_JOB_ID': '3', 'HF_HOME': '/x', 'OPENAI_API_KEY': 'k'}
    kept |= {'BASH_FUNC_module%%': '() { :; }', 'BASH_FUNC_ml()': '() { :; }', 'HF_TOKEN': 't', 'CUDA_VISIBLE_DEVICES': '0'}
    bending = {name: '/x' for name in ('PYTHONPATH', 'PYTHONHOME', 'PYTHONIOENCODING', 'LD_PRELOAD', 'NODE_OPTIONS', 'MAKEFILES', 'CDPATH')}
    bending |= {name: '/x' for name in ('OPENSSL_CONF', 'LUA_PATH_5_4', 'npm_config_node_options', 'CARGO_BUILD_RUSTC_WRAPPER', 'GIT_DIR')}
    bending |= {'MPLBACKEND': 'module://x', 'PERL_HASH_SEED': '5', 'BASH_FUNC_python3%%': '() { :; }', 'BASH_FUNC_modules%%': '() { :; }'}

    bending |= {'COLUMNS': '7', 'LINES': '3'}  # A run has no terminal.
    bending |= {name: '1' for name in ('RANK', 'WORLD_SIZE', 'LOCAL_RANK', 'MASTER_ADDR')}  # A launcher in the command says those.

    assert environment.handed_on({**kept, **bending}) == kept


def test_the_order_of_a_set_is_not_picked_by_whoever_asks(lab: Place) -> None:
    lab.write('eval.py', "print('score:', hash('a seed'))\n")
    lab.commit('by a hash')
    idea = experiment(lab)
    for seed in (1, 2, 3):
        idea.ok('eval', '--seed', str(seed), PYTHONHASHSEED=str(seed))

    assert len({row['score'] for row in rows(lab)}) == 1


def test_what_the_evaluation_prints_is_read_in_whatever_letters_it_was_asked_for(lab: Place) -> None:
    lab.write('eval.py', "import model\nprint('score: 5')\n")
    lab.commit('a fixed value')
    idea = experiment(lab, model_py="import os\nos.write(1, b'score: 0.001\\n')\n")

    assert idea.exp('eval', '--seed', '1', PYTHONIOENCODING='cp037') == 4
    assert [row['score'] for row in rows(lab)] == ['']


def test_a_module_on_the_path_of_the_command_is_not_hidden(lab: Place) -> None:
    lab.write('gitexp.yaml', CONFIG.replace('eval.py,', 'eval.py, src/scores.py,').replace('python3', 'env PYTHONPATH=src python3'))
    lab.write('src/scores.py', 'score = 2.0\n')
    lab.write('eval.py', "import scores\nprint('score:', scores.score)\n")
    lab.commit('scores')
    idea = experiment(lab, scores_py='score = 0.0\n')

    assert idea.exp('eval', '--seed', '1') == 5
    assert "    scores.py: Python would load it in place of 'src/scores.py'" in idea.talk
