"""Moving files out of a folder that somebody else may still write to."""
from __future__ import annotations

import contextlib
import os
import threading
from pathlib import Path

import pytest

from gitexp.measure import moving


@pytest.fixture
def top(tmp_path: Path) -> Path:
    (tmp_path / 'top/in/deep').mkdir(parents=True)
    (tmp_path / 'outside').mkdir()
    return tmp_path / 'top'


def move(top: Path, *names: str) -> dict[str, str]:
    """What there is then in the target, links as '-> where'."""
    moving.move(names, top, 'in', top.parent / 'goal/run', below=top.parent)
    return contents(top.parent / 'goal/run')


def contents(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): f'-> {os.readlink(path)}' if path.is_symlink() else path.read_text()
        for path in folder.rglob('*') if path.is_symlink() or not path.is_dir()
    }


def test_files_and_links_keep_their_places(top: Path) -> None:
    (top / 'in/a').write_text('a')
    (top / 'in/deep/b.txt').write_text('b')
    (top / 'in/deep/link').symlink_to('/nowhere')

    assert move(top, 'a', 'deep/b.txt', 'deep/link') == {'a': 'a', 'deep/b.txt': 'b', 'deep/link': '-> /nowhere'}
    assert not contents(top)


def test_nothing_is_overwritten(top: Path) -> None:
    goal = top.parent / 'goal/run'
    goal.mkdir(parents=True)
    (goal / 'a.json').write_text('there')
    (goal / 'a-2.json').symlink_to('nowhere')
    (goal / 'deep').write_text('a file')
    (top / 'in/a.json').write_text('new')
    (top / 'in/deep/b').write_text('b')

    assert move(top, 'a.json', 'deep/b') == {
        'a.json': 'there', 'a-2.json': '-> nowhere', 'a-3.json': 'new', 'deep': 'a file', 'deep-2/b': 'b',
    }


def test_a_link_in_the_target_is_not_followed(top: Path) -> None:
    goal = top.parent / 'goal/run'
    goal.mkdir(parents=True)
    (goal / 'deep').symlink_to(top.parent / 'outside')
    (top / 'in/deep/b').write_text('b')

    assert move(top, 'deep/b')['deep-2/b'] == 'b'
    assert not list((top.parent / 'outside').iterdir())


def test_a_link_in_the_source_is_not_followed(top: Path) -> None:
    (top.parent / 'outside/b').write_text('not of the run')
    (top / 'in/deep').rmdir()
    (top / 'in/deep').symlink_to(top.parent / 'outside')

    assert move(top, 'deep/b', 'gone', 'gone/b') == {}
    assert (top.parent / 'outside/b').exists()


def test_a_link_above_the_source_is_an_error(top: Path) -> None:
    (top.parent / 'outside/b').write_text('not of the run')
    os.rename(top / 'in', top / 'aside')
    (top / 'in').symlink_to(top.parent / 'outside')

    with pytest.raises(OSError):
        move(top, 'b')
    assert (top.parent / 'outside/b').exists()


def test_a_pipe_stays_and_is_not_waited_for(top: Path) -> None:
    os.mkfifo(top / 'in/pipe')

    assert move(top, 'pipe') == {} and (top / 'in/pipe').exists()


def test_another_file_system_gets_copies(top: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*words: object, **named: object) -> None:
        raise OSError(18, 'Invalid cross-device link')
    (top / 'in/a').write_text('a')
    (top / 'in/a').chmod(0o6755)
    os.utime(top / 'in/a', (1, 1))
    (top / 'in/deep/link').symlink_to('/nowhere')
    monkeypatch.setattr(os, 'rename', refuse)

    assert move(top, 'a', 'deep/link') == {'a': 'a', 'deep/link': '-> /nowhere'}
    info = (top.parent / 'goal/run/a').stat()
    assert info.st_mtime == 1 and info.st_mode & 0o7777 == 0o755 and not contents(top)


def test_a_folder_that_becomes_a_link_and_back_lets_nothing_out(top: Path) -> None:
    """Raced: who was left of a run swaps a folder of the target for a link to elsewhere, all the time."""
    goal, outside, done = top.parent / 'goal/run', top.parent / 'outside', threading.Event()
    (goal / 'deep').mkdir(parents=True)
    (goal / 'link').symlink_to(outside)

    def swap() -> None:
        while not done.is_set():
            for one, other in (('deep', 'aside'), ('link', 'deep'), ('deep', 'link'), ('aside', 'deep')):
                with contextlib.suppress(OSError):  # The moving has made a folder of that name meanwhile.
                    os.rename(goal / one, goal / other)
    thread = threading.Thread(target=swap)
    thread.start()
    try:
        for number in range(300):
            (top / 'in/deep/b').write_text(str(number))
            moving.move(['deep/b'], top, 'in', goal, below=top.parent)
    finally:
        done.set()
        thread.join()

    assert not list(outside.iterdir())


def test_a_link_above_the_target_is_an_error(top: Path) -> None:
    (top / 'in/a').write_text('a')
    (top.parent / 'goal').symlink_to('outside')

    with pytest.raises(OSError):
        move(top, 'a')
    assert (top / 'in/a').exists() and not list((top.parent / 'outside').iterdir())
