"""Which modules the Python has that evaluates, told from the names of files: none is imported."""
from __future__ import annotations

import os
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from pathlib import Path

from gitexp.core import files
from gitexp.core.kept import Kept
from gitexp.lab.lab import Lab
from gitexp.measure import environment, interpreter

# What packages leave there by mistake, and nobody imports.
STRAY = {'benchmarks', 'conftest', 'docs', 'examples', 'scripts', 'setup', 'test', 'tests'}
_ONE = r'[^;&|\n]*'  # a command line that starts one program
_OWN = r'site-packages|dist-packages|lib-dynload|python3[\d.]*t?'
_CODE = ('.py', '.pyc', '.so', '.pyd')
_MAPPED = r"'([\w.]+)'(?::|,) '([^'\n]*)'"  # by setuptools, and by the library that hatchling and pdm use
_HEAD = 1 << 14
_LONGEST = 1 << 24  # bytes


class Modules:
    """Those that a program started in `folder` would load if no file of the lab came before."""

    def __init__(self, lab: Lab, folder: Path, say: Callable[[str], None] = lambda line: None) -> None:
        self._lab = lab
        self._say = say
        self._folder = folder
        self._tops = (lab.root, folder)
        self._places: list[tuple[str, bool]] | None = None

    def installed(self, modules: Collection[str], scripts: Callable[[], str]) -> Mapping[str, str | None]:
        """Which of some modules, `a/b` for a.b, are there, and which are not and some package asks for, with that package.

        `scripts` is asked for what else may start a Python where the command does not tell which it is.
        """
        if self._places is None:
            self._places = list(self._found(scripts))
        there = {module for place, loose in self._places for module in _there(Path(place), modules, loose=loose, tops=self._tops)}
        places = [place for place, _ in self._places if place.endswith(interpreter.PACKAGES) and os.path.isdir(place)]
        names = {module.replace('/', '.'): module for module in modules if module not in there}
        from gitexp.measure import wanted  # Most evaluations add no module, and it needs those that read Python.
        cache = self._lab.state / 'cache' / 'wanted.json'
        asked = wanted.by(names, places, self._sources(places), cache=cache, say=self._say) if names else {}
        return {**dict.fromkeys(there), **{names[name]: package for name, package in asked.items()}}

    def _sources(self, places: Iterable[str]) -> set[str]:
        """What is there to be imported and lies elsewhere than what is installed, as by `pip install -e`."""
        given = {place for place, _ in self._places or () if not is_own(place)}
        found = given.union(where for place in places for _, where in _mapped(Path(place), _entries(Path(place))))
        return {where for where in found if not _inside(where, self._tops)}

    def _found(self, scripts: Callable[[], str]) -> Iterator[tuple[str, bool]]:
        """Where Python looks after the folders of a program, and whether what lies there has been put there to be imported."""
        text = self._lab.config.eval.text
        told = interpreter.of(text, os.environ, self._folder)
        told = None if told and _inside(told, [self._folder]) else told  # A program of the commit is not started outside a run.
        is_one = told and re.fullmatch(_ONE, text.strip())
        said = environment.expanded(text if is_one else f'{text}\n{scripts()}\n{launcher(text, self._folder)}', os.environ)
        paths = list(self._paths(told, said))
        files = (os.path.join(path, name) for path in paths if path.endswith(interpreter.PACKAGES) for name in _entries(Path(path)))
        added = {place for file in files if file.endswith('.pth') for place in _added(file)}
        for place in dict.fromkeys([*paths, *added]):
            own = is_own(place)
            if own or not _inside(place, self._tops):
                yield place, own or place in added
        for place in environment.path(said, self._lab.config.environment):
            if os.path.isabs(place) and not _inside(place, self._tops):
                yield place, True

    def _paths(self, told: str | None, said: str) -> Iterator[str]:
        paths = interpreter.named(said if told else f'{said}\npython3', os.environ, self._folder)
        kept = Kept(self._lab.state / 'cache' / 'programs.json')
        for path in paths.union([told] if told else []):
            python = None if _inside(path, [self._folder]) else interpreter.ask(path, kept, folder=self._folder)
            yield from python.path if python else []
        kept.save()
        if not told:  # Then it may be one that its launcher finds by the folder.
            yield from (str(place) for top in self._tops for place in top.glob('.venv/lib/python*/site-packages'))


