"""Files that programs load though nobody names them: what is fixed would no longer do what it does on the trunk.

Python looks beside the program first, so that a json.py there is loaded in place of its own json. Looked at by the evaluation,
since a hook would have to look at every commit that adds a module.
"""
from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from functools import cached_property

from gitexp.core.finding import Finding
from gitexp.core.tuples import NamedTuple
from gitexp.rules import shadow
from gitexp.rules.change import Change
from gitexp.rules.pythons_own import ALWAYS, ASKED_FOR, MODULES, WANTED
from gitexp.rules.ruleset import BUILT_IN

COMMANDS = ''  # stands for a path in Ground.texts
_CODE = ('.py', '.pyc', '.so', '.pyd')
_LOADED = {
    '.Rprofile': 'R', '.Renviron': 'R', 'conftest.py': 'pytest', 'pytest.ini': 'pytest', '.pytest.ini': 'pytest', 'pytest.toml': 'pytest',
    '.pytest.toml': 'pytest',
}
_SHARED = ('pyproject.toml', 'setup.cfg', 'tox.ini')  # which pytest reads, too
_PYTEST = re.compile(rb'\b(?:pytest|py\.test)\b')
_MAKE = ('GNUmakefile', 'makefile', 'Makefile')  # in the order in which make looks for them
_IMPORT = re.compile(rb'^[ \t]*(?:from[ \t]+(\w+)|import[ \t]+(.+))', re.MULTILINE)
_SCRIPT = re.compile(r'(?s)(?:.*/)?(?:[^/.]+|.*\.(?:py|sh|bash|zsh|mk))')
_WAY = 'call it something else'


class Ground(NamedTuple):
    """What is held against: the paths of the fixed files, whether a folder is a package, and which modules come from elsewhere.

    `texts` returns the fixed files that `is_script` picks, by path, and the commands of the lab; `installed` gets names of modules
    and returns those that the evaluation's Python has.
    """

    fixed: Collection[str]
    is_package: Callable[[str], bool]
    texts: Callable[[], Mapping[str, bytes]]
    installed: Callable[[Collection[str]], Collection[str]]


def of(changes: Iterable[Change], ground: Callable[[], Ground]) -> list[Finding]:
    """Name each file that is added and would be loaded uninvited; what was there before is the trunk's own affair."""
    new = {one.path: one.new.is_file for one in changes if one.new and all(old is None for old in one.olds)}
    return judge(new, ground()) if any(_may_be(path, is_file) for path, is_file in new.items()) else []


def judge(new: Mapping[str, bool], ground: Ground) -> list[Finding]:
    """The same for new paths, with whether each is a plain file and not a link or a submodule; in path order."""
    said = _Judge(new, ground).said()
    return [Finding('uninvited', path, message, BUILT_IN, _WAY) for path, message in sorted(said.items()) if message]


def is_script(path: str) -> bool:
    """Whether a file may start programs and name modules."""
    return bool(_SCRIPT.fullmatch(path))


def imported(text: bytes) -> Iterator[str]:
    """The modules that a program names in its imports, outermost name only; a line of text that looks like one counts too."""
    for one, several in _IMPORT.findall(text):
        for said in (one,) if one else several.split(b','):
            yield said.split(b'.')[0].split(b' as ')[0].strip().decode('utf-8', 'replace')


