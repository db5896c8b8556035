"""The configuration of a repository is written while others write it, too."""
from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from place import Place

from gitexp.core.errors import Refused
from gitexp.git import settings
from gitexp.git.command import Git


@pytest.fixture
def git(tmp_path: Path) -> Git:
    Place(tmp_path).git('init', '-q')
    return Git(tmp_path)


def test_what_is_written_is_read(git: Git) -> None:
    assert settings.read(git, 'a.b.c') is None
    settings.write(git, 'a.b.c', 'one\ntwo = "3" ')
    settings.write(git, 'a.b.c', 'one\ntwo = "3" ')
    assert settings.read(git, 'a.b.c') == 'one\ntwo = "3" '
    git.run('config', '--add', 'a.b.c', 'four')
    settings.write(git, 'a.b.c', 'five')
    assert git.run('config', '--get-all', 'a.b.c').text == 'five'
    settings.unset(git, 'a.b.c')
    settings.unset(git, 'a.b.c')
    assert settings.read(git, 'a.b.c') is None


def test_another_file_has_settings_of_its_own(git: Git) -> None:
    other = git.folder / 'other'
    settings.write(git, 'a.b', 'x', other)
    assert (settings.read(git, 'a.b'), settings.read(git, 'a.b', other)) == (None, 'x')
    settings.unset(git, 'a.b', other)
    assert settings.read(git, 'a.b', other) is None


def test_a_section_goes_as_a_whole(git: Git) -> None:
    settings.write(git, 'a.b.c', '1')
    settings.write(git, 'a.b.d', '2')
    settings.drop(git, 'a.b')
    assert settings.read(git, 'a.b.c') is None is settings.read(git, 'a.b.d')
    with pytest.raises(Refused, match="cannot change the repository's configuration: .*a.b"):
        settings.drop(git, 'a.b')


@pytest.mark.parametrize('how', ['write', 'unset', 'drop'])
def test_another_writer_is_waited_for(git: Git, how: str) -> None:
    settings.write(git, 'a.b', 'x')
    lock = git.folder / '.git' / 'config.lock'
    lock.touch()
    change = {'write': lambda: settings.write(git, 'a.b', 'y'), 'unset': lambda: settings.unset(git, 'a.b'),
              'drop': lambda: settings.drop(git, 'a')}[how]
    with ThreadPoolExecutor(1) as pool:
        done = pool.submit(change)
        time.sleep(0.3)
        assert not done.done() and settings.read(git, 'a.b') == 'x'
        lock.unlink()
        done.result()
    assert settings.read(git, 'a.b') == ('y' if how == 'write' else None)


def test_a_lock_that_stays_is_named(git: Git, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, '_PATIENCE', 0.1)
    (git.folder / '.git' / 'config.lock').touch()
    with pytest.raises(Refused, match='could not lock config file .*config: File exists') as told:
        settings.write(git, 'a.b', 'y')
    assert told.value.hint == 'once no git writes there any more, remove that lock'
