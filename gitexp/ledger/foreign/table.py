"""Rows of cells between tabs, or between commas, below a header, or below none."""
from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator

from gitexp.ledger.foreign import columns, statuses
from gitexp.ledger.foreign.record import DIRECTIONS, Dropped, Log, Record

_HASH = re.compile('[0-9a-f]{6,40}')
_NAME = re.compile(r'[^\W\d]\w*')
_DIRECTION = re.compile(r'metric[_ ]direction\W+(lower|higher|min|max)', re.IGNORECASE)


def read(found: Log, lines: Iterable[tuple[int, str]], *, metric: str, named: tuple[tuple[str, ...], ...]) -> Iterator[Record]:
    """The rows in lines of a log, which is told what else they say; two schemas need a header each, or a width each in `named`."""
    records: list[Record] = []
    fused: list[Record] = []
    header: tuple[str, ...] = ()
    by_width = {len(names): names for names in named}
    for number, line in _unescaped(lines):
        if line.startswith('#') and not columns.is_header(_cells(line), metric):
            if way := _DIRECTION.search(line):
                found.directions[''] = DIRECTIONS[way[1].lower()]
            continue
        cells = _cells(line)
        if not any(cell[:1].isdigit() for cell in cells) and columns.is_header(_cells(line.lstrip('# ')), metric) or (
            not header and not by_width and not found.dropped and _are_names(cells)
        ):
            header = _cells(line.lstrip('# '))
            continue
        names = header if len(cells) == len(header) else by_width.get(len(cells), header)
        if len(cells) == len(names):
            records.append(Record(number, names, cells))
        elif not _placed(Record(number, names or (named[0] if named else ()), cells), records, fused):
            found.headless = found.headless or (cells if not names and len(cells) > 1 else None)
            found.dropped.append(Dropped(number, _width(len(cells), len(names))))
    for record in fused:
        parted = _parted(record, records)
        records += parted
        found.dropped += [] if parted else [Dropped(record.line, f'{_width(len(record.cells), len(record.names))}: two rows in one line?')]
    yield from sorted(records, key=lambda one: one.line)


def tabbed(lines: Iterable[tuple[int, str]]) -> Iterator[tuple[int, str]]:
    """Lines whose cells have commas between them, as if these were tabs."""
    for number, line in lines:
        try:
            yield number, '\t'.join(cell.replace('\t', ' ') for cell in next(csv.reader([line], skipinitialspace=True)))
        except csv.Error:  # a carriage return within, or a cell past 128 KiB
            yield number, line


def _are_names(cells: tuple[str, ...]) -> bool:
    """Whether a first line names columns that nobody knows: a row would have numbers, or a word such as keep."""
    words = statuses.meanings({})
    return len({*cells}) == len(cells) > 1 and all(_NAME.fullmatch(cell) and columns.plain(cell) not in words for cell in cells)


def _unescaped(lines: Iterable[tuple[int, str]]) -> Iterator[tuple[int, str]]:
    r"""Where an `echo` left '\t' and '\n' as they were typed, what they mean."""
    for number, line in lines:
        if '\\t' not in line or '\t' in line:
            yield number, line
            continue
        for part in line.split('\\n'):
            if part:
                yield number, part.replace('\\t', '\t')


def _cells(line: str) -> tuple[str, ...]:
    cells = tuple([cell.strip() for cell in line.split('\t')])
    if '"' not in line:
        return cells
    quoted = [cell[1:-1] if len(cell) > 1 and cell[0] == cell[-1] == '"' else None for cell in cells]
    return tuple(
        cell if inner is None or '"' in inner.replace('""', '') else inner.replace('""', '"') for cell, inner in zip(cells, quoted)
    )


def _placed(record: Record, records: list[Record], fused: list[Record]) -> bool:
    """Whether a row with too many cells can be used: tabs within its description, or another row at its end."""
    names, cells, width = record.names, record.cells, len(record.names)
    if len(cells) == 2 * width - 1 and width > 1:
        fused.append(record)
    elif 1 < width < len(cells) and columns.schema(names, '').places.get('description') == width - 1:
        records.append(record._replace(cells=(*cells[:width - 1], '\t'.join(map(str, cells[width - 1:])))))
    else:
        return False
    return True


def _parted(record: Record, records: list[Record]) -> list[Record]:
    """Two rows that lost the line end between them; where all commits of the log have one length, the second begins so long before."""
    lengths = {len(str(one.cells[0])) for one in records if one.names == record.names and _HASH.fullmatch(str(one.cells[0]))}
    width, length = len(record.names), min(lengths, default=0)
    seam = str(record.cells[width - 1])
    if columns.schema(record.names, '').places.get('commit') != 0 or len(lengths) != 1 or not _HASH.fullmatch(seam[-length:]):
        return []
    first, second = (*record.cells[:width - 1], seam[:-length].strip()), (seam[-length:], *record.cells[width:])
    return [record._replace(cells=first), record._replace(cells=second)]


def _width(found: int, wanted: int) -> str:
    many = f'{found} column{"" if found == 1 else "s"}'
    return f'{many} where the header has {wanted}' if wanted else f'{many}, and no header'
