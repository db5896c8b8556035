"""One supervised execution of one command."""
from __future__ import annotations

import contextlib
import fcntl
import os
import select
import signal
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from gitexp.gpu.thermal import Heat
from gitexp.run import ending, family, launch
from gitexp.run.ending import Ended, Ending
from gitexp.run.family import Family
from gitexp.run.fence import OPEN, Fence
from gitexp.run.interrupts import Interrupts
from gitexp.run.launch import Child
from gitexp.run.log import Log
from gitexp.run.stopwatch import Stopwatch

if TYPE_CHECKING:
    from gitexp.gpu.warden import Warden

GRACE = 10.0
LINGER = 2.0  # what is left in the background may end by itself, in seconds
GIVE_UP = 5.0  # for output after SIGKILL: a process in the kernel's hands cannot be waited for
TAIL = 1 << 16
_CHUNK = 1 << 17
_PIPE = 1 << 20


def supervise(
    command: str,
    *,
    cwd: Path,
    env: Mapping[str, str],
    limit: float,
    log: Path,
    top: Path | None = None,
    signals: Interrupts,
    hear: Callable[[int, bytes], None] | None = None,
    echo: Callable[[bytes], None] | None = None,
    grace: float = GRACE,
    fence: Fence = OPEN,
    warden: Warden | None = None,
    notes: Path | None = None,
) -> Ended:
    """Run a line of the shell to its end, and end all that it has started.

    `limit` is in seconds and starts before the launch; what the warden pauses does not count. `hear` gets the output as it
    comes, with 1 for stdout or 2 for stderr, `echo` gets it without the number; neither may block. Asked to stop, at the
    limit, and when the warden says so, it sends SIGTERM to the family, and SIGKILL `grace` seconds later or when asked again.
    The log is a new file, to which no link leads below `top`.
    """
    clock = Stopwatch(time.monotonic())
    if signals.heard:
        return Ended(Ending.INTERRUPTED, _asked(signals), 0.0)
    killed_before = ending.oom_kills()
    with contextlib.ExitStack() as held:
        try:
            file = held.enter_context(Log(log, top=top))
            processes = held.enter_context(Family(notes))
            child = fence.launch(lambda: launch.start(command, cwd, env))
        except OSError as error:
            return Ended(Ending.FAILED, f'cannot start: {error.strerror}', clock.read(time.monotonic()))
        watch = _Watch(child, processes, signals, clock, limit, grace, [file.add, *([echo] if echo else [])], hear, warden)
        try:
            watch.to_the_end()
        finally:
            processes.limits.restore()
            processes.tell(signal.SIGKILL)
            child.close()
    ended_at = watch.ended_at or time.monotonic()
    code = os.waitstatus_to_exitcode(processes.status) if processes.status is not None else None
    how, reason = _how(watch, code, ending.oom_kills() - killed_before)
    return Ended(
        how, reason, clock.read(ended_at),
        code=code if code is None or code >= 0 else None,
        signal=-code if code is not None and code < 0 else None,
        memory_gb=processes.peak / 2 ** 30 if processes.peak else None,
        tail=watch.tail, paused=clock.paused(ended_at),
    )


