"""A sealed machine and small labs: no test sees the user's home, git configuration, identity or clock zone."""
from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from gitexp.measure import variables
from place import CONFIG, EVAL, IGNORED, PROGRAM, Place


@pytest.fixture(autouse=True)
def sealed(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    home = tmp_path_factory.mktemp('home')
    for name in [*os.environ]:
        if name.startswith('WANDB_') or not variables.is_for_a_run(name) and not name.startswith(('PYTEST', 'PYTHON', 'PIP_')):
            monkeypatch.delenv(name)
    monkeypatch.setenv('HOME', str(home))
    monkeypatch.setenv('XDG_CONFIG_HOME', str(home / '.config'))
    monkeypatch.setenv('GIT_CONFIG_NOSYSTEM', '1')
    monkeypatch.setenv('TZ', 'UTC')
    monkeypatch.setenv('NO_COLOR', '1')
    monkeypatch.setenv('COLUMNS', '80')
    monkeypatch.setenv('PATH', f'{PROGRAM.parent}{os.pathsep}{os.environ["PATH"]}')
    (home / '.gitconfig').write_text(
        '[user]\n\tname = Ada\n\temail = ada@example.org\n[init]\n\tdefaultBranch = main\n[advice]\n\tdetachedHead = false\n',
    )


@pytest.fixture
def repository(tmp_path: Path) -> Place:
    """A repository with one commit and no lab in it; the path has a space and an umlaut."""
    place = Place(tmp_path / 'wörk here')
    place.path.mkdir()
    place.git('init', '-q')
    place.write('README.md', 'hello\n')
    place.commit('first')
    return place


@pytest.fixture
def make_lab(tmp_path: Path) -> Callable[..., Place]:
    """Makes a small lab whose evaluation prints what model.py says, a thousandth more for each seed."""
    def make(name: str = 'the lab', config: str = CONFIG, **files: str) -> Place:
        place = Place(tmp_path / name)
        place.path.mkdir()
        place.git('init', '-q')
        place.git('config', 'gitexp.hooks', 'removed')  # As after `git exp hook remove`: a story that is about hooks installs them.
        place.write('.gitignore', IGNORED)
        place.write('gitexp.yaml', config)
        place.write('eval.py', EVAL)
        place.write('model.py', 'score = 3.0\n')
        place.write('program.md', '# Program\n')
        place.write('meta_journal.md', '# Meta journal\n\n## 2026-01-01 start\nfirst entry\n')
        place.write('RESEARCH_JOURNAL.md', '# Research journal\n\n## 2026-01-01 start\nfirst entry\n')
        for path, text in files.items():
            place.write(path, text)
        place.commit('a lab')
        return place
    return make


@pytest.fixture
def lab(make_lab: Callable[..., Place]) -> Iterator[Place]:
    yield make_lab()
