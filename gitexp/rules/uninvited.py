"""Files that programs load though nobody names them: what is fixed would no longer do what it does on the trunk.

Python looks beside the program first, so that a json.py there is loaded in place of its own json, and a numpy.py in place of the
one that is installed, whoever asks for it. Looked at by the evaluation, since a hook would have to look at every commit that adds
a module.
"""
from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from functools import cached_property
from typing import TYPE_CHECKING

from gitexp.core.finding import Finding
from gitexp.core.tuples import NamedTuple
from gitexp.rules import shadow
from gitexp.rules.change import Change
from gitexp.rules.places import MAKE, SAYING, Places, above, started
from gitexp.rules.pythons_own import ALWAYS, ASKED_FOR, MODULES, WANTED
from gitexp.rules.ruleset import BUILT_IN

if TYPE_CHECKING:
    from gitexp.rules.visited import Visited

Installed = Callable[[Collection[str], Callable[[], str]], Mapping[str, 'str | None']]
_CODE = ('.py', '.pyc', '.so', '.pyd')
_MISE = ('mise.toml', '.mise.toml', 'mise.local.toml', '.mise.local.toml')
_LOADED = {
    '.Rprofile': 'R', '.Renviron': 'R', 'conftest.py': 'pytest', 'pytest.ini': 'pytest', '.pytest.ini': 'pytest', 'pytest.toml': 'pytest',
    '.pytest.toml': 'pytest', 'matplotlibrc': 'matplotlib', '.numba_config.yaml': 'numba', '.octaverc': 'Octave', '.RData': 'R',
    '.python-version': 'pyenv', '.python-versions': 'uv', '.tool-versions': 'asdf', **dict.fromkeys(_MISE, 'mise'),
}
_SHARED = ('pyproject.toml', 'setup.cfg', 'tox.ini')  # which pytest reads, too
# What says which Python is started, and with which packages, in the folder where they are.
_LAUNCHERS = {
    'uv': ('.venv', 'uv.toml', 'pyproject.toml', 'uv.lock'), 'poetry': ('.venv', 'poetry.toml', 'pyproject.toml', 'poetry.lock'),
    'pipenv': ('.venv', '.env', 'Pipfile', 'Pipfile.lock'), 'hatch': ('.venv', 'hatch.toml', 'pyproject.toml'),
    'pdm': ('.venv', 'venv', 'env', '.pdm-python', 'pdm.toml', 'pyproject.toml', 'pdm.lock'), 'rye': ('.venv', 'pyproject.toml'),
    'pixi': ('.pixi', 'pixi.toml', 'pixi.lock', 'pyproject.toml'), 'tox': ('tox.ini', 'tox.toml', 'setup.cfg', 'pyproject.toml'),
    'nox': ('noxfile.py',),
}
_CHOOSING = frozenset(name for names in _LAUNCHERS.values() for name in names)
_BY_NAME = frozenset((*_LOADED, *_SHARED, *MAKE))
MADE = ('.pdm-python', 'uv.lock', 'Pipfile')  # of those what its launcher writes when it starts
PLUGINS = 'entry_points.txt'
VISITED = ('conftest.py', '__init__.py')  # what runners of tests load in each folder where they look
# Not compiled before they are needed: every evaluation comes by here.
_INFO = r'(?is).*\.(?:dist|egg)-info'
_ENVIRONMENT = r'/(?:pyvenv\.cfg|bin(?:/python[^/]*)?)\Z'  # what makes a folder one with a Python
TEST = r'(?s)(?:.*/)?(?:test[^/]*|[^/]*_test)\.py'
_JUPYTER = r'jupyter_(?:\w+_)?config\.(?:py|json)'
_RESTORES = r'(?<![\w/.-])R\s|/R\s+(?:CMD|-|<)'  # and Rscript does not
_TESTING = (b'pytest', b'py.test', b'unittest', b'nose')
_SCRIPTS = ('.py', '.sh', '.bash', '.zsh', '.mk', *SAYING)
_WAY = 'call it something else'


class Ground(NamedTuple):
    """What is held against: the paths of the fixed files, whether a folder is a package, and which modules come from elsewhere.

    `texts` returns the fixed files that `is_script` picks, by path, and the commands of the lab; `installed` gets modules, as `a/b`
    for `a.b`, and what to ask for what the scripts say that may start a Python, and returns those that this Python has, and with the
    name of a package those that it does not have and that package asks for.
    """

    fixed: Collection[str]
    is_package: Callable[[str], bool]
    texts: Callable[[], Mapping[str, bytes]]
    installed: Installed


