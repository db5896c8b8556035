"""What a run may not write to: the lab, but for the places of the run.

Since Landlock takes only what is allowed, and with it all that is below, this is all that lies beside the way from / to the lab; in
the folders on that way themselves nothing can be made, removed or renamed. Where programs make files in one of these, as in the
home directory, a run is not held, unless `git config gitexp.landlock true`.
"""
from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TypeVar

from gitexp.core.tuples import NamedTuple
from gitexp.lab.lab import Lab
from gitexp.run import landlock

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


def of(lab: Lab, command: str) -> Fence:
    """What closes a lab to its commands: its repository and all its worktrees."""
    closed = [lab.common, *(one.path for one in lab.worktrees if not one.prunable)]
    return around(closed, said=lab.settings.get('gitexp.landlock'), env=os.environ, command=command)


def around(closed: Iterable[Path], *, said: str | None, env: Mapping[str, str], command: str) -> Fence:
    """What closes folders to a command.

    `said` is the setting: true for whatever it breaks, false for never, None for where nothing is likely to break.
    """
    if said is not None and said.lower() not in _YES:
        return Fence(None, 'git config gitexp.landlock says so')
    version = landlock.version()
    if version is None:
        return Fence(None, 'this kernel does not offer Landlock')
    shut = {os.path.realpath(path) for path in closed}
    above = {str(parent) for path in shut for parent in Path(path).parents}
    outer = {path for path in shut if shut.isdisjoint(map(str, Path(path).parents))}
    above = {folder for folder in above if not any(folder == path or folder.startswith(f'{path}/') for path in outer)}
    why = None if said is not None else _harm(above, env, command)
    if why:
        return Fence(None, why)
    try:
        beside = _beside(above, outer)
    except OSError as error:
        return Fence(None, f"what else lies in '{error.filename}' cannot be listed")
    if said is None and len(beside) > _MANY:
        return Fence(None, f'more than {_MANY} files lie beside the lab: git config gitexp.landlock true')
    return Fence(version, '', tuple(beside))


def _harm(above: set[str], env: Mapping[str, str], command: str) -> str | None:
    """What a command would be likely to miss, None for nothing."""
    mount = _MOUNT.intersection(map(os.path.basename, command.split()))
    if mount:
        return f"'{min(mount)}' mounts, which a program that is held may not"
    met = {_identity(folder): folder for folder in above if folder != '/'}
    named = (said for name, said in env.items() if said.startswith('/') and name not in ('PWD', 'OLDPWD'))
    shared = sorted({met[one] for said in (*_TEMPORARY, *named) if (one := _identity(said)) in met and one})
    return f"the lab is below '{shared[0]}', where programs make files" if shared else None


def _beside(above: set[str], outer: set[str]) -> list[str]:
    """What lies in the folders above, but for themselves and what is closed. A link is no place, and may lead to the lab."""
    found: list[str] = []
    for folder in above:
        with os.scandir(folder) as entries:
            found += [one.path for one in entries if one.path not in above and one.path not in outer and not one.is_symlink()]
    return found


def _identity(path: str) -> tuple[int, int] | None:
    try:
        info = os.stat(path)
    except (OSError, ValueError):
        return None
    return info.st_dev, info.st_ino
