"""What lies outside a lab and is loaded by what scores."""
from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from gitexp.core import kept
from gitexp.core.kept import Kept
from gitexp.lab.lab import Lab
from gitexp.measure import links
from gitexp.measure.pythons import Pythons
from place import CONFIG, Place


@pytest.fixture
def link(tmp_path: Path) -> Callable[[str, str], None]:
    """Makes a link in a folder 'lib/site', and where it leads to, if that has an ending."""
    def make(name: str, target: str) -> None:
        path, at = tmp_path / 'lib/site' / name, tmp_path / target
        path.parent.mkdir(parents=True, exist_ok=True)
        at.parent.mkdir(parents=True, exist_ok=True)
        at.touch() if at.suffix else at.mkdir()
        path.symlink_to(at)
    return make


@pytest.mark.parametrize(('name', 'target', 'closed'), [
    ('a/__init__.py', 'cache/7f/a/__init__.py', 'cache/7f/a'),
    ('a/b/core.so', 'cache/7f/a/b/core.so.1', 'cache/7f/a'),
    ('a/b', 'cache/7f/a/b', 'cache/7f/a'),
    ('a/core.py', 'mine/core.py', 'mine/core.py'),
    ('a/b/core.py', 'mine/aa/b/core.py', 'mine/aa/b/core.py'),
    ('a/b', 'mine/data', 'mine/data'),
    ('a/b.py', 'lib/site/a/c.py', None),
    ('a/site-packages/b.py', 'mine/b.py', None),
    ('b.py', 'mine/b.py', None),
])
def test_a_link_in_a_package_leads_to_a_package_or_to_one_file(
    tmp_path: Path, link: Callable[[str, str], None], name: str, target: str, closed: str | None,
) -> None:
    link(name, target)

    found = links.out_of(str(tmp_path / 'lib/site'), Kept(tmp_path / 'kept'), deep=True)
    assert found == ([str(tmp_path / closed)] if closed else [])


def test_of_a_folder_of_libraries_the_links_in_it_count(tmp_path: Path, link: Callable[[str, str], None]) -> None:
    for name, target in {'liba.so': 'far/liba.so', 'libb.so': 'store/b/site/libb.so.2', 'inner/libc.so': 'far/libc.so'}.items():
        link(name, target)

    found = links.out_of(str(tmp_path / 'lib/site'), Kept(tmp_path / 'kept'), deep=False)
    assert found == [str(tmp_path / 'far/liba.so'), str(tmp_path / 'store/b/site')]


def test_links_are_looked_for_again_when_something_was_installed(
    tmp_path: Path, link: Callable[[str, str], None], monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(kept, '_YOUNG', 0)  # As if all were made long ago.
    known, found_again = Kept(tmp_path / 'kept'), []

    def found() -> list[str]:
        there = links.out_of(str(tmp_path / 'lib/site'), known, deep=True)
        return [os.path.relpath(one, tmp_path) for one in there]
    link('a/x.py', 'mine/x.py')
    assert found() == ['mine/x.py']
    with monkeypatch.context() as patched:
        patched.setattr(links, '_out_of', lambda *given, **more: found_again.append(given))
        assert found() == ['mine/x.py'] and not found_again
    link('a/y.py', 'mine/y.py')
    assert found() == ['mine/x.py', 'mine/y.py']


@pytest.mark.parametrize(('variable', 'value', 'named'), [
    ('LD_LIBRARY_PATH', '/a/lib:/b/lib:', {'/a/lib', '/b/lib'}),
    ('VIRTUAL_ENV', '/a/venv', {'/a/venv'}),
    ('PYENV_ROOT', '/a/pyenv', {'/a/pyenv'}),
    ('MODULEPATH', '/a/modules', {'/a/modules'}),
    ('PERL5LIB', '/a/perl', {'/a/perl'}),
    ('R_LIBS', '/a/r', set()),
    ('SCRATCH', '/a/scratch', set()),
    ('HF_HOME', '/a/hub', set()),
])
def test_what_variables_that_a_run_gets_name_as_code_is_known(
    make_lab: Callable[..., Place], monkeypatch: pytest.MonkeyPatch, variable: str, value: str, named: set[str],
) -> None:
    lab = make_lab(config=CONFIG.replace('environment: [', 'environment: [PERL5LIB, '))
    monkeypatch.setenv(variable, value)

    assert {path for path in Pythons(Lab.find(lab.path), lab.path).loaded([]) if path.startswith(('/a/', '/b/'))} == named


def test_what_commands_set_such_variables_to_is_known_each_time(lab: Place) -> None:
    train = 'train: env PYTHONPATH="/b:." python3 train.py\n'
    lab.write('gitexp.yaml', CONFIG.replace('python3 eval.py', 'PYTHONPATH=/a R_LIBS=/c sh score.sh') + train)
    lab.commit('set')

    assert {'/a', '/b', '/c'} <= Pythons(Lab.find(lab.path), lab.path).loaded([])
