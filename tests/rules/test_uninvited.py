"""Which new files programs would load though nobody names them."""
from __future__ import annotations

from pathlib import Path

import pytest
from rulebook import apply, gated, make

from gitexp.rules import places, uninvited
from gitexp.rules.uninvited import Ground

FIXED = {'eval.py', 'gitexp.yaml', 'tools/score.py', 'pkg/data.py', 'build/Makefile', 'tests/test_model.py'}
INSTALLED = {'numpy', 'pandas'}


SAYS = b'import numpy, pkg.data\n'


def said(path: str, *, is_file: bool = True, eval_: str = 'python3 eval.py', **texts: bytes) -> str:
    """What is said of a new path; the fixed eval.py says that it imports, others what `texts` has for them."""
    said = {places.COMMANDS: eval_.encode(), 'eval.py': SAYS, **{name.replace('_', '.'): text for name, text in texts.items()}}
    ground = Ground(FIXED, lambda folder: folder == 'pkg', lambda: said,
                    lambda modules, scripts: dict.fromkeys(INSTALLED.intersection(modules)))
    return ''.join(one.message for one in uninvited.judge({path: is_file}, ground))


@pytest.mark.parametrize(('path', 'text', 'refused'), [
    ('f1/f1.py', b'import evaluate\nfor name in ("f1",): evaluate.load(name)\n', True),
    ('f1/f1.py', b"from datasets import load_dataset as l\nload_metric('f1')\n", True),
    ('ours/f1/f1.py', b'import evaluate\nevaluate.load("./ours/f1")\n', True),
    ('f1/other.py', b'import evaluate\nevaluate.load("f1")\n', False), ('f1/f1.py', b'import joblib\njoblib.load("f1")\n', False),
    ('f2/f2.py', b'import evaluate\nevaluate.load("f1")\n', False), ('f1.py', b'import evaluate\nevaluate.load("f1")\n', False),
])
def test_a_metric_of_a_hub_is_not_brought(path: str, text: bytes, refused: bool) -> None:
    assert said(path, metric_py=text) == ("evaluate or datasets would load it in place of their own 'f1'" if refused else '')


@pytest.mark.parametrize(('path', 'message'), [
    ('json.py', "in place of its own 'json'"),
    ('json/__init__.py', "in place of its own 'json'"),
    ('json.pyc', "in place of its own 'json'"),
    ('json.abi3.so', "in place of its own 'json'"),
    ('json.cpython-311-x86_64-linux-gnu.so', "in place of its own 'json'"),
    ('tools/random.py', "in place of its own 'random'"),
    ('sitecustomize.py', 'before every program'),
    ('usercustomize/__init__.py', 'before every program'),
    ('_colorize.py', "in place of its own '_colorize'"),
    ('org/__init__.py', "ask for 'org.python.core'"),
    ('org/python/core.py', "ask for 'org.python.core'"),
    ('org/python/core/__init__.so', "ask for 'org.python.core'"),
    ('tools/java/lang.py', "ask for 'java.lang'"),
    ('vms_lib.py', "ask for 'vms_lib'"),
    ('numpy.py', "in place of the installed 'numpy'"),
    ('numpy/__init__.py', "in place of the installed 'numpy'"),
    ('eval/__init__.py', "in place of 'eval.py'"),
    ('eval.so', "in place of 'eval.py'"),
    ('__pycache__/eval.cpython-311.pyc', "in place of 'eval.py'"),
    ('pkg/__pycache__/data.cpython-312.opt-1.pyc', "in place of 'pkg/data.py'"),
    ('conftest.py', 'pytest would load it'),
    ('tests/conftest.py', 'pytest would load it'),
    ('.pytest.ini', 'pytest would load it'),
    ('.Rprofile', 'R would load it'),
    ('matplotlibrc', 'matplotlib would load it'),
    ('tools/jupyter_nbconvert_config.py', 'Jupyter would load it'),
    ('.numba_config.yaml', 'numba would load it'),
    ('tools/__init__.py', "run it before 'tools/score.py'"),
    ('tools/__init__.abi3.so', "run it before 'tools/score.py'"),
    ('tools.py', "look there for 'tools/score.py'"),
    ('tools.cpython-311-x86_64-linux-gnu.so', "look there for 'tools/score.py'"),
    ('pkg.pyc', "look there for 'pkg/data.py'"),
    ('build/GNUmakefile', "make would take it for 'Makefile'"),
    ('build/makefile', "make would take it for 'Makefile'"),
    ('cheat-1.0.dist-info/entry_points.txt', 'load the plug-ins that it names'),
    ('tools/Cheat.EGG-INFO/entry_points.txt', 'load the plug-ins that it names'),
])
def test_what_is_loaded_uninvited_is_named(path: str, message: str) -> None:
    assert message in said(path)


