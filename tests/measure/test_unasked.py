"""Code that reaches a frozen evaluation though nobody asked for it."""
from __future__ import annotations

import os
import re
import sys
from pathlib import Path

import pytest

from place import CONFIG, Place, powerless
from stories import change, experiment, reason, rows

EVAL = """\
import json, pathlib
print('score:', json.loads(pathlib.Path('answer.json').read_text())['score'])
"""
FAKE = """\
def loads(text): return {'score': 0.0}
"""
TRAIN = 'train: python3 train.py\n'
FORGED = """\
import importlib.util, marshal, os, struct
cache, of = importlib.util.cache_from_source('scores.py'), os.stat('scores.py')
head = importlib.util.MAGIC_NUMBER + struct.pack('<III', 0, int(of.st_mtime), of.st_size)
code = head + marshal.dumps(compile('score = 0.0', 'scores.py', 'exec'))
"""
INFO = 'import os; os.mkdir("x.dist-info"); open("x.dist-info/entry_points.txt", "w").write("[{}]\\nx = y:z\\n")'
ANSWER = "open('answer.json', 'w').write('{\"score\": 2.0}')\n"


@pytest.fixture
def strict(lab: Place) -> Place:
    """A lab that trains, and whose evaluation runs no code of the experiment."""
    lab.write('gitexp.yaml', CONFIG + TRAIN)
    lab.write('eval.py', EVAL)
    lab.write('train.py', ANSWER)
    lab.commit('strict')
    return lab


@pytest.mark.parametrize(('name', 'text', 'said'), [
    ('json.py', FAKE, "json.py: Python would load it in place of its own 'json'"),
    ('json/__init__.py', FAKE, "json/__init__.py: Python would load it in place of its own 'json'"),
    ('sitecustomize.py', 'import json\n', 'sitecustomize.py: Python would load it before every program'),
    ('conftest.py', '', 'conftest.py: pytest would load it unasked'),
    ('org/__init__.py', '', "org/__init__.py: Python's own modules ask for 'org.python.core', and would load it"),
    ('x.dist-info/entry_points.txt', '',
     'x.dist-info/entry_points.txt: Python would load the plug-ins that it names, as of an installed project'),
])
def test_a_module_that_takes_the_place_of_pythons_own_is_refused(strict: Place, name: str, text: str, said: str) -> None:
    idea = experiment(strict, notes_md='')
    idea.write(name, text)
    idea.commit('exp(idea): cheat')

    assert idea.exp('eval', '--seed', '1') == 5
    assert f'    {said}\nhint: call it something else' in idea.talk and rows(strict) == []


def test_compiled_code_of_a_frozen_file_is_refused(strict: Place) -> None:
    idea = experiment(strict)
    idea.write('__pycache__/eval.cpython-311.pyc', b'anything')
    idea.git('add', '-f', '__pycache__')
    idea.commit('exp(idea): compiled')

    assert idea.exp('eval', '--seed', '1') == 5 and '__pycache__/eval.cpython-311.pyc' in idea.talk


def test_a_package_beside_the_evaluation_is_refused(strict: Place) -> None:
    idea = experiment(strict)
    idea.write('eval/__init__.py', 'score = 0\n')
    idea.commit('exp(idea): package')

    assert idea.exp('eval', '--seed', '1') == 5 and 'eval/__init__.py' in idea.talk


def test_what_the_trunk_has_is_its_own_affair(strict: Place) -> None:
    strict.write('random.py', 'x = 1\n')
    strict.commit('our random')
    idea = experiment(strict, train_py=ANSWER, random_py='x = 2\n')
    idea.ok('eval', '--seed', '1')

    assert rows(strict)[0]['score'] == '2.0'


def test_an_experiment_may_add_modules(strict: Place) -> None:
    installs = INFO.format('console_scripts')
    idea = experiment(strict, train_py=f'import layers\n{ANSWER}{installs}\n', layers_py='', src__types_py='', data__notes_md='')
    idea.ok('eval', '--seed', '1')

    assert rows(strict)[0]['status'] == 'ok'


