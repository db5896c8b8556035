"""Who else computes on a GPU that a run has taken.

The driver numbers processes as the machine does. In a container these numbers mean nothing, and all that can be said is this: what
was there before the run is not of it, and of what has come since at most as many are its own as have the device open.
"""
from __future__ import annotations

import os
from collections.abc import Callable, Collection

_OUTERMOST = 0xEFFFFFFC  # The machine's own pid namespace: PROC_PID_INIT_INO in the kernel's include/linux/proc_ns.h.
_SERVER = 'nvidia-cuda-mps'  # The server of MPS computes for its clients, who are listed too.
_DEVICES = ('/dev/nvidia', '/dev/dxg')


def numbered_alike() -> bool:
    """Whether a process has the same number here as for the driver."""
    try:
        return os.stat('/proc/self/ns/pid').st_ino == _OUTERMOST
    except OSError:
        return False


def among(seen: Collection[int], ours: Collection[int], *, before: Collection[int], alike: bool, users: Callable[[], int]) -> set[int]:
    """Those of the processes `seen` on a GPU that are no family of the run.

    `before` are those that were seen before it began; `users` counts how many of the family have the device open.
    """
    others = {*seen} - {*ours}
    if alike or not others:
        return others
    since = sorted(others - {*before})
    return others & {*before} | {*since[users():]}


def users(family: Collection[int]) -> int:
    """How many processes of a family have a GPU's device open."""
    return sum(any(_target(f'/proc/{pid}/fd/{name}').startswith(_DEVICES) for name in _listed(f'/proc/{pid}/fd')) for pid in family)


def described(pid: int, *, alike: bool) -> str | None:
    """A stranger in words; None for one that is gone, and for the server of MPS."""
    if not alike:
        return 'a process outside this container'
    try:
        with open(f'/proc/{pid}/comm', errors='replace') as file:
            name = ''.join(letter for letter in file.read() if letter.isprintable())
    except OSError:
        return None
    return None if name.startswith(_SERVER) else f'{name} (pid {pid})'


def _listed(folder: str) -> list[str]:
    try:
        return os.listdir(folder)
    except OSError:
        return []


def _target(link: str) -> str:
    try:
        return os.readlink(link)
    except OSError:
        return ''
