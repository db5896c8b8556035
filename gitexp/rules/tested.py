"""Whether an evaluation runs pytest, which is more than that a fixed file mentions it."""
from __future__ import annotations

import ast
import posixpath
import re
from collections.abc import Mapping

from gitexp.rules.places import SAYING, started

_PYTEST = r'\b_?(?:pytest|py\.test|nose2?|nosetests)\b'
TEST = r'(?s)(?:.*/)?(?:test[^/]*|[^/]*_test|conftest)\.py'  # what a runner of tests finds by itself
_BY_NAME = r'\b(?:_pytest|nose2?|main|console_main|__main__)\b|\*'
_RUNNER = r'\b(?:pytest|py\.test|unittest|nosetests|nose2?)\b'


def by_pytest(texts: Mapping[str, bytes]) -> bool:
    """Whether commands, scripts or programs among some texts may start pytest, or nose, which looks for code as that does.

    A test that imports it does not, nor does one that would start it and that nothing else names or collects.
    """
    return bool(starting(texts))


def starting(texts: Mapping[str, bytes]) -> dict[str, str]:
    """Those that may, by path."""
    said = {path: text.decode('utf-8', 'surrogateescape') for path, text in texts.items() if not path.endswith(SAYING)}
    return {
        path: text for path, text in said.items()
        if re.search(_PYTEST, text) and _starts(path, text) and not (re.fullmatch(TEST, path) and _is_left_alone(path, said, texts))
    }


def _is_left_alone(test: str, said: Mapping[str, str], texts: Mapping[str, bytes]) -> bool:
    stem = posixpath.splitext(posixpath.basename(test))[0]
    named = any(re.search(rf'\b{re.escape(stem)}\b', text) for path, text in said.items() if path != test)
    return not named and not any(re.search(_RUNNER, text) for text in started(texts).values())


def _starts(path: str, text: str) -> bool:
    """Whether a text does more with pytest than to import it; of what is no Python nobody can tell."""
    if not path.endswith('.py'):
        return True
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return True
    notes = {id(one.value) for one in ast.walk(tree) if isinstance(one, ast.Expr)}  # docstrings
    return any(
        isinstance(one, ast.Attribute) and one.attr in ('main', 'console_main')
        or isinstance(one, (ast.Import, ast.ImportFrom)) and re.search(_BY_NAME, ast.unparse(one))
        or isinstance(one, ast.Constant) and isinstance(one.value, str) and id(one) not in notes and re.search(_PYTEST, one.value)
        for one in ast.walk(tree)
    )
