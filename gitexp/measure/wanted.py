"""Modules that installed packages take where they are there, and are not installed: told from their sources, none of which is run."""
from __future__ import annotations

import ast
import json
import os
import re
import time
from collections.abc import Callable, Collection, Iterator
from pathlib import Path

from gitexp.core import files
from gitexp.measure import packages
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
_LEFT_OUT = {'__pycache__', 'test', 'tests'}
_LARGEST = 1 << 21  # bytes of a source
_PATIENCE = 1.0  # seconds before it is said what takes so long


def by(names: Collection[str], places: Collection[str], *, cache: Path, say: Callable[[str], None]) -> dict[str, str]:
    """Which of some names, `a.b`, the packages in some folders ask for, and one of those that do."""
    key = packages.digest({f'{place} {name}': version for place in places for name, version in packages.installed([place]).items()})
    index = _known(cache, key)
    if index is None:
        index = _read(places, say)
        try:
            files.replace(cache, json.dumps([key, index]))
        except OSError:
            pass  # It is read again.
    found: dict[str, str] = {}
    for name in names:
        # What was kept may be of more places than those: a person's own are left out by PYTHONNOUSERSITE.
        there = ((path, place) for path in index.get(name.partition('.')[0], []) for place in places if path.startswith(f'{place}/'))
        if asking := next((pair for pair in there if _asks(pair[0], name)), None):
            found[name] = os.path.relpath(*asking).partition('/')[0].removesuffix('.py')
    return found


def _known(cache: Path, key: str) -> dict[str, list[str]] | None:
    try:
        kept, index = json.loads(cache.read_bytes())
    except (OSError, ValueError, TypeError):
        return None
    return dict(index) if kept == key else None


def _read(places: Collection[str], say: Callable[[str], None]) -> dict[str, list[str]]:
    """The sources that may ask for a name, by its first part, of all names that are not installed."""
    begun, told = time.monotonic(), False
    there = MODULES.union(entry.partition('.')[0] for place in places for entry in os.listdir(place))
    found: dict[str, list[str]] = {}
    for path in (path for place in places for path in _sources(place)):
        if not told and time.monotonic() - begun > _PATIENCE:
            told = True
            say('reading what is installed for the modules that it asks for, once')
        for name in _first_parts(_text(path)) - there:
            found.setdefault(name, []).append(path)
    return found


def _sources(place: str) -> Iterator[str]:
    for folder, inside, names in os.walk(place):
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
