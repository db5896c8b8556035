"""The hooks in a repository: put there and taken out.

They live in <common git dir>/exp/hooks, which the repository's own core.hooksPath names by its absolute path: a relative one,
or one of the user's, is lost in linked worktrees. A hook that was there before is called after ours.
"""
from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from gitexp.core import files, locks
from gitexp.core.errors import Refused
from gitexp.core.tuples import NamedTuple
from gitexp.git import repository, settings
from gitexp.git.command import Git
from gitexp.guard import drivers, stubs
from gitexp.guard.stubs import Origin

INSTALL = 'git exp hook install'
_KEY = 'core.hooksPath'
_CHAINED = 'gitexp.chained'
_BEFORE = 'gitexp.hooksPath'
_REMOVED = ('gitexp.hooks', 'removed')


class Site(NamedTuple):
    """A repository, seen by its hooks; `top` is the worktree that was asked from."""

    top: Path
    common: Path

    @staticmethod
    def of(folder: Path) -> Site:
        """Raises Refused outside a worktree, and in a repository that is a server's."""
        place = repository.place(folder)
        if place.top is None:
            way = 'change into one; or, for what is pushed here: git exp hook install --server'
            raise Refused(f"'{folder}' is not in a worktree", hint=way)
        if (place.common / 'exp' / 'server').is_dir():
            raise Refused(f"'{place.common}' has the hook of a server, which judges pushes", hint='clone it, and work in the clone')
        return Site(place.top, place.common)

    @property
    def git(self) -> Git:
        return Git(self.top)

    @property
    def folder(self) -> Path:
        return self.common / 'exp' / 'hooks'

    @property
    def usual(self) -> Path:
        """Where git looks for hooks when nobody tells it otherwise."""
        return self.common / 'hooks'

    @property
    def configs(self) -> list[Path]:
        """The files of the repository's own configuration: the one of all worktrees, and one of each that has its own."""
        return [self.common / 'config', *_worktree_configs(self.common)]

    @property
    def tops(self) -> list[Path]:
        """Worktrees, in each of which a relative hooks path may mean something."""
        linked = [Path(said).parent for one in self.common.glob('worktrees/*/gitdir') if (said := text(one))]
        return [self.top, self.common.parent, *linked]

    def chained(self, said: str | None) -> str:
        """The folder of the hooks from before; a relative one counts from the top of each worktree, as for git."""
        return said or str(self.usual)

    def passed(self, chained: str) -> frozenset[str]:
        """The names of the hooks that are to be called besides ours."""
        return runnable(self.top / chained) | runnable(self.folder / 'beside')


def install(folder: Path) -> list[str]:
    """Put the hooks into the repository around a folder, or mend them; doing it twice changes nothing. Returns what is worth telling."""
    site = Site.of(folder)
    with alone(site):
        return put(site)


@contextmanager
def alone(site: Site) -> Iterator[None]:
    """While this is held, no other command mends the hooks; raises Refused for what the system does not allow."""
    try:
        with locks.held(site.common / 'exp' / 'locks' / 'hooks', purpose='mend the hooks'):
            yield
    except OSError as error:
        raise Refused(f"cannot write hooks to '{site.folder}': {(error.strerror or str(error)).lower()}", hint=INSTALL) from None


def put(site: Site) -> list[str]:
    """Do what `install` does; only for who is `alone`."""
    told = _take_over(site) + _set_aside(site)
    chained = site.chained(settings.read(site.git, _CHAINED))
    _drop_doubles(site, site.top / chained)
    _write(site, stubs.texts(Origin.here(chained), site.passed(chained)))
    settings.write(site.git, _KEY, str(site.folder))
    drivers.install(site.git, Origin.here(chained))
    settings.unset(site.git, _REMOVED[0])
    return told


def remove(folder: Path) -> bool:
    """Take the hooks out, and leave core.hooksPath as it was found; whether there was anything to take out.

    gitexp.hooks=removed stays behind, so that no command asks for them again.
    """
    site = Site.of(folder)
    with alone(site):
        found = site.folder.is_dir() or settings.read(site.git, _KEY) == str(site.folder)
        for config in site.configs:
            before = settings.read(site.git, _BEFORE, config)
            if before is not None:
                settings.write(site.git, _KEY, before, config)
            elif settings.read(site.git, _KEY, config) == str(site.folder):
                settings.unset(site.git, _KEY, config)
            settings.unset(site.git, _BEFORE, config)
        settings.unset(site.git, _CHAINED)
        settings.write(site.git, *_REMOVED)
        drivers.remove(site.git)
        _give_back(site)
        import shutil  # Costs time, and every command looks at the hooks.
        shutil.rmtree(site.folder, ignore_errors=True)
    return found


