"""What a run may not write to: the lab, but for the places of the run, and what decides elsewhere what is measured in it.

Since Landlock takes only what is allowed, and with it all that is below, this is all that lies beside the way from / to the lab; in
the folders on that way themselves nothing can be made, removed or renamed. Where programs make files in one of these, as in the
home directory, a run is not held, unless `git config gitexp.landlock true`; what lies outside the lab, such as the Python that
evaluates, is then closed as well, and else only where that breaks nothing.
"""
from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import TypeVar

from gitexp.core.tuples import NamedTuple
from gitexp.lab.lab import Lab
from gitexp.run import beyond, landlock, mounts

_MANY = 1000
_TEMPORARY = ('/tmp', '/var/tmp', '/dev/shm')
_MOUNT = {'apptainer', 'singularity', 'podman', 'enroot', 'ch-run', 'bwrap', 'unshare', 'mount', 'sudo'}
_YES = ('true', 'yes', 'on', '1', '')

T = TypeVar('T')


class Fence(NamedTuple):
    """`version` is that of Landlock, None where a run is not held, and `why` says why; `free` are the places to write to."""

    version: int | None
    why: str = ''
    free: tuple[str, ...] = ()

    def but(self, *places: Path) -> Fence:
        """The same with more places that are free."""
        return self._replace(free=(*self.free, *map(os.path.realpath, places)))

    def launch(self, start: Callable[[], T]) -> T:
        """Start a process that is held, if this is a fence at all."""
        return landlock.held(start, self.free) if self.version else start()


OPEN = Fence(None, 'nobody has asked for it')


def of(lab: Lab, command: str, more: Callable[[], Iterable[str]] = tuple) -> Fence:
    """What closes a lab to its commands: its repository and all its worktrees, and `more` where that can be done."""
    closed = [lab.common, *(one.path for one in lab.worktrees if not one.prunable), *map(Path, beyond.parts(lab))]

    def others() -> Iterable[str]:
        return [*beyond.others(lab, os.environ), *more()]
    return around(closed, others, said=lab.settings.get('gitexp.landlock'), env=os.environ, command=command)


def around(
    closed: Iterable[Path], others: Callable[[], Iterable[str]] = tuple, *, said: str | None, env: Mapping[str, str], command: str,
) -> Fence:
    """What closes folders and files to a command, and `others` where that can be done.

    `said` is the setting: true for whatever it breaks, false for never, None for where nothing is likely to break.
    """
    if said is not None and said.lower() not in _YES:
        return Fence(None, 'git config gitexp.landlock says so')
    version = landlock.version()
    if version is None:
        return Fence(None, 'this kernel does not offer Landlock')
    shut = {os.path.realpath(path) for path in closed}
    shut |= mounts.ways(_outer(shut))
    usual = _usual(env) if said is None else set()
    why = _harm(_above(shut), usual, command) if said is None else None
    if why:
        return Fence(None, why)
    homes = _usual({'HOME': env.get('HOME', '')})
    more = {path for path in _closable(others(), shut, usual) if _identity(path) not in homes}
    everything = shut | more | mounts.ways(_outer(more))
    fence = _closing(everything, version, is_asked=said is not None)
    return fence if fence.version or everything == shut else _closing(shut, version, is_asked=said is not None)


def _closing(shut: set[str], version: int, *, is_asked: bool) -> Fence:
    try:
        beside = _beside(_above(shut), _outer(shut))
    except OSError as error:
        return Fence(None, f"what else lies in '{error.filename}' cannot be listed")
    if not is_asked and len(beside) > _MANY:
        return Fence(None, f'more than {_MANY} files lie beside the lab')
    return Fence(version, '', tuple(beside))


def _outer(shut: set[str]) -> set[str]:
    """Those that are below no other."""
    return {path for path in shut if shut.isdisjoint(_parents(path))}


def _above(shut: set[str]) -> set[str]:
    """The folders on the way to them."""
    return {parent for path in _outer(shut) for parent in _parents(path)}


def _parents(path: str) -> Iterator[str]:
    at = len(path)
    while (at := path.rfind('/', 0, at)) >= 0:
        yield path[:at] or '/'


def _harm(above: set[str], usual: set[tuple[int, int]], command: str) -> str | None:
    """What a command would be likely to miss, None for nothing."""
    mount = _MOUNT.intersection(map(os.path.basename, command.split()))
    if mount:
        return f"'{min(mount)}' mounts, which a program that is held may not"
    shared = sorted(folder for folder in above if folder != '/' and _identity(folder) in usual)
    return f"the lab is below '{shared[0]}', where programs make files" if shared else None


def _usual(env: Mapping[str, str]) -> set[tuple[int, int]]:
    """The folders in which programs are likely to make files."""
    named = (said for name, said in env.items() if said.startswith('/') and name not in ('PWD', 'OLDPWD'))
    return {one for said in (*_TEMPORARY, *named) if (one := _identity(said))}


def _closable(others: Iterable[str], shut: set[str], usual: set[tuple[int, int]]) -> Iterator[str]:
    """Those that this user may change, and on whose way nobody is likely to miss anything."""
    above = _above(shut)
    for path in set(map(os.path.realpath, others)):
        if path in above or not shut.isdisjoint(_parents(path)):
            continue
        plain = not os.path.exists(path) or os.path.isdir(path) or os.path.isfile(path)
        if plain and _is_ours(path) and not (usual and any(_identity(folder) in usual for folder in set(_parents(path)) - above)):
            yield path


def _is_ours(path: str) -> bool:
    """Whether this user may write there, now or after a chmod, make it, or put another in its place."""
    try:
        owner = os.stat(path).st_uid
    except FileNotFoundError:
        return _is_ours(os.path.dirname(path))
    except OSError:
        return False
    return owner == os.geteuid() or os.access(path, os.W_OK) or os.access(os.path.dirname(path), os.W_OK)


def _beside(above: set[str], outer: set[str]) -> list[str]:
    """What lies in the folders above, but for themselves and what is closed.

    A link is no place, and may lead to the lab; a file with a second name may have one there.
    """
    found: list[str] = []
    for folder in above:
        try:
            with os.scandir(folder) as entries:
                found += [one.path for one in entries if one.path not in above and one.path not in outer and _is_single(one)]
        except (FileNotFoundError, NotADirectoryError):
            pass  # It cannot be made either.
    return found


def _is_single(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir(follow_symlinks=False) or not entry.is_symlink() and entry.stat().st_nlink == 1
    except FileNotFoundError:
        return False


def _identity(path: str) -> tuple[int, int] | None:
    try:
        info = os.stat(path)
    except (OSError, ValueError):
        return None
    return info.st_dev, info.st_ino
