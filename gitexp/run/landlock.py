"""Landlock (Linux 5.19 and later): a process, and all that it starts, writes only below the folders that are named.

There is no word for 'not here'. Ask the kernel, and there is nothing to install; see landlock(7).
"""
from __future__ import annotations

import os
import stat
import sys
from collections.abc import Callable, Iterable
from functools import cache
from typing import Any, TypeVar

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446  # system calls, numbered alike on all but Alpha
_TELL_VERSION, _PATH_BENEATH, _NO_NEW_PRIVS = 1, 1, 38
_WRITE_FILE, _REFER, _TRUNCATE = 1 << 1, 1 << 13, 1 << 14
_MAKE_AND_REMOVE = 0x1ff0
_SIGNAL, _SCOPED = 1 << 1, 6  # From the sixth version on, a process sends signals only to those that are held with it.
_OLDEST = 2  # The first version forbids every rename from folder to folder.

T = TypeVar('T')


def version() -> int | None:
    """What this kernel offers, None for nothing that is of use."""
    found = _call(_CREATE_RULESET, None, 0, _TELL_VERSION) if sys.platform == 'linux' else -1
    return found if found >= _OLDEST else None


def held(start: Callable[[], T], places: Iterable[str]) -> T:
    """Start a process that writes below these places only; files among them are as good as folders.

    The rules bind the thread that asks for them as well, and for good, so that one does that has no other use.
    """
    from threading import Thread
    done: list[T] = []
    failed: list[BaseException] = []

    def work() -> None:
        try:
            _restrict(places)
            done.append(start())
        except BaseException as error:
            failed.append(error)
    thread = Thread(target=work)
    thread.start()
    thread.join()
    if failed:
        raise failed[0]
    return done[0]


def _restrict(places: Iterable[str]) -> None:
    on_files = _WRITE_FILE | (_TRUNCATE if (version() or 0) > _OLDEST else 0)
    everything = on_files | _MAKE_AND_REMOVE | _REFER
    said = [everything, *([0, _SIGNAL] if (version() or 0) >= _SCOPED else [])]
    rules = _checked(_CREATE_RULESET, b''.join(one.to_bytes(8, sys.byteorder) for one in said), 8 * len(said), 0)
    try:
        for place in places:
            try:
                handle = os.open(place, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC)
            except OSError:
                continue  # It has gone, or is not ours to open.
            allowed = everything if stat.S_ISDIR(os.fstat(handle).st_mode) else on_files
            _checked(_ADD_RULE, rules, _PATH_BENEATH, allowed.to_bytes(8, sys.byteorder) + handle.to_bytes(4, sys.byteorder), 0)
            os.close(handle)
        if _call(_RESTRICT_SELF, rules, 0):  # root may do so at once
            _libc().prctl(_NO_NEW_PRIVS, 1, 0, 0, 0)
            _checked(_RESTRICT_SELF, rules, 0)
    finally:
        os.close(rules)


def _checked(*words: int | bytes | None) -> int:
    done = _call(*words)
    if done < 0:
        from ctypes import get_errno
        raise OSError(get_errno(), f'Landlock: {os.strerror(get_errno())}')
    return done


def _call(*words: int | bytes | None) -> int:
    from ctypes import c_long
    return int(_libc().syscall(*(c_long(word) if isinstance(word, int) else word for word in words)))


@cache
def _libc() -> Any:
    from ctypes import CDLL
    return CDLL(None, use_errno=True)
