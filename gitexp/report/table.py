"""Rows as aligned text that fits a terminal."""
from __future__ import annotations

import textwrap
import unicodedata
from collections.abc import Sequence

from gitexp.core.tuples import NamedTuple

GAP = '  '
_DASH = '-'


class Column(NamedTuple):
    """`least` is how narrow it may be clipped (0: never); the column with the highest `spare` goes first (0: stays)."""

    title: str
    right: bool = False
    least: int = 0
    spare: int = 0


class _Sized(NamedTuple):
    column: Column
    cells: list[str]
    width: int

    @property
    def slack(self) -> int:
        return self.width - max(self.column.least, 1) if self.column.least else 0

    @property
    def says_something(self) -> bool:
        return any(cell != _DASH for cell in self.cells[1:])


def text(columns: Sequence[Column], rows: Sequence[Sequence[str | None]], *, width: int) -> str:
    """The table with its header; None is a dash, a spare column that says nothing is left out."""
    sized = [_sized(column, [row[place] for row in rows]) for place, column in enumerate(columns)]
    shown = _fitted([one for one in sized if not one.column.spare or one.says_something], width)
    return '\n'.join(GAP.join(line).rstrip() for line in zip(*map(_aligned, shown)))


def fields(pairs: Sequence[tuple[str, str]]) -> str:
    """Names and values below each other, the values aligned; a value's further lines are indented."""
    left = max((len(name) for name, _ in pairs), default=0)
    return '\n'.join(f'{name:<{left}}{GAP}{value}'.replace('\n', '\n' + ' ' * left + GAP).rstrip() for name, value in pairs)


def wrapped(said: str, width: int) -> str:
    """Each line of a text in lines of at most `width`, but for longer words."""
    return '\n'.join(line for part in said.split('\n') for line in textwrap.wrap(part, max(width, 20), break_long_words=False))


def cells(said: str) -> int:
    """How many cells of a terminal a text takes: two for a wide character, none for a combining one."""
    if said.isascii():
        return len(said)
    return sum(0 if unicodedata.combining(one) else 2 if unicodedata.east_asian_width(one) in 'WF' else 1 for one in said)


def clipped(said: str, width: int) -> str:
    """The text in at most `width` cells, ending in an ellipsis where something is missing."""
    if cells(said) <= width:
        return said
    while said and cells(said) > width - 1:
        said = said[:-1]
    return f'{said.rstrip()}…'


def plain(said: str) -> str:
    """One line without control characters, whatever was typed."""
    return said if said.isprintable() else ' '.join(''.join(one if one.isprintable() else ' ' for one in said).split())


def _sized(column: Column, said: Sequence[str | None]) -> _Sized:
    shown = [column.title, *(cell or _DASH for cell in said)]
    joined = ''.join(shown)
    if not joined.isprintable():
        shown = [plain(cell) or _DASH for cell in shown]
    return _Sized(column, shown, max(map(len if joined.isascii() else cells, shown)))


def _fitted(columns: list[_Sized], width: int) -> list[_Sized]:
    over = sum(one.width for one in columns) + len(GAP) * (len(columns) - 1) - width
    if over <= 0:
        return columns
    if sum(one.slack for one in columns) >= over:
        return _narrowed(columns, over)
    spare = max(columns, key=lambda one: one.column.spare)
    if not spare.column.spare:
        return _narrowed(columns, over)
    return _fitted([one for one in columns if one is not spare], width)


def _narrowed(columns: list[_Sized], over: int) -> list[_Sized]:
    """Take what is too much from the column with the most to give, cell by cell."""
    for _ in range(over):
        widest = max(columns, key=lambda one: one.slack)
        if widest.slack <= 0:
            break
        columns = [one._replace(width=one.width - 1) if one is widest else one for one in columns]
    return columns


def _aligned(one: _Sized) -> list[str]:
    shown = [cell if len(cell) * 2 <= one.width or cells(cell) <= one.width else clipped(cell, one.width) for cell in one.cells]
    if all(map(str.isascii, shown)):
        return [cell.rjust(one.width) if one.column.right else cell.ljust(one.width) for cell in shown]
    pads = [' ' * (one.width - cells(cell)) for cell in shown]
    return [pad + cell if one.column.right else cell + pad for cell, pad in zip(shown, pads)]
