"""The folders that a lab is made from, as they ship with the package."""
from __future__ import annotations

import difflib
import os
from collections.abc import Iterator
from importlib import resources
from pathlib import Path

from gitexp.core.errors import Usage
from gitexp.lab.config import FILE

DOCUMENTS = 'lab'
_LEFT_OUT = {'__pycache__', '__init__.py'}


def labs() -> list[str]:
    """The names of the ready-made labs."""
    return sorted(entry.name for entry in _home().iterdir() if (entry / FILE).is_file())


def lab(name: str) -> dict[str, tuple[bytes, bool]]:
    """The files of a ready-made lab, as `files` gives them; raises Usage for an unknown name."""
    known = labs()
    if name not in known:
        near = difflib.get_close_matches(name, known, n=1)
        raise Usage(f"no ready-made lab '{name}'", hint=f"did you mean '{near[0]}'?" if near else f'there is {", ".join(known) or "none"}')
    return files(name)


def files(name: str) -> dict[str, tuple[bytes, bool]]:
    """Bytes, and whether to execute, of every file in a template, by its path."""
    folder = _home() / name
    return {
        str(path.relative_to(folder)): (path.read_bytes(), os.access(path, os.X_OK))
        for path in sorted(_walk(folder))
    }


def _walk(folder: Path) -> Iterator[Path]:
    for entry in folder.iterdir():
        if entry.name in _LEFT_OUT:
            continue
        if entry.is_dir():
            yield from _walk(entry)
        else:
            yield entry


def _home() -> Path:
    return Path(str(resources.files('gitexp._templates')))