def is_own(place: str) -> bool:
    """Whether a folder of modules is one that Python or an installer has made."""
    return bool(re.fullmatch(_OWN, os.path.basename(place)))


def elsewhere(place: str) -> Iterator[str]:
    """Where what is found in a folder of modules lies besides, and further folders that it names."""
    try:
        with os.scandir(place) as entries:
            told = [one for one in entries if one.is_symlink() or one.name.endswith('.pth') or _is_finder(one.name)]
    except OSError:
        return
    yield from (where for _, where in _mapped(Path(place), (one.name for one in told)))
    for one in told:
        if one.is_symlink():
            yield os.path.realpath(one.path)
        if one.name.endswith('.pth'):
            yield from _added(one.path)


def _added(file: str) -> Iterator[str]:
    """The folders that a file *.pth adds to the path."""
    lines = map(str.rstrip, _text(Path(file)).splitlines())
    yield from (os.path.join(os.path.dirname(file), line) for line in lines if line and not line.startswith(('#', 'import ', 'import\t')))


def launcher(command: str, folder: Path) -> str:
    """What the program says that a command line starts with, if that is a script."""
    path = environment.program(command, os.environ, folder)
    try:
        with open(path or os.devnull, 'rb') as file:
            head = file.read(_HEAD)
    except OSError:
        return ''
    return head.decode('utf-8', 'replace') if head.startswith(b'#!') else ''


def _there(place: Path, modules: Collection[str], *, loose: bool, tops: Collection[Path]) -> Iterator[str]:
    """What a folder has of some modules; unless `loose`, packages alone, as of a project that is installed from its sources."""
    entries = _entries(place)
    stems = {entry.partition('.')[0] for entry in entries}
    for module in modules:
        first, _, inner = module.partition('/')
        if first in stems and (inner or first not in STRAY) and _has(place, module, entries, loose=loose):
            yield module
    yield from (name for name, where in _mapped(place, entries) if name in modules and not _inside(where, tops))


def _mapped(folder: Path, entries: Iterable[str]) -> Iterator[tuple[str, str]]:
    """The modules, as `a/b`, that finders lead to other folders."""
    for entry in filter(_is_finder, entries):
        yield from ((name.replace('.', '/'), where) for name, where in re.findall(_MAPPED, _text(folder / entry)))


def _is_finder(entry: str) -> bool:
    return bool(re.fullmatch(r'__editable__.*_finder\.py|_editable_impl_.*\.py', entry))


def _has(place: Path, module: str, entries: Collection[str], *, loose: bool) -> bool:
    """Whether a folder has a module; of the inner ones those in folders that have no __init__, since theirs are found elsewhere, too."""
    first, _, inner = module.partition('/')
    inside = _entries(place / first)
    is_package = any(entry.startswith('__init__.') for entry in inside)
    if inner:
        return not is_package and _has(place / first, inner, inside, loose=True)
    if loose and any(entry.startswith(f'{first}.') and entry.endswith(_CODE) for entry in entries):
        return True
    return is_package or loose and any(_is_code(place / first / entry) for entry in inside)


def _is_code(path: Path) -> bool:
    return path.name.endswith(_CODE) or any(entry.endswith(_CODE) for entry in _entries(path))


def _entries(folder: Path) -> list[str]:
    try:
        return os.listdir(folder)
    except OSError:
        return []


def _text(path: Path) -> str:
    """Nothing for what cannot be read, or is no file: a run may have left a pipe there."""
    try:
        return files.read(path, most=_LONGEST).decode('utf-8', 'replace')
    except OSError:
        return ''


def _inside(path: str, tops: Collection[Path]) -> bool:
    return any(Path(path).is_relative_to(top) for top in tops)
