"""Processes by more than their number, which is given again."""
from __future__ import annotations

import os

from gitexp.core import files
from gitexp.core.tuples import NamedTuple

_BOOT = '/proc/sys/kernel/random/boot_id'
_NUMBERS = '/proc/self/ns/pid'
_ENDED = ('Z', 'X')
_SESSION, _START = 3, 19  # fields of /proc/PID/stat behind the name


class Seen(NamedTuple):
    """A process as it is now; `start` is in ticks since the machine was started."""

    state: str
    session: int
    start: int

    @property
    def ended(self) -> bool:
        """Whether it is there only for its parent to ask how it ended."""
        return self.state in _ENDED


def seen(pid: int) -> Seen | None:
    """A process by its number, None where there is none or this system does not show it."""
    try:
        with open(f'/proc/{pid}/stat', 'rb', buffering=0) as file:
            fields = file.read().rpartition(b') ')[2].split()
        return Seen(fields[0].decode(), int(fields[_SESSION]), int(fields[_START]))
    except (OSError, ValueError, IndexError):
        return None


def boot() -> str:
    """Which start of which machine this is, '' where that cannot be told."""
    try:
        with open(_BOOT) as file:
            return file.read().strip()
    except OSError:
        return ''


def name(pid: int) -> str:
    """What only this process is called; '' where that cannot be told."""
    found = seen(pid)
    return f'{numbers()} {pid} {found.start}' if found else ''


def is_gone(called: str) -> bool:
    """Whether the process of a name has ended; of one on another machine or in another container that cannot be told."""
    where, _, last = called.rpartition(' ')
    where, _, pid = where.rpartition(' ')
    if not pid.isdecimal() or where != numbers():
        return False
    found = seen(int(pid))
    return found.ended or str(found.start) != last if found else not files.alive(int(pid))


def numbers() -> str:
    """Who gives numbers to processes here, '' where that cannot be told."""
    try:
        return f'{boot()} {os.readlink(_NUMBERS)}'
    except OSError:
        return boot()
