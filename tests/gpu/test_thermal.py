from __future__ import annotations

import ctypes
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

import fakegpu
from fakegpu import Machine
from gitexp.core.errors import Refused
from gitexp.gpu import nvml
from gitexp.gpu.thermal import Course, Heat, may_start
from gitexp.gpu.warden import Warden
from gitexp.run import launch
from gitexp.run.ending import Ended, Ending
from gitexp.run.interrupts import Interrupts
from gitexp.run.launch import Child
from gitexp.run.run import supervise
from gitexp.run.stopwatch import Stopwatch

linux = pytest.mark.skipif(sys.platform != 'linux', reason='states of processes are read from /proc')
COOL, HOT, CRITICAL, UNKNOWN = Heat.COOL, Heat.HOT, Heat.CRITICAL, Heat.UNKNOWN
# A shell will not do: it cannot be seen to stop where it waits for the exec of a child that is stopped before it (vfork).
_WORK = """
import os, signal, sys, time
def save(*_):
    open('checkpoint', 'w').write('half a model')
    sys.exit()
signal.signal(signal.SIGTERM, save)
os.write(1, b'%d\\n' % os.getpid())
while not os.path.exists('go'):
    time.sleep(0.01)
"""
WORK = f'exec {sys.executable} -S work.py'


@pytest.fixture(scope='session')
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return fakegpu.build(tmp_path_factory.mktemp('nvml'))


@pytest.fixture
def gpu(library: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Machine]:
    """A machine with one GPU, and the library in this process."""
    ctypes.CDLL(str(library / fakegpu.LIBRARY))
    if any(fakegpu.LIBRARY[:-2] in line and str(library) not in line for line in open('/proc/self/maps')):
        pytest.skip('the library of a real driver is in this process already')
    with fakegpu.machine(library, tmp_path) as made:
        for name, value in made.env.items():
            monkeypatch.setenv(name, value)
        yield made


@pytest.mark.parametrize(('readings', 'heats'), [
    ([84, 85, 86, 90], [COOL, COOL, HOT, HOT]),
    ([86, 85, 80, 79, 84, 85], [HOT, HOT, HOT, COOL, COOL, COOL]),
    ([95, 96], [HOT, CRITICAL]),
    ([96], [CRITICAL]),
    ([40, None, None, 40, None, None], [COOL] * 6),
    ([40, None, None, None], [COOL, COOL, COOL, UNKNOWN]),
    ([86, None, None, None], [HOT, HOT, HOT, UNKNOWN]),
    ([None, None, 96], [COOL, COOL, CRITICAL]),
])
def test_what_a_course_of_temperatures_means(readings: list[int | None], heats: list[Heat]) -> None:
    course = Course()

    assert [course.next(celsius, failed=celsius is None) for celsius in readings] == heats


def test_the_heat_of_one_gpu_counts_though_another_says_nothing() -> None:
    course = Course()

    assert course.next(96, failed=True) is CRITICAL
    assert Course().next(40, lost=True) is UNKNOWN
    assert Course().next(96, lost=True) is CRITICAL


@pytest.mark.parametrize(('celsius', 'may'), [(84, True), (85, False), (86, False)])
def test_nothing_starts_from_85_degrees_on(gpu: Machine, celsius: int, may: bool) -> None:
    gpu.say(temp_0=celsius)
    assert may_start(celsius) is may
    with nvml.opened() as gpus:
        if may:
            Warden(gpus, every=0.01, say=print).admit()
            return
        with pytest.raises(Refused) as refused:
            Warden(gpus, every=0.01, say=print).admit()
    assert refused.value.message == f'GPU 0 (Fake) is at {celsius} °C, and nothing starts at 85 or more'


def test_a_stopwatch_does_not_count_pauses() -> None:
    watch = Stopwatch(100.0)
    assert (watch.read(103.0), watch.reaches(10.0), watch.stands) == (3.0, 110.0, False)
    watch.stop(103.0)
    watch.stop(104.0)
    assert (watch.read(108.0), watch.paused(108.0), watch.reaches(10.0)) == (3.0, 5.0, None)
    watch.go(108.0)
    watch.go(109.0)
    assert (watch.read(110.0), watch.paused(110.0), watch.reaches(10.0)) == (5.0, 5.0, 115.0)


@pytest.mark.parametrize(('said', 'why'), [
    ({'fail_0': 3}, 'GPU 0 (Fake) does not say how it is: Not Supported'),
    ({'temp_0': -1}, 'GPU 0 (Fake) says that it is at -1 °C, which cannot be'),
    ({'temp_0': 0}, 'GPU 0 (Fake) says that it is at 0 °C, which cannot be'),
    ({'temp_0': 255}, 'GPU 0 (Fake) says that it is at 255 °C, which cannot be'),
])
def test_a_gpu_that_does_not_say_how_hot_it_is_starts_nothing(gpu: Machine, said: dict[str, int], why: str) -> None:
    gpu.say(**said)
    with nvml.opened() as gpus, pytest.raises(Refused) as refused:
        Warden(gpus, every=0.01, say=print).admit()

    assert refused.value.message == why
    assert 'gitexp.thermal false' in (refused.value.hint or '')


