"""Somebody else's log: its lines, and which of two forms they have."""
from __future__ import annotations

from collections.abc import Iterator

from gitexp.core.lines import BOM, LONGEST, is_marker
from gitexp.ledger.foreign import objects, table
from gitexp.ledger.foreign.record import Dropped, Log

_LONGEST = LONGEST >> 4  # Escaped twice over, a row of this length can still be read back.
_LOOK = 100  # lines


def of(data: bytes, *, metric: str, named: tuple[tuple[str, ...], ...] = ()) -> Log:
    """Read a log; `named` are the columns of rows without a header, told apart by their number."""
    dropped: list[Dropped] = []
    lines = list(_lines(data, dropped))
    first = [line for _, line in lines[:_LOOK]]
    if sum(line.startswith('{') for line in first) > sum('\t' in line or '\\t' in line for line in first):
        return objects.read(lines, dropped)
    return table.read(lines, dropped, metric=metric, named=named)


def _lines(data: bytes, dropped: list[Dropped]) -> Iterator[tuple[int, str]]:
    """The lines that hold anything, without their ends."""
    if data.startswith((b'\xff\xfe', b'\xfe\xff')):  # what `>>` of an older PowerShell writes
        data = data.decode('utf-16', 'replace').encode()
    data = data.removeprefix(BOM)
    for number, line in enumerate(data.split(b'\n' if b'\n' in data else b'\r'), 1):
        try:
            if len(line) > _LONGEST:
                dropped.append(Dropped(number, f'longer than {_LONGEST >> 10} KiB'))
            elif b'\0' in line:
                dropped.append(Dropped(number, 'binary data'))
            elif is_marker(line):
                dropped.append(Dropped(number, 'a conflict marker'))
            elif text := line.decode().strip(' \r'):
                yield number, text
        except UnicodeDecodeError:
            dropped.append(Dropped(number, 'not UTF-8 text'))