@pytest.mark.parametrize('name', ['pyproject.toml', 'setup.cfg', 'tox.ini', 'tests/pyproject.toml'])
def test_what_configures_pytest_matters_where_the_evaluation_runs_it(name: str) -> None:
    assert said(name) == ''
    assert 'pytest would load it' in said(name, eval_='python3 -m pytest -q tests')
    assert 'pytest would load it' in said(name, eval_py=b"subprocess.run(['pytest'])\n")
    assert 'pytest would load it' in said(name, eval_py=b'import pytest\npytest.main()\n')
    assert 'pytest would load it' in said(name, eval_='sh run.sh', run_sh=b'pytest tests\n')


@pytest.mark.parametrize(('eval_', 'test', 'is_run'), [
    ('python3 eval.py', b'import pytest\n\n@pytest.mark.slow\ndef test_one(): pass\n', False),
    ('python3 eval.py', b'import pytest\nif __name__ == "__main__":\n    pytest.main([__file__])\n', False),
    ('python3 -m unittest discover tests', b'import pytest\npytest.main()\n', True),
    ('python3 tests/test_one.py', b'from pytest import main\nmain()\n', True),
])
def test_a_test_that_the_evaluation_does_not_run_brings_no_pytest(eval_: str, test: bytes, is_run: bool) -> None:
    texts = {places.COMMANDS: eval_.encode(), 'eval.py': SAYS, 'tests/test_one.py': test, 'tests/conftest.py': b'import pytest\n'}
    ground = Ground({*texts}, lambda folder: False, lambda: texts, lambda modules, scripts: {})

    assert bool(uninvited.judge({'pyproject.toml': True}, ground)) == is_run


def test_what_is_read_where_a_program_starts_matters_there() -> None:
    for name, eval_ in (('matplotlibrc', 'cd plots && python3 draw.py'), ('.octaverc', 'octave --path plots')):
        assert said(f'plots/{name}') == '' and 'would load it unasked' in said(f'plots/{name}', eval_=eval_)
    assert said('.RData', eval_='Rscript eval.R') == '' and 'R would load it' in said('.RData', eval_='R CMD BATCH eval.R')


@pytest.mark.parametrize(('eval_', 'path', 'is_loaded'), [
    ('pytest -q', 'other/deep', True), ('python3 -m pytest -q # tests', 'test_more', True), ('pytest plots', 'plots', True),
    ('pytest tests', 'tests/more', True), ('pytest tests', 'other', False), ('pytest -k tests --ignore tests', 'other', True),
    ('pytest tests/test_model.py::test_one', 'tests/more', False), ('pytest . tests/test_model.py', 'other', True),
    ('cd tests && pytest', 'tests/more', True), ('cd tests && pytest', 'other', False), ('(cd tests && ls); pytest', 'other', True),
    ('make -C tests && pytest', 'other', True), ('cd $HOME && pytest', 'other', True), ('python3 eval.py', 'other', False),
])
def test_pytest_loads_what_configures_it_in_each_folder_where_it_looks_for_tests(eval_: str, path: str, is_loaded: bool) -> None:
    assert said(f'{path}/conftest.py', eval_=eval_) == ('pytest would load it unasked' if is_loaded else '')


@pytest.mark.parametrize(('program', 'is_loaded'), [
    (b'import subprocess\nsubprocess.run(["pytest",\n  "tests"])\n', False), (b'import pytest\npytest.main(["-q"])\n', True),
    (b'from pytest import main\nmain()\n', True), (b'import pytest\npytest.main(["tests/test_model.py"])\n', False),
    (b'"""Told from pytest."""\nimport pytest\n', False),
])
def test_a_program_tells_pytest_where_to_look(program: bytes, is_loaded: bool) -> None:
    assert bool(said('other/conftest.py', eval_py=program)) == is_loaded