@pytest.mark.parametrize(('code', 'said'), [
    (f'open("json.py", "w").write({FAKE!r})', "training left json.py: Python would load it in place of its own 'json'"),
    (f'import os; os.mkdir("json"); open("json/__init__.py", "w").write({FAKE!r})', 'training left json/__init__.py'),
    ('import os; os.mkdir("x"); os.symlink("x", "json")', 'training left json: '),
    ('import os; os.mkdir("eval"); open("eval/__init__.py", "w")', "left eval/__init__.py: Python would load it in place of 'eval.py'"),
    ('open("sitecustomize.py", "w")', 'training left sitecustomize.py'),
    ('import os; os.makedirs("org/python"); open("org/python/core.py", "w")', 'training left org/python/core.py'),
    ('import os; os.mkdir("x.dist-info"); os.mkfifo("x.dist-info/entry_points.txt")', 'training left x.dist-info/entry_points.txt'),
    (INFO.format('torch.backends'), 'training left x.dist-info/entry_points.txt: Python would load the plug-ins that it names'),
], ids=['module', 'package', 'link', 'shadow', 'site', 'jython', 'pipe', 'plug-in'])
def test_training_cannot_leave_such_a_module_for_the_evaluation(strict: Place, code: str, said: str) -> None:
    idea = experiment(strict, train_py=f'{ANSWER}{code}\n')

    assert idea.exp('eval', '--seed', '1') == 5
    row, = rows(strict)
    assert row['status'] == 'violation' and said in reason(row)


def test_compiled_code_that_training_leaves_is_not_used(lab: Place) -> None:
    lab.write('gitexp.yaml', CONFIG.replace('eval.py,', 'eval.py, helper.py,') + TRAIN)
    lab.write('helper.py', 'value = 2.0\n')
    lab.write('eval.py', "import helper\nprint('score:', helper.value)\n")
    lab.write('train.py', '')
    lab.commit('helper')
    forge = """\
import importlib.util, marshal, os
os.makedirs('__pycache__', exist_ok=True)
code = marshal.dumps(compile('value = 0.0', 'helper.py', 'exec'))
head = importlib.util.MAGIC_NUMBER + (1).to_bytes(4, 'little') + bytes(8)  # by a hash that is not to be checked
open(importlib.util.cache_from_source('helper.py'), 'wb').write(head + code)
"""
    idea = experiment(lab, train_py=forge)
    idea.ok('eval', '--seed', '1')

    assert rows(lab)[0]['score'] == '2.0'


@pytest.mark.parametrize(('leave', 'said'), [
    ('os.mkdir("json"); open("json/__init__.py", "w").write("def loads(x): return 0"); os.chmod("json", 0o311)',
     "training left json/__init__.py: Python would load it in place of its own 'json'"),
    ('open("json.py", "w").write("def loads(x): return 0"); os.chmod(".", 0o311)', 'training left ./: it cannot be listed'),
    ('os.mkdir("checkpoints"); os.chmod("checkpoints", 0o311)', None),
])
def test_a_folder_that_training_leaves_and_nobody_can_list_is_not_taken_as_empty(strict: Place, leave: str, said: str | None) -> None:
    strict.before = powerless()
    idea = experiment(strict, train_py=f'import os\n{ANSWER}{leave}\n')

    assert idea.exp('eval', '--seed', '1') == (5 if said else 0), idea.talk
    assert (said or '') in idea.talk
    change(idea, train_py=ANSWER)
    idea.ok('eval', '--seed', '1')
    assert [row['score'] for row in rows(strict)] == (['', '2.0'] if said else ['2.0', '2.0'])


@pytest.mark.parametrize('leave', [
    'os.makedirs(cache)', 'os.mkdir("__pycache__"); open(cache, "wb").write(code); os.chmod("__pycache__", 0o311)',
    'os.mkdir("__pycache__"); open(cache, "wb").write(code); os.chmod("__pycache__", 0)',
])
def test_compiled_code_is_removed_in_whatever_folder_it_lies(lab: Place, leave: str) -> None:
    lab.write('gitexp.yaml', CONFIG.replace('eval.py,', 'eval.py, scores.py,') + TRAIN)
    lab.write('scores.py', 'score = 2.0\n')
    lab.write('eval.py', 'import scores\nprint("score:", scores.score)\n')
    lab.write('train.py', '')
    lab.commit('scores')
    lab.before = powerless()
    idea = experiment(lab, train_py=FORGED + leave + '\n')
    idea.ok('eval', '--seed', '1')

    assert rows(lab)[0]['score'] == '2.0'