def test_the_hottest_counts(library: Path, gpu: Machine) -> None:
    gpu.count = 3
    gpu.say(temp_0=50, temp_1=90, temp_2=60)
    with nvml.opened() as gpus:
        with pytest.raises(Refused, match='GPU 1'):
            Warden(gpus, every=0.01, say=print).admit()
        Warden([gpus[0], gpus[2]], every=0.01, say=print).admit()


def test_who_has_waited_waits_for_it_to_cool(gpu: Machine) -> None:
    gpu.say(temp_0=90)
    said: list[str] = []
    with nvml.opened() as gpus:
        warden = Warden(gpus, every=0.02, say=said.append)
        threading.Timer(0.1, lambda: gpu.say(temp_0=80)).start()
        threading.Timer(0.3, lambda: gpu.say(temp_0=79)).start()
        started = time.monotonic()
        warden.admit(patience=20.0)
        assert 0.25 < time.monotonic() - started
        gpu.say(temp_0=85)
        with pytest.raises(Refused):
            warden.admit(patience=0.1)

    assert said[0] == 'GPU 0 (Fake) is at 90 °C: waiting until it is below 80'


class Scene:
    """A command under a warden that looks fifty times a second, and what was said meanwhile."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / 'work.py').write_text(_WORK)
        self.said: list[str] = []
        self.facts: dict[str, Any] = {}
        self.measures = True

    def run(self, command: str, script: Callable[[], None], **more: Any) -> Ended:
        """Run the command while the script changes the weather; an error of the script's is ours."""
        failed: list[BaseException] = []

        def play() -> None:
            try:
                script()
            except BaseException as error:
                failed.append(error)
                os.kill(os.getpid(), signal.SIGTERM)
        with nvml.opened() as gpus, Interrupts() as signals:
            made = Warden(gpus, every=0.02, say=self.said.append, measures=self.measures)
            threading.Thread(target=play).start()
            try:
                ended = supervise(command, **{
                    'cwd': self.folder, 'env': dict(os.environ), 'limit': 30.0, 'log': self.folder / 'run.log', 'signals': signals,
                    'grace': 10.0, 'warden': made, **more,
                })
            finally:
                signals.heard.clear()
        self.facts = made.facts()
        if failed:
            raise failed[0]
        return ended

    def until(self, condition: Callable[[], object]) -> Any:
        deadline = time.monotonic() + 20
        while not (found := condition()):
            assert time.monotonic() < deadline
            time.sleep(0.005)
        return found

    def written(self) -> list[str]:
        """What the command has printed."""
        try:
            return (self.folder / 'run.log').read_text().split('\n')[:-1]
        except FileNotFoundError:
            return []

    def paused(self, pid: str) -> bool:
        return state(pid) == 'T'


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return Scene(tmp_path)


def state(pid: str) -> str:
    try:
        return Path('/proc', pid, 'stat').read_text().rpartition(') ')[2][0]
    except FileNotFoundError:
        return ''


@linux
def test_heat_pauses_the_whole_family_and_lets_it_go_on(gpu: Machine, scene: Scene) -> None:
    pids: list[str] = []
    held: list[float] = []

    def script() -> None:
        pids.extend(scene.until(lambda: len(scene.written()) == 4 and scene.written()))
        gpu.say(temp_0=86)
        scene.until(lambda: all(state(pid) == 'T' for pid in pids))
        started = time.monotonic()
        gpu.say(temp_0=80)
        time.sleep(0.5)
        assert [state(pid) for pid in pids] == ['T'] * 4
        held.append(time.monotonic() - started)
        gpu.say(temp_0=79)
        scene.until(lambda: not any(state(pid) == 'T' for pid in pids))
        (scene.folder / 'go').touch()
    work = WORK.removeprefix('exec ')
    ended = scene.run(f'echo $$; {work} & setsid {work} & (setsid {work} &); wait', script)

    assert ended.ending is Ending.OK
    assert ended.paused > held[0] and ended.paused + ended.seconds < 20
    assert scene.facts['thermal_max'] == 86
    assert scene.said == [
        'GPU 0 (Fake) is at 86 °C: the run is paused until it is below 80', 'GPU 0 (Fake) is at 79 °C: the run goes on',
    ]


