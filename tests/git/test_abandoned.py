"""Locks that a killed git has left are taken away, and nobody else's."""
from __future__ import annotations

from pathlib import Path

import pytest

from gitexp.core.errors import Refused
from gitexp.git import abandoned
from gitexp.git.command import Git
from place import Place


def test_a_lock_that_nobody_holds_is_no_obstacle(repository: Place) -> None:
    lock = repository.path / '.git/refs/heads/new.lock'
    lock.write_text('')

    abandoned.ask(Git(repository.path), 'update-ref', 'refs/heads/new', 'HEAD')

    assert repository.git('rev-parse', 'new').stdout == repository.git('rev-parse', 'HEAD').stdout and not lock.exists()


def test_a_git_at_work_keeps_its_lock(repository: Place) -> None:
    lock = repository.path / '.git/refs/heads/new.lock'
    with open(lock, 'w'), pytest.raises(Refused, match='File exists'):
        abandoned.ask(Git(repository.path), 'update-ref', 'refs/heads/new', 'HEAD')

    assert lock.exists()


def test_a_lock_that_is_written_to_meanwhile_is_somebodys(repository: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    lock = Path(repository.path / '.git/refs/heads/new.lock')
    lock.write_text('')
    monkeypatch.setattr('gitexp.git.abandoned.time.sleep', lambda _: lock.write_text('more'))

    with pytest.raises(Refused, match='File exists'):
        abandoned.ask(Git(repository.path), 'update-ref', 'refs/heads/new', 'HEAD')

    assert lock.read_text() == 'more'
