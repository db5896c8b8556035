"""What is written below a folder that is believed: by handles, so that no link on the way is followed, in whatever moment it is put there.

Below an experiment's folder others commit and runs write, and a link there may lead to the ledger.
"""
from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


@contextmanager
def folder(path: Path, top: Path | None) -> Iterator[int]:
    """A handle to a folder below `top`, made where it is missing; raises OSError naming what is a link, or no folder.

    Without `top` the whole way is believed.
    """
    if top is None:
        path.mkdir(parents=True, exist_ok=True)
    at = top or path
    handle = os.open(at, FOLDER & ~os.O_NOFOLLOW)

    def step(name: str, above: int) -> int:
        nonlocal at
        at = at / name
        return _inner(name, above, at)
    try:
        with walked(handle, path.relative_to(at).parts, step) as inner:
            yield inner
    finally:
        os.close(handle)


@contextmanager
def walked(above: int, parts: Iterable[str], step: Callable[[str, int], int]) -> Iterator[int]:
    """A handle to a folder some parts below another; `step` gives one to each part in the folder before it."""
    handle = os.dup(above)
    try:
        for part in parts:
            inner = step(part, handle)
            os.close(handle)
            handle = inner
        yield handle
    finally:
        os.close(handle)


def enter(name: str, above: int) -> int:
    """A handle to a folder in another, that is no link."""
    return os.open(name, FOLDER, dir_fd=above)


def make(path: Path, top: Path) -> None:
    """Make a folder below `top`; raises as `folder` does."""
    with folder(path, top):
        pass


def create(path: Path, above: int) -> int:
    """A handle to a new file in the folder `above`, which is its own; what had the name, such as a link, loses it."""
    try:
        drop(path.name, above)
        return os.open(path.name, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666, dir_fd=above)
    except OSError as error:
        raise _about(path, error) from None


def drop(name: str, above: int) -> None:
    """Remove a file, if it is there, from a folder."""
    try:
        os.unlink(name, dir_fd=above)
    except FileNotFoundError:
        pass


def link(paths: Iterable[str], top: Path) -> str | None:
    """The first link among paths from `top` and the folders on the way to them, None for none."""
    for path in paths:
        names = path.split('/')
        for depth in range(1, len(names) + 1):
            name = '/'.join(names[:depth])
            if os.path.islink(top / name):
                return name
    return None


def _inner(name: str, above: int, path: Path) -> int:
    try:
        try:
            return enter(name, above)
        except FileNotFoundError:
            try:
                os.mkdir(name, dir_fd=above)
            except FileExistsError:
                pass  # Somebody else has made it meanwhile.
            return enter(name, above)
    except OSError as error:
        raise _about(path, error) from None


def _about(path: Path, error: OSError) -> OSError:
    """The same error with the whole path, since the system has heard the last part only."""
    return OSError(error.errno, error.strerror, str(path))
