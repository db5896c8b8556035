"""Which modules the Python that evaluates has, and what an experiment may call its own."""
from __future__ import annotations

import os
import sys
import venv
from pathlib import Path

import pytest

from gitexp.core import kept
from gitexp.lab.lab import Lab
from gitexp.measure.modules import Modules
from gitexp.measure.pythons import Pythons
from place import CONFIG, Place
from stories import change, experiment, reason, rows

VERSION = f'python3.{sys.version_info[1]}'
TRAIN = 'train: python3 train.py\n'
EVAL = "import helperlib\nprint('score:', 2.0)\n"


@pytest.fixture
def python(tmp_path: Path) -> Path:
    """A Python of its own, with some modules in it; returns its folder."""
    made = tmp_path / 'own'
    venv.create(made, symlinks=True)
    _fill(made)
    return made


def _fill(made: Path) -> Path:
    site = made / 'lib' / VERSION / 'site-packages'
    names = ['helperlib.py', 'big/__init__.py', 'native.abi3.so', 'google/protobuf/__init__.py', 'tests/__init__.py', 'share/notes.txt']
    for name in [*names, 'loose/part.py', 'big/inner.py']:
        (site / name).parent.mkdir(parents=True, exist_ok=True)
        (site / name).write_text('')
    return site


def _found(lab: Place, eval_: str, *modules: str, scripts: str = '') -> set[str]:
    lab.write('gitexp.yaml', CONFIG.replace('python3 eval.py', eval_))
    lab.git('add', '-A')
    lab.git('commit', '-q', '--allow-empty', '-m', 'eval')
    found = Modules(Lab.find(lab.path), lab.path).installed(modules, lambda: scripts)
    return {module for module, package in found.items() if package is None}


def _asked(lab: Place, python: Path, *modules: str) -> dict[str, str]:
    """What the installed packages ask for, and one of those that do."""
    lab.write('gitexp.yaml', CONFIG.replace('python3 eval.py', f'{python}/bin/python eval.py'))
    lab.git('add', '-A')
    lab.git('commit', '-q', '--allow-empty', '-m', 'eval')
    return {module: package for module, package in Modules(Lab.find(lab.path), lab.path).installed(modules, lambda: '').items() if package}


def test_what_is_in_the_place_of_packages_is_found(lab: Place, python: Path) -> None:
    there = {'helperlib', 'big', 'native', 'google/protobuf', 'google', 'loose'}
    others = {'tests', 'share', 'big/inner', 'google/own', 'model', 'yaml'}

    assert _found(lab, f'{python}/bin/python eval.py', *there, *others) == there


def test_a_python_is_looked_for_where_the_command_does_not_tell(lab: Place, python: Path, tmp_path: Path) -> None:
    assert _found(lab, 'sh run.sh', 'helperlib', 'yaml') == {'yaml'}
    assert _found(lab, 'sh run.sh', 'helperlib', scripts=f'PY={python}/bin/python\n$PY eval.py\n') == {'helperlib'}
    wrapper = tmp_path / 'wrapper'
    wrapper.write_text(f'#!/bin/sh\nexec {python}/bin/python "$@"\n')
    wrapper.chmod(0o755)
    assert _found(lab, f'{wrapper} eval.py', 'helperlib') == {'helperlib'}
    _fill(lab.path / '.venv')
    assert _found(lab, 'make score', 'helperlib') == {'helperlib'}
    assert _found(lab, 'python3 eval.py', 'helperlib') == set()


@pytest.mark.parametrize('eval_', [
    '. PLACE/bin/activate && python3 eval.py', 'source "PLACE/bin/activate"; python eval.py', '~/own/bin/python eval.py',
    'exec "$HOME"/own/bin/python eval.py', '${HOME}/own/bin/python eval.py', 'V=~/own; $V/bin/python eval.py',
    'PATH=$HOME/own/bin:$PATH python3 eval.py', 'export PATH=PLACE/bin:$PATH; python3 eval.py', 'python3 prepare.py && sh run.sh',
])
def test_a_python_is_known_however_the_shell_is_led_to_it(lab: Place, python: Path, eval_: str) -> None:
    (Path(os.environ['HOME']) / 'own').symlink_to(python)
    found = _found(lab, eval_.replace('PLACE', str(python)), 'helperlib', scripts='~/own/bin/python eval.py\n' if 'run.sh' in eval_ else '')
    assert found == {'helperlib'}

    closed = Pythons(Lab.find(lab.path), lab.path).loaded([])
    assert str(python) in closed or 'run.sh' in eval_


