"""Where Python may look first, told from what the lab runs; and what is refused there."""
from __future__ import annotations

import json

import pytest

from gitexp.rules import uninvited
from gitexp.rules.places import COMMANDS
from gitexp.rules.uninvited import Ground

INSTALLED = {'torch', 'google/protobuf', 'chunk'}


def said(path: str, eval_: str, *fixed: str, packages: tuple[str, ...] = (), **texts: str) -> str:
    """What is said of a new path, with the fixed files and what some of them say: 'a__b_py' is a/b.py."""
    names = {name.replace('__', '/')[:-3] + f'.{name[-2:]}': text.encode() for name, text in texts.items()}
    ground = Ground({*fixed, *names}, packages.__contains__, lambda: {**names, COMMANDS: eval_.encode()},
                    lambda modules, scripts: dict.fromkeys(INSTALLED.intersection(modules)))
    return ''.join(one.message for one in uninvited.judge({path: True}, ground))


@pytest.mark.parametrize(('path', 'eval_', 'fixed'), [
    ('src/json.py', 'env PYTHONPATH=src python3 -m bench.score', 'src/bench/score.py'),
    ('src/json/__init__.py', 'python3 -m bench.score', 'src/bench/score.py'),
    ('lib/sitecustomize.py', 'PYTHONPATH="lib:src" python3 -m bench.score', 'src/bench/score.py'),
    ('lib/torch.py', 'PYTHONPATH=$PWD/lib:$PYTHONPATH python3 score.py', 'score.py'),
    ('bin/json.py', 'bin/score', 'bin/score'),
    ('bin/json.py', 'python3 bin/score.v2 {seed}', 'score.txt'),
    ('notebooks/json.py', 'jupyter nbconvert --execute notebooks/score.ipynb', 'notebooks/score.ipynb'),
    ('src/lib/json.py', 'cd src && env PYTHONPATH=lib python3 -m score', 'src/score.py'),
    ('lib/json.py', 'cd tools; PYTHONPATH=../lib python3 score.py', 'tools/score.py'),
    ('lib/json.py', 'make -C lib score', 'Makefile'),
    ('google/protobuf/__init__.py', 'python3 score.py', 'score.py'),
    ('chunk.py', 'python3 score.py', 'score.py'),
])
def test_a_module_is_refused_where_python_looks_first(path: str, eval_: str, fixed: str) -> None:
    assert 'Python would load it' in said(path, eval_, fixed)


@pytest.mark.parametrize(('path', 'eval_', 'fixed'), [
    ('models/torch.py', 'python3 score.py --models models', 'score.py'),
    ('data/torch.py', 'python3 score.py', 'data/val.csv'),
    ('src/torch/notes.py', 'python3 score.py', 'src/score.py'),
    ('google/other.py', 'python3 score.py', 'score.py'),
    ('cgi.py', 'python3 score.py', 'score.py'),
    ('compression.py', 'python3 score.py', 'score.py'),
    ('helpers.py', 'python3 score.py', 'score.py'),
    ('utils/__init__.py', 'python3 score.py', 'score.py'),
    ('models/random.py', 'python3 -m eval.score', 'eval/score.py'),
])
def test_a_module_that_takes_no_place_is_free(path: str, eval_: str, fixed: str) -> None:
    assert said(path, eval_, fixed) == ''


def test_a_package_without_an_init_has_modules_of_its_own() -> None:
    imports, test = 'from lab.model import model\n', 'import lab.model\n\ndef test_one(): pass\n'
    assert said('lab/types.py', 'python3 -m lab.score', lab__score_py=imports) == ''
    assert said('lab/types.py', 'python3 score.py', 'lab/metric.py', score_py='import lab.metric\n') == ''
    for eval_, more in (
        ('python3 lab/score.py', imports), ('python3 -m lab.score; cd lab && python3 score.py', imports),
        ('python3 -m lab.score', "import sys\nsys.path.insert(0, 'lab')\nimport lab.model\n"), ('python3 -m pytest -q', test),
        ('python3 score.py', 'open("data")\n'),
    ):
        assert "own 'types'" in said('lab/types.py', eval_, 'score.py', lab__score_py=more), eval_
    assert "own 'types'" in said('lab/types.py', 'sh run.sh', run_sh='python3 $1/score.py\n', lab__score_py=imports)


def test_a_folder_that_scripts_name_counts() -> None:
    for text in ('cd lib\nexec python3 -m score\n', 'export PYTHONPATH=lib\n', 'cd "$(dirname "$0")/lib"\n', 'cd ${ROOT}/lib\n'):
        assert "own 'json'" in said('lib/json.py', 'sh run.sh', run_sh=text)
        assert "own 'json'" in said('tools/lib/json.py', 'sh tools/run.sh', tools__run_sh=text)
    for text in ('sys.path.insert(0, "lib")\n', "subprocess.run(words, cwd=TOP / 'lib')\n"):
        assert "own 'json'" in said('lib/json.py', 'python3 run.py', run_py=text)
    assert said('lib/json.py', 'python3 run.py', run_sh='cd lib\n') == ''
    assert said('lib/json.py', 'sh run.sh', run_sh='python3 score.py lib\n', run_py="import lib\nopen('lib')\n") == ''


