"""Texts cut into what must not be torn: the rows of a table, the entries of a journal.

An entry is a heading of their level and what stands below it, up to the next one. A heading of the first level at the very top
is a title; a '#' within a fenced block is no heading.
"""
from __future__ import annotations

import re
from collections.abc import Iterator

BOM = b'\xef\xbb\xbf'
_LINE = re.compile(rb'[^\n]*\n|[^\n]+')
_HEADING = re.compile(rb'(#{1,6})[ \t]')
_FENCE = re.compile(rb' {0,3}(`{3,}|~{3,})')


def lines(text: bytes) -> list[bytes]:
    """The lines that say anything, without their ends."""
    return [line.rstrip(b'\r\n') for line in ended(text)]


def ended(text: bytes) -> list[bytes]:
    """The same with their ends."""
    return [line for line in _LINE.findall(text.removeprefix(BOM)) if line.strip()]


def level(*texts: bytes) -> int:
    """How many marks the heading of an entry has, by the text where they are fewest; 0 when none has entries."""
    return min(filter(None, map(_level, texts)), default=0)


def _level(text: bytes) -> int:
    found = list(_headings(text))
    titled = bool(found) and found[0][1] == 1 and not plain(text[:found[0][0]])
    return found[titled:][0][1] if found[titled:] else 0


def split(text: bytes, depth: int) -> list[bytes]:
    """A text cut at its title and above each entry; together the parts are the text."""
    cuts = [at for at, count in _headings(text) if count <= depth]
    edges = [0, *(at for at in cuts if at), len(text)]
    return [text[start:end] for start, end in zip(edges, edges[1:]) if end > start]


def marks(part: bytes) -> int:
    """How many marks the heading has that a part starts with, 0 for none."""
    found = _HEADING.match(part)
    return len(found[1]) if found else 0


def plain(part: bytes) -> bytes:
    """What makes a part the same as another."""
    return part.removeprefix(BOM).replace(b'\r\n', b'\n').strip(b'\n')


def _headings(text: bytes) -> Iterator[tuple[int, int]]:
    """Where each heading is, and how many marks it has."""
    fence = b''
    for found in _LINE.finditer(text):
        line = found[0].removeprefix(BOM)
        if bar := _FENCE.match(line):
            fence = b'' if fence and bar[1].startswith(fence) else fence or bar[1]
        elif not fence and (count := marks(line)):
            yield found.start(), count
