"""What the hook of a server runs, as a copy within the repository: nothing has to stay installed, and nothing else can change it."""
from __future__ import annotations

import hashlib
import shutil
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path

import gitexp
from gitexp.core import files

_FOLDER = 'exp/server'
_PACKAGES = ('core', 'git', 'lab', 'rules', 'guard')


def put(bare: Path) -> str:
    """Copy what is needed, or mend the copy; returns its folder. Another version gets another one, so that no running push mixes them."""
    library = _library()
    folder = f'{_FOLDER}/lib-{_digest(library)}'
    for name, data in library.items():
        write(bare / folder / name, data)
    import compileall
    compileall.compile_dir(bare / folder, quiet=2)  # Who pushes may not be allowed to write here, and would compile each time.
    return folder


def write(path: Path, data: bytes) -> None:
    """Write a file, unless it is as it should be."""
    if not path.is_file() or path.read_bytes() != data:
        files.replace(path, data)


def tidy(bare: Path, folder: str) -> None:
    """Remove other versions, which no hook names any more."""
    for path in (bare / _FOLDER).glob('lib-*'):
        if path != bare / folder:
            shutil.rmtree(path, ignore_errors=True)


def _library() -> dict[str, bytes]:
    """Parts of gitexp, and the YAML reader in plain Python, by path."""
    ours = Path(gitexp.__file__).parent
    chosen = [path for package in _PACKAGES for path in (ours / package).glob('*.py')]
    chosen += [ours / '__init__.py', ours / 'lab' / 'schema.json']
    found = find_spec('yaml')
    theirs = [path for top in (found.submodule_search_locations if found else None) or () for path in Path(top).glob('*.py')]
    named = {str(path.relative_to(ours.parent)): path for path in chosen} | {f'yaml/{path.name}': path for path in theirs}
    return {name: path.read_bytes() for name, path in named.items()}


def _digest(library: Mapping[str, bytes]) -> str:
    return hashlib.sha256(b''.join(f'{name}\0{len(data)}\0'.encode() + data for name, data in sorted(library.items()))).hexdigest()[:12]
