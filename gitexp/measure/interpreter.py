"""The Python that an evaluation runs on."""
from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path

from gitexp.core.kept import Kept
from gitexp.core.tuples import NamedTuple
from gitexp.measure import environment

_PYTHON = re.compile(r'(?:/\S*/)?python[\d.]*')
_WORD = r'(?<![\w/.-])(?:/[\w./+-]*/)?python(?:\d(?:\.\d+)?)?(?![\w/-])'
_ACTIVE = r'(?<![\w/.-])([\w./+-]+)/bin/activate(?!\w)'
_PATH = r'(?<!\w)PATH=["\']?([^\s;&|"\']*)'
_COMPARE = '''\
from importlib.util import MAGIC_NUMBER
import ast, marshal, sys, types
print(end='\\0', flush=True)
def made(text, source, name):
    if '-pytest-' not in name:
        level = int(name.rpartition('.opt-')[2][0]) if '.opt-' in name else 0
        yield compile(text, source, 'exec', dont_inherit=True, optimize=level)
        return
    from _pytest.assertion import rewrite
    if not name.partition('.')[2].startswith(f'{rewrite.PYTEST_TAG}.py'):
        raise ImportError('pytest of that version')
    for config in None, types.SimpleNamespace(getini=bool):
        tree = ast.parse(text, source)
        rewrite.rewrite_asserts(tree, text, source, config)
        yield compile(tree, source, 'exec', dont_inherit=True, optimize=int(name.endswith('o')))
for compiled, source in zip(sys.argv[1::2], sys.argv[2::2]):
    with open(compiled, 'rb') as code, open(source, 'rb') as text:
        code, text = code.read(), text.read()
    try:
        if code[:4] != MAGIC_NUMBER or marshal.loads(code[16:]) in made(text, source, compiled.rpartition('/')[2]):
            print(compiled, end='\\0', flush=True)
    except ImportError:
        print(compiled, end='\\0', flush=True)
    except (EOFError, SyntaxError, TypeError, ValueError):
        pass
'''
_UNCHECKED = (1).to_bytes(4, 'little')  # in the head of compiled code: a hash of the source that is not to be looked at
_SELF = (
    'import site, sys; '
    'print(sys.version.split()[0], sys.executable, site.getusersitepackages(), *sys.path[1:], sep="\\0", end="")'
)
_PATIENCE = 20.0
PACKAGES = ('site-packages', 'dist-packages')
# Scripts of Python, many of them, that start another one than their own.
_LAUNCHERS = {'conda', 'hatch', 'mamba', 'micromamba', 'nox', 'pdm', 'pipenv', 'pipx', 'pixi', 'poetry', 'pyenv', 'rye', 'tox', 'uv', 'uvx'}
NAMES = ('python3', 'python')
_PLAIN = {'exec', 'nice', 'ionice', 'nohup', 'numactl', 'setsid', 'stdbuf', 'taskset', 'time', 'timeout'}


class Python(NamedTuple):
    """What a Python says of itself; `path` is its sys.path."""

    version: str
    executable: str
    path: list[str]


def of(command: str, environ: Mapping[str, str], folder: Path) -> str | None:
    """The Python that a command line is run by, None where that cannot be told, as behind `uv run` or in a script of the shell.

    A program that is a script of Python, such as torchrun, names it in its first line; poetry and its like start another one.
    """
    words = environment.launched(command, environ)
    if not words or os.path.basename(words[0]) in _LAUNCHERS:
        return None
    word = words[0]
    if os.path.basename(word) in _PLAIN:
        word = next((word for word in words if _PYTHON.fullmatch(word)), word)
    return behind(word, environ, folder)


def named(said: str, environ: Mapping[str, str], folder: Path) -> set[str]:
    """The Pythons that commands and scripts name, whose environment they activate, or which they put into PATH."""
    said = environment.expanded(said, environ)
    paths = [*re.findall(_PATH, said), *(f'{place}/bin' for place in re.findall(_ACTIVE, said))]
    asked = [(word, environ) for word in {*re.findall(_WORD, said)}] + [(name, {'PATH': path}) for path in paths for name in NAMES]
    return {path for word, env in asked if (path := environment.found(word, env, folder))}


