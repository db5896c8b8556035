"""What a command leaves in the checkout that the next program would load though nobody named it."""
from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path, PurePosixPath

from gitexp.core.finding import Finding
from gitexp.lab.lab import Lab
from gitexp.measure import interpreter
from gitexp.measure.modules import Modules
from gitexp.rules import uninvited
from gitexp.rules.places import COMMANDS, Places
from gitexp.rules.pythons_own import ASKED_FOR
from gitexp.rules.uninvited import Ground

_CACHE = '__pycache__'
_IMPORTED = r'[^.]+\.[^.-]+-[^.-]+(?:\.opt-\w+)?\.pyc'  # as import names them: those of pytest say so


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
        self._before = dict(self._seen())

    def found(self, *, next_: bool) -> list[Finding]:
        """Name what has come since and would be loaded.

        Where a `next_` command follows, compiled code of fixed files is removed, as it will be made again; else it is held against
        its source, since the command may have started several programs.
        """
        forged = [] if next_ else self._forged()
        if next_:
            for path, _ in self._compiled():
                (self._folder / path).unlink()
        new = {path: is_file for path, is_file in self._seen() if path not in self._before}
        folders = {f'{path}__init__.py': True for path in new if path.endswith('/')}
        below = [one for found in uninvited.judge(folders, self._ground) for one in self._below(str(PurePosixPath(found.path).parent))]
        files = {path: is_file for path, is_file in [*new.items(), *below] if not path.endswith('/')}
        return [*forged, *uninvited.judge(files, self._ground)]

    def _seen(self) -> Iterator[tuple[str, bool]]:
        """Paths with whether each is a plain file: what a program may find by name, and what makes a folder a package.

        Folders end in '/': what lies in a new one matters only if its name is that of a package.
        """
        for folder in self._places:
            for name, entry in _entries(self._folder / folder).items():
                path = f'{folder}/{name}' if folder else name
                if entry.is_dir(follow_symlinks=False) and name in ASKED_FOR:
                    yield from self._below(path)
                elif entry.is_dir(follow_symlinks=False):
                    yield f'{path}/', True
                    inner = _entries(self._folder / path) if name not in (_CACHE, '.git') else {}
                    yield from ((f'{path}/{one}', True) for one in inner if one.startswith('__init__.'))
                else:
                    yield path, not entry.is_symlink()

    def _below(self, folder: str) -> Iterator[tuple[str, bool]]:
        for name, entry in _entries(self._folder / folder).items():
            if entry.is_dir(follow_symlinks=False):
                yield from self._below(f'{folder}/{name}')
            else:
                yield f'{folder}/{name}', not entry.is_symlink()

    def _compiled(self) -> Iterator[tuple[str, str]]:
        """The compiled code of fixed files, each with its source; a link in the place of the folder itself stands for all."""
        sources = {path for path in self._fixed if path.endswith('.py')}
        for folder in {PurePosixPath(path).parent for path in sources}:
            cache = folder / _CACHE
            if (self._folder / cache).is_symlink():
                yield str(cache), ''
                continue
            for name in _entries(self._folder / cache):
                module, dot, _ = name.partition('.')
                if dot and (source := str(folder / f'{module}.py')) in sources:
                    yield str(cache / name), source

    def _forged(self) -> list[Finding]:
        """Compiled code that says something else than its source, or that is no file, so that it may say another thing each time."""
        there = {path: source for path, source in self._compiled() if not source or re.fullmatch(_IMPORTED, PurePosixPath(path).name)}
        files = {
            str(self._folder / path): str(self._folder / source) for path, source in there.items()
            if source and (self._folder / path).is_file()
        }
        wrong = interpreter.forged(self._eval, files) if files else set()
        bad = [path for path in there if str(self._folder / path) not in files.keys() - wrong]
        said = {path: f"it is not what Python makes of '{there[path]}'" if there[path] else 'Python would look there' for path in bad}
        return [Finding('uninvited', path, message) for path, message in said.items()]

    def _is_package(self, folder: str) -> bool:
        return (self._folder / folder / '__init__.py').exists()

    def _texts(self) -> Mapping[str, bytes]:
        paths = [path for path in self._fixed if uninvited.is_script(path) and (self._folder / path).is_file()]
        said = {path: (self._folder / path).read_bytes() for path in paths}
        return {**said, COMMANDS: self._commands.encode('utf-8', 'surrogateescape')}


def _entries(folder: Path) -> Mapping[str, os.DirEntry[str]]:
    try:
        with os.scandir(folder) as found:
            return {one.name: one for one in found}
    except OSError:
        return {}
