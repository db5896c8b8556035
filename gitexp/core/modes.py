"""Modes and flags that a run has taken from files and folders of ours: who owns them may always do so, and Landlock knows no chmod."""
from __future__ import annotations

import os
import stat
import sys
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

_GET, _SET = 0x80086601, 0x40086602  # FS_IOC_GETFLAGS and FS_IOC_SETFLAGS of most machines, see ioctl_iflags(2)
_HINDERING = 0x10 | 0x20  # immutable, append only: for root alone to set, and to clear


def remove(path: Path) -> None:
    """Remove what is there with all that is in it, be it in folders that cannot be listed or emptied."""
    if path.is_symlink() or not path.is_dir():
        path.unlink(missing_ok=True)
        return
    from gitexp.core import deep
    deep.remove(path)


def restore(folders: Iterable[Path]) -> list[str]:
    """Let their owner use folders again, and the files directly in them; returns what had to be given back, and was ours to give."""
    found: list[str] = []
    for folder in map(str, folders):
        found += [folder] if _restored(folder, stat.S_IFDIR, stat.S_IRWXU) else []
        try:
            inside = [f'{folder}/{name}' for name in os.listdir(folder)]
        except OSError:
            continue
        found += [path for path in inside if _restored(path, stat.S_IFREG, stat.S_IRUSR | stat.S_IWUSR)]
    return found


def regain(folder: str) -> None:
    """Let its owner use a folder again."""
    _restored(folder, stat.S_IFDIR, stat.S_IRWXU)


def way(path: str) -> str | None:
    """How to be rid of the flag by which a file, or the folder it is in, cannot be changed whatever its mode; None without one."""
    real = os.path.realpath(path)
    found = next((one for one in (real, os.path.dirname(real)) if _flags(one) & _HINDERING), None)
    return found and f"chattr -ia '{found}'"


def _restored(path: str, kind: int, wanted: int) -> bool:
    try:
        info = os.lstat(path)
        if stat.S_IFMT(info.st_mode) != kind or info.st_uid != os.geteuid():
            return False
        is_open = info.st_mode & wanted == wanted
        if is_open and os.access(path, os.W_OK):
            return False
        freed = _flags(path, clear=True) & _HINDERING
        if not is_open:
            os.chmod(path, stat.S_IMODE(info.st_mode) | wanted)
    except OSError:
        return False  # It has gone, or whoever reads it will say what is wrong.
    return bool(freed) or not is_open


def _flags(path: str, *, clear: bool = False) -> int:
    """Those of the file system (chattr); 0 where there are none, or they cannot be read, or not cleared."""
    import fcntl
    with suppress(OSError):
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            found = int.from_bytes(fcntl.ioctl(handle, _GET, bytes(8))[:4], sys.byteorder)
            if clear and found & _HINDERING:
                fcntl.ioctl(handle, _SET, (found & ~_HINDERING).to_bytes(4, sys.byteorder) + bytes(4))
            return found
        finally:
            os.close(handle)
    return 0
