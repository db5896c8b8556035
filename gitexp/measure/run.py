"""One supervised execution of one command."""
from __future__ import annotations

import contextlib
import fcntl
import os
import select
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from enum import Enum
from pathlib import Path
from typing import NamedTuple

from gitexp.measure import family
from gitexp.measure.family import Family
from gitexp.measure.fence import OPEN, Fence
from gitexp.measure.interrupts import Interrupts
from gitexp.measure.log import Log

GRACE = 10.0
LINGER = 2.0  # what is left in the background may end by itself, in seconds
GIVE_UP = 5.0  # for output after SIGKILL: a process in the kernel's hands cannot be waited for
TAIL = 1 << 16
_CHUNK = 1 << 17
_PIPE = 1 << 20
_SIGNALS = set(signal.Signals)
_SHELL = 128  # a shell's exit code for a child that died of a signal, less the signal
_OUT_OF_MEMORY = (b'MemoryError', b'CUDA out of memory', b'torch.OutOfMemoryError', b'std::bad_alloc', b'RESOURCE_EXHAUSTED')


class Ending(Enum):
    """How an execution ended."""

    OK = 'ok'
    FAILED = 'failed'
    TIMEOUT = 'timeout'
    OOM = 'oom'
    INTERRUPTED = 'interrupted'


class Ended(NamedTuple):
    """`code` is None when a signal ended it; memory is the peak of the whole family in GiB; `reason` is None when all is well.

    `tail` is the last of the output, stdout and stderr as they came.
    """

    ending: Ending
    reason: str | None
    seconds: float
    code: int | None = None
    signal: int | None = None
    memory_gb: float | None = None
    tail: bytes = b''


def supervise(
    command: str,
    *,
    cwd: Path,
    env: Mapping[str, str],
    limit: float,
    log: Path,
    signals: Interrupts,
    hear: Callable[[int, bytes], None] | None = None,
    echo: Callable[[bytes], None] | None = None,
    grace: float = GRACE,
    fence: Fence = OPEN,
) -> Ended:
    """Run a line of the shell to its end, and end all that it has started.

    `limit` is in seconds and starts before the launch. `hear` gets the output as it comes, with 1 for stdout or 2 for
    stderr, `echo` gets it without the number; neither may block. Asked to stop, and at the limit, it sends SIGTERM to the
    family, and SIGKILL `grace` seconds later or when asked again.
    """
    started = time.monotonic()
    if signals.heard:
        return Ended(Ending.INTERRUPTED, _asked(signals), 0.0)
    killed_before = _oom_kills()
    with contextlib.ExitStack() as held:
        try:
            file = held.enter_context(Log(log))
            processes = held.enter_context(Family())
            child = fence.launch(lambda: _launch(command, cwd, env))
        except OSError as error:
            return Ended(Ending.FAILED, f'cannot start: {error.strerror}', time.monotonic() - started)
        watch = _Watch(child, processes, signals, started + limit, grace, [file.add, *([echo] if echo else [])], hear)
        try:
            watch.to_the_end()
        finally:
            processes.tell(signal.SIGKILL)
            watch.close()
    seconds = (watch.ended_at or time.monotonic()) - started
    code = os.waitstatus_to_exitcode(processes.status) if processes.status is not None else None
    ending, reason = _how(watch, code, limit, _oom_kills() - killed_before)
    return Ended(
        ending, reason, seconds,
        code=code if code is None or code >= 0 else None,
        signal=-code if code is not None and code < 0 else None,
        memory_gb=processes.peak / 2 ** 30 if processes.peak else None,
        tail=watch.tail,
    )


