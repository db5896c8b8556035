from __future__ import annotations

import os
import resource
import signal
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from gitexp.core import process
from gitexp.core.process import Seen
from gitexp.run import family
from gitexp.run import run as supervision
from gitexp.run.ending import Ended, Ending, classify
from gitexp.run.family import Family
from gitexp.run.interrupts import Interrupts
from gitexp.run.run import TAIL, supervise

linux = pytest.mark.skipif(sys.platform != 'linux', reason='only Linux has a subreaper')


def run(command: str, tmp_path: Path, **more: Any) -> Ended:
    with Interrupts() as signals:
        return supervise(command, **{
            'cwd': tmp_path, 'env': dict(os.environ), 'limit': 30.0, 'log': tmp_path / 'run.log', 'signals': signals, 'grace': 0.3, **more,
        })


def python(text: str) -> str:
    return f'{sys.executable} -c "{text}"'


def gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


def test_a_command_runs_in_a_session_of_its_own_with_nothing_to_read(tmp_path: Path) -> None:
    script = 'cat; echo "$FOO"; pwd; echo oops >&2; ps -o sid= -p $$; sleep 0.2'
    ended = run(script, tmp_path, env={**os.environ, 'FOO': 'a b'})

    lines = (tmp_path / 'run.log').read_text().split('\n')
    assert ended.ending is Ending.OK and ended.reason is None and ended.code == 0
    assert {'a b', str(tmp_path), 'oops'} <= set(lines)
    assert str(os.getsid(0)) not in lines[-2].split()
    assert ended.memory_gb and ended.seconds < 10


@pytest.mark.parametrize(('command', 'reason', 'code', 'number'), [
    ('exit 3', 'exit code 3', 3, None),
    ('kill -SEGV $$', 'killed by SIGSEGV', None, signal.SIGSEGV),
    ('sh -c "kill -9 \\$\\$"; exit $?', 'killed by SIGKILL', 137, None),
    ('no-such-program-here', 'exit code 127', 127, None),
])
def test_a_failure_is_named(tmp_path: Path, command: str, reason: str, code: int | None, number: int | None) -> None:
    ended = run(command, tmp_path)

    assert (ended.ending, ended.reason, ended.code, ended.signal) == (Ending.FAILED, reason, code, number)


def test_a_folder_that_is_not_there_is_a_failure(tmp_path: Path) -> None:
    ended = run('true', tmp_path, cwd=tmp_path / 'none')

    assert ended.ending is Ending.FAILED and 'cannot start' in (ended.reason or '')


@pytest.mark.parametrize(('code', 'tail', 'kills', 'ending'), [
    (0, b'MemoryError', 3, Ending.OK),
    (-9, b'', 1, Ending.OOM),
    (137, b'', 1, Ending.OOM),
    (137, b'', 0, Ending.FAILED),
    (1, b'Traceback\nMemoryError\n', 0, Ending.OOM),
    (1, b'RuntimeError: CUDA out of memory. Tried to allocate', 0, Ending.OOM),
    (1, b'MemoryError' + b' ' * 5000, 0, Ending.FAILED),
    (1, b'', 1, Ending.FAILED),
    (None, b'', 0, Ending.FAILED),
])
def test_out_of_memory_is_told_from_other_failures(code: int | None, tail: bytes, kills: int, ending: Ending) -> None:
    assert classify(code, tail, kills)[0] is ending


def test_the_limit_ends_a_command_that_will_not_hear(tmp_path: Path) -> None:
    ended = run("trap '' TERM; sleep 20", tmp_path, limit=0.3)

    assert ended.ending is Ending.TIMEOUT and ended.reason == 'the time limit of 0.3 s passed'
    assert 0.3 <= ended.seconds < 5


def test_at_the_limit_there_is_time_to_save(tmp_path: Path) -> None:
    ended = run("trap 'echo saved; exit 0' TERM; sleep 20 & wait", tmp_path, limit=0.2, grace=10.0)

    assert ended.ending is Ending.TIMEOUT
    assert b'saved' in ended.tail and ended.seconds < 5


def test_a_stopped_command_is_ended_too(tmp_path: Path) -> None:
    ended = run('kill -STOP $$', tmp_path, limit=0.2, grace=10.0)

    assert ended.ending is Ending.TIMEOUT and ended.seconds < 5


