"""Somebody else's log: its lines, and which of three forms they have."""
from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from itertools import chain, islice

from gitexp.core.lines import BOM, LONGEST, is_marker
from gitexp.ledger.foreign import objects, table
from gitexp.ledger.foreign.record import Dropped, Log

_LONGEST = LONGEST >> 4  # Escaped twice over, a row of this length can still be read back.
_LOOK = 100  # lines


def of(data: bytes, *, metric: str, named: tuple[tuple[str, ...], ...] = ()) -> Log:
    """A log that is read as its rows are; `named` are the columns of rows without a header, told apart by their number."""
    found = Log()
    rest = _lines(data, found.dropped)
    first = list(islice(rest, _LOOK))
    lines = chain(first, rest)
    tabbed = sum('\t' in line or '\\t' in line for _, line in first)
    if sum(line.startswith('{') for _, line in first) > tabbed:
        found.form, records = 'JSON lines', objects.read(found, lines)
    elif not tabbed and sum(',' in line for _, line in first) > len(first) / 2:
        found.form, records = 'CSV', table.read(found, table.tabbed(lines), metric=metric, named=named)
    else:
        found.form, records = 'TSV', table.read(found, lines, metric=metric, named=named)
    found.records = found.watched(records)
    return found


def _lines(data: bytes, dropped: list[Dropped]) -> Iterator[tuple[int, str]]:
    """The lines that hold anything, without their ends."""
    if data.startswith((b'\xff\xfe', b'\xfe\xff')):  # what `>>` of an older PowerShell writes
        data = data.decode('utf-16', 'replace').encode()
    data = data.removeprefix(BOM)
    for number, line in enumerate(BytesIO(data if b'\n' in data else data.replace(b'\r', b'\n')), 1):
        try:
            line = line.removesuffix(b'\n')
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
