"""Where runners of tests look by themselves for what to load: below the folders that they are told, or in which they are started."""
from __future__ import annotations

import ast
import posixpath
import re
from collections.abc import Collection, Iterator, Mapping
from functools import cached_property

from gitexp.core.tuples import NamedTuple
from gitexp.rules import tested, uninvited
from gitexp.rules.places import above, started
from gitexp.rules.pythons_own import MODULES
from gitexp.rules.uninvited import Ground

_PYTEST = r'(?<![\w.-])py\.?test(?:(?![\w.-])|\.(?:console_)?main\()'
_UNITTEST = r'-m[\s"\',]*(?:unittest|nose2?)(?![\w.])|(?<![\w.-])nose(?:tests|2)(?![\w.])|\.discover\(|\bmain\((?:module=)?None'
_RUNNER = r'\b(pytest|py\.test|unittest|nosetests|nose2?)\b'
_FILE = r'\.py\b|[\[,]\s*__file__\b'
_LOOKING = r'\bdiscover\b|\bNone\b'  # whatever it is told besides
_NO_CODE = r'(?m)(?:^|\s)#.*|\\\n'
_END = r'[;&|\n\])]'
_APART = r'[\s,"\'=()\[\]{}]+'
_CHANGE = r'(?:\bcd|\bpushd)\s+["\']?([^\s;&|"\')]+)'
_INTO = r'(?:\bcd|\bpushd|(?<!\S)-C|--chdir|--directory)[\s="\']+([^\s;&|"\')]+)'
# Options that name files or tests, though not as where to look.
_BESIDE = r'(?:--(?:ignore(?:-glob)?|deselect|rootdir|confcutdir|cov|top-level-directory)|top_level_dir|(?<![\w-])-[kt])[\s="\',]+\S+'
_CALLS = ('import_module', '__import__')


class _Call(NamedTuple):
    """The folders where a runner may be started, those that it is told, and all that it is."""

    starts: set[str]
    folders: set[str]
    said: str = ''