@linux
@pytest.mark.parametrize('escape', [
    'sleep 20 & echo $!',
    "setsid sh -c 'echo $$; trap \"\" TERM HUP; sleep 20' &",
    "(setsid sh -c 'sleep 20 & echo $!' &)",
    "env -i setsid nohup sleep 20 >/dev/null 2>&1 & echo $!",
], ids=['background', 'session', 'twice', 'nameless'])
@pytest.mark.parametrize('ending', ['exit 0', 'sleep 20'])
def test_nothing_outlives_a_run(tmp_path: Path, escape: str, ending: str) -> None:
    ended = run(f'{escape}\nsleep 0.1\n{ending}', tmp_path, limit=0.4)

    pid = int((tmp_path / 'run.log').read_text().split()[0])
    assert gone(pid)
    assert ended.ending is (Ending.OK if ending == 'exit 0' else Ending.TIMEOUT)


@linux
def test_nobody_works_on_past_the_limit(tmp_path: Path) -> None:
    started = time.time()
    ended = run("sh -c 'trap \"\" TERM; while date +%s.%N > late; do sleep 0.02; done' & sleep 0.5", tmp_path, limit=0.8, grace=10.0)

    assert ended.ending is Ending.OK
    assert float((tmp_path / 'late').read_text() or 0) - started < 1.9, 'two seconds more than that are for others'


@linux
def test_what_cannot_be_ended_makes_no_result(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(family.Family, 'tell', lambda self, number: None)  # As if the kernel had it in its hands.
    monkeypatch.setattr(supervision, 'GIVE_UP', 0.1)
    ended = run('sleep 2 >/dev/null 2>&1 & echo $!', tmp_path)

    assert (ended.ending, ended.reason) == (Ending.FAILED, 'what it left in the background could not be ended')
    os.kill(int((tmp_path / 'run.log').read_text()), signal.SIGKILL)


@linux
def test_processes_of_others_are_left_alone(tmp_path: Path) -> None:
    import subprocess
    other = subprocess.Popen(['sleep', '60'])
    run('true', tmp_path)

    assert other.poll() is None
    other.kill()
    other.wait()


def test_who_was_stopped_past_the_limit_did_not_see_it_kept(tmp_path: Path) -> None:
    said, pid = tmp_path / 'said', os.fork()
    if not pid:  # Whoever runs the tests may be asked what to do about one that has stopped.
        ended = run(f'(sleep 1; kill -CONT {os.getpid()}) & kill -STOP {os.getpid()}; sleep 0.1', tmp_path, limit=0.5)
        said.write_text(f'{ended.ending.value} {ended.code} {ended.seconds > 0.5}')
        os._exit(0)
    os.waitpid(pid, 0)

    assert said.read_text() == 'timeout 0 True'


@linux
def test_who_worked_on_past_the_limit_while_we_were_stopped_is_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervision, 'GIVE_UP', 0.1)
    said, pid = tmp_path / 'said', os.fork()
    if not pid:
        stops = f'trap "" TERM; sleep 0.3; kill -STOP {os.getpid()}; sleep 0.9; kill -CONT {os.getpid()}'
        ended = run(f"sh -c '{stops}' & sleep 0.1", tmp_path, limit=0.5)
        said.write_text(f'{ended.ending.value} {ended.code} {ended.seconds > 0.5}')
        os._exit(0)
    os.waitpid(pid, 0)

    assert said.read_text() == 'timeout 0 True'


def test_the_time_that_it_takes_to_see_the_end_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    reap = family.Family.reap
    monkeypatch.setattr(family.Family, 'reap', lambda self: (time.sleep(0.6), reap(self))[1])  # As if we were stopped there.
    ended = run('sleep 0.1', tmp_path, limit=0.5)

    assert (ended.ending, ended.code) == (Ending.TIMEOUT, 0)


def test_a_run_that_takes_back_what_it_wrote_keeps_nobody_waiting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read = os.read
    monkeypatch.setattr(os, 'read', lambda handle, size: read(handle, size) if (said := read(handle, size)) == b'back' else said)
    ended = run('printf back; sleep 2', tmp_path, limit=0.5)

    assert ended.ending is Ending.TIMEOUT and ended.seconds < 1.5