@pytest.mark.parametrize('text', [
    "SRC = HERE / 'lib'\nsys.path.insert(0, str(SRC))\n", "for place in ('x', 'lib'):\n    sys.path.append(place)\n",
    "top = 'lib'\nPLACES: list[str] = [\n    top,\n]\nsys.path += PLACES\n", "sys.path.insert(\n    0, 'lib')\n",
])
def test_a_folder_counts_that_a_program_has_named_before(text: str) -> None:
    assert "own 'json'" in said('lib/json.py', 'python3 run.py', run_py=text)
    assert "own 'json'" in said('a/lib/json.py', 'python3 run.py', run_py=text.replace("'lib'", "'a' / 'lib'").replace("'x', ", ''))
    assert said('lib/json.py', 'python3 run.py', run_py=f"models = 'lib'\n{text}".replace("'lib'", "'src'").replace('src', 'lib', 1)) == ''


def test_a_folder_counts_that_a_notebook_names() -> None:
    source = ['import sys\n', 'sys.path.insert(0, "lib")\n']
    code = {'cell_type': 'code', 'source': source}
    for cell, found in ((code, True), ({**code, 'cell_type': 'markdown'}, False), ('', False)):
        ground = Ground({'score.ipynb'}, lambda folder: False, lambda: {'score.ipynb': json.dumps({'cells': [cell]}).encode()},
                        lambda modules, scripts: {})
        assert bool(uninvited.judge({'lib/json.py': True}, ground)) == found


@pytest.mark.parametrize('text', ['[pytest]\npythonpath = src lib\n', '[pytest]\npythonpath =\n  src\n  lib\ntestpaths = tests\n'])
def test_a_folder_counts_that_the_configuration_of_pytest_names(text: str) -> None:
    texts = {'pytest.ini': text.encode(), 'pkg/pyproject.toml': b'[tool.pytest.ini_options]\npythonpath = [\n  "a",\n  "b"]\nx = ["c"]\n'}
    ground = Ground({*texts}, lambda folder: False, lambda: texts, lambda modules, scripts: {})
    new = [f'{folder}/json.py' for folder in ('src', 'lib', 'tests', 'pkg/a', 'pkg/b', 'pkg/c')]
    assert {one.path for one in uninvited.judge(dict.fromkeys(new, True), ground)} == {*new} - {'tests/json.py', 'pkg/c/json.py'}


def test_a_package_counts_where_something_leads_into_it() -> None:
    fixed, package = ('pkg/score.py', 'pkg/__init__.py'), ('pkg',)
    for eval_ in ('python3 -m pkg.score', 'pytest -q'):
        assert said('pkg/json.py', eval_, *fixed, packages=package) == ''
    for eval_ in ('python3 pkg', 'cd pkg && python3 -m score', 'python3 pkg/score.py', 'PYTHONPATH=pkg python3 x.py', '(cd pkg; ./x)'):
        assert "own 'json'" in said('pkg/json.py', eval_, *fixed, packages=package)
    changes = 'sys.path.insert(0, os.path.dirname(__file__))'
    assert "own 'json'" in said('pkg/json.py', 'python3 -m pkg.score', 'pkg/__init__.py', packages=package, pkg__score_py=changes)


@pytest.mark.parametrize('path', ['bench/__init__.py', 'bench.py', 'bench/score.py', 'lib/bench.so'])
def test_what_comes_before_a_folder_of_the_path_is_refused(path: str) -> None:
    assert "in place of 'src/bench/score.py'" in said(path, 'env PYTHONPATH=lib:src python3 -m bench.score', 'src/bench/score.py')
    assert said('bench/other.py', 'env PYTHONPATH=src python3 -m bench.score', 'src/bench/score.py') == ''
    assert said(path, 'python3 eval/score.py', 'eval/bench/score.py') == ''


@pytest.mark.parametrize('eval_', [
    'python3 -m unittest discover -s tests', 'pytest -q tests', 'sh run.sh', 'python3 run.py', 'python3 -m run',
])
def test_a_runner_of_tests_finds_what_is_beside_the_fixed_ones(eval_: str) -> None:
    more = {'run_sh': 'exec nosetests tests\n', 'run_py': 'import pytest\npytest.main(["tests"])\n', 'tests__test_score_py': 'x = 1\n'}
    for path in ('tests/test_a.py', 'tests/more/a_test.py'):
        assert "would run it with 'tests/test_score.py'" in said(path, eval_, **more)
    for path in ('tests/helpers.py', 'test_other.py', 'models/tests/test_a.py', 'tests/latest.py'):
        assert said(path, eval_, **more) == ''
    assert 'pytest would run it' in said('models/test_a.py', 'pytest -q', **more)
    assert said('tests/test_a.py', 'python3 eval.py', **more) == ''


@pytest.mark.parametrize('eval_', ['pytest tests/test_score.py', 'python3 -m unittest tests.test_score', 'python3 tests/test_score.py'])
def test_tests_are_free_where_others_are_named(eval_: str) -> None:
    assert said('tests/test_a.py', eval_, tests__test_score_py='import unittest\n') == ''