def runnable(folder: Path) -> frozenset[str]:
    """The names of the hooks in a folder that git would run."""
    try:
        with os.scandir(folder) as entries:
            return frozenset(one.name for one in entries if one.name in stubs.KNOWN and one.is_file() and os.access(one.path, os.X_OK))
    except OSError:
        return frozenset()


def text(path: Path) -> str | None:
    """What a file says, None when it cannot be read."""
    try:
        return path.read_text('utf-8', 'surrogateescape')
    except OSError:
        return None


def _worktree_configs(common: Path) -> list[Path]:
    """git reads them only where extensions.worktreeConfig is set; what is in them otherwise does no harm, and no good."""
    return [path for path in (common / 'config.worktree', *common.glob('worktrees/*/config.worktree')) if path.is_file()]


def _take_over(site: Site) -> list[str]:
    """Remember a hooks path that is not ours: to be called from now on, and to be put back when ours go."""
    earlier, first, told = _earlier(site), not site.folder.is_dir(), []
    for config in site.configs:
        said = settings.read(site.git, _KEY, config)
        if said is None or said == str(site.folder) or _is_stale(said):
            continue
        if first or _theirs(site, said):
            settings.write(site.git, _BEFORE, said, config)
        if config != site.configs[0]:
            settings.unset(site.git, _KEY, config)
            earlier = earlier or (said if _theirs(site, said) else None)
        told.append(f"core.hooksPath was '{said}'")
    if earlier:
        settings.write(site.git, _CHAINED, earlier)
    return [f'{line}; the hooks there are still called' if earlier else line for line in told]


def _earlier(site: Site) -> str | None:
    """The folder whose hooks git ran until now, when it is neither ours nor the usual one; what a command line says is not counted."""
    fields = site.git.run('config', '--null', '--show-scope', '--type=path', '--get-all', _KEY).names
    for scope, value in reversed(list(zip(fields[::2], fields[1::2]))):
        if scope != 'command' and value and _theirs(site, value):
            return value
    return None


def _theirs(site: Site, value: str) -> bool:
    """Whether a hooks path names a folder of somebody's own, in whichever worktree."""
    if not value or _is_stale(value):
        return False
    return any(folder.is_dir() and folder not in (site.folder, site.usual) for folder in (top / value for top in site.tops))


def _is_stale(value: str) -> bool:
    """Whether a path is that of our own hooks in a repository that has been moved or copied."""
    return value.endswith('/exp/hooks') and (not Path(value).exists() or stubs.MARK in (text(Path(value) / stubs.SHARED) or ''))


def _set_aside(site: Site) -> list[str]:
    """A hook that somebody has put in the place of ours goes on being called from a folder beside; only the last one of a name."""
    told, beside = [], site.folder / 'beside'
    for name in sorted(runnable(site.folder)):
        if stubs.MARK in (text(site.folder / name) or ''):
            continue
        beside.mkdir(exist_ok=True)
        if text(beside / name) not in (None, text(site.folder / name)):
            os.replace(beside / name, beside / f'{name}.old')
            told.append(f"a hook '{name}' was put in the place of another one, which is kept as '{beside / name}.old'")
        os.replace(site.folder / name, beside / name)
    return told


def _drop_doubles(site: Site, chained: Path) -> None:
    """What is called from its own folder again need not be called from beside; and managers keep ours under other names."""
    for name in runnable(site.folder / 'beside'):
        if text(site.folder / 'beside' / name) == text(chained / name):
            (site.folder / 'beside' / name).unlink()
    for path in site.folder.glob('*.old'):
        if stubs.MARK in (text(path) or ''):
            path.unlink()


def _write(site: Site, texts: Mapping[str, str]) -> None:
    """Each is whole and can be run at the moment that it is there: git may run it just then."""
    for name, wanted in texts.items():
        path, mode = site.folder / name, 0o644 if name == stubs.SHARED else 0o755
        if text(path) != wanted or mode & 0o111 and not os.access(path, os.X_OK):
            files.replace(path, wanted.encode('utf-8', 'surrogateescape'), mode=mode)


def _give_back(site: Site) -> None:
    """A hook that was put beside ours moves to where git will look for it, unless there is one."""
    chained = site.top / (site.git.run('config', '--type=path', '--get', _KEY).text or site.usual)
    for name in runnable(site.folder / 'beside'):
        if not (chained / name).exists():
            chained.mkdir(parents=True, exist_ok=True)
            os.replace(site.folder / 'beside' / name, chained / name)
