"""What Python really loads in place of a module, asked of Python itself."""
from __future__ import annotations

import importlib.machinery
import py_compile
import subprocess
import sys
from pathlib import Path

import pytest
from place import Place

from gitexp.rules import shadow

TAG = sys.implementation.cache_tag
NATIVE = importlib.machinery.EXTENSION_SUFFIXES


def _loaded(folder: Path) -> str:
    """What `import measure` does: 'frozen', 'other', or 'broken' where something else is tried."""
    done = subprocess.run([sys.executable, '-S', '-c', 'import measure; print(measure.says)'], cwd=folder, capture_output=True, text=True)
    return done.stdout.strip() or 'broken'


@pytest.mark.parametrize('path', [
    'measure/__init__.py', 'measure/__init__.pyc',
    *(f'measure{suffix}' for suffix in NATIVE), *(f'measure/__init__{suffix}' for suffix in NATIVE),
    f'__pycache__/measure.{TAG}.pyc', 'measure.pyc', 'measure/notes.py', 'measure/__main__.py', 'measure.txt', 'sub/measure.py',
])
def test_what_is_refused_is_what_python_prefers(tmp_path: Path, path: str) -> None:
    (tmp_path / 'measure.py').write_text('says = "frozen"')
    (tmp_path / 'other.py').write_text('says = "other"')
    target = tmp_path / path
    target.parent.mkdir(exist_ok=True)
    if path.endswith('.pyc'):
        py_compile.compile(str(tmp_path / 'other.py'), str(target), invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH)
    else:
        target.write_text((tmp_path / 'other.py').read_text())

    assert ('measure.py' in shadow.modules(path, is_file=True)) == (_loaded(tmp_path) != 'frozen')


def test_a_link_may_lead_to_a_package() -> None:
    assert list(shadow.modules('lib/measure', is_file=False)) == ['lib/measure.py']
    assert list(shadow.modules('lib/measure', is_file=True)) == []


def test_git_selects_all_of_it(repository: Place) -> None:
    paths = ['measure/__init__.py', 'measure.abi3.so', f'__pycache__/measure.{TAG}.pyc', 'Measure/__INIT__.py']
    for name in (*paths, 'measures.py', 'sub/measure/__init__.py'):
        repository.write(f'lib/{name}', 'x')
    repository.git('add', '-A')

    said = repository.git('ls-files', '--', *shadow.pathspecs('lib/measure.py')).stdout.split()

    assert sorted(said) == sorted(f'lib/{name}' for name in paths)
