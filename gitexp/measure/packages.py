"""What is installed for a Python, told from the names of folders: nothing is imported, and no Python is started."""
from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping

from gitexp.core import digests

_FOLDERS = ('site-packages', 'dist-packages')
_INFO = ('.dist-info', '.egg-info')
_CUDA = re.compile(r"^cuda\b.*= '([\w.]+)'", re.MULTILINE)


def installed(path: Iterable[str]) -> dict[str, str]:
    """Name and version of each package on a sys.path; of two with one name the first, which is the one that is imported."""
    found: dict[str, str] = {}
    for folder in _places(path):
        for entry in sorted(os.listdir(folder)):
            stem, ending = os.path.splitext(entry)
            if ending in _INFO:
                name, version, *_ = [*stem.split('-'), '']
                found.setdefault(re.sub(r'[-_.]+', '-', name).lower(), version)
    return found


def lines(packages: Mapping[str, str]) -> str:
    """One line a package, 'name==version', in the order of their names."""
    return ''.join(f'{name}=={version}\n' if version else f'{name}\n' for name, version in sorted(packages.items()))


def digest(packages: Mapping[str, str]) -> str:
    """What changes with every package that is installed, removed or brought up to date."""
    return digests.sha256(lines(packages).encode())[:12]


def cuda(path: Iterable[str]) -> str | None:
    """The CUDA that torch was built for, None for none."""
    for folder in _places(path):
        try:
            with open(os.path.join(folder, 'torch', 'version.py'), encoding='utf-8', errors='replace') as file:
                said = _CUDA.search(file.read(1 << 14))
        except OSError:
            continue
        return said[1] if said else None
    return None


def _places(path: Iterable[str]) -> list[str]:
    return [folder for folder in path if os.path.basename(folder) in _FOLDERS and os.path.isdir(folder)]
