"""The hooks in a repository: put there, taken out, looked at and mended.

They live in <common git dir>/exp/hooks, which the repository's own core.hooksPath names by its absolute path: a relative one,
or one of the user's, is lost in linked worktrees. A hook that was there before is called after ours.
"""
from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from gitexp.core import files
from gitexp.core.errors import Refused
from gitexp.core.finding import Finding
from gitexp.git import repository
from gitexp.git.command import Git
from gitexp.lab.lab import Lab
from gitexp.rules import stubs
from gitexp.rules.stubs import Origin

_KEY = 'core.hooksPath'
_CHAINED = 'gitexp.chained'
_BEFORE = 'gitexp.hooksPath'
_REMOVED = ('gitexp.hooks', 'removed')
_INSTALL = 'git exp hook install'


class Site(NamedTuple):
    """A repository, seen by its hooks; `top` is the worktree that was asked from."""

    top: Path
    common: Path

    @staticmethod
    def of(folder: Path) -> Site:
        """Raises Refused outside a worktree."""
        place = repository.place(folder)
        if place.top is None:
            raise Refused(f"'{folder}' is not in a worktree", hint='change into a worktree of the repository')
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

    def chained(self, said: str | None) -> str:
        """The folder of the hooks from before; a relative one counts from the top of each worktree, as for git."""
        return said or str(self.usual)

    def passed(self, chained: str) -> frozenset[str]:
        """The names of the hooks that are to be called besides ours."""
        return _runnable(self.top / chained) | _runnable(self.folder / 'beside')


def install(folder: Path) -> list[str]:
    """Put the hooks into the repository around a folder, or mend them; doing it twice changes nothing. Returns what is worth telling."""
    site = Site.of(folder)
    try:
        told = _take_over(site)
        _set_aside(site)
        chained = site.chained(_get(site.git, _CHAINED, '--local'))
        _write(site, stubs.texts(Origin.here(chained), site.passed(chained)))
        _set(site.git, _KEY, str(site.folder))
        _unset(site.git, _REMOVED[0], '--local')
    except OSError as error:
        raise Refused(f"cannot write hooks to '{site.folder}': {error.strerror}", hint=_INSTALL) from None
    return told


def is_installed(folder: Path) -> bool:
    """Whether the repository around a folder has our hooks, in whatever state."""
    site = Site.of(folder)
    return site.folder.is_dir() and _get(site.git, _KEY, '--local') == str(site.folder)


def remove(folder: Path) -> bool:
    """Take the hooks out, and leave core.hooksPath as it was found; whether there was anything to take out.

    gitexp.hooks=removed stays behind, so that no command asks for them again.
    """
    site = Site.of(folder)
    found = site.folder.is_dir() or _get(site.git, _KEY, '--local') == str(site.folder)
    for scope in _scopes(site.git):
        before = _get(site.git, _BEFORE, scope)
        if before is not None:
            _set(site.git, _KEY, before, scope)
        elif _get(site.git, _KEY, scope) == str(site.folder):
            _unset(site.git, _KEY, scope)
        _unset(site.git, _BEFORE, scope)
    _unset(site.git, _CHAINED, '--local')
    _set(site.git, *_REMOVED)
    _give_back(site)
    import shutil  # Costs time, and every command looks at the hooks.
    shutil.rmtree(site.folder, ignore_errors=True)
    return found


def state(lab: Lab) -> list[Finding]:
    """Name each reason why git would not run our hooks as they should be; a few looks at files, no process."""
    site = Site(lab.here or lab.common, lab.common)
    said = lab.settings.get('core.hookspath')
    if not site.folder.is_dir():
        return [_finding('missing', 'the hooks are not installed')]
    found = [] if said == str(site.folder) else [_finding('silenced', _elsewhere(said))]
    return found + list(_files(site, site.chained(lab.settings.get(_CHAINED))))


def repair(lab: Lab) -> list[Finding]:
    """Mend hooks that are installed here and not as they should be; returns what was wrong and is not any more.

    Hooks that are not installed stay so: somebody may have taken them out.
    """
    wrong = state(lab)
    if not wrong or any(one.rule == 'missing' for one in wrong):
        return []
    install(lab.here or lab.common)
    left = {one.message for one in state(Lab.find(lab.here or lab.common))}
    return [one for one in wrong if one.message not in left]