def test_a_run_that_is_over_at_once_has_been_looked_at(gpu: Machine, scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    def slowly(command: str, cwd: Path, env: Mapping[str, str]) -> Child:
        child = start(command, cwd, env)
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
        return child
    start = launch.start
    monkeypatch.setattr(launch, 'start', slowly)
    gpu.say(procs_0=os.getppid())
    scene.run('true', lambda: None)

    assert 'contended' in scene.facts


@linux
def test_a_pause_counts_neither_for_the_limit_nor_as_run_time(gpu: Machine, scene: Scene) -> None:
    def script() -> None:
        pid = scene.until(scene.written)[0]
        gpu.say(temp_0=90)
        scene.until(lambda: scene.paused(pid))
        time.sleep(2.5)
        gpu.say(temp_0=50)
        scene.until(lambda: not scene.paused(pid))
        (scene.folder / 'go').touch()
    ended = scene.run(WORK, script, limit=2.4)

    assert ended.ending is Ending.OK
    assert ended.paused >= 2.4 > ended.seconds


@linux
def test_the_limit_passes_after_a_pause(gpu: Machine, scene: Scene) -> None:
    def script() -> None:
        pid = scene.until(scene.written)[0]
        gpu.say(temp_0=90)
        scene.until(lambda: scene.paused(pid))
        gpu.say(temp_0=50)
    ended = scene.run(WORK, script, limit=0.8)

    assert ended.ending is Ending.TIMEOUT and 0.8 <= ended.seconds < 10 and ended.paused > 0


@linux
def test_above_95_degrees_a_run_ends_with_its_checkpoint(gpu: Machine, scene: Scene) -> None:
    def script() -> None:
        pid = scene.until(scene.written)[0]
        gpu.say(temp_0=90)
        scene.until(lambda: scene.paused(pid))
        gpu.say(temp_0=96)
    ended = scene.run(WORK, script)

    assert (ended.ending, ended.reason) == (Ending.THERMAL_ABORT, 'GPU 0 (Fake) was at 96 °C')
    assert (scene.folder / 'checkpoint').read_text() == 'half a model'
    assert scene.facts['thermal_max'] == 96


@linux
def test_who_does_not_end_in_the_heat_is_killed(gpu: Machine, scene: Scene) -> None:
    def script() -> None:
        scene.until(scene.written)
        gpu.say(temp_0=90)
        scene.until(lambda: scene.said)
        gpu.say(temp_0=99)
    ended = scene.run('trap "" TERM; echo $$; sleep 20; sleep 20', script, grace=1.0)

    assert ended.ending is Ending.THERMAL_ABORT and 1.0 <= ended.seconds < 10
    assert not state(scene.written()[0])


@pytest.mark.parametrize(('said', 'why'), [
    ({'fail_0': 999}, 'GPU 0 (Fake) does not say how it is: Unknown Error'),
    ({'gone_0': 15}, 'GPU 0 (Fake) does not say how it is: GPU is lost'),
])
def test_a_run_whose_heat_nobody_knows_ends_with_its_checkpoint(gpu: Machine, scene: Scene, said: dict[str, int], why: str) -> None:
    def script() -> None:
        scene.until(scene.written)
        gpu.say(**said)
    ended = scene.run(WORK, script)

    assert (ended.ending, ended.reason) == (Ending.FAILED, why)
    assert (scene.folder / 'checkpoint').exists()


@linux
def test_ctrl_c_ends_what_is_paused(gpu: Machine, scene: Scene) -> None:
    def script() -> None:
        pid = scene.until(scene.written)[0]
        gpu.say(temp_0=90)
        scene.until(lambda: scene.paused(pid))
        time.sleep(0.1)
        os.kill(os.getpid(), signal.SIGINT)
    ended = scene.run(WORK, script)

    assert ended.ending is Ending.INTERRUPTED and ended.paused > 0
    assert (scene.folder / 'checkpoint').exists()


@linux
def test_who_dies_while_paused_has_ended(gpu: Machine, scene: Scene) -> None:
    def script() -> None:
        pid = scene.until(scene.written)[0]
        gpu.say(temp_0=90)
        scene.until(lambda: scene.paused(pid))
        os.kill(int(pid), signal.SIGKILL)
    ended = scene.run(WORK, script)

    assert (ended.ending, ended.reason) == (Ending.FAILED, 'killed by SIGKILL')


def test_where_nobody_measures_nothing_is_paused(gpu: Machine, scene: Scene) -> None:
    gpu.say(temp_0=120)
    scene.measures = False
    ended = scene.run('sleep 0.2', lambda: None)

    assert ended.ending is Ending.OK and 'thermal_max' not in scene.facts


def test_an_older_driver_is_asked_as_it_understands(tmp_path: Path) -> None:
    """In a process of its own, since a process has one driver."""
    import subprocess
    with fakegpu.machine(fakegpu.build(tmp_path, '-DOLD'), tmp_path) as machine:
        machine.say(temp_0=71, procs_0='11,12', mps_0='13')
        script = 'from gitexp.gpu import nvml\nwith nvml.opened() as all: print(nvml.celsius(all[0]), sorted(nvml.processes(all[0])))'
        done = subprocess.run([sys.executable, '-c', script], env={**os.environ, **machine.env}, capture_output=True, text=True)

    assert (done.stdout, done.stderr) == ('71 [11, 12, 13]\n', '')
