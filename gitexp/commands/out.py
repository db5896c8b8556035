"""Printing: the answer on stdout, talk on stderr."""
from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from typing import Any

from gitexp.core import finding
from gitexp.core.errors import Failure
from gitexp.core.finding import Finding

_ROOM = 200  # columns: no name is clipped, and a long description is


def answer(text: object) -> None:
    """Print what was asked for; a file name with odd bytes comes out as it is."""
    sys.stdout.buffer.write(_bytes(f'{text}\n'))
    sys.stdout.buffer.flush()


def talk(text: str) -> None:
    """Say something beside the answer."""
    sys.stderr.write(_bytes(f'{text}\n').decode('utf-8', 'replace'))
    sys.stderr.flush()


def _bytes(text: str) -> bytes:
    try:
        return text.encode('utf-8', 'surrogateescape')
    except UnicodeEncodeError:  # Half a character, as JSON of others may have it.
        return text.encode('utf-8', 'replace')


def hint(text: str) -> None:
    talk(f'hint: {text}')


def data(value: Any) -> None:
    """Print JSON."""
    answer(json.dumps(value, indent=2, ensure_ascii=True))


def width() -> int:
    """How wide a text may be: what COLUMNS says, else the terminal, else 80."""
    return _columns() or 80


def room() -> int:
    """The same for a table; what a program reads, or a file takes, may be wider, since names are looked for there."""
    return _columns() or _ROOM


def _columns() -> int:
    said = os.environ.get('COLUMNS', '')
    if said.isdigit() and int(said):
        return int(said)
    try:
        return os.get_terminal_size(sys.stdout.fileno()).columns
    except (OSError, ValueError):
        return 0


def unused(findings: Sequence[Finding]) -> None:
    """Name the lines of the ledger that could not be used: three of them, and how many more."""
    spoilt = [one for one in findings if one.level == 'error']
    for one in spoilt[:3]:
        talk(one.lines()[0])
    if len(spoilt) > 3:
        talk(f'{spoilt[0].path}: {len(spoilt) - 3} more lines cannot be used')
    if spoilt:
        hint('git exp doctor')


def spoilt(lines: int) -> None:
    """Say that lines of the ledger count for nothing."""
    if lines:
        talk(f'{lines} {"line" if lines == 1 else "lines"} of the ledger cannot be used')
        hint('git exp doctor')


def failure(error: Failure) -> None:
    """Say what ended the command, and what to do."""
    talk(f'git exp: {error.message}')
    if error.hint:
        hint(error.hint)


def findings(found: Sequence[Finding], *, as_json: bool) -> None:
    """Print findings: in full for a few, one line each past ten."""
    if as_json:
        data([one.as_json() for one in found])
        return
    for line in finding.told(found):
        answer(line)


def bold(text: str) -> str:
    """Bold on a terminal that wants colour."""
    if sys.stdout.isatty() and not os.environ.get('NO_COLOR'):
        return f'\033[1m{text}\033[0m'
    return text
