"""Pushes that git is made to wait with, after they were judged: what they were judged by is looked at again where a ref moves."""
from __future__ import annotations

import os
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest
from place import Place
from test_rewritten import HEADER, PLAN, _lab, _retired_since
from test_server import at_server, bare, change, make, push
from wire import NOTHING, send

from gitexp.core import process
from gitexp.core.errors import Refused
from gitexp.git.command import Git
from gitexp.guard import judged
from gitexp.guard.push import Update

# The first push of such a ref waits in a hook of the administrator's own, as it would for who does not read what git says.
WAITS = """\
#!/bin/sh
[ "$1" != refs/heads/REF ] || ! mkdir held 2>/dev/null || for i in $(seq 600); do [ ! -e go ] || break; sleep 0.05; done
echo seen >>seen
"""


@contextmanager
def waiting(place: Place, at: str, *commands: str) -> Iterator[Future[str]]:
    """A push that has been judged and waits at a branch until the end of the block; gives what it says then."""
    bare(place).write('hooks/update', WAITS.replace('REF', at)).chmod(0o755)
    aside = f'{NOTHING} {place.git("rev-parse", "main").stdout.strip()} refs/heads/aside'
    with ThreadPoolExecutor(1) as pool:
        said = pool.submit(send, place, bare(place), aside, *commands)
        end = time.monotonic() + 30
        while not (bare(place).path / 'held').exists():
            assert time.monotonic() < end and not said.done(), said.result()
            time.sleep(0.02)
        try:
            yield said
        finally:
            bare(place).write('go', '')


def rewritten(place: Place) -> str:
    place.git('switch', '-q', '-C', 'anew', 'main')
    place.write('experiments/a/PLAN.md', PLAN.replace('win', 'lose'))
    return change(place, 'exp(a): another plan')


@pytest.mark.parametrize('at', ['aside', 'exp/a'])
def test_a_plan_is_not_chosen_after_the_row(tmp_path: Path, at: str) -> None:
    place = _lab(tmp_path, measured=False)
    tip, anew = at_server(place, 'exp/a'), rewritten(place)
    with waiting(place, at, f'{tip} {anew} refs/heads/exp/a') as said:
        place.git('switch', '-q', 'main')
        place.write('results.tsv', f'{HEADER}1\ta\t3.0\t{tip}\n')
        change(place, 'a row')
        assert push(place, 'main') == ''
    assert "gitexp: refused: 'main' has moved while this push was judged: push again" in said.result()
    assert at_server(place, 'exp/a') == tip
    assert 'sections' in push(place, '-f', f'{anew}:exp/a')


@pytest.mark.parametrize('at', ['aside', 'exp/a'])
def test_a_branch_does_not_come_again_by_what_was_judged_before_it_departed(tmp_path: Path, at: str) -> None:
    place = _lab(tmp_path)
    tip = at_server(place, 'exp/a')
    assert push(place, f'{tip}:measured', ':exp/a') == ''
    with waiting(place, at, f'{NOTHING} {tip} refs/heads/exp/a') as said:
        _retired_since(place)
        assert push(place, ':exp/a') == ''
    assert "gitexp: refused: 'exp/a' was deleted while this push was judged: push again" in said.result()
    assert at_server(place, 'exp/a') == ''


def test_what_others_push_at_the_same_time_is_in_nobodys_way(tmp_path: Path) -> None:
    place = _lab(tmp_path)
    tip = at_server(place, 'exp/a')
    with waiting(place, 'aside', f'{tip} {NOTHING} refs/heads/exp/a', f'{NOTHING} {tip} refs/heads/exp/b') as said:
        assert push(place, 'main:exp/c', 'main:side') == push(place, ':exp/c', ':side') == ''
    assert said.result() == ''
    assert at_server(place, 'exp/a') == '' != at_server(place, 'exp/b')


def test_a_push_brings_the_trunk_and_experiments_together(tmp_path: Path) -> None:
    place = make(tmp_path)
    tip = change(place, model_DOT_py='m = 2\n')
    assert push(place, 'main', 'main:exp/a', 'main:exp/b') == push(place, '--atomic', ':exp/a', 'main:exp/c') == ''
    change(place, model_DOT_py='m = 3\n')
    assert push(place, '--atomic', 'main', 'main:exp/b', 'main:exp/d') == ''
    bare(place).git('gc', '-q')
    assert push(place, ':exp/b', f'{tip}:exp/d', '-f') == ''
    assert os.listdir(bare(place).path / 'exp' / 'judged') == []


