"""Files that are written anew from the ledger, and never over anything else."""
from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path

from gitexp.core import files
from gitexp.core.errors import Refused

TITLE = '# Experiment Results\n'
SIGNED = 'by git exp report'
# With the mark of a conflict, too: where two clones have committed it, git leaves it so, and all of it is in the ledger.
OURS = re.compile(rb'(?:<{7,}.*\n)?# Experiment Results\n\n(?:<{7,}.*\n)?Generated: \S+ by git exp report\n')
_NAMED = 6
_LONGEST = 1 << 10  # bytes of the beginning of a file by which it is known


def write(path: Path, text: str, *, ours: re.Pattern[bytes], top: Path | None = None) -> None:
    """Replace a file that begins as ours do, or make it; raises Refused where another one is.

    Below `top`, where it is given, no link is followed.
    """
    check(path, ours)
    files.replace(path, encoded(text), top=top)


def encoded(text: str) -> bytes:
    """The bytes of a file; a log that was imported may hold half an emoji."""
    return text.encode(errors='backslashreplace')


def check(path: Path, ours: re.Pattern[bytes]) -> None:
    """Raises Refused where something is that does not begin as ours do."""
    if not is_there(path, ours) and os.path.lexists(path):
        raise Refused(f"'{path}' is there, and not by git exp report", hint='another name, or move it away')


def is_there(path: Path, ours: re.Pattern[bytes] = OURS) -> bool:
    """Whether a file begins as ours do, by a line that nobody writes by chance: a title is anybody's."""
    if not path.is_file():
        return False
    with path.open('rb') as file:
        return ours.match(file.read(_LONGEST)) is not None


def listed(names: Sequence[str]) -> str:
    """The first of many names, and how many more there are."""
    more = len(names) - _NAMED
    return ', '.join(names[:_NAMED]) + (f' and {more} more' if more > 0 else '')