def of(changes: Iterable[Change], ground: Callable[[], Ground]) -> list[Finding]:
    """Name each file that is added and would be loaded uninvited; what was there before is the trunk's own affair."""
    new = {one.path: one.new.is_file for one in changes if one.new and all(old is None for old in one.olds)}
    return judge(new, ground()) if any(_may_be(path, is_file) for path, is_file in new.items()) else []


def judge(new: Mapping[str, bool], ground: Ground) -> list[Finding]:
    """The same for new paths, with whether each is a plain file and not a link or a submodule; in path order."""
    said = _Judge(new, ground).said()
    return [Finding('uninvited', path, message, BUILT_IN, _WAY) for path, message in sorted(said.items()) if message]


def is_script(path: str) -> bool:
    """Whether a file may start programs, name modules, or say where they are."""
    return path.endswith(_SCRIPTS) or '.' not in posixpath.basename(path)


def restored(said: str) -> bool:
    """Whether commands and scripts start an R that loads what another one has saved."""
    return bool(re.search(_RESTORES, said))


class _Judge:
    """One look at what is new; what the fixed files say is read once, and only if it matters."""

    def __init__(self, new: Mapping[str, bool], ground: Ground) -> None:
        self._new = new
        self._ground = ground
        self._ways = {folder: path for path in sorted(ground.fixed) if path.endswith(_CODE) for folder in above(path)}

    def said(self) -> dict[str, str | None]:
        return {
            path: self._by_name(path) or self._instead_of_fixed(path, is_file) or self._instead(path, is_file)
            or self._wanted(path, is_file) or self._plugged(path, is_file) or self._chosen(path)
            or self._in_place_of_the_hub(path) or self._visited_by_tests(path)
            for path, is_file in self._new.items()
        }

    @cached_property
    def _texts(self) -> Mapping[str, bytes]:
        return self._ground.texts()

    @cached_property
    def _places(self) -> Places:
        return Places(self._ground.fixed, self._is_package, self._texts)

    @cached_property
    def _foreign(self) -> Mapping[str, str | None]:
        """Which of the modules that the new files may be are installed, or asked for."""
        new = {one for path, is_file in self._new.items() for one in _modules(path, is_file)}
        asked = {module for folder, module in new if module not in MODULES and module not in ALWAYS and self._places.hold(folder)}
        return self._ground.installed(asked, self._scripts) if asked else {}

    @cached_property
    def _started(self) -> Mapping[str, str]:
        return started(self._texts)

    def _scripts(self) -> str:
        """What the commands say, and the scripts that they run but for those of Python."""
        return '\n'.join(text for path, text in self._started.items() if not path.endswith('.py'))

    def _by_name(self, path: str) -> str | None:
        folder, name = posixpath.split(path)
        if name in MAKE:
            hidden = [later for later in MAKE[MAKE.index(name) + 1:] if posixpath.join(folder, later) in self._ground.fixed]
            return f"make would take it for '{hidden[0]}'" if hidden else None
        program = _LOADED.get(name) or ('pytest' if name in _SHARED else 'Jupyter' if re.fullmatch(_JUPYTER, name) else None)
        if not program or not self._is_looked_in(folder, by=program):
            return None
        if name in _SHARED and not self._is_tested:
            return None
        if name == '.RData' and not restored(self._scripts()):
            return None
        return f'{program} would load it unasked'

    def _visited_by_tests(self, path: str) -> str | None:
        is_looked_for = posixpath.basename(path) in VISITED or re.fullmatch(TEST, path)
        return self._visited.loaded(path, self._new) if is_looked_for and runs_tests(self._texts) else None

    @cached_property
    def _visited(self) -> Visited:
        from gitexp.rules import visited  # It needs those that read Python.
        return visited.Visited(self._ground._replace(texts=lambda: self._texts))

    @cached_property
    def _is_tested(self) -> bool:
        from gitexp.rules import tested  # It needs those that read Python.
        return tested.by_pytest(self._texts)

    def _is_looked_in(self, folder: str, *, by: str) -> bool:
        """pytest looks beside tests and above them, the others where they are started."""
        above_fixed = any(is_above(folder, posixpath.dirname(other)) for other in self._ground.fixed)
        return above_fixed or by != 'pytest' and folder in self._places.named

    def _instead_of_fixed(self, path: str, is_file: bool) -> str | None:
        """A module comes before a folder of its name that has no __init__; one that has is run before what is in it."""
        hidden = next((source for source in shadow.modules(path, is_file=is_file) if source in self._ground.fixed), None)
        if hidden:
            return f"Python would load it in place of '{hidden}'"
        inner = next((self._ways[source] for source in _sources(path, is_file) if source in self._ways), None)
        if not inner:
            return None
        return f"Python would {'run it before' if posixpath.basename(path).startswith('__init__.') else 'look there for'} '{inner}'"

    def _instead(self, path: str, is_file: bool) -> str | None:
        """What a new file is loaded in place of, where Python may look first.

        Compiled code in __pycache__ gives no module without its source.
        """
        for folder, module in _modules(path, is_file):
            said = _own(module) or (_installed(module, self._foreign[module]) if module in self._foreign else None)
            if said and self._places.hold(folder):
                return said
            if hidden := self._earlier(folder, module):
                return f"Python would load it in place of '{hidden}'"
        return None

    @cached_property
    def _code(self) -> Mapping[str, str]:
        """The fixed code by what it is imported as, and by the folders above it."""
        return {**self._ways, **{path[:-len('.py')]: path for path in self._ground.fixed if path.endswith('.py')}}

    @cached_property
    def _ends(self) -> Collection[str]:
        return {posixpath.basename(one) for one in self._code}

    def _earlier(self, folder: str, module: str) -> str | None:
        """The fixed file that a module comes before, since Python looks later in the folder from which that is loaded."""
        if posixpath.basename(module) not in self._ends or folder and folder not in self._places.named:
            return None
        later = (f'{place}/{module}' for place in self._places.later if place != folder)
        return next((self._code[one] for one in later if one in self._code), None)

    def _wanted(self, path: str, is_file: bool) -> str | None:
        for source in _sources(path, is_file):
            parts = source.split('/')
            for at in (at for at, part in enumerate(parts) if part in ASKED_FOR):
                folder, name = '/'.join(parts[:at]), '.'.join(parts[at:])
                meant = next((one for one in WANTED if f'{one}.'.startswith(f'{name}.') or name.startswith(f'{one}.')), None)
                if meant and self._places.hold(folder) and not self._is_package(folder):
                    return f"Python's own modules ask for '{meant}', and would load it"
        return None

    def _plugged(self, path: str, is_file: bool) -> str | None:
        """Python takes a folder for an installed project by its name, and loads what is said there when some package asks for plug-ins."""
        info = posixpath.dirname(path) if posixpath.basename(path).lower() == PLUGINS else '' if is_file else path
        if re.fullmatch(_INFO, info) and self._places.hold(posixpath.dirname(info)):
            return 'Python would load the plug-ins that it names, as of an installed project'
        return None

    def _chosen(self, path: str) -> str | None:
        folder, name = posixpath.split(re.sub(_ENVIRONMENT, '', path))
        asking = [one for one, names in _LAUNCHERS.items() if name in names]
        launcher = next((one for one in asking if re.search(rf'(?<![\w.-]){one}\s', self._scripts())), None)
        if launcher and (not folder or folder in self._places.named):
            return f'{launcher} would start the Python that it finds or names there, or what it asks for'
        return None

    def _in_place_of_the_hub(self, path: str) -> str | None:
        return f"evaluate or datasets would load it in place of their own '{_stem(path)}'" if self._places.replace_hub(path) else None

    def _is_package(self, folder: str) -> bool:
        return bool(folder) and self._ground.is_package(folder)