def behind(word: str, environ: Mapping[str, str], folder: Path) -> str | None:
    """The Python that a word means as a program, or that this names in its first line; None for another program."""
    path = environment.found(word, environ, folder)
    if path and not _PYTHON.fullmatch(os.path.basename(path)):
        said = _first_line(path)
        path = environment.found(said, environ, folder) if said and _PYTHON.fullmatch(os.path.basename(said)) else None
    return path


def ask(path: str, kept: Kept, *, folder: Path) -> Python | None:
    """Have a Python say what it is when started in `folder`, unless that is known; None when it cannot."""
    place = os.path.realpath(os.path.dirname(path))  # of the link to a program, which is what makes a venv
    path = os.path.join(place, os.path.basename(path))
    env = environment.handed_on(os.environ)
    given = ' '.join(f'{name}={value}' for name, value in sorted(env.items()) if name == 'HOME' or name.startswith('PYTHON'))

    def say() -> list[str]:
        return _said([path, '-c', _SELF], folder, env).split('\0')

    def beside(said: list[str] | None) -> list[str]:
        """What its path comes from: what is installed later may add folders to it, by a file *.pth, or as the first one of a user."""
        sites = [one for one in said or () if one.endswith(PACKAGES) and os.path.isdir(one)]
        added = [os.path.join(site, name) for site in sites for name in os.listdir(site) if name.endswith('.pth')]
        return [os.path.join(os.path.dirname(place), 'pyvenv.cfg'), *sites, *added]
    try:
        said = say() if is_script(path) else kept.ask(path, say, beside, given=given)
    except OSError:
        return None
    return Python(said[0], said[1], said[3:]) if len(said) > 3 else None


def is_script(path: str) -> bool:
    """Whether a program chooses a Python by the folder, and may choose another tomorrow."""
    return bool(_first_line(path))


def forged(command: str, files: Mapping[str, str], folder: Path) -> set[str]:
    """Which files of compiled code are not what Python, or pytest, makes of their sources, or would be loaded whatever these say.

    What another Python or another pytest has made cannot be told. It is asked in a process of its own, since reading such a file may
    end that. A program in `folder`, where the command starts, may be of the run's own making, and is not asked.
    """
    blind = {path for path in files if _unchecked(path)}
    how = ['-E'] if any('-pytest-' in os.path.basename(path) for path in files) else ['-I', '-S']
    asked = [_outside(command, folder), *how, '-c', _COMPARE, *(word for pair in files.items() for word in pair)]
    try:
        said = _said(asked, '/', environment.handed_on(os.environ))
    except OSError:
        return blind
    return blind.union(files.keys() - said.split('\0')) if said else blind


def _said(words: list[str], folder: str | os.PathLike[str], env: Mapping[str, str]) -> str:
    """What a program prints; raises OSError when it cannot be started, or does not end (TimeoutError)."""
    import subprocess
    try:
        done = subprocess.run(words, cwd=folder, env=env, capture_output=True, timeout=_PATIENCE)
    except subprocess.TimeoutExpired:
        raise TimeoutError(words[0]) from None
    return os.fsdecode(done.stdout)


def _named(command: str) -> tuple[str, list[str]]:
    """The Python that a command line names, and the words before it; the one in PATH where it names none."""
    words = environment.expanded(command, os.environ).split()
    at = next((at for at, word in enumerate(words) if _PYTHON.fullmatch(word)), None)
    return ('python3', []) if at is None else (words[at], words[:at])


def _outside(command: str, folder: Path) -> str:
    """The Python of a command that is not in a folder, by its whole path; without one that in PATH."""
    path = of(command, os.environ, folder) or environment.found(_named(command)[0], os.environ, folder)
    place = Path(os.path.realpath(os.path.dirname(path))) if path else folder
    return 'python3' if not path or place.is_relative_to(os.path.realpath(folder)) else path


def _unchecked(path: str) -> bool:
    try:
        with open(path, 'rb') as file:
            return file.read(8)[4:] == _UNCHECKED
    except OSError:
        return False


def _first_line(path: str) -> str | None:
    """The program that runs a script, as its first line says; None for what is no script."""
    try:
        with open(path, 'rb') as file:
            line = file.readline(1024).decode('utf-8', 'replace')
    except OSError:
        return None
    words = line[2:].split() if line.startswith('#!') else []
    return (words[1] if os.path.basename(words[0]) == 'env' and len(words) > 1 else words[0]) if words else None
