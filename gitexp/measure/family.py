"""A launched process and all that it has started, wherever that has gone."""
from __future__ import annotations

import os
import signal
import sys
from types import TracebackType

_SUBREAPER = 36  # PR_SET_CHILD_SUBREAPER of prctl(2)
_SLOW = 50  # A look at the memory may take a fiftieth of the time.


class Family:
    """While this is entered, orphans of our children become our children (Linux), so that a second session or a double fork hides nothing.

    Elsewhere only the process group is known. Children from before are left alone.
    """

    def __init__(self) -> None:
        self.peak = 0  # bytes
        self.status: int | None = None  # of the leader, as from wait
        self._leader: int | None = None

    def __enter__(self) -> Family:
        self._strangers = set(_children(os.getpid()))
        _subreaper(True)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        _subreaper(False)

    def led_by(self, pid: int) -> None:
        """Name the leader of the group, just launched."""
        self._leader = pid

    def tell(self, number: int) -> None:
        """Send a signal once to each member: the group by one call, the rest one by one."""
        leader = self._leader
        if leader is None:
            return
        others = [pid for pid in self._members() if _group(pid) not in (leader, None)]
        if self.status is None or _group_lives(leader):
            _send(os.killpg, leader, number)
        for pid in others:
            _send(os.kill, pid, number)

    def reap(self) -> bool:
        """Collect who has ended; returns whether anybody is left."""
        for pid in [*self._strays(), self._leader]:
            if pid is not None and not (pid == self._leader and self.status is not None):
                self._collect(pid)
        return self.status is None or bool(self._strays()) or _group_lives(self._leader or 0)

    def look(self) -> None:
        """Note the memory in use now, for a family of several processes; a single one is measured by the kernel."""
        members = list(self._members())
        if len(members) > 1:
            self.peak = max(self.peak, sum(map(_proportional, members)))

    def _collect(self, pid: int) -> None:
        try:
            ended, status, used = os.wait4(pid, os.WNOHANG)
        except ChildProcessError:
            return
        if ended:
            self.peak = max(self.peak, used.ru_maxrss * (1 if sys.platform == 'darwin' else 1024))
            if pid == self._leader:
                self.status = status

    def _strays(self) -> list[int]:
        return [pid for pid in _children(os.getpid()) if pid not in self._strangers and pid != self._leader]

    def _members(self) -> list[int]:
        found: list[int] = []
        next_ = [*self._strays(), *([self._leader] if self._leader and self.status is None else [])]
        while next_:
            pid = next_.pop()
            found.append(pid)
            next_ += _children(pid)
        return found


def pause(seconds: float) -> float:
    """How long to wait after a look at the memory that took so long."""
    return max(2.0, _SLOW * seconds)


def end_run(name: str) -> None:
    """Kill what a run left behind whose supervisor was killed: all processes with EXP_RUN=`name` in their environment."""
    wanted = f'EXP_RUN={name}'.encode()
    for entry in os.listdir('/proc') if sys.platform == 'linux' else ():
        if entry.isdecimal() and int(entry) != os.getpid() and wanted in _environment(entry):
            _send(os.kill, int(entry), signal.SIGKILL)


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


def _proportional(pid: int) -> int:
    """The memory of a process in bytes, what it shares divided among the sharers."""
    try:
        with open(f'/proc/{pid}/smaps_rollup', 'rb') as file:
            line = next(line for line in file if line.startswith(b'Pss:'))
        return int(line.split()[1]) * 1024
    except (OSError, StopIteration):
        return 0


def _group(pid: int) -> int | None:
    try:
        return os.getpgid(pid)
    except OSError:
        return None


def _group_lives(leader: int) -> bool:
    try:
        os.killpg(leader, 0)
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
