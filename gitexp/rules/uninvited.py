"""Files that programs load though nobody names them: what is fixed would no longer do what it does on the trunk.

Python looks beside the program first, so that a json.py there is loaded in place of its own json. Looked at by the evaluation,
since a hook would have to look at every commit that adds a module.
"""
from __future__ import annotations

import posixpath
import re
import sys
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import NamedTuple

from gitexp.core.finding import Finding
from gitexp.rules import shadow
from gitexp.rules.change import Change
from gitexp.rules.ruleset import BUILT_IN

# What modules of Python 3.10 to 3.13 import though Python does not have it, found by reading all of its sources for imports. Left out
# are its tests, and what it imports only to be asked for by name (pip).
_ASKED_FOR = (
    'Mailman.MailList', 'Mailman.Message', 'Mailman.Utils', '_winreg', 'docutils.frontend', 'docutils.nodes', 'docutils.parsers.rst',
    'docutils.utils', 'java.lang', 'org.python.core', 'pep517.build', 'pep517.meta', 'vms_lib', 'win32api', 'win32con', 'win32evtlog',
    'win32evtlogutil',
)
ASKED_FOR = frozenset(name.split('.')[0] for name in _ASKED_FOR)  # outermost names; a folder needs no __init__ to be found
# What they import that only some of these versions have, in the same way: the evaluation's Python may be another than ours.
_PYTHONS_OWN = sys.stdlib_module_names.union("""
    _bootsubprocess _colorize _crypt _ios_support _opcode_metadata _pydatetime _pyrepl _sha2 _sha256 _sha512 _sysconfig _tokenize _typing
    _wmi aifc asynchat asyncore audioop chunk imghdr sndhdr uu
""".split())
_ALWAYS = ('sitecustomize', 'usercustomize')
_LOADED = {'.Rprofile': 'R', '.Renviron': 'R', 'conftest.py': 'pytest', 'pytest.ini': 'pytest'}
_CODE = ('.py', '.pyc', '.so', '.pyd')
_MAKE = ('GNUmakefile', 'makefile', 'Makefile')  # in the order in which make looks for them
_IMPORT = re.compile(rb'^[ \t]*(?:from[ \t]+(\w+)|import[ \t]+(.+))', re.MULTILINE)
_WAY = 'call it something else'


class Ground(NamedTuple):
    """What is held against: the paths of the fixed files, whether a folder is a package, and which modules come from elsewhere.

    `foreign` gets names of modules and returns those that the fixed files import, and that are installed.
    """

    fixed: Collection[str]
    is_package: Callable[[str], bool]
    foreign: Callable[[Collection[str]], Collection[str]]


def of(changes: Iterable[Change], ground: Callable[[], Ground]) -> list[Finding]:
    """Name each file that is added and would be loaded uninvited; what was there before is the trunk's own affair."""
    new = {one.path: one.new.is_file for one in changes if one.new and all(old is None for old in one.olds)}
    return judge(new, ground()) if any(_may_be(path, is_file) for path, is_file in new.items()) else []


def judge(new: Mapping[str, bool], ground: Ground) -> list[Finding]:
    """The same for new paths, with whether each is a plain file and not a link or a submodule; in path order."""
    places = {'', *(posixpath.dirname(path) for path in ground.fixed if path.endswith('.py'))}
    first = {path: _first(path, is_file, places, ground.is_package) for path, is_file in new.items()}
    unknown = {name for name in first.values() if name and name not in _ALWAYS and name not in _PYTHONS_OWN}
    foreign = ground.foreign(unknown) if unknown else ()
    said = {
        path: _by_name(path, ground.fixed) or _instead_of_fixed(path, is_file, ground.fixed) or _instead(first[path], foreign)
        or _wanted(path, is_file, places, ground.is_package) for path, is_file in new.items()
    }
    return [Finding('uninvited', path, message, BUILT_IN, _WAY) for path, message in sorted(said.items()) if message]


def imported(text: bytes) -> Iterator[str]:
    """The modules that a program names in its imports, outermost name only; a line of text that looks like one counts too."""
    for one, several in _IMPORT.findall(text):
        for said in (one,) if one else several.split(b','):
            yield said.split(b'.')[0].split(b' as ')[0].strip().decode('utf-8', 'replace')


def _may_be(path: str, is_file: bool) -> bool:
    return not is_file or path.endswith(_CODE) or posixpath.basename(path) in (*_LOADED, *_MAKE)


def _by_name(path: str, fixed: Collection[str]) -> str | None:
    folder, name = posixpath.split(path)
    if name in _MAKE:
        hidden = [later for later in _MAKE[_MAKE.index(name) + 1:] if posixpath.join(folder, later) in fixed]
        return f"make would take it for '{hidden[0]}'" if hidden else None
    if name not in _LOADED or not any(_is_above(folder, posixpath.dirname(other)) for other in fixed):
        return None
    return f'{_LOADED[name]} would load it unasked'


def _is_above(folder: str, other: str) -> bool:
    return not folder or other == folder or other.startswith(f'{folder}/')


def _instead_of_fixed(path: str, is_file: bool, fixed: Collection[str]) -> str | None:
    hidden = next((source for source in shadow.modules(path, is_file=is_file) if source in fixed), None)
    return f"Python would load it in place of '{hidden}'" if hidden else None


def _first(path: str, is_file: bool, places: Collection[str], is_package: Callable[[str], bool]) -> str | None:
    """The module that a path gives where Python may look first: in the root, or beside a fixed program that is in no package.

    Compiled code in __pycache__ gives none without its source.
    """
    for source in _sources(path, is_file):
        folder, name = posixpath.split(source)
        if folder in places and not (folder and is_package(folder)):
            return name
    return None


def _wanted(path: str, is_file: bool, places: Collection[str], is_package: Callable[[str], bool]) -> str | None:
    for source in _sources(path, is_file):
        parts = source.split('/')
        for at in (at for at, part in enumerate(parts) if part in ASKED_FOR):
            folder, name = '/'.join(parts[:at]), '.'.join(parts[at:])
            meant = next((one for one in _ASKED_FOR if f'{one}.'.startswith(f'{name}.') or name.startswith(f'{one}.')), None)
            if meant and folder in places and not (folder and is_package(folder)):
                return f"Python's own modules ask for '{meant}', and would load it"
    return None


def _sources(path: str, is_file: bool) -> list[str]:
    if '__pycache__/' in path:
        return []
    own = [re.sub(r'\.pyc?\Z', '', path)] if path.endswith(('.py', '.pyc')) else []
    return [*own, *(source[:-len('.py')] for source in shadow.modules(path, is_file=is_file))]


def _instead(name: str | None, foreign: Collection[str]) -> str | None:
    if name in _ALWAYS:
        return 'Python would load it before every program'
    if name in _PYTHONS_OWN:
        return f"Python would load it in place of its own '{name}'"
    return f"Python would load it in place of the installed '{name}'" if name in foreign else None
