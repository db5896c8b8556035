"""Writing so that a reader, or a crash, meets the old file or the new one."""
from __future__ import annotations

import errno
import os
import stat
from functools import cache
from pathlib import Path
from typing import BinaryIO

from gitexp.core import beneath


def replace(path: Path, data: bytes | str, *, mode: int | None = None, top: Path | None = None) -> None:
    """Write beside, make it durable, and move it into place, with its mode if one is given; makes missing folders.

    Below `top`, where it is given, no link is followed.
    """
    data = data.encode() if isinstance(data, str) else data
    beside = path.with_name(f'.{path.name}.{os.getpid()}')
    with beneath.folder(path.parent, top) as folder:
        try:
            with open(beneath.create(beside, folder), 'wb') as file:
                file.write(data)
                if mode is not None:
                    os.fchmod(file.fileno(), mode)
                file.flush()
                os.fsync(file.fileno())
            os.replace(beside.name, path.name, src_dir_fd=folder, dst_dir_fd=folder)
        except BaseException:
            beneath.drop(beside.name, folder)
            raise
        os.fsync(folder)


def read(path: Path | str, *, most: int = -1) -> bytes:
    """The bytes of a file, `most` of them if that is given; raises as `opened` does."""
    with opened(path) as file:
        return file.read(most)


def opened(path: Path | str) -> BinaryIO:
    """A plain file to read; raises OSError for what else may stand there, such as a pipe, rather than wait for it.

    Nor is one of the kernel's in /proc, which may be waited for as well.
    """
    handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        info = os.fstat(handle)
        if not stat.S_ISREG(info.st_mode) or info.st_dev == _kernel():
            raise OSError(errno.EINVAL, 'not a plain file', str(path))
        return open(handle, 'rb')
    except BaseException:
        os.close(handle)
        raise


@cache
def _kernel() -> int | None:
    return os.stat('/proc').st_dev if os.path.ismount('/proc') else None


def sweep(path: Path) -> None:
    """Remove what a killed `replace` left beside a file."""
    for name in os.listdir(path.parent) if path.parent.is_dir() else ():
        pid = name.removeprefix(f'.{path.name}.')
        if pid.isdigit() and not alive(int(pid)):
            (path.parent / name).unlink(missing_ok=True)


def alive(pid: int) -> bool:
    """Whether a process is there, anybody's."""
    try:
        os.kill(pid, 0)
    except PermissionError:
        return True
    except ProcessLookupError:
        return False
    return True


def sync_folder(folder: Path) -> None:
    """Make renames and new names in a folder durable."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
