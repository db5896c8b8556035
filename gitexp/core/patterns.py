"""Regular expressions of modules that are not ours, compiled when they are used."""
from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

_compile = re.compile


@contextmanager
def late() -> Iterator[None]:
    """While this is entered, what modules compile when they are imported waits until it is used, which most of it never is."""
    re.compile = _Late  # type: ignore[assignment]
    try:
        yield
    finally:
        re.compile = _compile


class _Late:
    """A pattern that is compiled by the first look at it."""

    def __init__(self, *words: Any, **named: Any) -> None:
        self._said = words, named

    def __getattr__(self, name: str) -> Any:
        words, named = self._said
        found = getattr(_compile(*words, **named), name)
        setattr(self, name, found)
        return found
