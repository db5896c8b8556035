"""Modules that installed packages take where they are there, and are not installed: told from their sources, none of which is run."""
from __future__ import annotations

import ast
import json
import os
import re
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path

from gitexp.core import files
from gitexp.core.kept import Kept, state_of
from gitexp.measure import packages
from gitexp.measure.modules import STRAY
from gitexp.rules.pythons_own import MODULES

# A function that is asked with a literal whether a module is there, or for the module: find_spec, import_optional_dependency.
# Modules are also the layers of a network (add_module), and what is made by a class (ParamSpec) is not asked for.
_ASKS = (
    r'(?!\w*deprecat)(?:\w*(?:[Ii]mport(?![Ee])|find_spec\Z|available\Z|dependenc|optional|(?:module|package)_(?:present|exists|installed))'
    r'|_*(?:get|find|has|have|is|need|require|try|check)_(?:module|package)(?:_|\Z))'
)
_IMPORT = rb'\n[ \t]+(?:import|from)[ \t]+([A-Za-z_][^\n#;]*)'
# Each is searched for by itself, which takes half the time, and without its first letter, which may be a capital.
_CALLS = tuple(word + rb'\w*\(\s*["\']([A-Za-z_][\w.]*)["\']' for word in (
    b'mport', b'odule', b'spec', b'vailable', b'ackage', b'ependenc', b'ptional',
))
_SPREAD = rb'\b(?:extend_path|declare_namespace)\b'
_LEFT_OUT = {'__pycache__', 'test', 'tests'}
_LARGEST = 1 << 21  # bytes of a source
_PATIENCE = 1.0  # seconds before it is said what takes so long


def by(
    names: Collection[str], places: Collection[str], beside: Collection[str], *, cache: Path, say: Callable[[str], None],
) -> dict[str, str]:
    """Which of some names, `a.b`, installed packages ask for, and one of those that do.

    What is installed in some `places` is read once, and what lies `beside` them (a package, a module, or a folder of those) whenever
    it has changed, since somebody may be at work there.
    """
    reading = _Reading(say)
    installed, sources = _installed(places, cache, reading), _sources(beside, cache.with_name('sources.json'), reading)
    found: dict[str, str] = {}
    for name in names:
        first = name.partition('.')[0]
        # What was kept may be of more places than those: a person's own are left out by PYTHONNOUSERSITE.
        there = ((path, place) for path in installed.get(first, []) for place in places if path.startswith(f'{place}/'))
        asking = next((pair for pair in (*there, *sources.get(first, [])) if _asks(pair[0], name)), None)
        if asking:
            found[name] = os.path.relpath(*asking).partition('/')[0].removesuffix('.py')
    return found