def is_above(folder: str, other: str) -> bool:
    """Whether a folder is another one or leads to it."""
    return not folder or other == folder or other.startswith(f'{folder}/')


def runs_tests(texts: Mapping[str, bytes]) -> bool:
    """Whether some texts may start a runner of tests."""
    return any(word in text for text in texts.values() for word in _TESTING)


def _may_be(path: str, is_file: bool) -> bool:
    name, whole = (posixpath.basename(one) for one in (path, re.sub(_ENVIRONMENT, '', path)))
    return (
        not is_file or path.endswith(_CODE) or name.lower() == PLUGINS or name in _BY_NAME or whole in _CHOOSING
        or name.startswith('jupyter_')
    )


def _sources(path: str, is_file: bool) -> list[str]:
    if '__pycache__/' in path:
        return []
    own = [re.sub(r'\.pyc?\Z', '', path)] if path.endswith(('.py', '.pyc')) else []
    return [*own, *(source[:-len('.py')] for source in shadow.modules(path, is_file=is_file))]


def _modules(path: str, is_file: bool) -> Iterator[tuple[str, str]]:
    """What a path may be imported as, `a/b` for `a.b`, with the folder that Python has to look in for that."""
    for source in _sources(path, is_file):
        parts = source.split('/')
        yield from (('/'.join(parts[:at]), '/'.join(parts[at:])) for at in range(len(parts)))


def _own(module: str) -> str | None:
    if module in ALWAYS:
        return 'Python would load it before every program'
    return f"Python would load it in place of its own '{module}'" if module in MODULES else None


def _installed(module: str, package: str | None) -> str:
    name = module.replace('/', '.')
    return f"the installed '{package}' asks for '{name}', and would load it" if package else \
        f"Python would load it in place of the installed '{name}'"


def _stem(path: str) -> str:
    return posixpath.splitext(posixpath.basename(path))[0]
