"""A launched process and all that it has started, wherever that has gone."""
from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from types import TracebackType

from gitexp.core import process
from gitexp.run import kin
from gitexp.run.kin import Kin
from gitexp.run.limits import Limits

_SUBREAPER = 36  # PR_SET_CHILD_SUBREAPER of prctl(2)
FIRST = 0.05  # seconds to the first look at the memory
_LONGEST = 2.0
_SLOW = 50  # A look may take a fiftieth of the time.
_ROUNDS = 5


class Family:
    """While this is entered, orphans of our children become our children (Linux), so that a second session or a double fork hides nothing.

    Elsewhere only the process group is known. Children from before are left alone. Who is met is noted in `notes`, a file that goes
    once all have ended. `limits` are our own, without which nobody can be seen.
    """

    def __init__(self, notes: Path | None = None) -> None:
        self._kin = Kin(notes) if notes else None
        self.limits = Limits()
        self.peak = 0  # bytes
        self.status: int | None = None  # of the leader, as from wait
        self._leader: int | None = None  # None again once it was reaped, when its number may be somebody else's
        self._group: int | None = None  # likewise, once nobody is left in it
        self._own = 0  # bytes: our own peak, which a child inherits that is started by vfork

    def __enter__(self) -> Family:
        self._strangers = {pid: _start(pid) for pid in _children(os.getpid())}
        _subreaper(True)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        _subreaper(False)
        if self._kin and not self.reap():
            self._kin.forget()

    def led_by(self, pid: int) -> None:
        """Name the leader of the group, just launched."""
        self._leader = self._group = pid
        self._own = _peak(os.getpid())
        self._note([pid])

    def tell(self, number: int) -> None:
        """Send a signal once to each member: the group by one call, the rest one by one."""
        group = self._living()
        others = [pid for pid in self.members() if _group(pid) not in (group, None)]
        if group is not None:
            _send(os.killpg, group, number)
        for pid in others:
            _send(os.kill, pid, number)

    def stop(self) -> None:
        """Stop each member, and whoever was started meanwhile by one that was not stopped yet."""
        stopped: set[int] = set()
        for _ in range(_ROUNDS):
            members = set(self.members())
            if members <= stopped:
                return
            self.tell(signal.SIGSTOP)
            stopped = members

    def reap(self) -> bool:
        """Collect who has ended; returns whether anybody is left."""
        for pid in [*self._strays(), *self._led()]:
            self._collect(pid)
        left = self._leader is not None or bool(self._strays()) or self._living() is not None
        return self.limits.restore() or left  # Without them it was no look.

    def look(self) -> None:
        """Note the memory that is in use by all together, and the peak of each so far."""
        members = self.members()
        self._note(members)
        together = sum(map(_proportional, members)) if len(members) > 1 else 0
        self.peak = max(self.peak, together, *map(_peak, members))

    def members(self) -> list[int]:
        """The processes that are there now."""
        found: list[int] = []
        next_ = [*self._strays(), *self._led()]
        while next_:
            pid = next_.pop()
            found.append(pid)
            next_ += _children(pid)
        return found

    def _note(self, pids: list[int]) -> None:
        if self._kin:
            self._kin.note(pids)

    def _collect(self, pid: int) -> None:
        try:
            ended, status, used = os.wait4(pid, os.WNOHANG)
        except ChildProcessError:
            return
        if ended:
            most = used.ru_maxrss * (1 if sys.platform == 'darwin' else 1024)
            self.peak = max(self.peak, most if most > self._own else 0)
            if pid == self._leader:
                self.status, self._leader = status, None

    def _led(self) -> list[int]:
        return [] if self._leader is None else [self._leader]

    def _strays(self) -> list[int]:
        found = (pid for pid in _children(os.getpid()) if pid != self._leader)
        return [pid for pid in found if pid not in self._strangers or _start(pid) != self._strangers[pid]]

    def _living(self) -> int | None:
        """The group, while anybody is in it."""
        if self._group is not None and self._leader is None and not _lives(self._group):
            self._group = None
        return self._group


def pause(before: float, *, took: float) -> float:
    """How long to wait until the next look: twice as long as before, up to a bound."""
    return max(min(2 * before, _LONGEST), _SLOW * took)


def end_run(name: str, notes: Path) -> None:
    """Kill what a run left behind whose supervisor was killed: who was noted, and who has EXP_RUN=`name` in the environment.

    Again while there is anybody, since who is killed may just have started another.
    """
    wanted = f'EXP_RUN={name}'.encode()
    for _ in range(_ROUNDS):
        there = os.listdir('/proc') if sys.platform == 'linux' else []
        left = {*(int(one) for one in there if one.isdecimal() and wanted in _environment(one)), *kin.alive(notes)} - {os.getpid()}
        for pid in left:
            _send(os.kill, pid, signal.SIGKILL)
        if not left:
            return


def _environment(pid: str) -> list[bytes]:
    try:
        with open(f'/proc/{pid}/environ', 'rb') as file:
            return file.read().split(b'\0')
    except OSError:
        return []


def _children(pid: int) -> list[int]:
    found: list[int] = []
    try:
        for task in os.listdir(f'/proc/{pid}/task'):
            with open(f'/proc/{pid}/task/{task}/children', 'rb') as file:
                found += map(int, file.read().split())
    except OSError:
        pass  # It has ended, or this kernel has no such file.
    return found


def _peak(pid: int) -> int:
    """The most memory that a program has had so far, in bytes; unlike that of wait4 without what was there before its exec."""
    return _bytes(f'/proc/{pid}/status', b'VmHWM:')


def _proportional(pid: int) -> int:
    """The memory of a process in bytes, what it shares divided among the sharers."""
    return _bytes(f'/proc/{pid}/smaps_rollup', b'Pss:')


def _bytes(path: str, name: bytes) -> int:
    """What the kernel says of a process in KiB on the line of a name; 0 when it has ended."""
    try:
        with open(path, 'rb') as file:
            line = next(line for line in file if line.startswith(name))
        return int(line.split()[1]) * 1024
    except (OSError, StopIteration):
        return 0


def _start(pid: int) -> int | None:
    """When a process was started, which tells it from another that has its number later."""
    found = process.seen(pid)
    return found.start if found else None


def _group(pid: int) -> int | None:
    try:
        return os.getpgid(pid)
    except OSError:
        return None


def _lives(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _send(how: object, pid: int, number: int) -> None:
    assert callable(how)
    try:
        how(pid, number)
    except (ProcessLookupError, PermissionError):
        pass


def _subreaper(on: bool) -> None:
    if sys.platform == 'linux':
        import ctypes
        ctypes.CDLL(None).prctl(_SUBREAPER, int(on), 0, 0, 0)