class _Reading:
    """Says once what takes so long, if it does."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say: Callable[[str], None] | None = say
        self._begun = time.monotonic()

    def first_parts(self, path: str) -> list[str]:
        if self._say and time.monotonic() - self._begun > _PATIENCE:
            self._say('reading what is installed for the modules that it asks for, once')
            self._say = None
        return sorted(_first_parts(_text(path)) - MODULES)


def _installed(places: Collection[str], cache: Path, reading: _Reading) -> dict[str, list[str]]:
    """The sources that may ask for a name, by its first part, of all names that are not installed."""
    links = {link: state_of(os.stat(link)) for place in places for link in _links(place)}
    versions = {f'{place} {name}': version for place in places for name, version in packages.installed([place]).items()}
    key = packages.digest({**versions, **links})
    index = _known(cache, key)
    if index is None:
        index = _read(places, reading)
        try:
            files.replace(cache, json.dumps([key, index]))
        except OSError:
            pass  # It is read again.
    return index


def _known(cache: Path, key: str) -> dict[str, list[str]] | None:
    try:
        kept, index = json.loads(cache.read_bytes())
    except (OSError, ValueError, TypeError):
        return None
    return dict(index) if kept == key else None


def _read(places: Collection[str], reading: _Reading) -> dict[str, list[str]]:
    there = {name for place in places for name in _whole(place)}
    found: dict[str, list[str]] = {}
    for path in (path for place in places for top in (place, *_links(place)) for path in _below(top)):
        for name in reading.first_parts(path):
            if name not in there:
                found.setdefault(name, []).append(path)
    return found


def _links(place: str) -> list[str]:
    """The packages that lie elsewhere."""
    return sorted(one.path for one in os.scandir(place) if one.is_symlink() and one.is_dir())


def _whole(place: str) -> Iterator[str]:
    """The modules of which no part is elsewhere, as it may be of a folder without an __init__, or with one that says so."""
    for entry in os.scandir(place):
        inits = [name for name in os.listdir(entry.path) if name.startswith('__init__.')] if entry.is_dir() else None
        if inits is None or any(not re.search(_SPREAD, _text(f'{entry.path}/{name}')) for name in inits):
            yield entry.name.partition('.')[0]


def _sources(beside: Collection[str], cache: Path, reading: _Reading) -> dict[str, list[tuple[str, str]]]:
    """The same with the folder of modules that each source is in."""
    known, found = Kept(cache), dict[str, list[tuple[str, str]]]()
    for place, path in ((place, path) for where in beside for place, top in _modules(where) for path in _below(top)):
        with suppress(OSError):  # of a link that leads nowhere
            for name in known.ask(path, partial(reading.first_parts, path)):
                found.setdefault(name, []).append((path, place))
    known.save()
    return found


def _modules(where: str) -> Iterator[tuple[str, str]]:
    """The packages and modules that a path is or has, with the folder in which they are; what else a folder has may be anything."""
    if _is_module(where):
        yield os.path.dirname(where), where
    elif os.path.isdir(where):
        tops = (f'{where}/{name}' for name in sorted(os.listdir(where)) if name.removesuffix('.py') not in STRAY)
        yield from ((where, top) for top in tops if _is_module(top))


def _is_module(path: str) -> bool:
    return os.path.isfile(path if path.endswith('.py') else f'{path}/__init__.py')


def _below(top: str) -> Iterator[str]:
    if os.path.isfile(top):
        yield top
    for folder, inside, names in os.walk(top):
        inside[:] = [one for one in inside if one not in _LEFT_OUT]
        yield from (f'{folder}/{name}' for name in names if name.endswith('.py'))


def _text(path: str) -> bytes:
    try:
        return files.read(path, most=_LARGEST)
    except OSError:
        return b''


def _first_parts(source: bytes) -> set[str]:
    imported = [word for one in re.findall(_IMPORT, source) for word in one.partition(b' import')[0].split(b',')]
    called = [word for call in _CALLS for word in re.findall(call, source)]
    said = b'\n'.join(word.strip() for word in (*imported, *called)).decode('utf-8', 'replace')
    return set(re.findall(r'(?m)^\w+', said))


def _asks(path: str, name: str) -> bool:
    """Whether a source imports a module where a failure does no harm, or asks a function for it, or for what is there by being above it."""
    try:
        tree = ast.parse(_text(path))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return any(f'{one}.'.startswith(f'{name}.') or name.startswith(f'{one}.') for node in ast.walk(tree) for one in _asked(node))


def _asked(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Try) or isinstance(node, ast.With) and 'suppress' in ast.unparse(node.items[0]):
        for one in ast.walk(node):
            if isinstance(one, ast.Import):
                yield from (alias.name for alias in one.names)
            elif isinstance(one, ast.ImportFrom) and not one.level and one.module:
                yield from (f'{one.module}.{alias.name}' for alias in one.names)
    elif isinstance(node, ast.Call):
        named = node.func.id if isinstance(node.func, ast.Name) else node.func.attr if isinstance(node.func, ast.Attribute) else ''
        if re.match(_ASKS, named):
            yield from (one.value for one in node.args[:1] if isinstance(one, ast.Constant) and isinstance(one.value, str))
