"""What a server notes in its bare repository is there whole, or the push that it is about is refused."""
from __future__ import annotations

import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from place import full_at, powerless
from test_rewritten import PLAN, _lab
from test_server import at_server, bare, change, push

from gitexp.core.errors import Refused
from gitexp.git.command import Git
from gitexp.guard import noted

NOTES = 'exp/departed'


@pytest.fixture
def git(tmp_path: Path) -> Git:
    (tmp_path / 'exp').mkdir()
    return Git(tmp_path)


@pytest.mark.parametrize('size', range(11, 29))
def test_lines_are_added_whole_or_not_at_all(git: Git, size: int) -> None:
    noted.add(git, 'some', lambda there: ['first line'])
    with full_at(size), pytest.raises(Refused, match="cannot note in '.*/exp/some' what this push changes: file too large"):
        noted.add(git, 'some', lambda there: ['second line', 'third'])
    assert noted.lines(git, 'some') == ['first line']
    noted.add(git, 'some', lambda there: [f'after {there[-1]}', 'ünï \udcff'])
    assert noted.lines(git, 'some') == ['first line', 'after first line', 'ünï \udcff']


def test_what_a_killed_process_has_cut_off_is_no_line_and_spoils_none(git: Git) -> None:
    (git.folder / 'exp' / 'some').write_text('first\nsec')
    assert noted.lines(git, 'some') == ['first']
    noted.add(git, 'some', lambda there: ['third'])
    assert noted.lines(git, 'some') == ['first', 'third']


def test_each_sees_what_was_added_before(git: Git) -> None:
    def count(there: list[str]) -> Iterator[str]:
        yield str(len(there))

    switching = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: noted.add(git, 'some', count), range(200)))
    sys.setswitchinterval(switching)
    assert noted.lines(git, 'some') == [str(number) for number in range(200)]


def test_a_branch_does_not_depart_unnoted(tmp_path: Path) -> None:
    place = _lab(tmp_path)
    tip = at_server(place, 'exp/a')
    bare(place).write(NOTES, ''.join(f'{tip} exp/other{number:04}\n' for number in range(40)))
    with full_at((bare(place).path / NOTES).stat().st_size + 20):
        assert "gitexp: refused: cannot note in '" in push(place, ':exp/a')
    assert at_server(place, 'exp/a') == tip
    assert push(place, ':exp/a') == ''
    place.git('switch', '-q', '-C', 'anew', 'main')
    place.write('experiments/a/PLAN.md', PLAN.replace('win', 'lose'))
    change(place, 'exp(a): another plan')
    assert 'sections' in push(place, 'anew:exp/a')


def test_who_may_not_write_there_may_push(tmp_path: Path) -> None:
    place = _lab(tmp_path)
    bare(place).write(NOTES, '').chmod(0o444)
    receive = ' '.join([*powerless(), 'git-receive-pack'])
    place.git('push', '-q', '--no-verify', f'--receive-pack={receive}', 'origin', ':refs/heads/exp/a')
    assert at_server(place, 'exp/a') == '' == (bare(place).path / NOTES).read_text()
