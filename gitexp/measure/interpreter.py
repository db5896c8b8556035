"""The Python that an evaluation runs on."""
from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Collection, Iterable
from pathlib import Path

from gitexp.measure import environment

_PYTHON = re.compile(r'(?:/\S*/)?python[\d.]*')
_LOOK = 'import sys; from importlib.util import find_spec; print(*(name for name in sys.argv[1:] if find_spec(name)))'
_PATIENCE = 20.0


def installed(command: str, names: Collection[str], *, folder: Path) -> set[str]:
    """Which modules it finds beside those of its program, started in `folder`; none of its own where it cannot be asked."""
    words = command.split()
    at = next((at for at, word in enumerate(words) if _PYTHON.fullmatch(word)), None)
    said = environment.assigned(words[:at or 0])
    paths = said.get('PYTHONPATH', '').split(os.pathsep)
    far = os.pathsep.join(path for path in paths if os.path.isabs(path))
    env = {**environment.handed_on(os.environ), **said, 'PYTHONPATH': far}
    found = _near(names, [folder / path for path in paths if os.path.normpath(path) != os.curdir and not os.path.isabs(path)])
    asked = [words[at] if at is not None else 'python3', '-c', _LOOK, *sorted(names)]
    try:
        done = subprocess.run(asked, cwd='/', env=env, capture_output=True, text=True, timeout=_PATIENCE)
    except (OSError, subprocess.TimeoutExpired):
        return found
    return found.union(done.stdout.split())


def _near(names: Iterable[str], places: Iterable[Path]) -> set[str]:
    """Looked for by name: a Python that is told of a folder of the experiment would run its sitecustomize."""
    return {name for place in places for name in names if (place / f'{name}.py').exists() or (place / name).is_dir()}
