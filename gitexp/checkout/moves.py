"""Whether folders were moved, and be it back again, which leaves no trace in what they hold."""
from __future__ import annotations

import os
import struct
import sys
from collections.abc import Mapping

_MOVED = 0x800  # IN_MOVE_SELF
_EVENT = struct.Struct('iIII')


class Moves:
    """Asks Linux to tell of them from now on; elsewhere, and where it takes no more watches, there is nobody to ask.

    The folders are given by their paths, each with a name to tell.
    """

    def __init__(self, folders: Mapping[str, str]) -> None:
        self._folders: dict[int, str] = {}
        self._handle = -1
        if sys.platform == 'linux':
            import ctypes
            libc = ctypes.CDLL(None)
            self._handle = int(libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC))
            for folder, name in folders.items() if self._handle >= 0 else ():
                self._folders[libc.inotify_add_watch(self._handle, os.fsencode(folder), _MOVED)] = name

    def close(self) -> None:
        if self._handle >= 0:
            os.close(self._handle)

    def seen(self) -> list[str]:
        """The folders that were moved, with a slash, since this was made or asked."""
        try:
            said = os.read(self._handle, 1 << 16) if self._handle >= 0 else b''
        except BlockingIOError:
            return []
        found, at = [], 0
        while at < len(said):
            watch, kind, _, more = _EVENT.unpack_from(said, at)
            at += _EVENT.size + more
            found += [f'{self._folders[watch]}/'] if kind & _MOVED else []
        return list(dict.fromkeys(found))