OURS = {'lib/__init__.py', 'lib/fixed.py', 'tests/test_score.py', 'test_score.py', 'tests/in/__init__.py', 'train.py', 'run.sh'}


def imported(path: str, eval_: str, *new: str, test: bytes = b'import os, numpy, lib.fixed\n', shell: bytes = b'') -> bool:
    """Whether a new folder, with others, is one too many; 'free' is a package of the trunk that is not fixed."""
    texts = {places.COMMANDS: eval_.encode(), 'test_score.py': test, 'lib/fixed.py': b'', 'train.py': b'import trained\n', 'run.sh': shell}
    ground = Ground(OURS, lambda folder: folder in ('lib', 'free', 'tests/in'), lambda: texts,
                    lambda modules, scripts: dict.fromkeys(INSTALLED.intersection(modules)))
    found = uninvited.judge({f'{one}/__init__.py': True for one in (path, *new)}, ground)
    return any(one.path == f'{path}/__init__.py' and 'unittest would load it' in one.message for one in found)


@pytest.mark.parametrize('eval_', [
    'python3 -m unittest', 'python -m unittest -v > log 2>&1', 'python3 -m unittest -k test_score', 'nosetests', 'nose2 -v',
    'python3 -m unittest discover -p "test_score*"', 'python3 -m unittest discover .',
    'cd tests; cd ..; python3 -m unittest', '(cd tests && ls); python3 -m unittest',
])
def test_unittest_loads_each_package_that_it_meets_when_it_looks_for_tests(eval_: str) -> None:
    assert imported('new', eval_) and imported('lib/new', eval_) and imported('new/deep', eval_, 'new') and imported('trained', eval_)
    assert not imported('folder/new', eval_) and not imported('free/new', eval_) and not imported('experiments/idea/new', eval_)


@pytest.mark.parametrize(('test', 'asked', 'other'), [
    (b'from lib import sub\n', False, True), (b'import importlib\nimportlib.import_module("lib.sub.x")\n', False, True),
    (b'import model\n', False, False), (b'from lib.fixed import sub\n', True, True),
    (b'"""Learn from lib.sub."""\nx = "lib.sub"\n', True, True),
])
def test_unittest_may_load_what_fixed_tests_ask_for(test: bytes, asked: bool, other: bool) -> None:
    """And anything where they ask for what an experiment may change."""
    assert imported('lib/sub', 'python3 -m unittest', test=test) == asked
    assert imported('lib/other', 'python3 -m unittest', test=test) == other


@pytest.mark.parametrize(('eval_', 'shell'), [
    ('python3 -m unittest test_score', b''), ('python3 -m unittest tests/test_score.py', b''), ('python3 test_score.py', b''),
    ('python3 -m unittest discover -s tests -t .', b''), ('cd tests && python3 -m unittest', b''), ('python3 -m pytest', b''),
    ('sh run.sh', b'# python3 -m unittest\ncd tests && python3 \\\n  -m unittest\n'),
])
def test_unittest_that_is_told_where_to_look_loads_nothing_elsewhere(eval_: str, shell: bytes) -> None:
    assert not imported('new', eval_, shell=shell) and not imported('lib/new', eval_, shell=shell)


@pytest.mark.parametrize(('test', 'is_loaded'), [
    (b'import unittest\nunittest.main()\n', False), (b'import unittest\nunittest.main(module=None)\n', True),
    (b'"""Run python3 -m unittest."""\n', False), (b'from unittest import TestLoader\nTestLoader().discover(".")\n', True),
    (b'from unittest import TestLoader\nTestLoader().discover("tests", top_level_dir=".")\n', False),
    (b'import subprocess\nsubprocess.run(["python3", "-m",\n"unittest"], check=True)\n', True),
])
def test_a_program_tells_unittest_where_to_look(test: bytes, is_loaded: bool) -> None:
    assert imported('new', 'python3 test_score.py', test=test) == is_loaded
    assert imported('tests/in/new', 'python3 -m unittest discover tests')


