from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from gitexp.core.errors import Refused
from gitexp.gpu import turns

_HOLD = """
import os, sys
from gitexp.gpu import turns
user, folder, experiment, count, *gpus = sys.argv[1:]
if int(user):
    os.umask(0o077)
    os.setgid(int(user))
    os.setuid(int(user))
def say(line): print(line, flush=True)
with turns.taken({gpu: f'GPU {gpu}' for gpu in gpus}, int(count), turns.Claim('/a/lab', experiment, say), folder=folder) as mine:
    print('has', *mine, flush=True)
    sys.stdin.readline()
"""
_RACE = """
import os, random, sys, time
from gitexp.gpu import turns
folder, rounds, seed = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
random.seed(seed)
for _ in range(rounds):
    gpus = dict.fromkeys(random.sample('abcd', random.randint(1, 4)), 'a GPU')
    with turns.taken(gpus, random.randint(1, len(gpus)), turns.Claim('/a', 'b', lambda line: None), folder=folder) as mine:
        held = [os.open(f'{folder}/held-{gpu}', os.O_CREAT | os.O_EXCL | os.O_WRONLY) for gpu in mine]  # Fails if anybody has it.
        time.sleep(random.random() / 200)
        for gpu, handle in zip(mine, held):
            os.close(handle)
            os.unlink(f'{folder}/held-{gpu}')
print('done')
"""


class Holder:
    """A process that wants GPUs, and holds them until told to let go."""

    def __init__(self, folder: Path, experiment: str, count: int, *gpus: str, user: int = 0) -> None:
        self.process = subprocess.Popen(
            [sys.executable, '-c', _HOLD, str(user), str(folder), experiment, str(count), *gpus], text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        )

    def says(self) -> str:
        assert self.process.stdout
        return self.process.stdout.readline().rstrip('\n')

    def queues(self) -> bool:
        """Wait until it is in the kernel's queue; there is no such list elsewhere than on Linux, where a while must do."""
        deadline = time.monotonic() + (20 if sys.platform == 'linux' else 0.5)
        while time.monotonic() < deadline and not _blocked(self.process.pid):
            time.sleep(0.005)
        return True

    def let_go(self) -> None:
        self.process.communicate('\n', timeout=20)


def _blocked(pid: int) -> bool:
    try:
        return any(line.split()[1:3] == ['->', 'FLOCK'] and int(line.split()[5]) == pid for line in open('/proc/locks'))
    except FileNotFoundError:
        return False


@pytest.fixture
def hold(tmp_path: Path) -> Iterator[Callable[..., Holder]]:
    started: list[Holder] = []

    def make(experiment: str, count: int, *gpus: str) -> Holder:
        started.append(Holder(tmp_path, experiment, count, *gpus))
        return started[-1]
    yield make
    for one in started:
        one.process.kill()
        one.process.communicate()


def claim(said: list[str]) -> turns.Claim:
    return turns.Claim('/my/lab', 'mine', said.append)


def test_a_gpu_has_one_holder_and_the_others_are_told_who(hold: Callable[..., Holder]) -> None:
    first = hold('first', 1, 'a')
    assert first.says() == 'has a'
    second = hold('second', 1, 'a')

    line = second.says()
    assert line.startswith('waiting for GPU a: ') and f'(pid {first.process.pid}, since 20' in line
    assert line.endswith("for 'first' in '/a/lab') has it")
    first.let_go()
    assert second.says() == 'has a'


def test_they_are_served_in_the_order_in_which_they_came(hold: Callable[..., Holder]) -> None:
    first = hold('first', 1, 'a')
    assert first.says() == 'has a'
    waiting = []
    for name in ('second', 'third', 'fourth'):
        waiting.append(hold(name, 1, 'a'))
        assert waiting[-1].says().startswith('waiting') and waiting[-1].queues()
    first.let_go()
    for one in waiting:
        assert one.says() == 'has a'
        one.let_go()


def test_who_waits_behind_another_is_told_so(hold: Callable[..., Holder]) -> None:
    assert hold('first', 1, 'a').says() == 'has a'
    second = hold('second', 1, 'a')
    assert second.says().startswith('waiting') and second.queues()
    line = hold('third', 1, 'a').says()

    assert "for 'first' in '/a/lab') has it, and before us waits " in line and "for 'second' in '/a/lab')" in line