@pytest.fixture
def single(lab: Place) -> Place:
    """A lab in which one command trains and then scores, with code that is fixed, below a folder that is no package."""
    lab.write('gitexp.yaml', CONFIG.replace('eval.py,', 'eval.sh, score.py, bench/metric.py,').replace('python3 eval.py', 'sh eval.sh'))
    lab.write('eval.sh', 'python3 train.py && python3 score.py\n')
    lab.write('score.py', f'from bench.metric import value\n{EVAL.replace("2.0", "value")}')
    lab.write('bench/metric.py', 'value = 2.0\n')
    lab.write('train.py', ANSWER)
    lab.commit('single')
    return lab


FORGE = """\
import importlib.util, marshal, os
os.makedirs('bench/__pycache__')
info = os.stat('bench/metric.py')
code = marshal.dumps(compile('value = {value}\\n', 'bench/metric.py', 'exec'))
stamp = int(info.st_mtime).to_bytes(4, 'little') + info.st_size.to_bytes(4, 'little')
head = importlib.util.MAGIC_NUMBER + ({flags}).to_bytes(4, 'little') + ({flags} and bytes(8) or stamp)
open(importlib.util.cache_from_source('bench/metric.py'), 'wb').write(head + code)
"""


@pytest.mark.parametrize(('code', 'said'), [
    (f'open("json.py", "w").write({FAKE!r})', "it left json.py: Python would load it in place of its own 'json'"),
    ('open("bench/__init__.py", "w")', "it left bench/__init__.py: Python would run it before 'bench/metric.py'"),
    ('open("bench.py", "w").write("__path__ = []")', "it left bench.py: Python would look there for 'bench/metric.py'"),
    (FORGE.format(value='0.0', flags=0), "metric.cpython-{}.pyc: it is not what Python makes of 'bench/metric.py'"),
    (FORGE.format(value='2.0', flags=1), "metric.cpython-{}.pyc: it is not what Python makes of 'bench/metric.py'"),
    ('import os; os.mkdir("x"); os.symlink("../x", "bench/__pycache__")', 'bench/__pycache__: Python would look there'),
    ('import os; os.mkdir("bench/__pycache__"); os.mkfifo("bench/__pycache__/metric.cpython-1.pyc")', "metric.cpython-1.pyc: it is not"),
], ids=['module', 'init', 'module-before-folder', 'compiled', 'compiled-unchecked', 'link', 'pipe'])
def test_what_is_left_between_two_programs_of_one_command_is_found(single: Place, code: str, said: str) -> None:
    idea = experiment(single, train_py=f'{ANSWER}{code}\n')

    assert idea.exp('eval', '--seed', '1') == 5
    row, = rows(single)
    assert row['status'] == 'violation' and said.format(f'{sys.version_info[0]}{sys.version_info[1]}') in reason(row)