def test_a_program_looks_beside_itself_though_it_is_in_a_package() -> None:
    for name in ('types', 'random', 'numpy'):
        assert said(f'pkg/{name}.py') == ''
        assert f"'{name}'" in said(f'pkg/{name}.py', eval_='python3 pkg/data.py')
    assert said('pkg/types.py', eval_py=b'# see data.py\n') == ''
    assert "own 'types'" in said('pkg/types.py', eval_py=b"run(['python3', 'pkg/data.py'])\n")
    assert "own 'types'" in said('pkg/types.py', eval_='sh eval.sh', eval_sh=b'cd pkg && python3 data.py\n')


def test_a_link_may_lead_to_a_package() -> None:
    assert "in place of its own 'json'" in said('json', is_file=False)
    assert "in place of 'eval.py'" in said('eval', is_file=False)
    assert "ask for 'org.python.core'" in said('org', is_file=False)
    assert 'load the plug-ins that it names' in said('cheat.dist-info', is_file=False)


@pytest.mark.parametrize(('path', 'tool'), [
    ('.venv/bin/python', 'uv'), ('.venv/pyvenv.cfg', 'uv'), ('uv.lock', 'uv'), ('uv.toml', 'uv'), ('.venv', 'pipenv'),
    ('.venv/bin/python3.12', 'poetry'), ('env/bin/python', 'pdm'), ('.pdm-python', 'pdm'), ('.venv/bin', 'hatch'),
    ('pyproject.toml', 'uv'), ('pyproject.toml', 'poetry'), ('Pipfile', 'pipenv'), ('poetry.lock', 'poetry'), ('pixi.toml', 'pixi'),
])
def test_what_says_which_python_starts_matters_to_the_tool_that_looks_there(path: str, tool: str) -> None:
    assert said(path) == said(f'src/{path}', eval_=f'{tool} run python eval.py') == ''
    assert f'{tool} would start the Python' in said(path, eval_=f'{tool} run python eval.py')
    assert f'{tool} would start the Python' in said(f'tools/{path}', eval_='sh eval.sh', eval_sh=f'cd tools && {tool} run x\n'.encode())


@pytest.mark.parametrize('path', ['.python-version', '.tool-versions', 'mise.toml', '.mise.local.toml'])
def test_what_a_shim_chooses_its_program_by_matters_above_what_is_fixed(path: str) -> None:
    assert 'would load it unasked' in said(path)
    assert said(f'other/{path}') == ''
    assert 'would load it unasked' in said(f'other/{path}', eval_='cd other && python ../eval.py')


@pytest.mark.parametrize('path', [
    'model.py', 'model/__init__.py', 'solution.py', 'json.txt', 'json.test.py', 'json/notes.md', 'json/schema.py', 'eval/inputs.bin',
    'src/json.py', 'src/types.py', 'pkg/types.py', 'pkg/random/__init__.py', 'pkg/pandas.py', 'other/conftest.py', 'Makefile', 'makefile',
    '__pycache__/json.cpython-311.pyc', '__pycache__/model.cpython-311.pyc', 'eval.pyc', 'experiments/idea/random.py',
    'pyproject.toml', 'build.py', 'build/__init__.py', 'model/tools.py', 'tools/more/__init__.py', 'toolsets.py',
    'cheat.dist-info/METADATA', 'entry_points.txt', 'src/x.egg-info/entry_points.txt', 'pkg/x.egg-info/entry_points.txt',
    'org/tools.py', 'org/notes.md', 'java/Main.java', 'src/org/__init__.py', 'pkg/vms_lib.py', 'pip.py', 'test/__init__.py',
])
def test_what_is_only_there_is_not(path: str) -> None:
    assert said(path) == ''


def test_the_gate_refuses_what_is_added_and_not_what_the_trunk_has(tmp_path: Path) -> None:
    place = make(tmp_path)
    apply(place, 'add random.py')
    place.without_hooks('commit', '-q', '-m', 'x')
    assert gated(place) == 'uninvited'
    place.git('-c', 'core.hooksPath=/dev/null', 'branch', '-qf', 'main', 'HEAD')
    apply(place, 'edit random.py; add plain.py')
    place.without_hooks('commit', '-q', '-m', 'y')
    assert gated(place) == 'ok'
