"""A Python that would load the lab's own code from a worktree, and not what is committed."""
from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from place import CONFIG, Place
from stories import experiment, rows

SCORE = 'from lab.core import score\nprint("score:", score)\n'


@pytest.fixture
def python(tmp_path: Path) -> Path:
    subprocess.run([sys.executable, '-m', 'venv', '--without-pip', tmp_path / 'venv'], check=True)
    return tmp_path / 'venv'


def installed(python: Path, where: Path) -> None:
    """As `pip install -e` does it."""
    site, = python.glob('lib/python*/site-packages')
    (site / '__editable__.lab-1.pth').write_text(f'{where}\n')


@pytest.mark.parametrize(('way', 'code'), [('', 3), ('env PYTHONPATH=src ', 0)])
def test_what_pip_has_installed_from_root_is_not_what_is_measured(
    make_lab: Callable[..., Place], python: Path, way: str, code: int,
) -> None:
    config = CONFIG.replace('eval: python3 eval.py {seed}', f'eval: {way}{python}/bin/python3 eval.py')
    lab = make_lab(config=config, **{'eval.py': SCORE, 'src/lab/__init__.py': '', 'src/lab/core.py': 'score = 3.0\n'})
    installed(python, lab.path / 'src')
    idea = experiment(lab, src__lab__core_py='score = 2.0\n')

    assert idea.exp('eval', '--seed', '1') == code, idea.talk
    if code:
        assert f"would load '{lab.path / 'src'}', where pip install -e has led it, and not what is committed" in idea.talk
        assert 'env PYTHONPATH=src python3' in idea.talk and not rows(lab)
    else:
        assert rows(lab)[-1]['score'] == '2.0'


def test_a_finder_that_pip_has_installed_is_asked_where_it_leads(make_lab: Callable[..., Place], python: Path) -> None:
    config = CONFIG.replace('eval: python3 eval.py {seed}', f'eval: {python}/bin/python3 eval.py')
    lab = make_lab(config=config, **{'eval.py': SCORE, 'src/lab/__init__.py': '', 'src/lab/core.py': 'score = 3.0\n'})
    site, = python.glob('lib/python*/site-packages')
    (site / '_editable_impl_lab.pth').write_text('import _editable_impl_lab\n')
    (site / '_editable_impl_lab.py').write_text(
        'from editables.redirector import RedirectingFinder as F\nF.install()\n'
        f"F.map_module('lab', '{lab.path}/src/lab/__init__.py')\n",
    )

    idea = experiment(lab, src__lab__core_py='score = 2.0\n')
    assert idea.exp('eval', '--seed', '1') == 3 and not rows(lab)
    assert f"would load '{lab.path / 'src/lab'}', where pip install -e has led it" in idea.talk


def test_one_of_another_project_is_its_own_affair(make_lab: Callable[..., Place], python: Path, tmp_path: Path) -> None:
    (tmp_path / 'other/src').mkdir(parents=True)
    lab = make_lab(config=CONFIG.replace('python3 eval.py', f'{python}/bin/python3 eval.py'), **{'src/x.py': ''})
    installed(python, tmp_path / 'other/src')

    experiment(lab).ok('eval', '--seed', '1')


def test_what_the_commit_does_not_have_is_only_there(make_lab: Callable[..., Place], python: Path) -> None:
    lab = make_lab(config=CONFIG.replace('python3 eval.py', f'{python}/bin/python3 eval.py'))
    lab.write('vendored/x.py', '')
    installed(python, lab.path / 'vendored')

    experiment(lab).ok('eval', '--seed', '1')


def test_a_sealed_lab_takes_none_of_it(make_lab: Callable[..., Place], python: Path) -> None:
    config = CONFIG.replace('eval: python3 eval.py {seed}', f'train: "true"\nsealed: true\neval: {python}/bin/python3 eval.py')
    lab = make_lab(config=config, **{'eval.py': 'print("score: 1")\n'})
    installed(python, lab.path)

    idea = experiment(lab)
    assert idea.exp('eval', '--seed', '1') == 3
    assert 'where pip install -e has led it, and the lab is sealed' in idea.talk


def test_a_script_that_starts_it_is_asked_as_well(make_lab: Callable[..., Place], python: Path) -> None:
    config = CONFIG.replace('eval: python3 eval.py {seed}', 'eval: sh score.sh').replace('[gitexp.yaml', '[gitexp.yaml, score.sh')
    code = {'eval.py': SCORE, 'src/lab/__init__.py': '', 'src/lab/core.py': 'score = 3.0\n', 'score.sh': f'{python}/bin/python3 eval.py\n'}
    lab = make_lab(config=config, **code)
    installed(python, lab.path / 'src')

    assert experiment(lab).exp('eval', '--seed', '1') == 3 and not rows(lab)
