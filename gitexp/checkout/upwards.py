"""An end for programs that look for their configuration in all folders above: those above the checkout belong to no commit."""
from __future__ import annotations

from pathlib import Path

from gitexp.core import files, modes

# pytest takes the first pytest.ini on its way up, be it empty, and looks for a conftest.py no further than that is.
_NAME, _TEXT = 'pytest.ini', '[pytest]\ncache_dir = {}/.pytest_cache\n'
# What it would take before that, or load there; whoever runs unheld can write beside the checkout.
_OTHERS = ('conftest.py', 'pytest.toml', '.pytest.toml', '.pytest.ini', 'pyproject.toml', 'tox.ini', 'setup.cfg', '__pycache__')


def end(checkout: Path) -> None:
    """See that there is one beside the checkout, and nothing else that pytest knows."""
    for name in _OTHERS:
        modes.remove(checkout.with_name(name))
    path, text = checkout.with_name(_NAME), _TEXT.format(checkout.name)
    try:
        if files.read(path) == text.encode():
            return
    except OSError:
        pass
    files.replace(path, text)