class _Judge:
    """One look at what is new; what the fixed files say is read once, and only if it matters."""

    def __init__(self, new: Mapping[str, bool], ground: Ground) -> None:
        self._new = new
        self._ground = ground
        self._places = {'', *(posixpath.dirname(path) for path in ground.fixed if path.endswith('.py'))}
        self._ways = {folder: path for path in sorted(ground.fixed) if path.endswith(_CODE) for folder in _above(path)}

    def said(self) -> dict[str, str | None]:
        first = {path: self._first(path, is_file) for path, is_file in self._new.items()}
        unknown = {name for name in first.values() if name and name not in ALWAYS and name not in MODULES}
        foreign = self._foreign(unknown) if unknown else ()
        return {
            path: self._by_name(path) or self._instead_of_fixed(path, is_file) or _instead(first[path], foreign)
            or self._wanted(path, is_file) for path, is_file in self._new.items()
        }

    @cached_property
    def _texts(self) -> Mapping[str, bytes]:
        return self._ground.texts()

    def _foreign(self, names: Collection[str]) -> Collection[str]:
        """Which names of modules are imported by the fixed files, and installed."""
        wanted = {one for path, text in self._texts.items() if path.endswith('.py') for one in imported(text)}.intersection(names)
        return self._ground.installed(wanted) if wanted else ()

    def _by_name(self, path: str) -> str | None:
        folder, name = posixpath.split(path)
        if name in _MAKE:
            hidden = [later for later in _MAKE[_MAKE.index(name) + 1:] if posixpath.join(folder, later) in self._ground.fixed]
            return f"make would take it for '{hidden[0]}'" if hidden else None
        program = _LOADED.get(name) or ('pytest' if name in _SHARED else None)
        if not program or not any(_is_above(folder, posixpath.dirname(other)) for other in self._ground.fixed):
            return None
        if name in _SHARED and not any(map(_PYTEST.search, self._texts.values())):
            return None
        return f'{program} would load it unasked'

    def _instead_of_fixed(self, path: str, is_file: bool) -> str | None:
        """A module comes before a folder of its name that has no __init__; one that has is run before what is in it."""
        hidden = next((source for source in shadow.modules(path, is_file=is_file) if source in self._ground.fixed), None)
        if hidden:
            return f"Python would load it in place of '{hidden}'"
        inner = next((self._ways[source] for source in _sources(path, is_file) if source in self._ways), None)
        if not inner:
            return None
        return f"Python would {'run it before' if posixpath.basename(path).startswith('__init__.') else 'look there for'} '{inner}'"

    def _first(self, path: str, is_file: bool) -> str | None:
        """The module that a path gives where Python may look first.

        Compiled code in __pycache__ gives none without its source.
        """
        for source in _sources(path, is_file):
            folder, name = posixpath.split(source)
            if folder in self._places and (not self._is_package(folder) or self._holds_program(folder)):
                return name
        return None

    def _wanted(self, path: str, is_file: bool) -> str | None:
        for source in _sources(path, is_file):
            parts = source.split('/')
            for at in (at for at, part in enumerate(parts) if part in ASKED_FOR):
                folder, name = '/'.join(parts[:at]), '.'.join(parts[at:])
                meant = next((one for one in WANTED if f'{one}.'.startswith(f'{name}.') or name.startswith(f'{one}.')), None)
                if meant and folder in self._places and not self._is_package(folder):
                    return f"Python's own modules ask for '{meant}', and would load it"
        return None

    def _is_package(self, folder: str) -> bool:
        return bool(folder) and self._ground.is_package(folder)

    def _holds_program(self, folder: str) -> bool:
        """Whether a fixed file there is started by its name, so that Python looks beside it first, whatever the folder is."""
        return any(posixpath.dirname(path) == folder and path.endswith('.py') and self._is_started(path) for path in self._ground.fixed)

    def _is_started(self, path: str) -> bool:
        """Another program of Python names it from the top; a command or a script may have changed into its folder."""
        return any(
            (path if other.endswith('.py') else posixpath.basename(path)).encode('utf-8', 'surrogateescape') in text
            for other, text in self._texts.items()
        )


def _may_be(path: str, is_file: bool) -> bool:
    return not is_file or path.endswith(_CODE) or posixpath.basename(path) in (*_LOADED, *_SHARED, *_MAKE)


def _above(path: str) -> Iterator[str]:
    while path := posixpath.dirname(path):
        yield path


def _is_above(folder: str, other: str) -> bool:
    return not folder or other == folder or other.startswith(f'{folder}/')


def _sources(path: str, is_file: bool) -> list[str]:
    if '__pycache__/' in path:
        return []
    own = [re.sub(r'\.pyc?\Z', '', path)] if path.endswith(('.py', '.pyc')) else []
    return [*own, *(source[:-len('.py')] for source in shadow.modules(path, is_file=is_file))]


def _instead(name: str | None, foreign: Collection[str]) -> str | None:
    if name in ALWAYS:
        return 'Python would load it before every program'
    if name in MODULES:
        return f"Python would load it in place of its own '{name}'"
    return f"Python would load it in place of the installed '{name}'" if name in foreign else None
