"""The Python that an evaluation runs on."""
from __future__ import annotations

import re
import subprocess
from collections.abc import Collection

_PYTHON = re.compile(r'(?:/\S*/)?python[\d.]*')
_LOOK = 'import sys; from importlib.util import find_spec; print(*(name for name in sys.argv[1:] if find_spec(name)))'
_PATIENCE = 20.0


def installed(command: str, names: Collection[str]) -> set[str]:
    """Which modules it finds of itself; none where it cannot be asked."""
    python = next((word for word in command.split() if _PYTHON.fullmatch(word)), 'python3')
    try:
        done = subprocess.run([python, '-c', _LOOK, *sorted(names)], cwd='/', capture_output=True, text=True, timeout=_PATIENCE)
    except (OSError, subprocess.TimeoutExpired):
        return set()
    return set(done.stdout.split())