def test_what_is_not_there_is_not_deleted(tmp_path: Path) -> None:
    place = make(tmp_path)
    assert 'refs/heads/exp/a: is not there, and cannot be deleted' in send(place, bare(place), f'{NOTHING} {NOTHING} refs/heads/exp/a')


def test_a_hook_of_ones_own_sees_each_transaction_as_well(tmp_path: Path) -> None:
    place = make(tmp_path, install=False)
    bare(place).write('hooks/reference-transaction', '#!/bin/sh\nsed "s/^/$1 /" >>told\n').chmod(0o755)
    bare(place).ok('hook', 'install', '--server')
    tip = place.git('rev-parse', 'HEAD').stdout.strip()
    assert push(place, 'main:exp/a') == ''
    assert (bare(place).path / 'told').read_text().splitlines() == [
        f'{state} {NOTHING} {tip} refs/heads/exp/a' for state in ('prepared', 'committed')
    ]


def test_notes_of_pushes_that_ended_long_ago_are_removed(tmp_path: Path) -> None:
    place = make(tmp_path)
    for name, age in {'999999999.3': 9999, '999999998.': 0, '1.2': 9999}.items():
        os.utime(bare(place).write(f'exp/judged/{name}', '- -\n'), (time.time() - age,) * 2)
    assert push(place, 'main:exp/a') == ''
    assert set(os.listdir(bare(place).path / 'exp' / 'judged')) == {'999999998.', '1.2'}


def test_an_older_server_is_told_of_and_mended_by_installing_once_more(tmp_path: Path) -> None:
    place = make(tmp_path)
    server = bare(place)
    hook = server.path / 'exp' / 'server' / '.git' / 'reference-transaction'
    assert server.exp('list') and 'hook' not in server.talk
    text = hook.read_text()
    hook.unlink()
    assert server.exp('list') and "the hook 'reference-transaction' is missing or of another version" in server.talk
    assert server.exp('doctor') and "the hook 'reference-transaction' is missing" in server.said
    server.ok('hook', 'install', '--server')
    assert hook.read_text() == text
    assert push(place, 'main:exp/a') == ''
    server.ok('hook', 'remove')
    assert not (server.path / 'exp' / 'judged').exists()


def test_each_branch_waits_for_what_it_takes_alone(tmp_path: Path) -> None:
    place = make(tmp_path)
    for slug in 'ab':
        place.git('switch', '-q', '-C', f'exp/{slug}', 'main')
        change(place, f'exp({slug}): first', model_DOT_py=f'{slug} = 1\n')
    assert push(place, 'exp/a', 'exp/b') == ''
    place.git('switch', '-q', 'main')
    change(place, STATUS_DOT_md='what only the trunk may say\n')
    place.git('switch', '-q', 'exp/b')
    place.git('merge', '-q', '--no-edit', 'main')
    place.git('switch', '-q', 'exp/a')
    tip = change(place, 'exp(a): more', model_DOT_py='a = 2\n')
    said = push(place, 'main', 'exp/a', 'exp/b')
    assert "'exp/b' takes what only the new 'main' has, and comes after it: push 'main' first" in said and "'exp/a'" not in said
    assert at_server(place, 'exp/a') == tip
    assert push(place, 'exp/b') == ''


def test_a_push_does_not_go_by_the_note_of_another(tmp_path: Path) -> None:
    place = make(tmp_path)
    git = Git(bare(place).path)
    asked = [Update('1' * 40, 'refs/heads/exp/a', None)]
    assert judged.keep(git, asked, ('2' * 40,) * 2, {})
    with pytest.raises(Refused, match='another push is under way by the same number'):
        judged.keep(git, asked, ('3' * 40,) * 2, {})
    note, = (bare(place).path / judged.FOLDER).iterdir()
    seen = process.seen(os.getppid())
    assert seen and note.name == f'{os.getppid()}.{seen.start}' and note.read_text() == f'{"2" * 40} {"2" * 40}\n'