@linux
def test_a_number_that_is_given_again_is_another_process(monkeypatch: pytest.MonkeyPatch) -> None:
    import subprocess
    other = subprocess.Popen(['sleep', '60'])
    with Family() as processes:
        leader = subprocess.Popen(['true'], start_new_session=True)
        processes.led_by(leader.pid)
        while processes.reap():
            time.sleep(0.01)
        with monkeypatch.context() as later:
            later.setattr(family, '_children', lambda pid: [leader.pid, other.pid] if pid == os.getpid() else [])
            assert processes.members() == [leader.pid]
            later.setattr(process, 'seen', lambda pid: Seen('S', pid, 1))
            assert sorted(processes.members()) == sorted([leader.pid, other.pid])
    other.kill()
    other.wait()
    leader.returncode = 0  # It was reaped.


@pytest.mark.parametrize('number', [signal.SIGINT, signal.SIGTERM])
def test_being_asked_to_stop_ends_the_command_first(tmp_path: Path, number: int) -> None:
    ended = []
    with pytest.raises(KeyboardInterrupt), Interrupts() as signals:
        threading.Timer(0.2, os.kill, (os.getpid(), number)).start()
        ended.append(supervise(
            'echo $$; sleep 20', cwd=tmp_path, env=dict(os.environ), limit=30.0, log=tmp_path / 'run.log', signals=signals, grace=10.0,
        ))

    assert ended[0].ending is Ending.INTERRUPTED and ended[0].reason == f'interrupted by {signal.Signals(number).name}'
    assert gone(int((tmp_path / 'run.log').read_text()))


def test_being_asked_twice_does_not_wait(tmp_path: Path) -> None:
    started = time.monotonic()
    with pytest.raises(KeyboardInterrupt), Interrupts() as signals:
        for delay in (0.2, 0.4):
            threading.Timer(delay, os.kill, (os.getpid(), signal.SIGINT)).start()
        supervise(
            "trap '' TERM; sleep 20", cwd=tmp_path, env=dict(os.environ), limit=30.0, log=tmp_path / 'run.log',
            signals=signals, grace=60.0,
        )

    assert time.monotonic() - started < 10


def test_who_was_asked_before_starts_nothing(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), Interrupts() as signals:
        os.kill(os.getpid(), signal.SIGINT)
        ended = supervise('touch started', cwd=tmp_path, env=dict(os.environ), limit=30.0, log=tmp_path / 'run.log', signals=signals)

    assert ended.ending is Ending.INTERRUPTED and not (tmp_path / 'run.log').exists()


def test_the_third_time_nobody_is_kept_waiting() -> None:
    started = time.monotonic()
    with pytest.raises(KeyboardInterrupt), Interrupts():
        for _ in range(3):
            os.kill(os.getpid(), signal.SIGINT)
        time.sleep(5)

    assert time.monotonic() - started < 4


def test_a_flood_fills_neither_memory_nor_disk(tmp_path: Path) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    heard = [0]

    def hear(_stream: int, data: bytes) -> None:
        heard[0] += len(data)
    ended = run('yes "$(head -c 50 /dev/urandom | od -c)" | head -c 200000000; head -c 5000000 /dev/urandom', tmp_path, hear=hear)

    assert ended.ending is Ending.OK and heard[0] == 205_000_000
    assert len(ended.tail) == TAIL
    assert (tmp_path / 'run.log').stat().st_size < 17 << 20
    assert b'bytes dropped here' in (tmp_path / 'run.log').read_bytes()
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 60_000


def test_waiting_costs_nothing(tmp_path: Path) -> None:
    before = time.process_time()
    run('sleep 1', tmp_path)

    assert time.process_time() - before < 0.1


@linux
def test_memory_is_that_of_the_family_at_its_peak(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    big = python('x = b\'x\' * (100 << 20); import time; time.sleep(1)')
    ended = run(f'{big} & {big} & wait', tmp_path)

    assert ended.memory_gb is not None and 0.19 < ended.memory_gb < 0.4


@linux
def test_what_a_killed_supervisor_left_is_found_by_its_name(tmp_path: Path) -> None:
    import subprocess
    left = subprocess.Popen(['sleep', '60'], env={**os.environ, 'EXP_RUN': 'abc'})
    other = subprocess.Popen(['sleep', '60'], env={**os.environ, 'EXP_RUN': 'abcd'})
    family.end_run('abc', tmp_path / 'nobody')

    assert left.wait(5) == -signal.SIGKILL
    assert other.poll() is None
    other.kill()
    other.wait()
