"""What lies outside a lab and decides what is measured in it, or what its next command does."""
from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import gitexp
from gitexp.core.errors import Refused
from gitexp.lab.lab import Lab

_OF_ALL = ('/', '/usr', '/usr/local')  # Of what lies there only the folders of Python itself are meant.
_PACKAGES = ('site-packages', 'dist-packages')
_STARTING = ('bin', '.local/bin', '.ssh', '.config/autostart', '.config/environment.d', '.config/fish', '.config/systemd')


def parts(lab: Lab) -> Iterator[str]:
    """The ledger, and what is in git's own folder: links may lead to either."""
    try:
        yield str(lab.root / lab.config.paths.ledger)
    except Refused:
        pass  # No worktree has the trunk, and there is none.
    with os.scandir(lab.common) as entries:
        yield from [one.path for one in entries if one.is_symlink()]


def others(lab: Lab, env: Mapping[str, str]) -> Iterator[str]:
    """Objects that are another repository's, hooks that ours pass on to, git's configuration, and what gitexp itself is run by."""
    yield from _alternates(str(lab.common / 'objects'))
    for name in ('gitexp.chained', 'core.hookspath'):
        if lab.settings.get(name):
            yield str((lab.here or lab.common) / os.path.expanduser(lab.settings[name]))
    yield from _configuration(env)
    yield from _ours()
    yield from _of_user(env)


def prefixes(python: str) -> Iterator[str]:
    """The virtual environment of a Python, and the installation that this is made from; of the system's the library and packages."""
    at = os.path.join(os.path.realpath(os.path.dirname(python)), os.path.basename(python))
    for program in (at, os.path.realpath(at)):
        prefix = os.path.dirname(os.path.dirname(program))
        if prefix in _OF_ALL:
            yield from (path for top in _OF_ALL for lib in ('lib', 'lib64') for path in _libraries(os.path.join(top, lib)))
        elif (os.path.exists(f'{prefix}/pyvenv.cfg') or os.path.isdir(f'{prefix}/lib')):
            yield prefix


def _alternates(objects: str, depth: int = 5) -> Iterator[str]:
    """See gitrepository-layout(5); git itself follows five."""
    try:
        with open(os.path.join(objects, 'info', 'alternates'), encoding='utf-8', errors='surrogateescape') as file:
            named = [line.rstrip('\n').strip('"') for line in file if line.strip() and not line.startswith('#')]
    except OSError:
        return
    for name in named if depth else ():
        other = os.path.join(objects, name)
        yield other
        yield from _alternates(other, depth - 1)


def _configuration(env: Mapping[str, str]) -> Iterator[str]:
    home = env.get('HOME', '')
    told = env.get('GIT_CONFIG_GLOBAL', f'{home}/.gitconfig')
    yield from (path for path in (told, f'{env.get("XDG_CONFIG_HOME") or f"{home}/.config"}/git') if os.path.isabs(path))


def _ours() -> Iterator[str]:
    """Where the Python that runs this finds this, and itself."""
    package = Path(gitexp.__file__).resolve().parent
    yield str(package)
    yield from (path for path in sys.path if path and (os.path.basename(path) in _PACKAGES or Path(path) == package.parent))
    yield os.path.dirname(os.__file__)
    yield from (path for path in (sys.prefix, sys.base_prefix) if path not in _OF_ALL)
    site = sys.modules.get('site')
    if site and site.ENABLE_USER_SITE and site.USER_SITE:
        yield site.USER_SITE


def _of_user(env: Mapping[str, str]) -> Iterator[str]:
    """Where every Python that is in no virtual environment looks for packages of its user, be it there or not.

    And what decides below the home directory how programs start later; where a link leads out of it, programs may make files beside.
    """
    home = env.get('HOME', '')
    if os.path.isabs(home):
        yield f'{home}/.local/lib'
        top, named = os.path.realpath(home), filter(os.path.isabs, env.get('PATH', '').split(os.pathsep))
        found = (*(f'{home}/{name}' for name in _STARTING), *named, *_settings(home))
        yield from (path for path in found if os.path.realpath(path).startswith(f'{top}/'))


def _settings(home: str) -> list[str]:
    """The files that programs are set up by, where they lie in the home directory itself."""
    try:
        with os.scandir(home) as entries:
            return [one.path for one in entries if one.name.startswith('.') and one.is_file()]
    except OSError:
        return []


def _libraries(folder: str) -> list[str]:
    try:
        return [f'{folder}/{name}' for name in os.listdir(folder) if name.startswith('python3')]
    except OSError:
        return []
