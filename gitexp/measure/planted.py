"""What a command leaves in the checkout that the next program would load though nobody named it."""
from __future__ import annotations

import os
import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path, PurePosixPath

from gitexp.core import modes
from gitexp.core.finding import Finding
from gitexp.lab.lab import Lab
from gitexp.measure import interpreter
from gitexp.measure.modules import Modules
from gitexp.measure.whole import CACHE, Whole
from gitexp.rules import uninvited
from gitexp.rules.places import COMMANDS, Places, started
from gitexp.rules.pythons_own import ASKED_FOR
from gitexp.rules.uninvited import Ground

_ANY = (*uninvited.VISITED, uninvited.PLUGINS)  # what stands for all that may be in a folder
_SAVES = r'\bR[ \t]+(?![^\n;&|]*--(?:no-save|vanilla))[^\n;&|]*(?:\bCMD[ \t]+BATCH\b|--save\b)'
_LOADED = r'[^.]+\.[^.-]+-[^.-]+(?:(?:\.opt-\w+)?\.pyc|-pytest-.+\.py[co])'  # as import names them, and as pytest does


class Planted:
    """The folders around the fixed files, and where Python may look first, as they are now, to be compared with what they are later."""

    def __init__(self, folder: Path, fixed: Iterable[str], lab: Lab) -> None:
        self._folder = folder
        self._fixed = set(fixed)
        self._eval = lab.config.eval.text
        self._commands = lab.config.commands
        self._ground = Ground(self._fixed, self._is_package, self._texts, Modules(lab, folder).installed)
        around = {'', *(str(parent) for path in self._fixed for parent in PurePosixPath(path).parents)} - {'.'}
        self._places = around.union(Places(self._fixed, self._is_package, self._texts()))
        self._visited = self._visited_by_tests()
        self._shut = {place for place in self._places if _entries(folder / place) is None}
        self._before = dict(self._seen())
        self._whole = Whole(lab, folder, self._fixed)

    def found(self, *, more: bool) -> list[Finding]:
        """Name what has come since and would be loaded.

        Where a further command follows, compiled code is removed, as it will be made again; else that of fixed files is held against
        its source, since the command may have started several programs.
        """
        found = [*(self._left() if more else self._forged()), *self._whole.added(more=more), *self._closed()]
        new = {path: is_file for path, is_file in self._seen() if path not in self._before}
        folders = {f'{path}__init__.py': True for path in new if path.endswith('/')}
        below = [one for package in uninvited.judge(folders, self._ground) for one in self._below(str(PurePosixPath(package.path).parent))]
        files = {path: is_file for path, is_file in [*new.items(), *below] if not path.endswith(('/', *uninvited.MADE))}
        return [one for one in (*found, *uninvited.judge(files, self._ground)) if not self._is_saved(one.path, more=more)]

    def _seen(self) -> Iterator[tuple[str, bool]]:
        """Paths with whether each is a plain file: what a program may find by name, and what makes a folder a package.

        Folders end in '/': what lies in a new one matters only if its name is that of a package, or of what is installed. One that
        cannot be listed may be one.
        """
        for folder in self._places:
            for name, entry in (_entries(self._folder / folder) or {}).items():
                path = f'{folder}/{name}' if folder else name
                if entry.is_dir(follow_symlinks=False) and name in ASKED_FOR:
                    yield from self._below(path)
                elif entry.is_dir(follow_symlinks=False):
                    yield f'{path}/', True
                    inner = _entries(self._folder / path) if name not in (CACHE, '.git') else {}
                    said = (*_ANY, f'{name}.py') if inner is None else inner
                    yield from ((f'{path}/{one}', True) for one in said if self._matters(path, one))
                else:
                    yield path, not entry.is_symlink()
        for folder in self._visited:
            yield from (one for one in self._below(folder, tested=True) if posixpath.basename(one[0]) in uninvited.VISITED)

    def _visited_by_tests(self) -> set[str]:
        """The folders below which each may have what is loaded by a runner of tests that looks there."""
        if not uninvited.runs_tests(self._texts()):
            return set()
        from gitexp.rules.visited import Visited  # It needs those that read Python.
        return Visited(self._ground).folders

    def _is_saved(self, path: str, *, more: bool) -> bool:
        """Whether it is what R saves when it ends, and nothing restores it afterwards: Rscript does not."""
        if PurePosixPath(path).name != '.RData':
            return False
        texts = {**self._texts(), COMMANDS: (self._eval if more else self._commands).encode('utf-8', 'surrogateescape')}
        said = '\n'.join(started(texts).values())
        return not uninvited.restored(said) if more else bool(re.search(_SAVES, said))

    def _matters(self, folder: str, name: str) -> bool:
        if name.lower() != uninvited.PLUGINS:
            return name.startswith('__init__.') or name == f'{PurePosixPath(folder).name}.py'
        from gitexp.measure import plugins  # Few runs leave any.
        return plugins.named(self._folder / folder / name)

    def _below(self, folder: str, *, tested: bool = False) -> Iterator[tuple[str, bool]]:
        """All that is in a folder and those in it, or in those where a runner of tests looks."""
        waiting = [folder]
        while waiting:
            folder = waiting.pop()
            inside = _entries(self._folder / folder)
            yield from ((posixpath.join(folder, one), True) for one in _ANY if inside is None)
            for name, entry in (inside or {}).items():
                path = posixpath.join(folder, name)
                if entry.is_dir(follow_symlinks=False):
                    waiting += [] if tested and self._is_passed_over(path) else [path]
                else:
                    yield path, not entry.is_symlink()

    def _is_passed_over(self, folder: str) -> bool:
        """What is hidden, or an environment as by venv, in which neither older nor newer versions of pytest look."""
        name = posixpath.basename(folder)
        told = (os.path.exists(self._folder / folder / one) for one in ('pyvenv.cfg', 'bin/activate'))
        return name.startswith('.') or not name.startswith('test') and all(told)

    def _compiled(self) -> Iterator[tuple[str, str]]:
        """The compiled code of fixed files, each with its source; a link in the place of the folder itself stands for all.

        So does a folder that cannot be listed.
        """
        sources = {path for path in self._fixed if path.endswith('.py')}
        for folder in {PurePosixPath(path).parent for path in sources}:
            cache = folder / CACHE
            inside = _entries(self._folder / cache)
            if inside is None or os.path.islink(self._folder / cache):
                yield str(cache), ''
                continue
            for name in inside:
                module, dot, _ = name.partition('.')
                if dot and (source := str(folder / f'{module}.py')) in sources:
                    yield str(cache / name), source

    def _left(self) -> list[Finding]:
        """Compiled code that cannot be removed; all other is, whatever has made it, since others than Python look there, too."""
        found, top = [], os.path.realpath(self._folder)
        folders = (place for place in self._places if os.path.realpath(os.path.join(top, place)) == os.path.join(top, place).rstrip('/'))
        for cache in (PurePosixPath(place, CACHE).as_posix() for place in folders):
            try:
                modes.remove(self._folder / cache)
            except NotADirectoryError:
                continue
            except OSError as error:
                found.append(Finding('uninvited', cache, f'it is compiled code, and cannot be removed: {error.strerror}'))
        return found

    def _closed(self) -> list[Finding]:
        """Folders that can no longer be listed, so that nobody knows what would be loaded from there."""
        shut = [place for place in sorted(self._places - self._shut) if _entries(self._folder / place) is None]
        return [Finding('uninvited', f'{place or "."}/', 'it cannot be listed, and programs look there') for place in shut]

    def _forged(self) -> list[Finding]:
        """Compiled code that says something else than its source, or that is no file, so that it may say another thing each time."""
        there = {path: source for path, source in self._compiled() if not source or re.fullmatch(_LOADED, PurePosixPath(path).name)}
        files = {
            str(self._folder / path): str(self._folder / source) for path, source in there.items()
            if source and os.path.isfile(self._folder / path)
        }
        wrong = interpreter.forged(self._eval, files, self._folder) if files else set()
        bad = [path for path in there if str(self._folder / path) not in files.keys() - wrong]
        said = {path: f"it is not what Python makes of '{there[path]}'" if there[path] else 'Python would look there' for path in bad}
        return [Finding('uninvited', path, message) for path, message in said.items()]

    def _is_package(self, folder: str) -> bool:
        return os.path.exists(self._folder / folder / '__init__.py')

    def _texts(self) -> Mapping[str, bytes]:
        paths = [path for path in self._fixed if uninvited.is_script(path) and os.path.isfile(self._folder / path)]
        said = {path: (self._folder / path).read_bytes() for path in paths}
        return {**said, COMMANDS: self._commands.encode('utf-8', 'surrogateescape')}


def _entries(folder: Path) -> Mapping[str, os.DirEntry[str]] | None:
    """None for a folder that cannot be listed: a program may find in it what it asks for by name."""
    try:
        with os.scandir(folder) as found:
            return {one.name: one for one in found}
    except PermissionError:
        return None
    except OSError:
        return {}
