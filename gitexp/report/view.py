"""Files that are written anew from the ledger, and never over anything else."""
from __future__ import annotations

import os
from pathlib import Path

from gitexp.core import files
from gitexp.core.errors import Refused


REPORT = 'docs/experiment_results.md'
TITLE = '# Experiment Results\n'


def write(path: Path, text: str, *, top: Path | None = None) -> None:
    """Replace a file that begins with the same line, or make it; raises Refused where another one is.

    Below `top`, where it is given, no link is followed.
    """
    if not is_there(path, text) and os.path.lexists(path):
        raise Refused(f"'{path}' is there, and not by git exp report", hint='another name, or move it away')
    files.replace(path, text, top=top)


def is_there(path: Path, text: str) -> bool:
    """Whether a file begins with the first line of a text."""
    first = text.encode().partition(b'\n')[0] + b'\n'
    if not path.is_file():
        return False
    with path.open('rb') as file:
        return file.read(len(first)) == first
