"""Who belongs to a run, on disk: for whoever has to end it when its supervisor was killed.

A process can empty its environment, and take a session of its own; the number of a process and the time of its start it cannot choose.
"""
from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from pathlib import Path

from gitexp.core import process


class Kin:
    """A file with a line for each process that has been seen in the run, and for its leader; `forget` it when all have ended."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._known: set[int] = set()

    def note(self, pids: Iterable[int]) -> None:
        """Add those that are not there yet; who has ended meanwhile is left out. A full disk costs the note alone."""
        new = [pid for pid in pids if pid not in self._known]
        lines = [f'{pid} {seen[1]}\n' for pid in new if (seen := _seen(pid))]
        if not lines:
            return
        boot = [] if self._known else [f'{process.boot()}\n']
        self._known.update(new)
        try:
            handle = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o666)
            try:
                os.write(handle, ''.join([*boot, *lines]).encode())
            finally:
                os.close(handle)
        except OSError:
            pass

    def forget(self) -> None:
        self._path.unlink(missing_ok=True)


def alive(path: Path) -> list[int]:
    """The processes that were noted and live, and those in a session that one of them leads or led."""
    if sys.platform != 'linux':
        return []
    try:
        boot, *lines = path.read_text().splitlines()
        noted = {int(pid): int(start) for pid, start in map(str.split, lines)}
    except (OSError, ValueError):
        return []
    pids = [int(name) for name in os.listdir('/proc') if name.isdecimal()] if boot == process.boot() else []
    there = {pid: seen for pid in pids if (seen := _seen(pid))}
    return [pid for pid, seen in there.items() if pid != os.getpid() and _is_kin(pid, *seen, noted, there)]


def _is_kin(pid: int, session: int, start: int, noted: dict[int, int], there: dict[int, tuple[int, int]]) -> bool:
    """Numbers are given again: a session is ours if nobody of that number is there who is somebody else."""
    if noted.get(pid) == start:
        return True
    leader = noted.get(session)
    return leader is not None and start >= leader and (session not in there or there[session][1] == leader)


def _seen(pid: int) -> tuple[int, int] | None:
    """The session of a process that lives, and when it was started."""
    found = process.seen(pid)
    return (found.session, found.start) if found and not found.ended else None
