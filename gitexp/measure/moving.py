"""Moving files out of a folder that somebody else may write to: no link is followed, in whatever moment it is put there."""
from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path, PurePosixPath

from gitexp.core import beneath


def move(names: Iterable[str], top: Path, inside: str, target: Path, *, below: Path) -> tuple[list[str], list[OSError]]:
    """Move files by their paths below the folder `inside` of `top`, to the same paths below `target`, which is made.

    Returns those that came there under their own names, and why some could not be moved.

    Plain files and links as such; what else there is, such as a pipe, stays. Nothing is overwritten: what has a name that is taken
    gets a number. The folders `top` and `below`, which is above `target`, are believed, and nothing in them.
    """
    names = list(names)
    if not names:
        return [], []
    moved: list[str] = []
    failed: list[OSError] = []
    with _opened(top, inside) as here, beneath.folder(target.parent, below) as above:
        with beneath.walked(above, [target.name], _made) as there:
            for name in names:
                try:
                    moved += [name] if _one(PurePosixPath(name), here, there) else []
                except OSError as error:
                    failed.append(OSError(error.errno, error.strerror, name))
    return moved, failed


def _one(path: PurePosixPath, here: int, there: int) -> bool:
    """A folder on the way that has become something else has nothing of the run below it."""
    try:
        with beneath.walked(here, path.parent.parts, beneath.enter) as source:
            kind = os.stat(path.name, dir_fd=source, follow_symlinks=False).st_mode
            if stat.S_ISREG(kind) or stat.S_ISLNK(kind):
                with beneath.walked(there, path.parent.parts, _made) as goal:
                    return _into(source, path.name, goal)
    except OSError as error:
        if error.errno not in (errno.ENOENT, errno.ENOTDIR, errno.ELOOP):
            raise
    return False


def _into(source: int, name: str, goal: int) -> bool:
    free = next(one for one in _numbered(name) if not _taken(one, goal))
    try:
        os.rename(name, free, src_dir_fd=source, dst_dir_fd=goal)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        _copy(source, name, goal, free)
        os.unlink(name, dir_fd=source)
    return free == name


def _copy(source: int, name: str, goal: int, free: str) -> None:
    """To another file system."""
    try:
        handle = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=source)
    except OSError as error:
        if error.errno != errno.ELOOP:
            raise
        os.symlink(os.readlink(name, dir_fd=source), free, dir_fd=goal)
        return
    import shutil
    with open(handle, 'rb') as file:
        info = os.fstat(handle)
        with open(os.open(free, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, info.st_mode & 0o777, dir_fd=goal), 'wb') as copy:
            shutil.copyfileobj(file, copy, 1 << 20)
            copy.flush()
            os.utime(copy.fileno(), ns=(info.st_atime_ns, info.st_mtime_ns))


def _numbered(name: str) -> Iterator[str]:
    """The name, and then with numbers: 'best.json', 'best-2.json'."""
    yield name
    path = PurePosixPath(name)
    yield from (f'{path.stem}-{number}{path.suffix}' for number in count(2))


def _taken(name: str, folder: int) -> bool:
    try:
        os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return False
    return True


@contextmanager
def _opened(top: Path, inside: str) -> Iterator[int]:
    handle = os.open(top, beneath.FOLDER & ~os.O_NOFOLLOW)
    try:
        with beneath.walked(handle, PurePosixPath(inside).parts, beneath.enter) as folder:
            yield folder
    finally:
        os.close(handle)


def _made(name: str, above: int) -> int:
    """A handle to a folder in another, made where it is missing; what is no folder keeps its name, and the folder gets a number."""
    return next(handle for one in _numbered(name) if (handle := _folder(one, above)) is not None)


def _folder(name: str, above: int) -> int | None:
    """A folder in another, made where it is missing; None where something else has the name."""
    try:
        os.mkdir(name, dir_fd=above)
    except FileExistsError:
        pass
    try:
        return beneath.enter(name, above)
    except OSError as error:
        if error.errno not in (errno.ENOTDIR, errno.ELOOP):
            raise
        return None
