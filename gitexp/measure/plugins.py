"""What an installed project says of itself in entry_points.txt."""
from __future__ import annotations

import os
from pathlib import Path

_PROGRAMS = ('console_scripts', 'gui_scripts')
_MOST = 1 << 20


def named(path: Path) -> bool:
    """Whether it names plug-ins: who installs a project from the checkout leaves there which programs it has, and no package loads those.

    Read as importlib.metadata does. What is no file, such as a pipe, or cannot be read may name anything.
    """
    if not os.path.isfile(path):
        return os.path.lexists(path)
    try:
        with open(path, encoding='utf-8', errors='replace') as file:
            text = file.read(_MOST + 1)
    except OSError:
        return True
    group = None
    for line in map(str.strip, text.splitlines()):
        if line.startswith('[') and line.endswith(']'):
            group = line.strip('[]')
        elif '=' in line and not line.startswith('#') and group not in _PROGRAMS:
            return True
    return len(text) > _MOST
