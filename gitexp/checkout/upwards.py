"""An end for programs that look for their configuration in all folders above: those above the checkout belong to no commit."""
from __future__ import annotations

from pathlib import Path

from gitexp.core import files

# pytest takes the first pytest.ini on its way up, be it empty, and looks for a conftest.py no further than that is.
_NAME, _TEXT = 'pytest.ini', '[pytest]\ncache_dir = {}/.pytest_cache\n'


def end(checkout: Path) -> None:
    """See that there is one beside the checkout."""
    path, text = checkout.with_name(_NAME), _TEXT.format(checkout.name)
    try:
        if files.read(path) == text.encode():
            return
    except OSError:
        pass
    files.replace(path, text)
