"""Words for sh."""
from __future__ import annotations


def quoted(word: str) -> str:
    """A word for sh, whatever bytes it has."""
    return "'" + word.replace("'", "'\\''") + "'"