@pytest.mark.parametrize('number', [signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
def test_what_the_dead_held_is_free(hold: Callable[..., Holder], number: int) -> None:
    first = hold('first', 1, 'a')
    assert first.says() == 'has a'
    second = hold('second', 1, 'a')
    assert second.says().startswith('waiting') and second.queues()
    third = hold('third', 1, 'a')
    assert third.says().startswith('waiting') and third.queues()
    second.process.send_signal(number)  # The one that waits is interrupted,
    second.process.wait(20)
    first.process.send_signal(number)  # and so is the one that holds.
    first.process.wait(20)

    assert third.says() == 'has a'


def test_who_wants_other_gpus_is_not_kept(hold: Callable[..., Holder]) -> None:
    assert hold('first', 1, 'a').says() == 'has a'
    second = hold('second', 1, 'a')
    assert second.says().startswith('waiting') and second.queues()

    assert hold('third', 1, 'b').says() == 'has b'


def test_of_several_the_free_ones_are_taken(hold: Callable[..., Holder]) -> None:
    assert hold('first', 1, 'b').says() == 'has b'
    assert hold('second', 2, 'a', 'b', 'c', 'd').says() == 'has a c'
    third = hold('third', 1, 'a', 'b', 'c', 'd')
    assert third.says() == 'has d'
    fourth = hold('fourth', 2, 'd', 'c')
    assert fourth.says().startswith('waiting')
    third.let_go()
    with pytest.raises(subprocess.TimeoutExpired):
        fourth.process.wait(0.7)  # One of two is not enough.


def test_who_wants_all_is_not_passed_by_those_who_want_one(hold: Callable[..., Holder]) -> None:
    first = hold('first', 1, 'a', 'b')
    assert first.says() == 'has a'
    all_ = hold('all', 2, 'a', 'b')
    assert all_.says().startswith('waiting') and all_.queues()
    late = hold('late', 1, 'a', 'b')
    assert 'before us waits' in late.says()
    first.let_go()

    assert all_.says() == 'has a b'
    all_.let_go()
    assert late.says() == 'has a'


def test_many_who_want_different_ones_neither_share_nor_lock_up(tmp_path: Path) -> None:
    racers = [
        subprocess.Popen(
            [sys.executable, '-c', _RACE, str(tmp_path), '8', str(seed)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )
        for seed in range(6)
    ]
    ended = [racer.communicate(timeout=120) for racer in racers]

    assert [out for out, _ in ended] == ['done\n'] * 6, ended


@pytest.mark.parametrize('kind', ['link', 'dangling link', 'folder', 'pipe', 'second name'])
def test_what_somebody_else_has_put_there_is_refused_and_left_alone(tmp_path: Path, kind: str) -> None:
    path, victim = tmp_path / 'gitexp-a.lock', tmp_path / 'victim'
    victim.write_text('precious')
    {
        'link': lambda: path.symlink_to(victim), 'dangling link': lambda: path.symlink_to(tmp_path / 'none'), 'folder': path.mkdir,
        'pipe': lambda: os.mkfifo(path), 'second name': lambda: os.link(victim, path),
    }[kind]()

    with pytest.raises(Refused) as refused, turns.taken({'a': 'GPU a'}, 1, claim([]), folder=str(tmp_path)):
        pass
    assert f"'{path}' is not the lock of a GPU" in refused.value.message
    assert victim.read_text() == 'precious' and not (tmp_path / 'none').exists()


@pytest.mark.parametrize('note', [
    '', 'not json', '[]', '{"user": 1}', '\0' * 9000, json.dumps({'user': 'x', 'pid': 1, 'lab': 'l', 'experiment': 'e', 'since': 1e300}),
    json.dumps({'user': '\x1b[31mroot\r\n', 'pid': [1], 'lab': 'l' * 1000, 'experiment': 'e', 'since': 0}),
])
def test_a_note_is_shown_and_not_believed(tmp_path: Path, hold: Callable[..., Holder], note: str) -> None:
    first = hold('first', 1, 'a')
    assert first.says() == 'has a'
    (tmp_path / 'gitexp-a.lock').write_text(note)
    line = hold('second', 1, 'a').says()

    assert line.startswith('waiting for GPU a: ') and line.isprintable() and len(line) < 1000


def test_a_lock_that_a_cleaner_removed_is_made_anew(tmp_path: Path, hold: Callable[..., Holder]) -> None:
    first = hold('first', 1, 'a')
    assert first.says() == 'has a'
    second = hold('second', 1, 'a')
    assert second.says().startswith('waiting') and second.queues()
    (tmp_path / 'gitexp-a.lock').unlink()
    (tmp_path / 'gitexp-a.lock').touch()
    first.let_go()
    assert second.says() == 'has a'
    third = hold('third', 1, 'a')

    assert third.says().startswith('waiting') and (tmp_path / 'gitexp-a.lock').exists()


@pytest.mark.skipif(os.name != 'posix' or os.getuid() != 0, reason='only root can be somebody else')
@pytest.mark.parametrize('users', [(65534, 0), (0, 65534), (65534, 65533)])
def test_all_users_of_a_machine_wait_for_each_other(users: tuple[int, int]) -> None:
    """In a folder like /tmp, whoever was first, with the tightest umask."""
    with tempfile.TemporaryDirectory() as name:
        os.chmod(name, 0o1777)
        holders = []
        try:
            for user in users:
                holders.append(Holder(Path(name), f'of-{user}', 1, 'a', user=user))
                if len(holders) == 1:
                    assert holders[0].says() == 'has a'
            assert f"for 'of-{users[0]}'" in holders[1].says()
            holders[0].let_go()
            assert holders[1].says() == 'has a'
        finally:
            for one in holders:
                one.process.kill()
                one.process.communicate()


def test_the_place_is_the_same_for_everybody(tmp_path: Path) -> None:
    private, shared, link = tmp_path / 'private', tmp_path / 'shared', tmp_path / 'link'
    private.mkdir(mode=0o755)
    shared.mkdir()
    shared.chmod(0o1777)
    link.symlink_to(shared)

    assert turns.place((str(tmp_path / 'none'), str(private), str(link), str(shared))) == str(shared)
    with pytest.raises(Refused):
        turns.place((str(private), str(link)))