def test_poetry_starts_another_python_than_its_own(lab: Place, python: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tool = tmp_path / 'bin' / 'poetry'
    tool.parent.mkdir()
    tool.write_text(f'#!{sys.executable}\n')
    tool.chmod(0o755)
    monkeypatch.setenv('PATH', f'{tool.parent}:{os.environ["PATH"]}')
    _fill(lab.path / '.venv')

    assert _found(lab, 'poetry run python3 eval.py', 'helperlib') == {'helperlib'}
    assert Pythons(Lab.find(lab.path), lab.path).evaluating() is None


def test_a_pipe_in_the_place_of_a_file_is_not_waited_for(lab: Place) -> None:
    site = _fill(lab.path / '.venv')
    for name in ('__editable___a_finder.py', '__editable___b_finder.py'):
        os.mkfifo(site / name)
    (site / '__editable___c_finder.py').write_text("MAPPING = {'mapped': '/elsewhere'}\n")

    assert _found(lab, 'make score', 'helperlib', 'mapped', 'model') == {'helperlib', 'mapped'}


def test_what_is_installed_from_its_sources_counts_unless_it_is_the_lab(lab: Place, python: Path, tmp_path: Path) -> None:
    site = python / 'lib' / VERSION / 'site-packages'
    for name in ('other/package/__init__.py', 'other/setup.py', 'mapped/__init__.py'):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text('')
    lab.write('src/mylab/__init__.py', '')
    lab.write('src/helpers/__init__.py', '')
    (site / '_paths.pth').write_text(f'{tmp_path}/other\n{lab.path}/src\n')
    (site / '__editable___lab_finder.py').write_text(f"MAPPING = {{'mapped': '{tmp_path}/mapped', 'flat': '{lab.path}/flat'}}\n")

    assert _found(lab, f'{python}/bin/python eval.py', 'package', 'setup', 'mylab', 'helpers', 'mapped', 'flat') == {'package', 'mapped'}


def test_a_name_that_other_versions_have_is_asked_for(lab: Place) -> None:
    asked = {'cgi', 'tomllib', 'compression'}

    assert _found(lab, f'{sys.executable} eval.py', *asked) == asked & sys.stdlib_module_names


def test_what_is_installed_from_its_sources_later_counts_as_well(lab: Place, python: Path, tmp_path: Path) -> None:
    (tmp_path / 'sources').mkdir()
    (tmp_path / 'sources/single.py').touch()
    assert _found(lab, f'{python}/bin/python eval.py', 'single') == set()
    (python / 'lib' / VERSION / 'site-packages/ours.pth').write_text(f'{tmp_path}/sources\n')
    assert _found(lab, f'{python}/bin/python eval.py', 'single') == {'single'}


def test_a_python_is_asked_anew_when_something_was_installed(
    lab: Place, python: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(kept, '_YOUNG', 0)  # As if all were made long ago.
    (tmp_path / 'sources/whole').mkdir(parents=True)
    (tmp_path / 'sources/whole/__init__.py').touch()
    assert _found(lab, f'{python}/bin/python eval.py', 'whole') == set()
    known = (lab.path / '.git/exp/cache/programs.json').read_text()
    assert _found(lab, f'{python}/bin/python eval.py', 'whole') == set()
    assert (lab.path / '.git/exp/cache/programs.json').read_text() == known
    (python / 'lib' / VERSION / 'site-packages/ours.pth').write_text(f'import sys; sys.path.append({os.fspath(tmp_path / "sources")!r})\n')
    assert _found(lab, f'{python}/bin/python eval.py', 'whole') == {'whole'}


def test_the_packages_of_a_user_are_known_whatever_a_shell_said_before(
    lab: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(kept, '_YOUNG', 0)  # As if all were made long ago.
    assert _found(lab, f'{os.path.realpath(sys.executable)} eval.py', 'ours') == set()
    monkeypatch.setenv('HOME', str(tmp_path / 'home'))

    def known() -> set[str]:
        return {*Modules(Lab.find(lab.path), lab.path).installed(['ours'], lambda: '')}
    assert known() == set()
    site = tmp_path / 'home/.local/lib' / VERSION / 'site-packages'
    site.mkdir(parents=True)
    (site / 'ours.py').touch()
    monkeypatch.setenv('PYTHONNOUSERSITE', '1')
    assert known() == set()
    monkeypatch.delenv('PYTHONNOUSERSITE')
    assert known() == {'ours'}


def test_what_installed_packages_would_take_is_known(lab: Place, python: Path) -> None:
    big = python / 'lib' / VERSION / 'site-packages/big'
    (big / '__init__.py').write_text('try:\n    import faster\n    from quick.er import x\nexcept ImportError:\n    x = None\n')
    (big / 'inner.py').write_text('from importlib import import_module, util\nutil.find_spec("seen")\nimport_module("named")\n')
    (big / 'other.py').write_text('def late():\n    import needed\nfor name in ("listed",): print("model")\n')
    lab.write('gitexp.yaml', CONFIG.replace('python3 eval.py', f'{python}/bin/python eval.py'))
    lab.commit('eval')
    said: list[str] = []
    modules = Modules(Lab.find(lab.path), lab.path, said.append)
    layers = 'self.add_module("norm", x)\nP = ParamSpec("P")\nraise ImportError("conv")\nset_module("pool")\n'
    (big / 'layers.py').write_text(f'{layers}get_module("plot")\nhas_package_("x")\n_is_package_available("fused")\n')
    asked = ['norm', 'P', 'conv', 'pool', 'plot', 'fused']
    asked += ['faster', 'quick/er', 'quick/other', 'seen', 'named', 'needed', 'listed', 'model', 'helperlib']
    for _ in range(2):
        assert modules.installed(asked, lambda: '') == {
            'faster': 'big', 'quick/er': 'big', 'seen': 'big', 'named': 'big', 'helperlib': None,
            'plot': 'big', 'fused': 'big',
        }
    assert said == []


def test_what_a_namespace_lacks_is_asked_for_though_another_part_of_it_is_installed(lab: Place, python: Path) -> None:
    site = python / 'lib' / VERSION / 'site-packages'
    for name, text in (('spread', '__path__ = __import__("pkgutil").extend_path(__path__, __name__)\n'), ('whole', '')):
        (site / name).mkdir()
        (site / name / '__init__.py').write_text(text)
    (site / 'big/__init__.py').write_text('try:\n    import google.colab, spread.more, whole.more\nexcept ImportError: pass\n')

    assert _asked(lab, python, 'google/colab', 'google/other', 'spread/more', 'whole/more') == {'google/colab': 'big', 'spread/more': 'big'}


def test_what_is_installed_from_its_sources_asks_for_modules_as_well(lab: Place, python: Path, tmp_path: Path) -> None:
    site = python / 'lib' / VERSION / 'site-packages'
    told = {'src/added/deep/inner.py': 'a', 'src/single.py': 'b', 'src/data/notes.py': 'c', 'src/setup.py': 'd'}
    told |= {'mapped/x.py': 'e', 'linked/x.py': 'f'}
    for name, asked in told.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(f'try:\n    import {asked}\nexcept ImportError: pass\n')
    for name in ('src/added', 'mapped', 'linked'):
        (tmp_path / name / '__init__.py').touch()
    (tmp_path / 'src/added/gone.py').symlink_to('nowhere')
    (site / '_paths.pth').write_text(f'{tmp_path}/src\n')
    (site / '__editable___x_finder.py').write_text(f"MAPPING = {{'mapped': '{tmp_path}/mapped'}}\n")
    (site / 'linked').symlink_to(tmp_path / 'linked')

    assert _asked(lab, python, *'abcdefg') == {'a': 'added', 'b': 'single', 'e': 'mapped', 'f': 'linked'}
    (tmp_path / 'src/added/deep/inner.py').write_text('try:\n    import g\nexcept ImportError: pass\n')
    assert _asked(lab, python, *'abcdefg') == {'g': 'added', 'b': 'single', 'e': 'mapped', 'f': 'linked'}


@pytest.mark.parametrize('eval_', ['bin/python eval.py', 'make PY=python', 'env PYTHONPATH=src python3 eval.py'])
def test_nothing_of_the_commit_is_run(lab: Place, eval_: str, monkeypatch: pytest.MonkeyPatch) -> None:
    started = lab.path / 'started'
    lab.write('bin/python', f"#!/bin/sh\ntouch '{started}'\n").chmod(0o755)
    monkeypatch.setenv('PATH', f'{lab.path}/bin:{os.environ["PATH"]}')
    for name in ('sitecustomize', 'src/sitecustomize', 'sys', 'site', 'encodings'):
        lab.write(f'{name}.py', f'open({str(started)!r}, "w")\n')

    assert _found(lab, eval_, 'yaml', 'sitecustomize') == {'yaml'} and not started.exists()


@pytest.fixture
def installed(lab: Place, python: Path) -> Place:
    """A lab whose evaluation needs a module that is installed."""
    lab.write('gitexp.yaml', CONFIG.replace('python3', f'{python}/bin/python') + TRAIN)
    lab.write('eval.py', EVAL.replace('import helperlib', "helperlib = __import__('helperlib')"))
    lab.write('train.py', '')
    lab.commit('installed')
    return lab


def test_the_place_of_an_installed_module_cannot_be_taken(installed: Place) -> None:
    idea = experiment(installed, helperlib_py='')

    assert idea.exp('eval', '--seed', '1') == 5
    assert "    helperlib.py: Python would load it in place of the installed 'helperlib'\n" in idea.talk
    idea.git('rm', '-q', 'helperlib.py')
    change(idea, helpers_py='', utils____init___py='', models__big_py='', tests____init___py='')
    idea.ok('eval', '--seed', '1')


@pytest.mark.parametrize('name', ['helperlib.py', 'google/protobuf/__init__.py'])
def test_training_cannot_take_it_either(installed: Place, name: str) -> None:
    train = 'from pathlib import Path\nfor name in ("out/big/__init__.py", {!r}):\n' \
        '    Path(name).parent.mkdir(parents=True, exist_ok=True)\n    Path(name).write_text("")\n'
    idea = experiment(installed, train_py=train.format(name))

    assert idea.exp('eval', '--seed', '1') == 5
    row, = rows(installed)
    assert row['status'] == 'violation' and f'training left {name}: Python would load it in place of the installed' in reason(row)


def test_the_place_of_a_module_that_a_package_asks_for_cannot_be_taken(installed: Place, python: Path) -> None:
    (python / 'lib' / VERSION / 'site-packages/helperlib.py').write_text(
        'import importlib\ntry:\n    import faster\nexcept ImportError: pass\ntry: importlib.import_module("plugs")\nexcept: pass\n',
    )
    idea = experiment(installed, faster_py='', slower_py='', experiments__idea__faster_py='', plugs__mine_py='', plug__mine_py='')

    assert idea.exp('eval', '--seed', '1') == 5
    assert "\n    faster.py: the installed 'helperlib' asks for 'faster', and would load it\n" in idea.talk
    assert "\n    plugs/mine.py: the installed 'helperlib' asks for 'plugs.mine', and would load it\nhint: call it" in idea.talk
    idea.git('rm', '-q', 'faster.py', 'plugs/mine.py')
    idea.commit('exp(idea): without')
    idea.ok('eval', '--seed', '1')


@pytest.fixture
def layout(lab: Place) -> Place:
    """A lab with the code of its evaluation below src/."""
    config = CONFIG.replace('eval.py,', 'src/bench/score.py,').replace('python3 eval.py', 'env PYTHONPATH=lib:src python3 -m bench.score')
    lab.write('gitexp.yaml', config + TRAIN)
    lab.write('src/bench/score.py', "import json\nprint('score:', json.loads('2'))\n")
    lab.write('train.py', '')
    lab.commit('layout')
    return lab


def test_the_folders_that_the_command_names_count(layout: Place) -> None:
    idea = experiment(layout, src__json_py='', bench__score_py='')

    assert idea.exp('eval', '--seed', '1') == 5
    assert "src/json.py: Python would load it in place of its own 'json'" in idea.talk
    assert "bench/score.py: Python would load it in place of 'src/bench/score.py'" in idea.talk
    idea.git('rm', '-rq', 'src/json.py', 'bench')
    change(idea, src__helpers_py='', src__models__random_py='', src__bench__notes_md='')
    idea.ok('eval', '--seed', '1')


@pytest.mark.parametrize('name', ['src/json.py', 'lib/json.py', 'bench/score.py'])
def test_training_leaves_nothing_there(layout: Place, name: str) -> None:
    idea = experiment(layout, train_py=f'import os\nos.makedirs("bench", exist_ok=True)\nos.makedirs("lib")\nopen({name!r}, "w")\n')

    assert idea.exp('eval', '--seed', '1') == 5 and f'training left {name}: Python would load it in place of ' in idea.talk


def test_a_runner_of_tests_runs_those_of_the_lab(lab: Place) -> None:
    config = CONFIG.replace('eval.py,', 'tests/test_score.py,').replace('python3 eval.py', 'python3 -m unittest discover -s tests #')
    lab.write('gitexp.yaml', config)
    lab.write('tests/test_score.py', "print('score:', 2.0)\n")
    lab.commit('tests')
    idea = experiment(lab, tests__test_a_py="print('score: 0.0')\n")

    assert idea.exp('eval', '--seed', '1') == 5
    assert "tests/test_a.py: unittest would run it with 'tests/test_score.py'" in idea.talk and rows(lab) == []