class _Watch:
    """Reads, waits and sends signals until the last of the family is gone."""

    def __init__(
        self, child: Child, processes: Family, signals: Interrupts, clock: Stopwatch, limit: float, grace: float,
        sinks: list[Callable[[bytes], None]], hear: Callable[[int, bytes], None] | None, warden: Warden | None,
    ) -> None:
        processes.led_by(child.pid)
        self.processes = processes
        self.signals = signals
        self.clock = clock
        self.limit = limit
        self.grace = grace
        self.sinks = sinks
        self.hear = hear
        self.warden = warden
        self.streams = {child.out: 1, child.err: 2}
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
        self.pause = family.FIRST
        self.look_at = time.monotonic() + self.pause
        self.warden_at = time.monotonic()
        self.alive = True

    def to_the_end(self) -> None:
        while self.alive or self.streams:
            ready = self._ready()
            for handle, _ in ready:
                self._read(handle)
            self._notice(time.monotonic(), woken=any(handle == self.signals.handle for handle, _ in ready))
            if self.killed_at is not None and time.monotonic() > self.killed_at + GIVE_UP:
                return

    def _ready(self) -> list[tuple[int, int]]:
        limits = self.processes.limits
        try:
            ready = self.poll.poll(self._patience())
        except OSError:  # It asks for as many files as may be open.
            if limits.restore():
                return []
            raise
        limits.restore()
        return ready

    def _patience(self) -> float:
        """Milliseconds until something is due."""
        due = [self.look_at]
        if self.warden and self.ended_at is None:
            due.append(self.warden_at)
        limit_at = self.clock.reaches(self.limit)
        if self.ended_at is None and self.ending is None and limit_at is not None:
            due.append(limit_at)
        if self.killed_at is not None:
            due.append(self.killed_at + GIVE_UP)
        elif self.kill_at is not None:
            due.append(self.kill_at)
        return max(0.0, min(due) - time.monotonic()) * 1000 + 1

    def _read(self, handle: int) -> None:
        if handle == self.signals.handle:
            self.signals.drain()
            return
        try:
            data = os.read(handle, _CHUNK)
        except BlockingIOError:
            return  # A run may read its own pipe, and have taken back what it wrote.
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
        if now >= self.look_at or not self.processes.peak:  # Short ones are there at their first output, if at all.
            self.processes.look()
            self.pause = family.pause(self.pause, took=time.monotonic() - now)
            self.look_at = now + self.pause
        if self.ended_at is None:
            self._heed_warden(now)  # Once at least, however short the run.
        if woken or not self.streams or self.kill_at is not None:
            self.alive = self.processes.reap()
            now = time.monotonic()  # Where we were stopped, they had more time than we looked on.
            self._count(now)
        if self.ended_at is None:
            self._end_early(now)
        if self.kill_at is not None and self.killed_at is None and (now >= self.kill_at or self._asked_again()):
            self.processes.tell(signal.SIGKILL)
            self.killed_at = now
        elif self.killed_at is not None:
            self.processes.tell(signal.SIGKILL)  # Who was started meanwhile by one that was not dead yet.

    def _count(self, now: float) -> None:
        """What outlives the leader is ended, and nobody works on beyond the limit while we do not look, as where we are stopped."""
        if self.processes.status is None:
            return
        unseen = self.ended_at is None or self.killed_at is None and self.kill_at is not None and now > self.kill_at + GIVE_UP
        if unseen and self.ending is None and self.clock.read(now) >= self.limit:
            self.ending, self.ended_at = Ending.TIMEOUT, now
        if self.ended_at is None:
            self.ended_at = now
        if self.alive and self.kill_at is None:
            limit_at = self.clock.reaches(self.limit)  # The limit is for all of the family.
            self._terminate(now, max(0.0, min(LINGER, self.grace, *([limit_at - now] if limit_at is not None else []))))

    def _heed_warden(self, now: float) -> None:
        if self.warden is None or now < self.warden_at:
            return
        heat = self.warden.look(self.processes.members)
        self.warden_at = now + self.warden.every
        if self.ending:
            return
        if heat is Heat.HOT:
            self.processes.stop()
            self.clock.stop(time.monotonic())  # Not before: until then they went on.
        elif heat is Heat.COOL and self.clock.stands:
            self.clock.go(now)
            self.processes.tell(signal.SIGCONT)
        elif heat is not Heat.COOL:
            self.ending = Ending.THERMAL_ABORT if heat is Heat.CRITICAL else Ending.FAILED

    def _end_early(self, now: float) -> None:
        if self.ending is None and self.signals.heard:
            self.ending = Ending.INTERRUPTED
        elif self.ending is None and self.clock.read(now) >= self.limit:
            self.ending = Ending.TIMEOUT
        if self.ending and self.kill_at is None:
            self._terminate(now, self.grace)

    def _terminate(self, now: float, patience: float) -> None:
        self.kill_at = now + patience
        self.clock.go(now)
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


def _how(watch: _Watch, code: int | None, oom_kills: int) -> tuple[Ending, str | None]:
    if watch.ending is Ending.INTERRUPTED:
        return Ending.INTERRUPTED, _asked(watch.signals)
    if watch.ending is Ending.TIMEOUT:
        return Ending.TIMEOUT, f'the time limit of {watch.limit:g} s passed'
    if watch.ending and watch.warden:
        return watch.ending, watch.warden.why
    if watch.alive:
        return Ending.FAILED, 'what it left in the background could not be ended'
    if watch.processes.limits.taken:
        return Ending.FAILED, f'what gitexp may use was lowered while it ran: {", ".join(sorted(watch.processes.limits.taken))}'
    return ending.classify(code, watch.tail, oom_kills)


def _asked(signals: Interrupts) -> str:
    return f'interrupted by {ending.name(signals.heard[0])}'