class Visited:
    """Told from the fixed files and the commands, on the side of too many."""

    def __init__(self, ground: Ground) -> None:
        self._ground = ground
        self._fixed = ground.fixed
        self._said = ground.texts()
        self._folders = {folder for path in ground.fixed for folder in above(path)}

    @cached_property
    def by_pytest(self) -> set[str]:
        """The folders below which pytest loads each conftest.py, as it collects there; of a file it looks beside and above that alone."""
        calls = self._calls(_PYTEST, tested.starting(self._said), or_else=True)
        return {place for call in calls for place in call.folders or (() if re.search(_FILE, call.said) else call.starts)}

    @cached_property
    def by_unittest(self) -> set[str]:
        """The folders from which unittest, or nose, imports each package, and those in packages, when it looks for tests."""
        stems = '|'.join(re.escape(posixpath.basename(path)[:-len('.py')]) for path in self._fixed if path.endswith('.py'))
        calls = self._calls(_UNITTEST, started(self._said))
        looking = (call for call in calls if re.search(_LOOKING, call.said) or not stems or not re.search(rf'\b(?:{stems})\b', call.said))
        return {place for call in looking for place in call.folders or call.starts}

    @property
    def folders(self) -> set[str]:
        return self.by_pytest | self.by_unittest

    def loaded(self, path: str, new: Collection[str]) -> str | None:
        """What is said of a path, one of some new ones, that is loaded though nobody names it."""
        folder, name = posixpath.split(path)
        if name == 'conftest.py' and any(uninvited.is_above(start, folder) for start in self.by_pytest):
            return 'pytest would load it unasked'
        if name == '__init__.py' and any(self._is_imported(folder, start, new) for start in self.by_unittest):
            return 'unittest would load it when it looks for tests; without this file the folder can be imported all the same'
        return self._collected(path) if re.fullmatch(uninvited.TEST, path) else None

    def _collected(self, path: str) -> str | None:
        """Whether a runner of tests finds a new one beside those that are fixed. One that is told which to run finds no other."""
        runs = started(self._said)
        text, shell = ('\n'.join(one for at, one in runs.items() if not (only and at.endswith('.py'))) for only in (False, True))
        tests = [other for other in self._fixed if re.fullmatch(uninvited.TEST, other)]
        runner = re.search(_RUNNER, text)
        if not runner or any(_names(posixpath.basename(test)[:-len('.py')], shell) for test in tests):
            return None
        starts = {test: next((folder for folder in above(test) if _names(folder, text)), '') for test in tests}
        near = next((test for test, start in starts.items() if uninvited.is_above(start, posixpath.dirname(path))), None)
        return f"{runner[1]} would run it with '{near}'" if near else None

    def _is_imported(self, folder: str, start: str, new: Collection[str]) -> bool:
        """Whether packages lead from a start to this one that are all fixed, or new and not asked for; what others import is free."""
        if folder == start or not uninvited.is_above(start, folder) or self._is_open:
            return False
        names = folder[len(start):].strip('/').split('/')
        for at in range(1, len(names) + 1):
            way = posixpath.join(start, *names[:at])
            if f'{way}/__init__.py' in new:
                if not self._asked_for.isdisjoint(('.'.join(names[:at]), way.replace('/', '.'))):
                    return False
            elif f'{way}/__init__.py' not in self._fixed or not self._ground.is_package(way):
                return False
        return True

    @cached_property
    def _is_open(self) -> bool:
        """Whether fixed tests import what is neither fixed nor installed: then what an experiment brings may print what it will anyway."""
        ours = {part for path in self._fixed for part in path.removesuffix('.py').split('/')}
        left = {name.partition('.')[0] for name in self._asked_for} - MODULES - ours
        scripts = '\n'.join(text for path, text in started(self._said).items() if not path.endswith('.py'))
        return bool(left) and not left.issubset(self._ground.installed(left, lambda: scripts))

    @cached_property
    def _asked_for(self) -> set[str]:
        """The modules that fixed tests import, and fixed modules that those import, with the packages that they are in."""
        code = {path: text for path, text in self._said.items() if path.endswith('.py')}
        waiting = [path for path in code if re.fullmatch(tested.TEST, path)] or [*code]
        found: set[str] = set()
        while waiting:
            new = {*_imports(code.pop(waiting.pop(), b''))} - found
            found |= new
            ends = tuple(f'/{name.replace(".", "/")}.py' for name in new)
            waiting += [path for path in code if ends and f'/{path}'.endswith(ends)]
        return found

    def _calls(self, runner: str, texts: Mapping[str, str], *, or_else: bool = False) -> Iterator[_Call]:
        """Each start of a runner; with `or_else` a program without one has it in other words."""
        said = {path: _code(text) if path.endswith('.py') else re.sub(_NO_CODE, ' ', text) for path, text in texts.items()}
        into = {posixpath.normpath(one) for text in said.values() for one in re.findall(_INTO, text)}
        for path, text in said.items():
            calls = [*re.finditer(runner, text)]
            for found in calls:
                starts = _starts(path, text[:found.start()].rpartition('\n')[2], into)
                told = re.sub(_BESIDE, ' ', found[0] + re.split(_END, text[found.end():], maxsplit=1)[0])
                words = re.split(_APART, told)
                folders = {posixpath.normpath(posixpath.join(start, word)) for start in starts for word in words} & self._folders
                yield _Call(starts, folders.union(starts if '.' in words else ()), told)
            if or_else and not calls and path.endswith('.py'):
                yield _Call(_starts(path, '', into), set())


def _starts(path: str, before: str, into: Collection[str]) -> set[str]:
    """The folder into which a line has changed before; where it does not tell, each into which any does, the top and that of a script."""
    changes = [] if path.endswith('.py') else [*re.finditer(_CHANGE, before)]
    said = posixpath.normpath(posixpath.join(*(one[1] for one in changes))) if changes else ''
    if changes and not re.search(r'[)}]', before[changes[-1].end():]) and _is_plain(said):
        return {said}
    return {'', posixpath.dirname(path), *filter(_is_plain, into)}


def _is_plain(folder: str) -> bool:
    return not re.search(r'\$|^[./-]|/-', folder)


def _code(text: str) -> str:
    """A program without its docstrings, comments and imports, each statement in one line; as it is where it is no Python."""
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return text
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            node.value = ast.Constant(None)
    return re.sub(r'(?m)^\s*(?:import|from)\s.*', '', ast.unparse(tree))


def _imports(source: bytes) -> Iterator[str]:
    """What a module imports, and the packages that it is in."""
    try:
        nodes = [*ast.walk(ast.parse(source))]
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return
    names = [alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names]
    for node in nodes:
        if isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names += [f'{node.module}.{alias.name}' for alias in node.names]
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith(_CALLS):
            names += [str(one.value) for one in node.args[:1] if isinstance(one, ast.Constant)]
    for name in names:
        yield from (name[:at] for at, sign in enumerate(f'{name}.') if sign == '.')


def _names(name: str, text: str) -> bool:
    return bool(re.search(rf'\b{re.escape(name)}\b', text))
