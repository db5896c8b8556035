"""Starting again without what the environment says to Python, which may put other code in the place of gitexp's own.

Whose code runs in this first process can keep it from that, as whoever has another program by our name in PATH can.
"""
from __future__ import annotations

import os
import sys

_FINDING = ('PYTHONHOME', 'PYTHONUSERBASE', 'PYTHONPLATLIBDIR')
_LOADING = ('PYTHONPATH', 'PYTHONPYCACHEPREFIX', 'PYTHON_PRESITE', *_FINDING)
_NEEDED = ('gitexp', 'yaml')
_IMPORT = 'import gitexp.cli, yaml'


def start() -> None:
    """Put a Python that hears none of these variables in the place of this one, if any is set; what is run inherits them all the same."""
    if sys.flags.ignore_environment or not sys.executable or not any(map(os.environ.get, _LOADING)) or not _is_installed():
        return
    flags = [*(['-s'] if sys.flags.no_user_site else []), *(['-P'] if getattr(sys.flags, 'safe_path', False) else [])]
    os.execv(sys.executable, [sys.executable, '-E', *flags, *sys.orig_argv[1:]])


def path() -> list[str]:
    """Where modules are found, for what measures nothing and may well come from elsewhere."""
    given = os.environ.get('PYTHONPATH', '') if sys.flags.ignore_environment else ''
    return [*filter(None, given.split(os.pathsep)), *sys.path]


def _is_installed() -> bool:
    """Whether all that is needed is there without them: on some machines programs are installed by setting them."""
    from importlib.util import find_spec
    given = [os.path.realpath(folder) for folder in os.environ.get('PYTHONPATH', '').split(os.pathsep)]
    found = map(find_spec, _NEEDED)
    if not any(map(os.environ.get, _FINDING)) and not any(_is_below(one.origin, given) for one in found if one and one.origin):
        return True
    import subprocess
    words = [sys.executable, '-E', '-c', _IMPORT]
    return subprocess.run(words, cwd='/', stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False).returncode == 0


def _is_below(path: str, folders: list[str]) -> bool:
    return any(os.path.realpath(path).startswith(f'{folder}{os.sep}') for folder in folders)