def _files(site: Site, chained: str) -> Iterator[Finding]:
    """What is wrong with the files, each against the text that it should have."""
    origin = Origin.read(_text(site.folder / stubs.SHARED) or '')
    if origin is None or origin.chained != chained:
        yield _finding('stale', 'the hooks are of another version')
        return
    if not origin.is_there:
        yield _finding('gone', f"the hooks run a gitexp that is gone ('{origin.package}')")
        return
    for name, text in stubs.texts(origin, site.passed(chained)).items():
        there = _text(site.folder / name)
        if there is None:
            yield _finding('missing-hook', f"the hook '{name}' is missing")
        elif there != text:
            yield _finding('stale', f"the hook '{name}' is {'of another version' if stubs.MARK in there else 'not ours'}")
        elif name != stubs.SHARED and not os.access(site.folder / name, os.X_OK):
            yield _finding('not-executable', f"the hook '{name}' is not executable")


def _finding(kind: str, message: str) -> Finding:
    return Finding(kind, '.git/exp/hooks', message, way=_INSTALL)


def _elsewhere(said: str | None) -> str:
    return f"the hooks are silenced: core.hooksPath is '{said}'" if said else 'the hooks are silenced: core.hooksPath is not set'


def _take_over(site: Site) -> list[str]:
    """Remember a hooks path that is not ours: to be called from now on, and to be put back when ours go."""
    earlier, first, told = _earlier(site), not site.folder.is_dir(), []
    for scope in _scopes(site.git):
        said = _get(site.git, _KEY, scope)
        if said is None or said == str(site.folder) or _is_stale(said):
            continue
        if first or (site.top / said).is_dir() and site.top / said != site.usual:
            _set(site.git, _BEFORE, said, scope)
        if scope == '--worktree':
            _unset(site.git, _KEY, scope)
        told.append(f"core.hooksPath was '{said}'")
    if earlier:
        _set(site.git, _CHAINED, earlier)
    return [f'{line}; the hooks there are still called' if earlier else line for line in told]


def _earlier(site: Site) -> str | None:
    """The folder whose hooks git ran until now, when it is neither ours nor the usual one; what a command line says is not counted."""
    fields = site.git.run('config', '--null', '--show-scope', '--type=path', '--get-all', _KEY).names
    for scope, value in reversed(list(zip(fields[::2], fields[1::2]))):
        folder = site.top / value
        if scope != 'command' and folder.is_dir() and folder not in (site.folder, site.usual) and not _is_stale(value):
            return value
    return None


def _is_stale(value: str) -> bool:
    """Whether a path is that of our own hooks in a repository that has been moved or copied."""
    return value.endswith('/exp/hooks') and (not Path(value).exists() or stubs.MARK in (_text(Path(value) / stubs.SHARED) or ''))


def _set_aside(site: Site) -> None:
    """A hook that somebody has put in the place of ours goes on being called from a folder beside."""
    for name in _runnable(site.folder):
        if stubs.MARK not in (_text(site.folder / name) or ''):
            (site.folder / 'beside').mkdir(exist_ok=True)
            os.replace(site.folder / name, site.folder / 'beside' / name)


def _write(site: Site, texts: Mapping[str, str]) -> None:
    for name, text in texts.items():
        path = site.folder / name
        if _text(path) != text:
            files.replace(path, text.encode('utf-8', 'surrogateescape'))
        path.chmod(0o644 if name == stubs.SHARED else 0o755)


def _give_back(site: Site) -> None:
    """A hook that was put beside ours moves to where git will look for it, unless there is one."""
    chained = site.top / (site.git.run('config', '--type=path', '--get', _KEY).text or site.usual)
    for name in _runnable(site.folder / 'beside'):
        if not (chained / name).exists():
            chained.mkdir(parents=True, exist_ok=True)
            os.replace(site.folder / 'beside' / name, chained / name)


def _runnable(folder: Path) -> frozenset[str]:
    try:
        with os.scandir(folder) as entries:
            return frozenset(one.name for one in entries if one.name in stubs.KNOWN and one.is_file() and os.access(one.path, os.X_OK))
    except OSError:
        return frozenset()


def _text(path: Path) -> str | None:
    try:
        return path.read_text('utf-8', 'surrogateescape')
    except OSError:
        return None


def _scopes(git: Git) -> list[str]:
    """The parts of the configuration that belong to the repository."""
    shared = git.run('config', '--type=bool', '--get', 'extensions.worktreeConfig').text != 'true'
    return ['--local'] if shared else ['--local', '--worktree']


def _get(git: Git, key: str, scope: str) -> str | None:
    done = git.run('config', scope, '--null', '--get', key)
    return done.names[-1] if done.code == 0 else None


def _set(git: Git, key: str, value: str, scope: str = '--local') -> None:
    if _get(git, key, scope) != value:
        done = git.run('config', scope, '--replace-all', key, value)
        if done.code:
            raise Refused(f"cannot set {key} in the repository's configuration: {done.err.strip()}", hint=_INSTALL)


def _unset(git: Git, key: str, scope: str) -> None:
    if _get(git, key, scope) is not None:
        git.ask('config', scope, '--unset-all', key)
