"""What Python would load in place of a module: a package, an extension or compiled code of its name.

Only what really comes first counts, so that a folder data/ may lie beside a frozen data.py: a package has an __init__, an
extension is found before a source, code in __pycache__ may say of itself that its source is not to be looked at. A compiled
file beside its source is not loaded, and neither is a folder without an __init__.
"""
from __future__ import annotations

import re
from collections.abc import Iterator

_EXTENSION = r'(?:\.[^/]+)?\.(?:so|pyd)'
_PACKAGE = rf'(?is)(.+)/__init__(?:\.pyc?|{_EXTENSION})'
_NATIVE = rf'(?is)((?:.*/)?[^/.]+){_EXTENSION}'
_COMPILED = r'(?is)((?:.*/)?)__pycache__/([^/.]+)\.[^/]*pyc'
_ENDS = ('/__init__.py', 'pyc', '.so', '.pyd')


def modules(path: str, *, is_file: bool) -> Iterator[str]:
    """The source files that a path would stand in for; a link or a submodule may lead to a package."""
    if not is_file:
        yield f'{path}.py'
    if not path.lower().endswith(_ENDS):
        return
    for form in (_PACKAGE, _NATIVE, _COMPILED):
        if found := re.fullmatch(form, path):
            yield f'{"".join(found.groups())}.py'


def pathspecs(source: str) -> tuple[str, ...]:
    """What selects in git all that may stand in for a source file, and some more."""
    stem = source[:-len('.py')]
    folder, slash, name = stem.rpartition('/')
    return f':(top,icase,glob){stem}', f':(top,icase,glob){stem}.*', f':(top,icase,glob){folder}{slash}__pycache__/{name}.*'