def _launch(command: str, cwd: Path, env: Mapping[str, str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        ['/bin/sh', '-c', command], cwd=cwd, env=env, start_new_session=True, bufsize=0,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )


class _Watch:
    """Reads, waits and sends signals until the last of the family is gone."""

    def __init__(
        self, child: subprocess.Popen[bytes], processes: Family, signals: Interrupts, limit_at: float, grace: float,
        sinks: list[Callable[[bytes], None]], hear: Callable[[int, bytes], None] | None,
    ) -> None:
        assert child.stdout and child.stderr
        processes.led_by(child.pid)
        self.child = child
        self.processes = processes
        self.signals = signals
        self.limit_at = limit_at
        self.grace = grace
        self.sinks = sinks
        self.hear = hear
        self.streams = {child.stdout.fileno(): 1, child.stderr.fileno(): 2}
        for handle in self.streams:
            _widen(handle)
        self.poll = select.poll()
        for handle in (*self.streams, signals.handle):
            self.poll.register(handle, select.POLLIN)
        self.tail = b''
        self.ending: Ending | None = None  # why we ended it
        self.ended_at: float | None = None  # when the leader did
        self.kill_at: float | None = None
        self.killed_at: float | None = None
        self.look_at = time.monotonic() + 0.5
        self.alive = True

    def to_the_end(self) -> None:
        while self.alive or self.streams:
            ready = self.poll.poll(self._patience())
            for handle, _ in ready:
                self._read(handle)
            self._notice(time.monotonic(), woken=any(handle == self.signals.handle for handle, _ in ready))
            if self.killed_at is not None and time.monotonic() > self.killed_at + GIVE_UP:
                return

    def close(self) -> None:
        for stream in (self.child.stdout, self.child.stderr):
            if stream:
                stream.close()
        self.child.returncode = 0  # It is reaped, here and not by Popen.

    def _patience(self) -> float:
        """Milliseconds until something is due."""
        due = [self.look_at]
        if self.ended_at is None and self.ending is None:
            due.append(self.limit_at)
        if self.killed_at is not None:
            due.append(self.killed_at + GIVE_UP)
        elif self.kill_at is not None:
            due.append(self.kill_at)
        return max(0.0, min(due) - time.monotonic()) * 1000 + 1

    def _read(self, handle: int) -> None:
        if handle == self.signals.handle:
            self.signals.drain()
            return
        data = os.read(handle, _CHUNK)
        if not data:
            self.poll.unregister(handle)
            del self.streams[handle]
            return
        self.tail = data[-TAIL:] if len(data) >= TAIL else (self.tail + data)[-TAIL:]
        for sink in self.sinks:
            sink(data)
        if self.hear:
            self.hear(self.streams[handle], data)

    def _notice(self, now: float, *, woken: bool) -> None:
        if now >= self.look_at:
            self.processes.look()
            self.look_at = now + family.pause(time.monotonic() - now)
        if woken or not self.streams or self.kill_at is not None:
            self._count(now)
        if self.ended_at is None:
            self._end_early(now)
        if self.kill_at is not None and self.killed_at is None and (now >= self.kill_at or self._asked_again()):
            self.processes.tell(signal.SIGKILL)
            self.killed_at = now

    def _count(self, now: float) -> None:
        """See who has ended; what outlives the leader is ended."""
        self.alive = self.processes.reap()
        if self.processes.status is not None and self.ended_at is None:
            self.ended_at = now
            if self.alive and self.kill_at is None:
                self._terminate(now + min(LINGER, self.grace))

    def _end_early(self, now: float) -> None:
        if self.ending is None and self.signals.heard:
            self.ending = Ending.INTERRUPTED
        elif self.ending is None and now >= self.limit_at:
            self.ending = Ending.TIMEOUT
        if self.ending and self.kill_at is None:
            self._terminate(now + self.grace)

    def _terminate(self, kill_at: float) -> None:
        self.kill_at = kill_at
        self.processes.tell(signal.SIGTERM)
        self.processes.tell(signal.SIGCONT)  # A stopped process hears nothing else.

    def _asked_again(self) -> bool:
        return len(self.signals.heard) > (1 if self.ending is Ending.INTERRUPTED else 0)


def _widen(handle: int) -> None:
    """Room in the pipe, so that a command that prints much waits for us less."""
    try:
        fcntl.fcntl(handle, fcntl.F_SETPIPE_SZ, _PIPE)
    except (OSError, AttributeError):
        pass  # More than this user may have, or not Linux.


def _how(watch: _Watch, code: int | None, limit: float, oom_kills: int) -> tuple[Ending, str | None]:
    if watch.ending is Ending.INTERRUPTED:
        return Ending.INTERRUPTED, _asked(watch.signals)
    if watch.ending is Ending.TIMEOUT:
        return Ending.TIMEOUT, f'the time limit of {limit:g} s passed'
    return classify(code, watch.tail, oom_kills)


def classify(code: int | None, tail: bytes, oom_kills: int) -> tuple[Ending, str | None]:
    """What an exit code (negative for a signal, None when it could not be had) and the last output mean.

    `oom_kills` is how many processes the kernel killed meanwhile for want of memory.
    """
    if code == 0:
        return Ending.OK, None
    if code is None:
        return Ending.FAILED, 'it could not be ended'
    number = -code if code < 0 else code - _SHELL
    if number == signal.SIGKILL and oom_kills:
        return Ending.OOM, 'the kernel killed it: out of memory'
    said = next((mark for mark in _OUT_OF_MEMORY if mark in tail[-4096:]), None)
    if said:
        return Ending.OOM, f'out of memory: it said {said.decode()}'
    if code < 0 or number in _SIGNALS:
        return Ending.FAILED, f'killed by {_name(number)}'
    return Ending.FAILED, f'exit code {code}'


def _asked(signals: Interrupts) -> str:
    return f'interrupted by {_name(signals.heard[0])}'


def _name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f'signal {number}'


def _oom_kills() -> int:
    """How many processes the kernel has killed for want of memory since the machine started."""
    try:
        with open('/proc/vmstat', 'rb') as file:
            return next((int(line.split()[1]) for line in file if line.startswith(b'oom_kill ')), 0)
    except OSError:
        return 0
