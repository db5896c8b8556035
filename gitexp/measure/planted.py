"""What one command leaves in the checkout that the next would load though nobody named it."""
from __future__ import annotations

import os
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from pathlib import Path, PurePosixPath

from gitexp.core.finding import Finding
from gitexp.rules import uninvited
from gitexp.rules.uninvited import Ground

_CACHE = '__pycache__'
_COMPILED = re.compile(r'([^.]+)\..*')


class Planted:
    """The folders around the fixed files as they are now, to be compared with what they are later."""

    def __init__(self, folder: Path, fixed: Iterable[str], installed: Callable[[Collection[str]], Collection[str]]) -> None:
        self._folder = folder
        self._fixed = set(fixed)
        self._installed = installed
        self._before = dict(self._seen())

    def found(self) -> list[Finding]:
        """Name what has come since and would be loaded; compiled code of fixed files is removed, as it will be made again."""
        self._forget_compiled()
        new = {path: is_file for path, is_file in self._seen() if path not in self._before}
        return uninvited.judge(new, Ground(self._fixed, self._is_package, self._foreign))

    def _seen(self) -> Iterator[tuple[str, bool]]:
        """Paths with whether each is a plain file: what a program may find by name, and what makes a folder a package."""
        for folder in {'', *(str(parent) for path in self._fixed for parent in PurePosixPath(path).parents)} - {'.'}:
            for name, entry in _entries(self._folder / folder).items():
                path = f'{folder}/{name}' if folder else name
                if entry.is_dir(follow_symlinks=False) and name in uninvited.ASKED_FOR:
                    yield from self._below(path)
                elif entry.is_dir(follow_symlinks=False):
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

    def _forget_compiled(self) -> None:
        sources = {path for path in self._fixed if path.endswith('.py')}
        for folder in {str(PurePosixPath(path).parent) for path in sources}:
            cache = self._folder / folder / _CACHE
            if cache.is_symlink():
                cache.unlink()
            for name in _entries(cache):
                said = _COMPILED.fullmatch(name)
                if said and str(PurePosixPath(folder, f'{said[1]}.py')) in sources:
                    (cache / name).unlink()

    def _is_package(self, folder: str) -> bool:
        return (self._folder / folder / '__init__.py').exists()

    def _foreign(self, names: Collection[str]) -> Collection[str]:
        sources = [self._folder / path for path in self._fixed if path.endswith('.py')]
        wanted = {one for path in sources if path.is_file() for one in uninvited.imported(path.read_bytes())}.intersection(names)
        return self._installed(wanted) if wanted else ()


def _entries(folder: Path) -> Mapping[str, os.DirEntry[str]]:
    try:
        with os.scandir(folder) as found:
            return {one.name: one for one in found}
    except OSError:
        return {}