@pytest.mark.parametrize('how', ['', 'env -u PYTHONDONTWRITEBYTECODE '])
def test_honest_compiled_code_does_no_harm(single: Place, how: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv('PYTHONDONTWRITEBYTECODE', raising=False)
    single.write('eval.sh', f'python3 train.py && {how}python3 score.py && ls bench\n')
    single.commit('how')
    idea = experiment(single)
    idea.ok('eval', '--seed', '1')

    row, = rows(single)
    log, = (idea.path / 'experiments/idea/exp_log').glob('*.log')
    assert row['score'] == '2.0' and bool(how) == ('__pycache__' in log.read_text())


def test_code_that_pytest_would_load_in_place_of_fixed_tests_is_found(lab: Place) -> None:
    run = f'env -u PYTHONDONTWRITEBYTECODE {sys.executable} -m pytest -q -s -p no:cacheprovider bench/test_score.py'
    config = CONFIG.replace('eval.py,', 'bench/test_score.py,')
    lab.write('gitexp.yaml', config.replace('python3 eval.py {seed}', f'python3 train.py && {run}'))
    lab.write('bench/test_score.py', 'def test_score():\n    print("\\nscore:", 2.0)\n    assert 2.0 > 1, "no"\n')
    lab.write('train.py', '')
    lab.commit('pytest')
    honest = experiment(lab, train_py='x = 1\n')
    honest.ok('eval', '--seed', '1')
    made, = (lab.path / '.git/exp/exp-checkout/bench/__pycache__').iterdir()
    forge = f'''\
import os, struct
os.mkdir('bench/__pycache__')
code, info = {made.read_bytes()!r}, os.stat('bench/test_score.py')
stamp = code[8:16] if code[4] else struct.pack('<LL', int(info.st_mtime) & 0xffffffff, info.st_size)
open('bench/__pycache__/{made.name}', 'wb').write(code[:8] + stamp + code[16:].replace(struct.pack('<d', 2.0), struct.pack('<d', 1.5)))
'''
    other = experiment(lab, 'other', train_py=forge)

    assert other.exp('eval', '--seed', '1') == 5
    assert f"it left bench/__pycache__/{made.name}: it is not what Python makes of 'bench/test_score.py'" in other.talk
    assert [(row['status'], row['score']) for row in rows(lab)] == [('ok', '2.0'), ('violation', '')]


TESTS = f'{sys.executable} -m pytest -q -s -p no:cacheprovider'


@pytest.mark.parametrize(('eval_', 'left', 'said'), [
    (TESTS, ['deep/er/conftest.py'], 'deep/er/conftest.py: pytest would load it unasked'),
    (TESTS, ['test_env/conftest.py', 'test_env/pyvenv.cfg', 'test_env/bin/activate'], 'test_env/conftest.py: pytest would load it unasked'),
    (TESTS, ['.venv/lib/x/conftest.py', 'env/pyvenv.cfg', 'env/bin/activate', 'env/lib/conftest.py', 'new/__init__.py'], None),
    ('python3 -m unittest', ['new/__init__.py'], 'new/__init__.py: unittest would load it when it looks for tests'),
    ('python3 -m unittest', ['deep/new/__init__.py', 'deep/conftest.py'], None),
])
def test_training_leaves_nothing_where_tests_are_looked_for(lab: Place, eval_: str, left: list[str], said: str | None) -> None:
    lab.write('gitexp.yaml', f"{CONFIG.replace('eval.py,', 'test_score.py,').replace('python3 eval.py {seed}', eval_)}{TRAIN}")
    test = 'import unittest\nclass TestScore(unittest.TestCase):\n    def test_score(self):\n        print("\\nscore:", 2.0)\n'
    lab.write('test_score.py', test)
    lab.write('train.py', '')
    lab.commit('tests')
    leave = f'from pathlib import Path\nfor one in map(Path, {left}):\n    one.parent.mkdir(parents=True, exist_ok=True)\n    one.touch()\n'
    idea = experiment(lab, train_py=leave)

    assert idea.exp('eval', '--seed', '1') == (5 if said else 0)
    assert (f'training left {said}' if said else 'score 2') in idea.talk


def test_training_cannot_leave_an_init_in_a_folder_of_fixed_code(single: Place) -> None:
    config = (single.path / 'gitexp.yaml').read_text()
    single.write('gitexp.yaml', config.replace('sh eval.sh', 'python3 score.py') + TRAIN)
    single.commit('two')
    idea = experiment(single, train_py=f'{ANSWER}open("bench/__init__.py", "w")\n')

    assert idea.exp('eval', '--seed', '1') == 5
    assert "training left bench/__init__.py: Python would run it before 'bench/metric.py'" in idea.talk


@pytest.mark.parametrize('name', ['bench/__init__.py', 'bench.py'])
def test_an_experiment_adds_nothing_that_comes_before_fixed_code(single: Place, name: str) -> None:
    idea = experiment(single, model_py='')
    idea.write(name, '')
    idea.commit('exp(idea): before')

    assert idea.exp('eval', '--seed', '1') == 5 and f'    {name}: Python would ' in idea.talk and rows(single) == []


def test_what_is_beside_a_program_comes_first_though_that_is_in_a_package(lab: Place) -> None:
    lab.write('gitexp.yaml', CONFIG.replace('eval.py', 'bench/eval.py'))
    lab.write('bench/eval.py', "import json\nprint('score:', json.loads('2'))\n")
    lab.write('bench/__init__.py', '')
    lab.commit('package')
    idea = experiment(lab, bench__json_py='def loads(text): return 0.0\n')

    assert idea.exp('eval', '--seed', '1') == 5 and "bench/json.py: Python would load it in place of its own 'json'" in idea.talk


def test_the_configuration_of_pytest_is_the_labs_where_it_evaluates(lab: Place) -> None:
    plugs = '[tool.pytest.ini_options]\naddopts = "-p model"\n'
    experiment(lab, pyproject_toml=plugs).ok('eval', '--seed', '1')
    lab.write('gitexp.yaml', CONFIG.replace('python3 eval.py', 'python3 -m pytest eval.py'))
    lab.commit('pytest')
    other = experiment(lab, 'other', pyproject_toml=plugs)

    assert other.exp('eval', '--seed', '1') == 5 and 'pyproject.toml: pytest would load it unasked' in other.talk


def _cases(lab: Place, rule: str) -> None:
    config = (lab.path / 'gitexp.yaml').read_text()
    lab.write('gitexp.yaml', config.replace('frozen: [', f'frozen: [{rule}, '))
    lab.write('cases/one.txt', '1')
    lab.write('.gitignore', '/5_worktrees/\n*.o\nbuild/\n')
    lab.commit('cases')


ADDS = 'import os; os.makedirs({!r}, exist_ok=True); open({!r}, "w").close()\n'


@pytest.mark.parametrize(('rule', 'folder', 'name', 'refused'), [
    ('cases/**', 'cases/deep', 'new.txt', True), ('cases', 'cases', 'built.o', True), ('Cases/*.txt', 'cases', 'new.txt', True),
    ("'**/*.txt'", 'cases', 'new.txt', True), ("'**/*.txt'", 'outputs', 'new.txt', False), ('cases/*.txt', 'cases', 'new.json', False),
    ('cases/**', 'cases/__pycache__', 'one.pyc', False), ('cases/**', 'cases/new/__pycache__', 'one.txt', True),
])
def test_training_adds_nothing_to_a_folder_that_is_fixed_as_a_whole(
    strict: Place, rule: str, folder: str, name: str, refused: bool,
) -> None:
    _cases(strict, rule)
    idea = experiment(strict, train_py=ADDS.format(folder, f'{folder}/{name}') + ANSWER)

    assert idea.exp('eval', '--seed', '1') == (5 if refused else 0), idea.talk
    said = f"training left {folder}/{name}: nothing comes where '{rule.strip(chr(39))}' is frozen"
    assert not refused or reason(rows(strict)[0]) == said


@pytest.mark.parametrize(('code', 'refused'), [
    (ADDS.format('cases', 'cases/new.txt'), True), (ADDS.format('cases', 'cases/metric.o'), False),
    (ADDS.format('cases', 'cases/new.txt') + 'open("cases/.gitignore", "w").write("*")\n', True),
    (ADDS.format('cases', 'cases/new.txt') + 'open(".gitignore", "a").write("cases/new*")\n', True),
    ('import os; os.mkdir("cases/new.txt")\n', True), ('import os; os.mkdir("cases/build")\n', False),
    (ADDS.format('cases/.pytest_cache', 'cases/.pytest_cache/x') + 'open("cases/.pytest_cache/.gitignore", "w").write("*")\n', False),
    (ADDS.format('cases/__pycache__', 'cases/__pycache__/one.nbc'), False),
], ids=['new', 'built', 'ignored', 'ignored-above', 'folder', 'folder-built', 'cached', 'compiled'])
def test_where_one_command_trains_and_scores_what_git_ignores_may_be_built_there(single: Place, code: str, refused: bool) -> None:
    _cases(single, 'cases/**')
    idea = experiment(single, train_py=code + ANSWER)

    assert idea.exp('eval', '--seed', '1') == (5 if refused else 0), idea.talk
    assert not refused or re.search(r'it left cases/(new.txt/?|.gitignore): nothing comes', idea.talk)


def test_what_a_person_has_git_ignore_is_nothing_to_the_lab(single: Place, tmp_path: Path) -> None:
    _cases(single, 'cases/**')
    (tmp_path / 'ignore').write_text('cases/new*\n')
    single.git('config', '--global', 'core.excludesFile', str(tmp_path / 'ignore'))
    single.write('.git/info/exclude', 'cases/new*\n')
    idea = experiment(single, train_py=ADDS.format('cases', 'cases/new.txt') + ANSWER)

    assert idea.exp('eval', '--seed', '1') == 5, idea.talk


def test_training_adds_no_empty_folder_either(strict: Place) -> None:
    _cases(strict, 'cases/**')
    idea = experiment(strict, train_py=f'import os; os.makedirs("cases/a/b")\n{ANSWER}')

    assert idea.exp('eval', '--seed', '1') == 5
    assert reason(rows(strict)[0]) == "training left cases/a/b/: nothing comes where 'cases/**' is frozen"


@pytest.mark.parametrize(('how', 'refused'), [('CMD BATCH', False), ('CMD BATCH --no-save', True), ('--vanilla -f', True)])
def test_r_may_save_when_it_ends(single: Place, how: str, refused: bool) -> None:
    R = single.write('bin/R', '#!/bin/sh\necho "score: 2.0"; touch .RData\n')
    R.chmod(0o755)
    single.write('eval.sh', f'R {how} score.R\n')
    single.write('score.R', '')
    single.commit('R')
    idea = experiment(single)
    ended = idea.exp('eval', '--seed', '1', PATH=f'{R.parent}:{os.environ["PATH"]}')

    assert ended == (5 if refused else 0), idea.talk
    assert not refused or 'it left .RData: R would load it unasked' in idea.talk


@pytest.mark.parametrize(('eval_', 'refused'), [('Rscript score.R', False), ('R CMD BATCH score.R', True)])
def test_training_in_r_may_save_where_what_scores_does_not_restore(lab: Place, eval_: str, refused: bool) -> None:
    for name in ('R', 'Rscript'):
        lab.write(f'bin/{name}', '#!/bin/sh\necho "score: 2.0"; touch .RData\n').chmod(0o755)
    lab.write('gitexp.yaml', CONFIG.replace('python3 eval.py {seed}', f'{eval_}\ntrain: R CMD BATCH train.R'))
    lab.commit('R')
    idea = experiment(lab)
    ended = idea.exp('eval', '--seed', '1', PATH=f'{lab.path}/bin:{os.environ["PATH"]}')

    assert ended == (5 if refused else 0), idea.talk
    assert refused == ('training left .RData: R would load it unasked' in idea.talk)


def test_what_training_leaves_beside_fixed_code_for_whoever_loads_it_is_removed(strict: Place) -> None:
    strict.write('eval.py', "import os\nprint('score:', float(os.path.exists('__pycache__/cached.error-1.py311.nbc')))\n")
    strict.commit('looks')
    idea = experiment(strict, train_py=ADDS.format('__pycache__', '__pycache__/cached.error-1.py311.nbc') + ANSWER)
    idea.ok('eval', '--seed', '1')

    assert rows(strict)[0]['score'] == '0.0'


def test_training_leaves_no_metric_that_a_library_would_take_for_its_own(strict: Place) -> None:
    strict.write('eval.py', f'"""Not run here: import evaluate; evaluate.combine(["f1"])."""\n{EVAL}')
    strict.commit('names')
    idea = experiment(strict, train_py=ADDS.format('f1', 'f1/f1.py') + ANSWER)

    assert idea.exp('eval', '--seed', '1') == 5
    assert "training left f1/f1.py: evaluate or datasets would load it in place of their own 'f1'" in idea.talk


def test_what_pytest_would_find_above_the_checkout_has_no_say(lab: Place) -> None:
    lab.write('gitexp.yaml', CONFIG.replace('python3 eval.py {seed}', f'{sys.executable} -m pytest -q -s test_score.py'))
    lab.write('test_score.py', 'def test_score(): print("\\nscore:", 2.0)\n')
    lab.commit('pytest')
    lab.write('pytest.ini', '[pytest]\npython_functions = none\n')
    lab.write('setup.py', '')
    lab.write('conftest.py', 'print = 1/0\n')
    idea = experiment(lab)
    idea.ok('eval', '--seed', '1')

    assert [row['status'] for row in rows(lab)] == ['ok']
    assert not (lab.path / '.git/exp/.pytest_cache').exists() and not (lab.path / '.pytest_cache').exists()


def test_the_place_of_an_installed_module_cannot_be_taken_either(strict: Place, tmp_path: Path) -> None:
    (tmp_path / 'installed').mkdir()
    (tmp_path / 'installed' / 'scores.py').write_text('')
    strict.write('eval.py', f'import scores\n{EVAL}')
    strict.write('gitexp.yaml', CONFIG.replace('python3', f'env PYTHONPATH={tmp_path}/installed python3') + TRAIN)
    strict.commit('scores')
    idea = experiment(strict, train_py=ANSWER, scores_py='')

    assert idea.exp('eval', '--seed', '1') == 5
    assert "scores.py: Python would load it in place of the installed 'scores'" in idea.talk
    idea.git('rm', '-q', 'scores.py')
    change(idea, other_py='')
    idea.ok('eval', '--seed', '1')


def test_a_link_in_the_place_of_its_results_moves_nothing_of_the_lab(strict: Place) -> None:
    link = f'import os\nos.makedirs("experiments/idea")\nos.symlink({os.fspath(strict.path)!r}, "experiments/idea/results")\n'
    idea = experiment(strict, train_py=ANSWER + link)
    idea.ok('eval', '--seed', '1')

    assert (strict.path / 'eval.py').exists() and rows(strict)[0]['status'] == 'ok'
